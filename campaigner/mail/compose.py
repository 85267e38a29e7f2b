"""A mail as bytes: approved blocks in order, slots filled in, and the headers around them.

Pure: the same input gives the same bytes, signatures included. What all mails
of an edition share is encoded and canonicalized once, by `prepare`; each
reader's own costs a few joins of bytes, one SHA-256 and the signatures.
(`email.message` is thirty times slower, and on Python 3.11 writes a header
that is not allowed for an international address.)

RFC 5322, 2045–2047 (form), 2369, 2919 and 8058 (lists), 3834 (automatic mail), 6376 (DKIM).
"""

import hashlib
import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import quote

from campaigner.core.slots import PATTERN, SLOTS
from campaigner.mail import headers
from campaigner.mail.dkim import Seal, Signer, hash_of_body, seal
from campaigner.mail.quoted import LONGEST, between, quoted

_TOKEN = re.compile(r"[A-Za-z0-9-]{1,60}")
_OWN = ("message-id", "to", "list-unsubscribe")  # in the order of `_own_headers`
_OWN_NAMES = (
    (b"Message-ID: ", b"message-id:"),
    (b"\r\nTo: ", b"\r\nto:"),
    (b"\r\nList-Unsubscribe: ", b"\r\nlist-unsubscribe:"),
)
_NAMES = tuple(SLOTS)
HTML = len(_NAMES)  # where the places of the HTML's slots begin
_UNSUBSCRIBE, _PREFERENCES = 2, 3
assert _NAMES == ("name", "address", "unsubscribe", "preferences"), "the order of `Prepared._body`"
_PART = (
    "Content-Type: text/{}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
)


@dataclass(frozen=True, kw_only=True)
class Mailbox:
    """A name, which may be empty, and an address."""

    name: str = ""
    address: str


@dataclass(frozen=True, kw_only=True)
class Head:
    """What every mail of one message says of itself. `language` is BCP 47.

    `date` is stated as Date and as the time of signing: one in the future makes
    servers doubt both.

    `unsubscribe_to` receives ``unsubscribe TOKEN`` as a subject.
    `unsubscribe_base` and `preferences_base` are https addresses to which
    ``/TOKEN`` is added, or empty. `owner` is the address of a person, `archive`
    and `subscribe` are pages; each may be empty. `feedback` names the mail for
    a provider's complaint statistics: at most three words, with nothing of the
    reader in them.
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
    preferences_base: str = ""
    owner: str = ""
    archive: str = ""
    subscribe: str = ""
    feedback: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Slots:
    """One reader's own, as tokens (core.tokens): `key` names this mail for ever.

    `unsubscribe` ends the subscription, `preferences` opens its page.
    """

    key: str
    recipient: Mailbox
    unsubscribe: str
    preferences: str = ""


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """An edition ready to be filled and signed.

    `body` is literal bytes and, between them, what `order` names: places in
    SLOTS for the text, and as many further on for the HTML; `used` has each
    once. `links` are as `_links` gives them. `seals` is a signature in the
    making for each key.
    """

    head: Head
    shared_headers: bytes
    own_headers: tuple[bytes, bytes, bytes]
    body: tuple[bytes, ...]
    order: tuple[int, ...]
    used: tuple[int, ...]
    links: Mapping[int, tuple[bytes, int]]
    seals: tuple[Seal, ...]

    def fill(self, slots: Slots) -> bytes:
        """Return the mail of one reader, signed.

        Raises ValueError for an address or token that cannot stand in a header.
        """
        for word in (slots.key, slots.unsubscribe):
            if not _TOKEN.fullmatch(word):
                raise ValueError(f"{word!r} cannot stand in a mail's header")
        asked = _PREFERENCES in self.used or _PREFERENCES + HTML in self.used
        if asked and not _TOKEN.fullmatch(slots.preferences):
            raise ValueError(f"{slots.preferences!r} is no token of preferences")
        return self.fill_for(
            slots.recipient.name,
            slots.recipient.address,
            key=slots.key,
            unsubscribe=slots.unsubscribe,
            preferences=slots.preferences,
        )

    def fill_for(
        self, name: str, address: str, *, key: str, unsubscribe: str, preferences: str
    ) -> bytes:
        """As `fill`, for tokens that were made here (core.tokens) and need no second look."""
        tokens = (unsubscribe.encode("ascii"), preferences.encode("ascii"))
        own = self._own_headers(name, address, key.encode("ascii"), tokens[0])
        body = self._body(headers.clean(name) or address, address, tokens)
        if not self.seals:
            return b"".join((own, self.shared_headers, b"\r\n", body))
        # As relaxed canonicalization has it (RFC 6376, 3.4.2): folds are all there is to undo,
        # and the names of the three fields.
        fields = own.replace(b"\r\n ", b" ")
        for written, canonical in _OWN_NAMES:
            fields = fields.replace(written, canonical, 1)
        body_hash = hash_of_body(body)
        signatures = [each.field(fields, body_hash) for each in self.seals]
        return b"".join((*signatures, own, self.shared_headers, b"\r\n", body))

    def _own_headers(self, name: str, address: str, key: bytes, token: bytes) -> bytes:
        after_key, before_token, between_tokens = self.own_headers
        parts = (
            b"Message-ID: <m-", key, after_key, headers.mailbox(name, address).encode(),
            b"\r\nList-Unsubscribe: <", before_token, token,
        )  # fmt: skip
        if between_tokens:
            return b"".join((*parts, between_tokens, token, b">\r\n"))
        return b"".join((*parts, b">\r\n"))

    def _body(self, name: str, address: str, tokens: tuple[bytes, bytes]) -> bytes:
        values = {}
        for place in self.used:
            slot = place % HTML
            if slot >= _UNSUBSCRIBE:
                (start, room), token = self.links[place], tokens[slot - _UNSUBSCRIBE]
                link = start + token
                values[place] = link if len(token) <= room else quoted(link.decode())
            else:
                said = address if slot else name
                values[place] = quoted(html.escape(said) if place >= HTML else said)
        body = list(self.body)
        body[1::2] = [values[place] for place in self.order]
        return b"".join(body)


def compose(
    head: Head,
    blocks: Sequence[tuple[str, str]],
    slots: Slots,
    signers: Sequence[Signer] = (),
) -> bytes:
    """Return one mail as RFC 5322 bytes with CRLF; `blocks` are (HTML, text), in order.

    Raises ValueError for a slot that is not in SLOTS, and for an address or
    token that cannot stand in a header.
    """
    return prepare(head, blocks, signers).fill(slots)


def prepare(
    head: Head, blocks: Sequence[tuple[str, str]], signers: Sequence[Signer] = ()
) -> Prepared:
    """Encode what all readers of these blocks share. Raises ValueError as `compose` does.

    A mail is signed by each of `signers`; their order is that of the signatures.
    """
    text = _pieces("\n".join(text.strip("\n") + "\n" for _, text in blocks), 0)
    markup = _pieces("".join(markup for markup, _ in blocks), HTML)
    boundary = _boundary([*text, *markup])
    shared = _shared_headers(head, boundary)
    body, order = _joined(
        f"--{boundary}\r\n{_PART.format('plain')}",
        text,
        f"\r\n--{boundary}\r\n{_PART.format('html')}",
        markup,
        f"\r\n--{boundary}--\r\n",
    )
    if not head.preferences_base and any(_NAMES[at % HTML] == "preferences" for at in order):
        raise ValueError("there is a link to preferences in it, and no public address to lead to")
    return Prepared(
        head=head,
        shared_headers=shared,
        own_headers=_around_own(head),
        body=body,
        order=order,
        used=tuple(set(order)),
        links=_links(head),
        seals=tuple(
            seal(signer, shared=shared, own_names=_OWN, at=head.date) for signer in signers
        ),
    )


def _links(head: Head) -> dict[int, tuple[bytes, int]]:
    """Return what links begin with, by place, and how long a token may be that needs no encoding.

    Negative where the beginning itself needs it.
    """
    links = {}
    for slot, link in (
        (_UNSUBSCRIBE, unsubscribe_link(head, "")),
        (_PREFERENCES, f"{_base(head.preferences_base)}/"),
    ):
        for place, written in ((slot, link), (slot + HTML, html.escape(link))):
            start = written.encode()
            as_it_is = quoted(f"{written}x") == start + b"x"
            links[place] = start, LONGEST - len(start) if as_it_is else -1
    return links


def unsubscribe_link(head: Head, token: str) -> str:
    """Return the address behind a reader's "unsubscribe": https where there is one, else mailto."""
    if head.unsubscribe_base:
        return f"{_base(head.unsubscribe_base)}/{token}"
    return f"{_mailto(head)}{token}"


def _shared_headers(head: Head, boundary: str) -> bytes:
    domain = headers.domain_of(head.sender.address)
    title = f"{headers.phrase(head.list_title)}\r\n " if head.list_title else ""
    lines = [f"From: {headers.mailbox(head.sender.name, head.sender.address)}"]
    if head.reply_to:
        lines.append(f"Reply-To: {headers.address_of(head.reply_to)}")
    lines += [
        f"Subject: {headers.unstructured(head.subject)}",
        f"Date: {format_datetime(head.date.astimezone(UTC))}",
        f"List-Id: {title}<{_word(head.list_id)}>",
        *(["List-Unsubscribe-Post: List-Unsubscribe=One-Click"] if head.unsubscribe_base else []),
        *_list_headers(head),
        f"Content-Language: {_word(head.language)}",
        "Precedence: bulk",
        "Auto-Submitted: auto-generated",
        f"Feedback-ID: {':'.join((*(_word(word) for word in head.feedback), domain))}",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"',
        "Content-Transfer-Encoding: 7bit",  # said, so that no relay has to add it
    ]
    return "".join(f"{line}\r\n" for line in lines).encode()


def _list_headers(head: Head) -> list[str]:
    """Return what else RFC 2369 knows of a list that only its owner writes to."""
    lines = []
    if head.owner:
        owner = quote(headers.address_of(head.owner), safe="@")
        lines += [f"List-Help: <mailto:{owner}?subject=help>", f"List-Owner: <mailto:{owner}>"]
    if head.subscribe:
        lines.append(f"List-Subscribe: <{_base(head.subscribe)}>")
    if head.archive:
        lines.append(f"List-Archive: <{_base(head.archive)}>")
    return [*lines, "List-Post: NO"]


def _around_own(head: Head) -> tuple[bytes, bytes, bytes]:
    """Return what stands after the key, before the token, and between its two places if it has."""
    after_key = f"@{headers.domain_of(head.sender.address)}>\r\nTo: ".encode()
    if not head.unsubscribe_base:
        return after_key, _mailto(head).encode(), b""
    https = f"{_base(head.unsubscribe_base)}/".encode()
    return after_key, https, f">,\r\n <{_mailto(head)}".encode()


def _base(address: str) -> str:
    """Return an address as it may stand in a header and in a line of text: ASCII, no blanks."""
    return quote(headers.clean(address).rstrip("/"), safe=":/?#[]@!$&'()*+,;=%~")


def _mailto(head: Head) -> str:
    address = quote(headers.address_of(head.unsubscribe_to), safe="@")
    return f"mailto:{address}?subject=unsubscribe%20"


def _word(word: str) -> str:
    """Return a word that machines read, with a hyphen for whatever may not stand in one."""
    return re.sub(r"[^A-Za-z0-9._~+-]", "-", word)


def _pieces(text: str, first: int) -> list[bytes | int]:
    """Split a body at its slots: encoded literals at even places, slots' numbers at odd ones.

    `first` is the number of the first slot. Raises ValueError for an unknown one.
    """
    parts = PATTERN.split(text.replace("\r\n", "\n").replace("\r", "\n"))
    if unknown := sorted(set(parts[1::2]) - set(SLOTS)):
        raise ValueError(f"no such slot: {', '.join(unknown)}")
    last = len(parts) - 1
    return [
        first + _NAMES.index(part)
        if place % 2
        else between(part, after_slot=place > 0, before_slot=place < last)
        for place, part in enumerate(parts)
    ]


def _joined(*parts: str | list[bytes | int]) -> tuple[tuple[bytes, ...], tuple[int, ...]]:
    """Join MIME's own lines and pieces; literals that meet become one."""
    body, order = [b""], []
    for part in parts:
        for piece in [part.encode("ascii")] if isinstance(part, str) else part:
            if isinstance(piece, int):
                order.append(piece)
                body += [b"", b""]
            else:
                body[-1] += piece
    return tuple(body), tuple(order)


def _boundary(pieces: Sequence[bytes | int]) -> str:
    """Return a boundary that all mails of an edition share: `=_` never occurs in either part."""
    digest = hashlib.sha256(repr(pieces).encode()).hexdigest()
    return f"=_{digest[:32]}"
