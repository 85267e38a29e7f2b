"""A mail as bytes: approved blocks in order, slots filled in, and the headers around them.

Pure: the same input gives the same bytes. What all mails of an edition share
is encoded once, by `prepare`; each reader's own costs a few joins of bytes.
(`email.message` is thirty times slower, and on Python 3.11 writes a header
that is not allowed for an international address.)

RFC 5322, 2045–2047 (form), 2369, 2919 and 8058 (lists), 3834 (automatic mail).
"""

import binascii
import html
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import quote

from campaigner.core.slots import PATTERN, SLOTS
from campaigner.mail import headers

_KEY = re.compile(r"[A-Za-z0-9-]{1,60}")  # a boundary has room for 70


@dataclass(frozen=True, kw_only=True)
class Mailbox:
    """A name, which may be empty, and an address."""

    name: str = ""
    address: str


@dataclass(frozen=True, kw_only=True)
class Head:
    """What every mail of one message says of itself. `language` is BCP 47.

    `unsubscribe_to` receives ``unsubscribe TOKEN`` as a subject;
    `unsubscribe_base` is an https address to which ``/TOKEN`` is added, or
    empty. `feedback` names the mail for a provider's complaint statistics: at
    most three words, with nothing of the reader in them.
    """

    sender: Mailbox
    reply_to: str = ""
    subject: str
    date: datetime
    language: str
    list_id: str
    list_title: str = ""
    unsubscribe_to: str
    unsubscribe_base: str = ""
    feedback: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Slots:
    """One reader's own. `key` names this mail for ever; `token` unsubscribes its reader."""

    key: str
    recipient: Mailbox
    token: str


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """An edition ready to be filled: literal bytes and, between them, slot names, in turn."""

    head: Head
    shared_headers: bytes
    text: tuple[bytes, ...]
    html: tuple[bytes, ...]

    def fill(self, slots: Slots) -> bytes:
        """Return the mail of one reader.

        Raises ValueError for an address or key that cannot stand in a header.
        """
        if not _KEY.fullmatch(slots.key):
            raise ValueError(f"{slots.key!r} cannot stand in a mail's header")
        values = {
            "name": headers.clean(slots.recipient.name) or slots.recipient.address,
            "address": slots.recipient.address,
            "unsubscribe": unsubscribe_link(self.head, slots.token),
        }
        boundary = f"=_{slots.key}".encode()  # cannot occur in quoted-printable
        return b"".join(
            (
                _own_headers(self.head, slots),
                self.shared_headers,
                b'Content-Type: multipart/alternative; boundary="', boundary, b'"\r\n',
                b"\r\n--", boundary,
                b"\r\nContent-Type: text/plain; charset=utf-8\r\n"
                b"Content-Transfer-Encoding: quoted-printable\r\n\r\n",
                *_filled(self.text, values, str),
                b"\r\n--", boundary,
                b"\r\nContent-Type: text/html; charset=utf-8\r\n"
                b"Content-Transfer-Encoding: quoted-printable\r\n\r\n",
                *_filled(self.html, values, html.escape),
                b"\r\n--", boundary, b"--\r\n",
            )
        )  # fmt: skip


def compose(head: Head, blocks: Sequence[tuple[str, str]], slots: Slots) -> bytes:
    """Return one mail as RFC 5322 bytes with CRLF; `blocks` are (HTML, text), in order.

    Raises ValueError for a slot that is not in SLOTS, and for an address or
    key that cannot stand in a header.
    """
    return prepare(head, blocks).fill(slots)


def prepare(head: Head, blocks: Sequence[tuple[str, str]]) -> Prepared:
    """Encode what all readers of these blocks share. Raises ValueError as `compose` does."""
    return Prepared(
        head=head,
        shared_headers=_shared_headers(head),
        text=_encoded("\n".join(text.strip("\n") + "\n" for _, text in blocks)),
        html=_encoded("".join(markup for markup, _ in blocks)),
    )


def unsubscribe_link(head: Head, token: str) -> str:
    """Return the address behind a reader's "unsubscribe": https where there is one, else mailto."""
    if head.unsubscribe_base:
        return _https(head, token)
    return _mailto(head, token)


def _shared_headers(head: Head) -> bytes:
    domain = headers.domain_of(head.sender.address)
    lines = [f"From: {headers.mailbox(head.sender.name, head.sender.address)}"]
    if head.reply_to:
        lines.append(f"Reply-To: {headers.address_of(head.reply_to)}")
    title = f"{headers.phrase(head.list_title)} " if head.list_title else ""
    lines += [
        f"Subject: {headers.unstructured(head.subject)}",
        f"Date: {format_datetime(head.date.astimezone(UTC))}",
        f"List-Id: {title}<{_token(head.list_id)}>",
        f"Content-Language: {_token(head.language)}",
        "Precedence: bulk",
        "Auto-Submitted: auto-generated",
        f"Feedback-ID: {':'.join((*(_token(word) for word in head.feedback), domain))}",
        "MIME-Version: 1.0",
    ]
    return "".join(f"{line}\r\n" for line in lines).encode()


def _own_headers(head: Head, slots: Slots) -> bytes:
    lines = [
        f"Message-ID: <{slots.key}@{headers.domain_of(head.sender.address)}>",
        f"To: {headers.mailbox(slots.recipient.name, slots.recipient.address)}",
    ]
    mailto = f"<{_mailto(head, slots.token)}>"
    if head.unsubscribe_base:
        lines += [
            f"List-Unsubscribe: <{_https(head, slots.token)}>,\r\n {mailto}",
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        ]
    else:
        lines.append(f"List-Unsubscribe: {mailto}")
    return "".join(f"{line}\r\n" for line in lines).encode()


def _https(head: Head, token: str) -> str:
    return f"{headers.clean(head.unsubscribe_base).rstrip('/')}/{quote(token, safe='')}"


def _mailto(head: Head, token: str) -> str:
    address = quote(headers.address_of(head.unsubscribe_to), safe="@")
    return f"mailto:{address}?subject={quote(f'unsubscribe {token}')}"


def _token(word: str) -> str:
    """Return a word that machines read, with a hyphen for whatever may not stand in one."""
    return re.sub(r"[^A-Za-z0-9._~+-]", "-", word)


def _encoded(body: str) -> tuple[bytes, ...]:
    """Split a body at its slots: literals at even places, encoded; slot names at odd ones.

    A slot begins and ends its own line by soft breaks, so that no value can
    make a line too long and literals need not be encoded again.
    """
    parts = PATTERN.split(body.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n"))
    if unknown := sorted(set(parts[1::2]) - set(SLOTS)):
        raise ValueError(f"no such slot: {', '.join(unknown)}")
    pieces = [_quoted(part) for part in parts]
    pieces[1::2] = [name.encode() for name in parts[1::2]]
    return tuple(pieces)


def _filled(
    pieces: Sequence[bytes], values: dict[str, str], escape: Callable[[str], str]
) -> list[bytes]:
    filled = {
        name.encode(): b"=\r\n" + _quoted(escape(headers.clean(value))) + b"=\r\n"
        for name, value in values.items()
    }
    return [filled[piece] if place % 2 else piece for place, piece in enumerate(pieces)]


def _quoted(text: str) -> bytes:
    encoded = binascii.b2a_qp(text.encode("utf-8", "replace"), istext=True)
    # It breaks lines as its input does, and with a bare LF where that has no line end.
    return encoded.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
