"""Whether a text on a network is the one that we sent, though the network dressed it up."""

import html
import re
import unicodedata
from datetime import UTC, datetime

_BREAK = re.compile(r"<br\b[^>]*>|</p>", re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")
_ADDRESS = re.compile(r"""\bhref\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)


def same_text(one: str, other: str) -> bool:
    """Compare after Unicode normalization, with all white space alike."""
    return _normal(one) == _normal(other)


def plain(markup: str) -> str:
    """Return the words of a network's HTML; the text of a link is whole even where it is hidden."""
    return html.unescape(_TAG.sub("", _BREAK.sub("\n", markup)))


def addresses(markup: str) -> list[str]:
    """Return where the links of a network's HTML lead."""
    return [html.unescape(one or other) for one, other in _ADDRESS.findall(markup)]


def time_in(said: object) -> datetime | None:
    """Read a time in ISO 8601, in UTC if it names no zone; None if it is none."""
    try:
        time = datetime.fromisoformat(str(said))
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _normal(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())
