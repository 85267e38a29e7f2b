"""What a mail needs of a relay, and how it is written for the wire (RFC 5321, 6152, 6531, 1870)."""

import re
from collections.abc import Mapping
from typing import NamedTuple

import idna

from campaigner.core.channel import Reject
from campaigner.core.message import OutgoingMail

_NOT_IN_ADDRESS = re.compile(r"[\x00-\x20<>\x7f]")


class Envelope(NamedTuple):
    """A mail ready for the wire: `body` is dot-stuffed, `size` its bytes without that."""

    sender: str
    recipient: str
    body: bytes
    size: int
    international: bool
    eight_bit: bool


def envelope_of(mail: OutgoingMail) -> Envelope | Reject:
    """Check and prepare a mail. Rejected: what servers could read in two ways."""
    return envelope_of_mail(sender=mail.envelope_from, recipient=mail.recipient, data=mail.data)


def envelope_of_mail(*, sender: str, recipient: str, data: bytes) -> Envelope | Reject:
    """As `envelope_of`, from the parts."""
    if _NOT_IN_ADDRESS.search(sender) or _NOT_IN_ADDRESS.search(recipient):
        return Reject("its sender or recipient is no e-mail address")
    if _is_ambiguous(data):
        return Reject("the mail has a bare CR, LF or NUL in it, which servers read differently")
    sender, recipient = _ascii_domain(sender), _ascii_domain(recipient)
    whole = data if data.endswith(b"\r\n") else data + b"\r\n"
    stuffed = whole.replace(b"\r\n.", b"\r\n..") if b"\r\n." in whole else whole
    plain = data.isascii()
    headers_plain = plain or data.partition(b"\r\n\r\n")[0].isascii()
    return Envelope(
        sender=sender,
        recipient=recipient,
        body=b"." + stuffed if stuffed.startswith(b".") else stuffed,
        size=len(whole),
        international=not (sender.isascii() and recipient.isascii() and headers_plain),
        eight_bit=not plain,
    )


def envelope_of_filled(*, sender: str, recipient: str, data: bytes) -> Envelope | Reject:
    """As `envelope_of_mail`, for what a checked form was filled to (mail.forms).

    Nothing in it is ambiguous, and no line begins with a dot: to look through
    each mail for that costs more than to make it.
    """
    if _NOT_IN_ADDRESS.search(recipient):
        return Reject("its sender or recipient is no e-mail address")
    recipient, plain = _ascii_domain(recipient), data.isascii()
    return Envelope(
        sender=sender,
        recipient=recipient,
        body=data,
        size=len(data),
        international=not (plain and sender.isascii() and recipient.isascii()),
        eight_bit=not plain,
    )


def _is_ambiguous(data: bytes) -> bool:
    """Whether there is a bare CR or LF, or a NUL. (Counting is ten times a pattern's speed.)"""
    lines = data.count(b"\n")
    return not (data.count(b"\r") == lines == data.count(b"\r\n")) or b"\0" in data


def _ascii_domain(address: str) -> str:
    """Write the domain as A-labels: every relay takes those, whatever the local part needs."""
    local, at, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        return f"{local}{at}{idna.encode(domain, uts46=True).decode('ascii')}"
    except idna.IDNAError:
        return address


def impossible(mail: Envelope, offered: Mapping[str, str]) -> Reject | None:
    """Say why this relay can never take it, by what it offers."""
    if mail.international and "SMTPUTF8" not in offered:
        return Reject(
            "the recipient's address needs a relay that takes international ones (SMTPUTF8), "
            "and this one does not"
            if not mail.recipient.isascii()
            else "a header or the sender has letters beyond ASCII, and the relay lacks SMTPUTF8"
        )
    if mail.eight_bit and "8BITMIME" not in offered:
        return Reject("the mail has 8-bit content, and the relay lacks 8BITMIME")
    limit = offered.get("SIZE", "")
    if limit.isdigit() and 0 < int(limit) < mail.size:
        return Reject(f"the mail has {mail.size} bytes, the relay takes {limit}")
    return None


def mail_command(mail: Envelope, offered: Mapping[str, str]) -> str:
    """Write the MAIL command with what this mail needs, of what the relay offers."""
    parameters = [f"MAIL FROM:<{mail.sender}>"]
    if "SIZE" in offered:
        parameters.append(f"SIZE={mail.size}")
    if mail.eight_bit:
        parameters.append("BODY=8BITMIME")
    if mail.international:
        parameters.append("SMTPUTF8")
    return " ".join(parameters)
