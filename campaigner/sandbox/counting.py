"""How long a text is to each network: the sandbox's own count, a second opinion.

X: https://docs.x.com/fundamentals/counting-characters, version 3 of its rules.
Mastodon: app/validators/status_length_validator.rb of its server.
"""

import unicodedata

import regex

from campaigner.sandbox.addresses import links, mentions
from campaigner.sandbox.emoji import emoji_at

LIMITS = {"x": 280, "mastodon": 500}
LINK = 23
EMOJI = 2

_LIGHT = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))  # these count 1, all others 2

_GRAPHEME = regex.compile(r"\X")


def x_length(text: str) -> int:
    """Return the weighted length on X: a link is 23, an emoji 2, most letters of Asia 2."""
    text = unicodedata.normalize("NFC", text)
    total, position = 0, 0
    for link in links(text, schemeless=True):
        total += _weight(text[position : link.start]) + LINK
        position = link.end
    return total + _weight(text[position:])


def _weight(text: str) -> int:
    total = at = 0
    while at < len(text):
        size = emoji_at(text, at)
        total += EMOJI if size else _letter(text[at])
        at += size or 1
    return total


def _letter(letter: str) -> int:
    return 1 if any(first <= ord(letter) <= last for first, last in _LIGHT) else 2


def mastodon_length(text: str, warning: str = "") -> int:
    """Return the length on Mastodon: graphemes, a link 23, of a remote mention the name only."""
    spans = [(link.start, link.end, "x" * LINK) for link in links(text, schemeless=False)]
    taken = [range(start, end) for start, end, _ in spans]
    for mention in mentions(text):
        if not any(mention.start in place for place in taken):
            local = "@" + mention.text.split("@")[1]
            spans.append((mention.start, mention.end, local))
    for start, end, replacement in sorted(spans, reverse=True):
        text = text[:start] + replacement + text[end:]
    return len(_GRAPHEME.findall(warning + text))
