"""Subscribe: keep what a public form received. Whom it concerns is not even looked at.

So nobody learns from a form who is subscribed: the same statement is carried
out, and the same page shown, for everyone. services.answer_signups decides.
"""

from dataclasses import dataclass
from datetime import datetime

from campaigner.core.audience import Frequency, mailbox_of
from campaigner.core.limits import MOST_KEPT, network_hash
from campaigner.core.signup import Kind
from campaigner.core.tokens import Keyring, hash_of
from campaigner.db import changes, signups
from campaigner.db.engine import Sessions


@dataclass(frozen=True, kw_only=True)
class Wording:
    """What a person agreed to: the words as they stood in the form, and a short hash of them."""

    text: str
    version: str
    language: str


@dataclass(frozen=True, kw_only=True)
class Application:
    """A form as it was sent. `address` can be one (core.audience); `host` is whence it came.

    `wording` is None for what needs no consent.
    """

    kind: Kind
    list: str
    address: str
    name: str = ""
    locale: str
    zone: str
    topics: tuple[str, ...] = ()
    frequency: Frequency = Frequency.EVERY
    wording: Wording | None = None
    host: str


def receive(
    sessions: Sessions, application: Application, *, keyring: Keyring, now: datetime
) -> None:
    """Write one row, and wake whoever decides on it. Raises ValueError for what is no address."""
    network = network_hash(keyring, application.host)
    values = {
        "kind": application.kind.value,
        "address": application.address,
        "mailbox_hash": hash_of(keyring, mailbox_of(application.address)),
        "network_hash": network,
        "name": application.name,
        "list": application.list,
        "locale": application.locale,
        "zone": application.zone,
        "topics": list(application.topics),
        "frequency": application.frequency.value,
        "consent": _evidence(application, network=network, now=now),
    }
    with sessions() as session:
        signups.append(session, values, flood=MOST_KEPT, now=now)
        changes.announce(session)
        session.commit()


def _evidence(application: Application, *, network: str, now: datetime) -> dict[str, str]:
    if application.wording is None:
        return {}
    return {
        "how": "form",
        "form": "subscribe",
        "list": application.list,
        "at": now.isoformat(),
        "language": application.wording.language,
        "wording": application.wording.text,
        "wording_version": application.wording.version,
        "network": network,
    }
