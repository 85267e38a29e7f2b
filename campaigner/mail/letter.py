"""A mail to one person who asked for it: in text and in HTML, signed, and of no list.

The same input gives the same bytes: sent again after a doubt, it is the same
mail. RFC 5322, 2045–2047, 3834, 6376.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime, parseaddr

from campaigner.mail import headers
from campaigner.mail.dkim import Signer, hash_of_body, seal
from campaigner.mail.quoted import quoted


def letter(
    *,
    sender: str,
    reply_to: str,
    to: str,
    subject: str,
    text: str,
    html: str,
    language: str,
    date: datetime,
    key: str,
    signers: Sequence[Signer] = (),
) -> bytes:
    """Return the mail as RFC 5322 bytes with CRLF. `key` names it for ever, `language` is BCP 47.

    `sender` and `reply_to` may have a name; `reply_to` may be empty. Raises
    ValueError for an address that cannot stand in a header.
    """
    name, address = parseaddr(sender)
    boundary = f"=_{hashlib.sha256(key.encode()).hexdigest()[:32]}"  # `=_` is never in a part
    lines = [
        f"From: {headers.mailbox(name, address)}",
        f"To: {headers.address_of(to)}",
        *([f"Reply-To: {headers.address_of(parseaddr(reply_to)[1])}"] if reply_to else []),
        f"Subject: {headers.unstructured(subject)}",
        f"Date: {format_datetime(date.astimezone(UTC))}",
        f"Message-ID: <{key}@{headers.domain_of(address)}>",
        f"Content-Language: {language}",
        "Auto-Submitted: auto-replied",
        "X-Auto-Response-Suppress: All",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"',
        "Content-Transfer-Encoding: 7bit",
    ]
    head = "".join(f"{line}\r\n" for line in lines).encode()
    mark = f"--{boundary}".encode()
    body = b"".join(
        (mark, _part("plain", text), b"\r\n", mark, _part("html", html), b"\r\n", mark, b"--\r\n")
    )
    digest = hash_of_body(body)
    signatures = [
        seal(signer, shared=head, own_names=(), at=date).field(b"", digest) for signer in signers
    ]
    return b"".join((*signatures, head, b"\r\n", body))


def _part(kind: str, text: str) -> bytes:
    described = (
        f"\r\nContent-Type: text/{kind}; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
    return described.encode() + quoted(text)
