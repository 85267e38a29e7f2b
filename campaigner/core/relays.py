"""Relays of one account: how fast each may be used, who is next, and what becomes of a failing one.

A relay's share of the mails is as its weight. One that fails, is slow or has
used up its rate holds nobody back, and has nothing to make up for afterwards.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from campaigner.core.channel import Rate

LEAD = 32  # mails for each weight that a relay may be ahead of the slowest
SILENCE = timedelta(seconds=5)  # a relay that answered nothing for so long holds nobody back
LUMP = timedelta(milliseconds=100)  # tokens for so long are taken at once
FIRST_REST = timedelta(seconds=30)
LONGEST_REST = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Share:
    """What a relay got in one run, and how many of those it has not answered yet.

    `heard_at` is when it last answered, or began.
    """

    weight: int
    given: float
    under_way: int = 0
    heard_at: datetime


def rate_of(name: str, per_second: float) -> Rate:
    """Return a rate of so many mails a second, of which one second's may go at once.

    A second in which a rested relay begins sees not quite twice as many.
    """
    whole = math.ceil(per_second)
    return Rate(name=name, limit=2 * whole - 1, per=timedelta(seconds=whole / per_second))


def lump(per_second: float, *, wanted: int) -> int:
    """Return how many tokens to take at once: so that a fast relay needs no query for each."""
    return max(wanted, int(per_second * LUMP.total_seconds()))


def level(shares: Mapping[str, Share], wanted: Mapping[str, int], *, now: datetime) -> float:
    """Return how many mails, for each weight, the slowest relay got that is at work.

    That is one that has mails under way or wants some, and is not silent.
    """
    busy = [each for name, each in shares.items() if each.under_way or name in wanted]
    heard = [each for each in busy if now - each.heard_at <= SILENCE]
    return min((each.given / each.weight for each in heard or busy), default=0.0)


def brought_up(
    shares: Mapping[str, Share], wanted: Mapping[str, int], *, now: datetime
) -> dict[str, Share]:
    """Return the shares with none below the level: who was silent has nothing to make up for."""
    reached = level(shares, wanted, now=now)
    return {
        name: replace(each, given=max(each.given, reached * each.weight))
        for name, each in shares.items()
    }


def admitted(
    shares: Mapping[str, Share], wanted: Mapping[str, int], *, now: datetime
) -> dict[str, int]:
    """Return how many of the wanted mails each relay may have now, by their weights."""
    if len(shares) == 1:
        return dict(wanted)
    most = level(shares, wanted, now=now) + LEAD
    return {
        name: max(0, min(count, int(most * shares[name].weight - shares[name].given)))
        for name, count in wanted.items()
    }


def spread(weights: Sequence[int], most: Sequence[int], *, mails: int) -> list[int]:
    """Return how many connections to open to each relay for so many mails, in order.

    Few mails are not worth many connections: one for every four, to the
    heaviest first; never more than `most` of each.
    """
    whole = math.ceil(mails / 4)
    opened = [0] * len(weights)
    while sum(opened) < min(whole, sum(most)):
        open_ones = [at for at in range(len(weights)) if opened[at] < most[at]]
        next_one = min(open_ones, key=lambda at: (opened[at] / weights[at], -weights[at], at))
        opened[next_one] += 1
    return opened


def rest_of(failures: int) -> timedelta:
    """Return how long a relay is left alone after so many failures in a row (1 or more)."""
    return min(FIRST_REST * 2.0 ** min(failures - 1, 20), LONGEST_REST)
