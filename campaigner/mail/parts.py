"""A mail that came in, taken apart: whatever is broken in it, something readable comes out.

`email.parser` is not enough here: bounces lie about their charset, forget
boundaries, quote whole mails, encode what may not be encoded, and are written
by whoever wants to harm us. RFC 2045–2047, 2231, 6532.
"""

import base64
import binascii
import quopri
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header
from functools import cached_property
from itertools import islice

from charset_normalizer import from_bytes

DEEPEST = 12  # nested parts; deeper ones are read as one text
MOST = 200  # parts of one mail
LONGEST = 16_384  # bytes of a header's field that are read
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:(.*)", re.DOTALL)
_PARAMETER = re.compile(r""";\s*([\w!#$%&'+.^`|~-]+?)(?:\*\d*\*?)?\s*=\s*("[^"]*"?|[^;\s]*)""")
_FROM_LINE = re.compile(rb"\nFrom \S+ +[A-Z][a-z]{2} [A-Z][a-z]{2} .{10,20}\d{4}\r?\n")
# Names that Python does not know, or knows as something else.
_CHARSETS = {"unicode-1-1-utf-7": "utf-7", "iso-8859-8-i": "iso-8859-8", "x-sjis": "cp932"}
_RETURNED = ("message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers",
             "message/partial")  # fmt: skip

Fields = Mapping[str, tuple[str, ...]]
"""Header fields: names in lower case, values unfolded, in order."""


@dataclass(frozen=True)
class Part:
    """A leaf of a mail, or a mail inside of it. `raw` is its body, decoded to bytes."""

    fields: Fields
    raw: bytes

    @property
    def type(self) -> str:
        """The media type in lower case; text/plain where the mail does not say."""
        return content_type(self.fields)[0]

    @property
    def is_returned(self) -> bool:
        """Whether it is the mail that came back, or its header."""
        return self.type in _RETURNED

    @cached_property
    def text(self) -> str:
        """The body as text with LF, whatever its charset is said to be."""
        charset = content_type(self.fields)[1].get("charset", "")
        return decoded(self.raw, charset)


def mails_in(data: bytes) -> list[bytes]:
    """Return the mails in a file: one, or all of a mailbox file (RFC 4155)."""
    if not data.startswith(b"From "):
        return [data]
    starts = [0, *(match.start() + 1 for match in _FROM_LINE.finditer(data))]
    return [data[start:end] for start, end in zip(starts, [*starts[1:], len(data)], strict=True)]


def header_of(raw: bytes) -> tuple[Fields, bytes]:
    """Split a mail, or a part of one, into its fields and its body as it is.

    A first line that mailbox files have ("From …") is passed over; a line
    that is no field, and belongs to none, ends the header.
    """
    found: dict[str, list[str]] = {}
    data = raw.replace(b"\r\n", b"\n").lstrip(b"\n")
    if data.startswith((b"From ", b">From ")):
        data = data.partition(b"\n")[2]
    place = 0
    current: list[bytes] = []
    while place < len(data):
        end = data.find(b"\n", place)
        end = len(data) if end < 0 else end
        line = data[place:end]
        if not line.strip():
            place = end + 1
            break
        if line[:1] in b" \t" and current:
            current.append(line)
        elif _FIELD.fullmatch(line):
            _keep(found, current)
            current = [line]
        else:
            break
        place = end + 1
    _keep(found, current)
    return {name: tuple(values) for name, values in found.items()}, data[place:]


def _keep(found: dict[str, list[str]], lines: Sequence[bytes]) -> None:
    if lines and (match := _FIELD.fullmatch(b" ".join(line.strip(b"\r\t ") for line in lines))):
        name = match[1].decode("ascii", "replace").lower()
        found.setdefault(name, []).append(decoded(match[2][:LONGEST]).strip())


def parts_of(raw: bytes) -> list[Part]:
    """Return the leaves of a mail, in order. A returned mail is one leaf, not taken apart."""
    fields, body = header_of(raw)
    return list(_leaves(fields, body, depth=0, left=[MOST]))


def _leaves(fields: Fields, body: bytes, *, depth: int, left: list[int]) -> Iterator[Part]:
    kind, parameters = content_type(fields)
    if left[0] <= 0:
        return
    if kind.startswith("multipart/") and depth < DEEPEST:
        pieces = _split(body, parameters.get("boundary", ""))
        if pieces:
            for number, piece in enumerate(pieces):
                if number == 0:  # what stands before the first boundary
                    if len(piece.strip()) > 200:
                        left[0] -= 1
                        yield Part({}, piece)
                    continue
                inner, content = header_of(piece)
                if not inner and not content.strip():
                    continue
                yield from _leaves(inner, content, depth=depth + 1, left=left)
            return
    left[0] -= 1
    encoding = last(fields, "content-transfer-encoding").strip().lower()
    yield Part(fields, _unencoded(body, encoding))


def _split(body: bytes, boundary: str) -> list[bytes]:
    """Cut at lines that are the boundary: preamble first, no epilogue; empty if there is none."""
    if not boundary:
        return []
    mark = re.escape(b"--" + boundary.encode("utf-8", "replace"))
    lines = re.compile(rb"^" + mark + rb"(--)?[ \t]*$", re.MULTILINE)
    # Some mailers close with the opening mark, others open with the closing one: so it ends
    # with the last mark, if that is a closing one.
    marks = list(islice(lines.finditer(body), MOST))
    if not marks:
        return []
    starts = [0, *(mark.end() + 1 for mark in marks)]
    ends = [*(mark.start() for mark in marks), len(body)]
    pieces = [body[start:end] for start, end in zip(starts, ends, strict=True)]
    return pieces[:-1] if marks[-1][1] else pieces


def _unencoded(body: bytes, encoding: str) -> bytes:
    if encoding == "base64":
        data = re.sub(rb"[^A-Za-z0-9+/]", b"", body)
        try:
            return base64.b64decode(data + b"=" * (-len(data) % 4))
        except (binascii.Error, ValueError):
            return body
    if encoding == "quoted-printable":
        return quopri.decodestring(body)
    return body


def decoded(raw: bytes, charset: str = "") -> str:
    """Return bytes as text with LF: as they say they are, else as UTF-8, else by their looks."""
    data = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    name = _CHARSETS.get(charset.lower(), charset)
    japanese = ["iso-2022-jp"] if b"\x1b$" in data else []
    plain = name.lower() in ("", "us-ascii", "ascii", "iso-8859-1", "latin1")
    for candidate in [*japanese, *([] if plain else [name]), "utf-8"]:
        try:
            return data.decode(candidate)
        except (UnicodeError, LookupError):
            continue
    # The guess costs time; a few lines tell as much as all of them.
    guess = from_bytes(data[:4096]).best() if not plain or not name else None
    for candidate in (guess.encoding if guess else "", name or "cp1252", "latin-1"):
        try:
            return data.decode(candidate)
        except (UnicodeError, LookupError):
            continue
    return data.decode("latin-1")


def content_type(fields: Fields) -> tuple[str, Mapping[str, str]]:
    """Return the media type and its parameters, names in lower case."""
    value = last(fields, "content-type")[:2000]
    kind, semicolon, rest = value.partition(";")
    found = {
        match[1].lower(): match[2].strip('"') for match in _PARAMETER.finditer(semicolon + rest)
    }
    kind = kind.strip().lower().split()[0] if kind.strip() else ""
    return (kind if re.fullmatch(r"[\w.+-]+/[\w.+-]+", kind) else "text/plain"), found


def last(fields: Fields, name: str) -> str:
    """Return a field's value, the last one of several; empty if there is none."""
    return fields.get(name, ("",))[-1]


def words_of(value: str) -> str:
    """Return a field's value with its encoded words (RFC 2047) read."""
    if "=?" not in value:
        return value
    try:
        pieces = decode_header(value)
    except (HeaderParseError, ValueError, binascii.Error):
        return value
    return "".join(
        piece if isinstance(piece, str) else decoded(piece, charset or "")
        for piece, charset in pieces
    )
