"""What a network charges for a post.

X charges each request that creates one: 0.015 US dollars, and 0.200 where the text
holds an address of which X makes a link (https://docs.x.com/x-api/getting-started/pricing,
"Content: Create" and "Content: Create (with URL)"). The others charge nothing. A network may
change its prices, and gives rebates: this is an estimate.
"""

from collections.abc import Iterable
from decimal import Decimal

from campaigner.core.addresses_in_text import found_by_x

FREE = Decimal("0")
X_POST = Decimal("0.015")
X_POST_WITH_LINK = Decimal("0.200")


def cost_of(channel: str, text: str) -> Decimal:
    """Return what one post of `text` costs on `channel`, in US dollars. No text, no post."""
    if channel != "x" or not text:
        return FREE
    return X_POST_WITH_LINK if any(found_by_x(text)) else X_POST


def total(costs: Iterable[Decimal]) -> Decimal:
    """Return what they cost together; nothing costs 0."""
    return sum(costs, FREE)


def in_dollars(cost: Decimal) -> str:
    """Write an amount in US dollars, to the tenth of a cent: $0.200; nothing: free."""
    return f"${cost:.3f}" if cost else "free"
