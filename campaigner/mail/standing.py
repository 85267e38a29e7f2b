"""How a mail account stands before the world: its keys, its domain's records, the way back."""

from collections.abc import Callable
from typing import Protocol
from urllib.parse import urlsplit

import dns.exception
import dns.resolver

from campaigner.core.sender import SenderFacts, Texts, policy_names
from campaigner.errors import UserError
from campaigner.mail.dkim import record_of
from campaigner.mail.lists import return_domain, sender_domain, signers_of
from campaigner.settings import AccountSettings

SECONDS = 10.0  # for one question, with all its repetitions


class LookUp(Protocol):
    """What DNS is asked."""

    def texts(self, name: str) -> Texts:
        """Return the TXT records of a name; none where there is no such name."""

    def takes_mail(self, domain: str) -> bool | None:
        """Whether mail to a domain goes anywhere; None: nobody answered."""


class Dns:
    """This machine's own resolver."""

    def texts(self, name: str) -> Texts:
        found = self._ask(name, "TXT")
        if found is None:
            return None
        return [b"".join(getattr(each, "strings", ())).decode("utf-8", "replace") for each in found]

    def takes_mail(self, domain: str) -> bool | None:
        found = self._ask(domain, "MX")
        if found:
            # A single "." is a domain that takes none (RFC 7505).
            return any(str(getattr(each, "exchange", ".")) != "." for each in found)
        if found is None:
            return None
        plain = self._ask(domain, "A")  # without MX, mail goes to the domain's own address
        return None if plain is None else bool(plain)

    @staticmethod
    def _ask(name: str, kind: str) -> list[object] | None:
        try:
            return list(dns.resolver.resolve(name, kind, lifetime=SECONDS, search=False))
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError):
            return None


def facts_of(
    account: AccountSettings,
    *,
    name: str,
    public_url: str,
    hooks: str,
    secret: Callable[[str], str],
    look_up: LookUp,
) -> SenderFacts:
    """Find out what `core.sender` judges. `hooks` names the provider that calls us, or is empty."""
    domain, returns_to = sender_domain(account), return_domain(account)
    keys: dict[str, str] = {}
    fault = ""
    try:
        keys = dict(record_of(signer) for signer in signers_of(account, name=name, secret=secret))
    except UserError as error:
        fault = str(error)
    records: dict[str, Texts] = {record: look_up.texts(record) for record in keys}
    for record in policy_names(domain):
        records[record] = found = look_up.texts(record)
        if found:
            break
    return SenderFacts(
        account=name,
        domain=domain,
        keys=keys,
        key_fault=fault,
        relays_sign=bool(account.relays) and all(relay.signer for relay in account.relays),
        records=records,
        public_url=public_url,
        return_domain=returns_to,
        takes_mail=look_up.takes_mail(returns_to) if account.bounces else None,
        by_mail=bool(account.bounces),
        reports=_shown(account.bounces) or (f"the calls of {hooks}" if hooks else ""),
    )


def _shown(place: str) -> str:
    """Return where a mailbox is, without who logs in there."""
    parts = urlsplit(place)
    return f"{parts.scheme}://{parts.hostname}" if parts.hostname else place
