"""Who did not get a mail, and why: of the fields for programs, else of the text for people."""

import logging
import re
from collections.abc import Mapping
from dataclasses import replace
from email import message_from_bytes
from itertools import chain

from flufl.bounce import all_failures

from campaigner.core.bounce_reasons import reason_of
from campaigner.core.bounces import Evidence, Finding, reply_in, status_in
from campaigner.mail.bounce_text import ADDRESS, Mention, command_in, mentions_in
from campaigner.mail.dsn import Status, looks_like_status, statuses_of
from campaigner.mail.opening import Opened
from campaigner.mail.parts import decoded, header_of, last, words_of

LOOKED_AT = 65_536  # bytes of a mail that flufl.bounce gets to see
SAID = 500  # characters that are kept of what a server said
_STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")
_SYSTEMS = re.compile(
    r"mailer-?daemon|post_?master|mail(?:-| )?delivery|mail deliver|bounce|^\s*<>\s*$|"
    r"deliver(?:y|ies)|mail ?system|administrator",
    re.IGNORECASE,
)
_FAILED = re.compile(
    r"undeliver|not be delivered|returned (?:mail|to sender|message)|failure (?:notice|delivery)|"
    r"delivery (?:fail|status|has failed|notification|problem|report|delay)|non-?delivery|"
    r"(?:mail|message|delivery) (?:delivery )?(?:fail|error|system error)|error sending|"
    r"could not (?:send|be)|unable to deliver|returning message|warning: |無法|エラー|не доставлен",
    re.IGNORECASE,
)
_REJECTED = re.compile(r"was automatically rejected:?\s*\n+(.*)", re.IGNORECASE)
_DELAYED = re.compile(
    r"warning message only|will be retried|will keep trying|do not need to resend|"
    r"only a temporary failure report|delivery (?:to the following recipient )?has been delayed",
    re.IGNORECASE,
)


def failures_of(mail: Opened) -> list[Finding]:
    """Return one finding for each reader that a bounce names, in order; empty: it is none."""
    ours = {
        match[1] for name in ("to", "from") for match in ADDRESS.finditer(last(mail.fields, name))
    }
    if statuses := _statuses(mail):
        near = {one.address.lower(): one.said for one in mentions_in(mail.told, sender=ours)}
        return [_by_status(one, near, mail.told, alone=len(statuses) == 1) for one in statuses]
    if not _is_bounce(mail):
        return []
    mentions = mentions_in(mail.told, sender=ours) or _elsewhere(mail)
    return [_by_text(one, mail.told, alone=len(mentions) == 1) for one in mentions]


def _statuses(mail: Opened) -> list[Status]:
    """Return the fields for programs, also where a mailer has put them into a text."""
    for part in mail.parts:
        if part.type in _STATUS_TYPES and (found := statuses_of(part.text)):
            return found
    return statuses_of(mail.told) if looks_like_status(mail.told) else []


def _is_bounce(mail: Opened) -> bool:
    """Whether it says of itself that it is one, whoever it is written for."""
    sender, subject = last(mail.fields, "from"), words_of(last(mail.fields, "subject"))
    return bool(
        "x-failed-recipients" in mail.fields
        or any(part.type in _STATUS_TYPES for part in mail.parts)
        or not sender.strip()
        or _SYSTEMS.search(sender)
        or _FAILED.search(subject)
    )


def _by_status(status: Status, mentions: Mapping[str, str], told: str, *, alone: bool) -> Finding:
    near = mentions.get(status.recipient.lower()) or mentions.get(status.original.lower()) or ""
    text = told if alone else near
    if match := _REJECTED.search(told):
        # A delivery agent's own words; the fields below them repeat another server's.
        status = replace(status, diagnostic="", type="")
        text = near = match[1]
    evidence = Evidence(
        said=status.diagnostic or near,
        told=f"{text}\n{status.status}",
        status=status_in(status.status),
        command=command_in(near) or (command_in(told) if alone else ""),
        action=status.action,
        local=status.type not in ("", "smtp", "lmtp", "dns") or not status.diagnostic,
        category=status.category,
        group=_is_group(status.recipient),
    )
    return _finding(status.recipient, evidence, delayed=status.action == "delayed")


def _by_text(mention: Mention, told: str, *, alone: bool) -> Finding:
    said, context = mention.said, told if alone else ""
    evidence = Evidence(
        said=said,
        told=context,
        status=status_in(said) or status_in(context),
        command=command_in(said) or command_in(context),
        local=not reply_in(said) and "said" not in said,
        group=_is_group(mention.address),
    )
    return _finding(mention.address, evidence, delayed=bool(_DELAYED.search(told)))


def _is_group(address: str) -> bool:
    return address.lower().endswith("@googlegroups.com")


def _finding(recipient: str, evidence: Evidence, *, delayed: bool) -> Finding:
    dsn = status_in(evidence.said) or evidence.status
    if dsn.endswith(".0.0") and evidence.status:
        dsn = evidence.status
    return Finding(
        recipient=recipient,
        dsn=dsn,
        reply=reply_in(evidence.said),
        reason=reason_of(evidence),
        delayed=delayed,
        said=" ".join(evidence.said.split())[:SAID],
    )


def _elsewhere(mail: Opened) -> list[Mention]:
    """Return whom a bounce is about whose text names nobody."""
    named = _addresses(last(mail.fields, "x-failed-recipients")) or _by_flufl(mail.data)
    if not named:
        # The copy says to whom the mail went: certain only if that is one.
        for copy in mail.copies:
            returned, _ = header_of(copy.encode("utf-8", "replace"))
            if len(named := _addresses(last(returned, "to"))) == 1:
                break
        else:
            named = []
    return [Mention(address=address, said=mail.told) for address in dict.fromkeys(named)]


def _addresses(text: str) -> list[str]:
    return [match[1] for match in ADDRESS.finditer(text)]


def _by_flufl(data: bytes) -> list[str]:
    """Ask flufl.bounce, which knows some mailers by heart. It raises on some broken mails."""
    logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL + 1)  # it tells of each stumble
    try:
        temporary, permanent = all_failures(message_from_bytes(data[:LOOKED_AT]))
    except Exception:  # noqa: BLE001 - whatever it stumbles over, we can do without it
        return []
    return sorted(decoded(address) for address in chain(temporary, permanent))
