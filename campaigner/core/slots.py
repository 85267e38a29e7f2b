"""What a block of a mail leaves open for its reader: a closed list, and how it is written."""

import re
from collections.abc import Mapping

SLOTS: Mapping[str, str] = {
    "name": "what the reader is called; their address where that is not known",
    "address": "the address that the mail goes to",
    "unsubscribe": "a link that ends the subscription: https where there is a server, else mailto",
    "preferences": "a link to language, topics and frequency; only where there is a server",
}

PATTERN = re.compile("⟦([a-z_]+)⟧")
"""A slot as it stands in a block. Its one group is the name, known or not."""


def placeholder(name: str) -> str:
    """Return what stands for a slot: ⟦name⟧. Neither escaping nor encoding changes it."""
    if name not in SLOTS:
        raise ValueError(f"no such slot: {name}")
    return f"⟦{name}⟧"


def has_pages(public_url: str) -> bool:
    """Whether readers can be sent to pages of ours: a mail's links have to be https ones."""
    return public_url.startswith("https://")
