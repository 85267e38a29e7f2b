"""Links that carry who brought the reader: utm_* parameters, and the message's key in utm_content.

Addresses are changed as text, never parsed and written again: what an author
pasted (an IDN, percent-encoding, the order of its query) stays as it was.
"""

import re
from urllib.parse import quote, unquote_plus

KEY = "utm_content"


def tag(link: str, *, source: str, medium: str, campaign: str, key: str) -> str:
    """Return `link` with utm_source, _medium, _campaign and utm_content (the key) in its query.

    The rest of the query keeps its order; a parameter of these four that was
    there is replaced by ours. The fragment stays last. An empty link stays empty.
    """
    if not link:
        return link
    ours = {"utm_source": source, "utm_medium": medium, "utm_campaign": campaign, KEY: key}
    address, hash_mark, fragment = link.partition("#")
    page, _, query = address.partition("?")
    kept = [part for part in query.split("&") if part and _name(part) not in ours]
    added = [f"{name}={quote(value, safe='')}" for name, value in ours.items()]
    return f"{page}?{'&'.join(kept + added)}{hash_mark}{fragment}"


def key_in(url: str) -> str | None:
    """Return the key that `tag` put into `url`; None if it carries none."""
    query = url.partition("#")[0].partition("?")[2]
    # Networks that show HTML may hand the address on with its ampersands escaped.
    for part in re.split(r"&amp;|&", query):
        if _name(part) == KEY:
            return unquote_plus(part.partition("=")[2]) or None
    return None


def _name(part: str) -> str:
    return unquote_plus(part.partition("=")[0])
