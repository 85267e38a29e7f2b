"""A mail that came in, opened: what it tells itself, and what it only copies."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

from campaigner.mail.bounce_text import before_copy
from campaigner.mail.parts import Fields, Part, header_of, parts_of

_ABOUT_ANOTHER = ("message/delivery-status", "message/global-delivery-status")
LONGEST = 32_768  # characters of HTML that are looked at: strangers write it
_BREAK = re.compile(r"<(?:br|/p|/div|/tr|/li|/h\d)\b[^<>]*>", re.IGNORECASE)
_UNSEEN = re.compile(r"<(style|script|head)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[a-z/!][^<>]*>", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A mail taken apart. `texts` are whole; `told` is what they say before the copy of
    another mail begins, and `copies` are those, wherever they stood."""

    data: bytes
    fields: Fields
    parts: Sequence[Part]
    texts: Sequence[str]
    told: str
    copies: Sequence[str]

    @property
    def returns_another(self) -> bool:
        """Whether a mail came back with it, or fields about one."""
        return any(part.is_returned or part.type in _ABOUT_ANOTHER for part in self.parts)


def opened(data: bytes) -> Opened:
    """Take a mail apart. HTML is read only where there is no text beside it."""
    parts = parts_of(data)
    own = [part for part in parts if not part.is_returned]
    plain = [part.text for part in own if part.type != "text/html"]
    texts = (
        plain if any(text.strip() for text in plain) else [without_tags(part.text) for part in own]
    )
    splits = [before_copy(text) for text in texts]
    returned = [part.text for part in parts if part.is_returned]
    return Opened(
        data=data,
        fields=header_of(data)[0],
        parts=parts,
        texts=texts,
        told="\n".join(before for before, _ in splits),
        copies=[*returned, *(copy for _, copy in splits)],
    )


def without_tags(markup: str) -> str:
    """Return what HTML says, a line for each of its own."""
    return html.unescape(_TAG.sub("", _BREAK.sub("\n", _UNSEEN.sub("", markup[:LONGEST]))))
