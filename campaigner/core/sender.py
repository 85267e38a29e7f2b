"""What a sender of mailings must have before anything leaves, and what was found of it.

The large mailbox providers ask for all of it of whoever sends to many: DKIM of
the sender's own domain, DMARC, one click to unsubscribe over HTTPS; and whoever
does not read what bounces soon sends to nobody else.
https://support.google.com/a/answer/81126 · RFC 6376, 7489, 8058
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from campaigner.core.checkup import Check, fail, ok, warn

Texts = Sequence[str] | None
"""The TXT records of a name; None: nobody answered."""


@dataclass(frozen=True, kw_only=True)
class SenderFacts:
    """A mail account as it is set, and as DNS shows it.

    `keys` are the records that its keys need: {name: text}. `relays_sign`: each
    of its relays signs itself. `records` are what DNS has of the names that
    matter. `takes_mail`: whether `return_domain` has a mail server; None:
    nobody answered. `reports` says where bounces are read, or is empty.
    """

    account: str
    domain: str
    keys: Mapping[str, str] = field(default_factory=dict)
    key_fault: str = ""
    relays_sign: bool = False
    records: Mapping[str, Texts] = field(default_factory=dict)
    public_url: str = ""
    return_domain: str = ""
    takes_mail: bool | None = None
    by_mail: bool = True
    """Whether bounces come back by mail, and not by a provider's call."""
    reports: str = ""


def judge_sender(facts: SenderFacts) -> list[Check]:
    """Return what was found, check by check; whoever fails one must not send to many."""
    return [*_dkim(facts), _dmarc(facts), _one_click(facts), *_bounces(facts)]


def policy_names(domain: str) -> list[str]:
    """Return where a domain's DMARC policy may stand, the nearest first: its own, its parents'."""
    labels = domain.split(".")
    return [f"_dmarc.{'.'.join(labels[at:])}" for at in range(len(labels) - 1)]


def _dkim(facts: SenderFacts) -> Iterator[Check]:
    name = f"DKIM of {facts.account}"
    if facts.key_fault:
        yield fail(name, facts.key_fault, "Without a signature of its own domain mail is refused.")
        return
    if not facts.keys:
        if facts.relays_sign:
            yield warn(
                name,
                "its relays sign (`signer = true`)",
                f"See to it that they sign for {facts.domain}: send a test and read its header.",
            )
            return
        yield fail(
            name,
            "its mails are not signed",
            f"Make a key with `campaigner accounts dkim {facts.account} --new SELECTOR`.",
        )
        return
    for record, text in facts.keys.items():
        published = facts.records.get(record)
        if published is None:
            yield fail(name, f"nobody tells what {record} is", "Look whether DNS works here.")
        elif not published:
            yield fail(name, f"{record} is not published", f"Publish this TXT record: {text}")
        elif not any(_key_in(each) == _key_in(text) for each in published):
            yield fail(name, f"{record} has another key", f"Publish this one instead: {text}")
        else:
            yield ok(name, f"{record} has the key that it signs with")


def _dmarc(facts: SenderFacts) -> Check:
    name = f"DMARC of {facts.account}"
    for record in policy_names(facts.domain):
        published = facts.records.get(record)
        if published is None and record in facts.records:
            return fail(name, f"nobody tells what {record} is", "Look whether DNS works here.")
        for text in published or ():
            if text.replace(" ", "").startswith("v=DMARC1"):
                policy = _tags(text).get("p", "")
                if policy:
                    return ok(name, f"{record} says p={policy}")
    return fail(
        name,
        f"{facts.domain} has no policy",
        f"Publish a TXT record _dmarc.{facts.domain}: "
        f"v=DMARC1; p=none; rua=mailto:postmaster@{facts.domain}",
    )


def _one_click(facts: SenderFacts) -> Check:
    name = f"one click of {facts.account}"
    if facts.public_url.startswith("https://"):
        return ok(name, f"readers unsubscribe at {facts.public_url}")
    return fail(
        name,
        "readers cannot unsubscribe with one click",
        'Put the web server behind HTTPS, and set `public_url = "https://…"` under [web].',
    )


def _bounces(facts: SenderFacts) -> Iterator[Check]:
    name = f"bounces of {facts.account}"
    if not facts.reports:
        yield fail(
            name,
            "nobody reads what comes back",
            f"Set `bounces` in [accounts.{facts.account}] to the mailbox where reports arrive, or "
            "let the provider call (`[hooks]`).",
        )
        return
    yield ok(name, f"read from {facts.reports}")
    if not facts.by_mail:
        return
    if facts.takes_mail is None:
        yield fail(
            name,
            f"nobody tells who takes mail for {facts.return_domain}",
            "Look whether DNS works here.",
        )
    elif not facts.takes_mail:
        yield fail(
            name,
            f"{facts.return_domain} takes no mail, and bounces go there",
            "Give it an MX record, or set `return_path` to a domain that has one.",
        )
    else:
        yield ok(name, f"{facts.return_domain} takes mail")


def _tags(record: str) -> dict[str, str]:
    found = (part.partition("=") for part in record.split(";"))
    return {tag.strip(): re.sub(r"\s", "", value) for tag, _, value in found if tag.strip()}


def _key_in(record: str) -> str:
    return _tags(record).get("p", "")
