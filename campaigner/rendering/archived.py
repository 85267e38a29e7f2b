"""A mail as anybody may read it: what was approved, with nothing of any reader in it."""

import html as markup
import re
from collections.abc import Mapping, Sequence

from campaigner.core.slots import PATTERN

_HEAD = re.compile(r"</head\s*>", re.IGNORECASE)
_BODY = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
_END = re.compile(r"</body\s*>", re.IGNORECASE)
SUMMARY = 400  # characters
# XML 1.0 has no place for these, however they are written.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def neutral_html(blocks: Sequence[tuple[str, str]], values: Mapping[str, str]) -> str:
    """Return the HTML of (HTML, text) blocks; `values` stand for the slots, escaped.

    A slot without a value stays empty.
    """
    whole = "".join(html for html, _ in blocks)
    return PATTERN.sub(lambda slot: markup.escape(values.get(slot[1], "")), whole)


def neutral_text(blocks: Sequence[tuple[str, str]], values: Mapping[str, str]) -> str:
    """Return the text of (HTML, text) blocks, slots filled as in `neutral_html`."""
    whole = "\n".join(text.strip("\n") + "\n" for _, text in blocks)
    return PATTERN.sub(lambda slot: values.get(slot[1], ""), whole)


def framed(html: str, *, head: str, before: str, after: str) -> str:
    """Put our own words into a mail's HTML: at the end of its head, and around its content.

    A mail without a head or a body, which a workspace's own templates may
    make, gets them where they would be.
    """
    html = _insert(html, _HEAD, head, at_end=False, otherwise=0)
    html = _insert(html, _BODY, before, at_end=True, otherwise=0)
    ends = list(_END.finditer(html))
    place = ends[-1].start() if ends else len(html)
    return html[:place] + after + html[place:]


def summary(text: str, *, without: str) -> str:
    """Return the beginning of a text on one line, `without` the heading that it has."""
    line = " ".join(_NOT_XML.sub("", text).split())
    heading = re.escape(" ".join(without.split()))
    line = re.sub(heading, "", line, count=1, flags=re.IGNORECASE).strip(" -=·")
    if len(line) <= SUMMARY:
        return line
    return line[:SUMMARY].rsplit(" ", 1)[0].rstrip(" ,.;:") + "…"


def clean_xml(text: str) -> str:
    """Return a text without what XML cannot say."""
    return _NOT_XML.sub("", text)


def _insert(html: str, place: re.Pattern[str], piece: str, *, at_end: bool, otherwise: int) -> str:
    found = place.search(html)
    at = otherwise if found is None else (found.end() if at_end else found.start())
    return html[:at] + piece + html[at:]
