"""Complaints of readers as their providers report them: the Abuse Reporting Format.

RFC 5965; RFC 6591 (authentication failures); RFC 6650 (how they are used).
Microsoft's junk mail reports have no such part, but a subject and a header of
their own.
"""

import re
from collections.abc import Sequence

from campaigner.core.bounces import Finding, Reason
from campaigner.mail.dsn import address_of
from campaigner.mail.parts import Fields, Part, header_of, last

_TYPE = re.compile(r"^feedback-type[ \t]*:[ \t]*(\S+)", re.IGNORECASE | re.MULTILINE)
_RECIPIENTS = ("original-rcpt-to", "removal-recipient", "redacted-address")
_MICROSOFT = re.compile(r"complaint about message from", re.IGNORECASE)


def complaints_of(fields: Fields, parts: Sequence[Part]) -> list[Finding]:
    """Return one finding for each reader that a feedback report names; empty: it is none.

    Providers leave the reader out, or make them unreadable: then the address
    is empty, and only our own number in the returned mail tells who it was.
    """
    for part in parts:
        if part.type == "message/feedback-report" or (
            not part.is_returned and _TYPE.search(part.text) and "user-agent:" in part.text.lower()
        ):
            match = _TYPE.search(part.text)
            return _findings(part, parts, match[1].lower() if match else "abuse")
    if _MICROSOFT.search(last(fields, "subject")) and _MICROSOFT_SENDER.search(
        last(fields, "from")
    ):
        return [_complaint(_returned_recipient(parts, "x-hmxmroriginalrecipient", "to"), "abuse")]
    return []


_MICROSOFT_SENDER = re.compile(r"staff@hotmail\.com", re.IGNORECASE)


def _findings(part: Part, parts: Sequence[Part], kind: str) -> list[Finding]:
    report, _ = header_of(part.raw)
    for name in _RECIPIENTS:
        addresses = [address_of(value) for value in report.get(name, ())]
        readable = list(dict.fromkeys(one for one in addresses if re.fullmatch(r"\S+@\S+\w", one)))
        if readable:
            return [_complaint(address, kind) for address in readable]
    return [_complaint(_returned_recipient(parts, "to"), kind)]


def _returned_recipient(parts: Sequence[Part], *names: str) -> str:
    for part in parts:
        if part.is_returned:
            returned, _ = header_of(part.raw)
            for name in names:
                if match := re.search(r"[^\s<>,;:\"]+@[\w.-]+\w", last(returned, name)):
                    return match[0]
    return ""


def _complaint(address: str, kind: str) -> Finding:
    return Finding(recipient=address, reason=Reason.FEEDBACK, feedback=kind)
