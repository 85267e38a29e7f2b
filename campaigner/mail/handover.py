"""A mail that hands one post to the people who publish it: the text to copy, the pictures to save.

multipart/mixed of multipart/related (the mail in text and in HTML, the
pictures inline, each with its file name) and the post's text as a file of its
own. RFC 2045, 2046, 2183, 2231, 2387, 2392, 3834. The same input gives the
same bytes: sent again, it is the same mail.
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parseaddr
from urllib.parse import quote

from campaigner.mail import headers

_PLAIN_NAME = re.compile(r"[A-Za-z0-9._ -]{1,60}")


@dataclass(frozen=True, kw_only=True)
class Part:
    """A file in the mail. `cid` is the name under which the HTML shows it, or empty."""

    name: str
    mime: str
    data: bytes
    cid: str = ""


def handover(
    *,
    sender: str,
    reply_to: str,
    to: Sequence[str],
    subject: str,
    text: str,
    html: str,
    language: str,
    pictures: Sequence[Part],
    text_file: Part,
    date: datetime,
    key: str,
) -> bytes:
    """Return the mail as RFC 5322 bytes with CRLF. `key` names it for ever, `language` is BCP 47.

    `sender` may have a name. Raises ValueError for an address that cannot
    stand in a header.
    """
    name, address = parseaddr(sender)
    people = ",\r\n ".join(headers.address_of(each) for each in to)
    lines = [
        f"From: {headers.mailbox(name, address)}",
        f"To: {people}",
        *([f"Reply-To: {headers.address_of(parseaddr(reply_to)[1])}"] if reply_to else []),
        f"Subject: {headers.unstructured(subject)}",
        f"Date: {format_datetime(date.astimezone(UTC))}",
        f"Message-ID: <{key}@{headers.domain_of(address)}>",
        f"Content-Language: {language}",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
    ]
    alternative = _multipart(
        "alternative", f"=_{key}-a", [_body("plain", text), _body("html", html)]
    )
    related = _multipart(
        "related",
        f"=_{key}-r",
        [alternative, *(_file(picture, "inline") for picture in pictures)],
        parameters=';\r\n type="multipart/alternative"',
    )
    whole = _multipart("mixed", f"=_{key}-m", [related, _file(text_file, "attachment")])
    return "".join(f"{line}\r\n" for line in lines).encode() + whole


def _multipart(kind: str, boundary: str, parts: Sequence[bytes], *, parameters: str = "") -> bytes:
    head = f'Content-Type: multipart/{kind};\r\n boundary="{boundary}"{parameters}\r\n\r\n'
    mark = f"--{boundary}".encode()
    inner = b"".join(mark + b"\r\n" + part + b"\r\n" for part in parts)
    return head.encode() + inner + mark + b"--\r\n"


def _body(kind: str, text: str) -> bytes:
    data = text.replace("\r\n", "\n").replace("\n", "\r\n").encode()
    return f"Content-Type: text/{kind}; charset=utf-8\r\n".encode() + _encoded(data)


def _file(part: Part, disposition: str) -> bytes:
    charset = "; charset=utf-8" if part.mime.startswith("text/") else ""
    lines = [
        f"Content-Type: {part.mime}{charset}",
        f"Content-Disposition: {disposition};\r\n {_file_name(part.name)}",
    ]
    if part.cid:
        lines.append(f"Content-ID: <{part.cid}>")
    return "".join(f"{line}\r\n" for line in lines).encode() + _encoded(part.data)


def _file_name(name: str) -> str:
    """Return the parameter; a name beyond plain letters as RFC 2231 has it."""
    if _PLAIN_NAME.fullmatch(name):
        return f'filename="{name}"'
    return f"filename*=utf-8''{quote(headers.clean(name), safe='')}"


def _encoded(data: bytes) -> bytes:
    lines = base64.encodebytes(data).replace(b"\n", b"\r\n")
    return b"Content-Transfer-Encoding: base64\r\n\r\n" + lines
