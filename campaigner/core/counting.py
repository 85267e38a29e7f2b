"""How long a text is, as each network counts it.

X: twitter-text's weighted length, configuration v3. Mastodon: graphemes, by
the server's StatusLengthValidator. What a person publishes by hand: graphemes.
E-mail has no limit; its length is its characters. Nothing here asks a
network: a limit is an argument.
"""

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import regex

from campaigner.core.addresses_in_text import ACCENTED, Span, found_by_mastodon, found_by_x
from campaigner.core.emoji import emoji

LIMITS = {"x": 280, "mastodon": 500}
"""What a network takes as long as an account is not set otherwise; none for the others."""

URL_LENGTH = 23
EMOJI_LENGTH = 2

# Weight 1; every other character weighs 2.
_LIGHT = regex.compile(r"[\u0000-\u10FF\u2000-\u200D\u2010-\u201F\u2032-\u2037]")
_FORBIDDEN_ON_X = regex.compile(r"[\uFFFE\uFEFF\uFFFF]")
_GRAPHEME = regex.compile(r"\X")
_MENTION = regex.compile(
    r"(?<![=/\w])@(?P<local>[a-z0-9_]+(?:[.\-]+[a-z0-9_]+)*)(?:@\w+(?:[.\-]+\w+)*)?",
    regex.IGNORECASE,
)
_NO_MENTION = regex.compile(rf"[@＠{ACCENTED}]|://")


@dataclass(frozen=True, kw_only=True)
class Count:
    """How long a text is. A `limit` of 0 is none. `valid`: the network would take it."""

    length: int
    limit: int
    valid: bool

    @property
    def room(self) -> int:
        """How many more fit; negative if it is too long."""
        return self.limit - self.length


def length(channel: str, text: str, *, warning: str = "") -> int:
    """Return the length of `text` on `channel`. `warning` is Mastodon's content warning.

    A channel without rules of its own counts characters.
    """
    return _COUNTERS.get(channel, _characters)(text, warning)


def check(channel: str, text: str, limit: int, *, warning: str = "") -> Count:
    """Measure `text` against `limit`.

    Not valid: what is longer, and, where there is a limit, what is empty; on X
    also a text with a byte order mark or a noncharacter, on Mastodon one of
    nothing but space.
    """
    counted = length(channel, text, warning=warning)
    fits = limit == 0 or 0 < counted <= limit
    return Count(length=counted, limit=limit, valid=fits and _is_taken(channel, text))


def _is_taken(channel: str, text: str) -> bool:
    match channel:
        case "x":
            return not _FORBIDDEN_ON_X.search(text)
        case "mastodon":
            return bool(text.strip())
        case _:
            return True


def _weighted(text: str, _warning: str) -> int:
    normal = unicodedata.normalize("NFC", text)
    spans = list(found_by_x(normal))
    total = URL_LENGTH * len(spans)
    for piece in _outside(normal, spans):
        rest, pictures = emoji().subn("", piece)
        light = len(_LIGHT.findall(rest))
        total += EMOJI_LENGTH * pictures + light + 2 * (len(rest) - light)
    return total


def _graphemes(text: str, warning: str) -> int:
    counted = [warning]
    at = 0
    for start, end, stands_for in _rewritten(text):
        counted += [text[at:start], stands_for]
        at = end
    counted.append(text[at:])
    return len(_GRAPHEME.findall("".join(counted)))


def _rewritten(text: str) -> Iterable[tuple[int, int, str]]:
    """Yield (start, end, what is counted instead); of two that overlap, the first."""
    links = [(start, end, "x" * URL_LENGTH) for start, end in found_by_mastodon(text)]
    mentions = [
        (found.start(), found.end(), f"@{found['local']}")
        for found in _MENTION.finditer(text)
        if not _NO_MENTION.match(text, found.end())
    ]
    at = 0
    for start, end, stands_for in sorted(links + mentions):
        if start >= at:
            yield start, end, stands_for
            at = end


def _letters(text: str, _warning: str) -> int:
    return len(_GRAPHEME.findall(text))


def _characters(text: str, _warning: str) -> int:
    return len(text)


_COUNTERS: dict[str, Callable[[str, str], int]] = {
    "x": _weighted,
    "mastodon": _graphemes,
    "manual": _letters,
}


def _outside(text: str, spans: Iterable[Span]) -> Iterable[str]:
    at = 0
    for start, end in spans:
        yield text[at:start]
        at = end
    yield text[at:]
