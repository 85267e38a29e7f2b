"""What a mail needs of a relay, and how it is written for the wire (RFC 5321, 6152, 6531, 1870)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import idna

from campaigner.core.channel import Reject
from campaigner.core.message import OutgoingMail

_BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n|\x00")
_NOT_IN_ADDRESS = re.compile(r"[\x00-\x20<>\x7f]")


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """A mail ready for the wire: `body` is dot-stuffed, `size` its bytes without that."""

    sender: str
    recipient: str
    body: bytes
    size: int
    international: bool
    eight_bit: bool


def envelope_of(mail: OutgoingMail) -> Envelope | Reject:
    """Check and prepare a mail. Rejected: what servers could read in two ways."""
    for address in (mail.envelope_from, mail.recipient):
        if _NOT_IN_ADDRESS.search(address):
            return Reject("its sender or recipient is no e-mail address")
    if _BARE.search(mail.data):
        return Reject("the mail has a bare CR, LF or NUL in it, which servers read differently")
    headers = mail.data.partition(b"\r\n\r\n")[0]
    sender, recipient = _ascii_domain(mail.envelope_from), _ascii_domain(mail.recipient)
    whole = mail.data if mail.data.endswith(b"\r\n") else mail.data + b"\r\n"
    stuffed = whole.replace(b"\r\n.", b"\r\n..")
    return Envelope(
        sender=sender,
        recipient=recipient,
        body=b"." + stuffed if stuffed.startswith(b".") else stuffed,
        size=len(whole),
        international=not (sender.isascii() and recipient.isascii() and headers.isascii()),
        eight_bit=not mail.data.isascii(),
    )


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
