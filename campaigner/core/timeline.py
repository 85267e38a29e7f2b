"""A campaign's life, told line by line: what went out when and where, what did not, and why."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

SENT = "sent"
HANDED = "handed"  # to a person, who publishes it
HELD = "held"
SKIPPED = "skipped"  # a date that does not exist: a holiday, a quiet time
PLACEHOLDER = "placeholder"  # an item without a text yet
UNDATED = "undated"  # an item for which there is no date
QUIET = "quiet"  # an edition that would have told nothing new


@dataclass(frozen=True, kw_only=True)
class Line:
    """One thing that happened, or did not.

    `state` is a delivery's (core.delivery.State), or one of the words above.
    `at` is when it left, else when it was due; None: it has no date. `counts`
    says how many mails of an edition came to which state; a post is one.
    `moved` says why its date is another than the schedule's.
    """

    state: str
    at: datetime | None
    zone: str
    item: str
    account: str = ""
    channel: str = ""
    locale: str = ""
    text: str = ""
    whole: str = ""
    note: str = ""
    moved: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def left(self) -> int:
        """How many went out, or were handed to whoever publishes them."""
        return self.counts.get(SENT, 0) + self.counts.get(HANDED, 0)

    def as_json(self) -> dict[str, object]:
        """Return it for programs; what it does not have is null."""
        return {
            "at": self.at.isoformat() if self.at else None,
            "zone": self.zone,
            "state": self.state,
            "item": self.item,
            "account": self.account or None,
            "channel": self.channel or None,
            "locale": self.locale or None,
            "text": self.text or None,
            "note": self.note or None,
            "moved": self.moved or None,
            "counts": dict(self.counts),
        }


def in_order(lines: Iterable[Line]) -> list[Line]:
    """Return lines by time; those without one come last, in the order in which they came."""
    known = list(lines)
    dated = sorted((line.at, at) for at, line in enumerate(known) if line.at is not None)
    return [known[at] for _, at in dated] + [line for line in known if line.at is None]


def totals(lines: Iterable[Line]) -> dict[tuple[str, str], int]:
    """Return how many left by each (channel, locale), in order."""
    counted: Counter[tuple[str, str]] = Counter()
    for line in lines:
        if line.left:
            counted[line.channel, line.locale] += line.left
    return dict(sorted(counted.items()))


def first_line(text: str) -> str:
    """Return the first line of a text that says something."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")
