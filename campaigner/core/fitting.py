"""Whether a text fits its network, and what may go if it does not.

Only hashtags are ever given up, the last first: what an author wrote, and the
link, are never cut.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from campaigner.core.counting import check


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A text as it will go out. `dropped` are the hashtags it lost, in the author's order."""

    text: str
    length: int
    limit: int
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TooLong:
    """Over the limit even without a hashtag; `text` is that shortest form."""

    text: str
    length: int
    limit: int


def fit(
    layout: Callable[[Sequence[str]], str],
    *,
    hashtags: Sequence[str],
    channel: str,
    limit: int,
) -> Fitted | TooLong:
    """Lay the text out with as many of the `hashtags` as fit, dropping from the last.

    `layout` makes the whole text, link included, from the hashtags that stay.
    A `limit` of 0 means none.
    """
    for kept in range(len(hashtags), -1, -1):
        text = layout(hashtags[:kept])
        count = check(channel, text, limit)
        if count.valid:
            return Fitted(
                text=text, length=count.length, limit=limit, dropped=tuple(hashtags[kept:])
            )
    return TooLong(text=text, length=count.length, limit=limit)
