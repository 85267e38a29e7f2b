"""What is known of a published message's reach: words, ages, and rows of a report.

Counters are kept apart and never added to one another: ten views and two
reactions are no twelve of anything. One that a network does not offer is
absent, never 0. (Design, section 9.)
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from campaigner.core.delivery import State
from campaigner.core.message import Kind

SOCIAL = (
    "impressions",
    "accounts_reached",
    "views",
    "reactions",
    "replies",
    "shares",
    "clicks",
    "followers",
)
MAIL = ("delivered", "bounced", "opened", "clicked", "unsubscribed", "complained")
COUNTERS = (*SOCIAL, *MAIL)
"""Every word, in the order in which a report shows them."""

AGES = (
    timedelta(minutes=5),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(days=1),
    timedelta(days=3),
    timedelta(days=7),
    timedelta(days=14),
    timedelta(days=30),
)
"""How old a post is at each look at its counters: looks thin out as it ages."""

ENDED = frozenset({State.SENT, State.REJECTED, State.EXHAUSTED, State.UNKNOWN})
"""The states of which a report speaks: it went out, was refused, or nobody knows."""

REFUSED = frozenset({State.REJECTED, State.EXHAUSTED})


NETWORK, BY_HAND = "network", "hand"
"""Where a figure is from: the network's own counter, or somebody who read it off."""


class By(StrEnum):
    """What the rows of a report stand for."""

    PROJECT = "project"
    OBJECTIVE = "objective"
    KEY_AREA = "key-area"
    CAMPAIGN = "campaign"
    CHANNEL = "channel"
    LOCALE = "locale"


def step_of(sent_at: datetime, now: datetime) -> int:
    """Return which of AGES a look at `now` belongs to, from 0: the last that was reached.

    A look before the first age belongs to the first.
    """
    return max(bisect_right(AGES, now - sent_at) - 1, 0)


def next_sample(sent_at: datetime, *, steps_taken: int, now: datetime) -> datetime | None:
    """Return when to look next, after `steps_taken` of AGES; None past the last one.

    The result is later than `now`. Ages that passed unseen, while the daemon
    was down, are left out: the one look that it takes when it is back stands
    for all of them.
    """
    ahead = (sent_at + age for age in AGES[steps_taken:])
    return next((moment for moment in ahead if moment > now), None)


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How many messages, and how many deliveries of them, ended in `state` in one group."""

    key: str
    kind: Kind
    locale: str
    state: State
    messages: int
    deliveries: int


@dataclass(frozen=True, kw_only=True)
class Sum:
    """A counter of a group: the newest value of each of its deliveries, added up.

    `sampled_at` is the newest look at a network among them, None if all were
    entered by hand; `by_hand`: at least one was.
    """

    key: str
    counter: str
    value: int
    sampled_at: datetime | None
    by_hand: bool = False


@dataclass(frozen=True, kw_only=True)
class Row:
    """The reach of one group.

    `messages` were published, in `locales`. `unknown` is the number of
    deliveries that nobody could confirm. In `counters` an absent one is no
    key; `by_hand` are those of which some part was entered by hand.
    `sampled_at` is the newest look at a network, None if there was none.
    """

    key: str
    title: str
    messages: int
    unknown: int
    locales: tuple[str, ...]
    counters: Mapping[str, int]
    sampled_at: datetime | None
    by_hand: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Report:
    """Reach in groups. The period is ``since <= published < until``; None is open.

    Rows are not to be added up: a message that serves two projects is in both.
    """

    by: By
    since: datetime | None
    until: datetime | None
    rows: tuple[Row, ...]

    @property
    def counters(self) -> tuple[str, ...]:
        """The words of which at least one row has a figure, in the order of COUNTERS."""
        present = {word for row in self.rows for word in row.counters}
        return tuple(word for word in COUNTERS if word in present)


def rows_of(
    tallies: Sequence[Tally],
    sums: Sequence[Sum],
    *,
    titles: Mapping[str, str],
    order: Sequence[str] = (),
) -> tuple[Row, ...]:
    """Return one row per key, in the given order; keys outside it follow by name.

    A key without a title keeps an empty one.
    """
    keys = {tally.key for tally in tallies}
    place = {key: number for number, key in enumerate(order)}
    return tuple(
        _row(
            key,
            titles.get(key, ""),
            [tally for tally in tallies if tally.key == key],
            [sum_ for sum_ in sums if sum_.key == key],
        )
        for key in sorted(keys, key=lambda key: (place.get(key, len(place)), key))
    )


def _row(key: str, title: str, tallies: Sequence[Tally], sums: Sequence[Sum]) -> Row:
    published = [tally for tally in tallies if tally.state is State.SENT]
    return Row(
        key=key,
        title=title,
        messages=sum(tally.messages for tally in published),
        unknown=sum(tally.deliveries for tally in tallies if tally.state is State.UNKNOWN),
        locales=tuple(sorted({tally.locale for tally in published})),
        counters={**mail_counters(tallies), **{sum_.counter: sum_.value for sum_ in sums}},
        sampled_at=max((sum_.sampled_at for sum_ in sums if sum_.sampled_at), default=None),
        by_hand=frozenset(sum_.counter for sum_ in sums if sum_.by_hand),
    )


def mail_counters(tallies: Iterable[Tally]) -> dict[str, int]:
    """Return what our own records say of mails: `delivered` to the relay, and `bounced`.

    We counted them ourselves, so none refused is a true 0. A group without
    mails has neither.
    """
    mails = [tally for tally in tallies if tally.kind is Kind.MAIL]
    if not mails:
        return {}
    return {
        "delivered": sum(tally.deliveries for tally in mails if tally.state is State.SENT),
        "bounced": sum(tally.deliveries for tally in mails if tally.state in REFUSED),
    }
