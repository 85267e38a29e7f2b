"""Whose turn it is: those that wait take the dates, the one that waited longest first."""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from campaigner.core.cadence import Slot

NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """Something that is to be said. `after` is an embargo: it is not ready before.

    `turns` of it have a date already, the last of them at `last`.
    """

    after: datetime | None = None
    turns: int = 0
    last: datetime = NEVER


@dataclass(frozen=True, kw_only=True)
class Turn:
    """The date of the `number`-th of those that wait, for the `repetition`-th time; both from 0."""

    number: int
    repetition: int
    slot: Slot


def take_turns(
    waiting: Sequence[Waiting],
    slots: Iterable[Slot],
    *,
    gap: timedelta = timedelta(0),
    times: int | None = 1,
) -> Iterator[Turn]:
    """Yield who takes each date, in the order of `slots`, which is that of their instants.

    Each has at least `gap` between two turns, and `times` of them at most.
    Who never had one comes first, in order. A date at which nobody is ready
    is left out. No more dates are asked for than are needed.
    """
    ready = [
        (each.last, each.turns, number)
        for number, each in enumerate(waiting)
        if each.after is None and (times is None or each.turns < times)
    ]
    embargoed = [
        (each.after, each.last, each.turns, number)
        for number, each in enumerate(waiting)
        if each.after is not None and (times is None or each.turns < times)
    ]
    heapq.heapify(ready)
    heapq.heapify(embargoed)
    dates = iter(slots)
    while (ready or embargoed) and (slot := next(dates, None)) is not None:
        while embargoed and embargoed[0][0] <= slot.due_at:
            heapq.heappush(ready, heapq.heappop(embargoed)[1:])
        # The first has waited longest: where it is not ready, nobody is.
        if not ready or (ready[0][1] and slot.due_at - ready[0][0] < gap):
            continue
        # Of two with the last turn at one instant, the one with fewer of them.
        _, turns, number = heapq.heappop(ready)
        yield Turn(number=number, repetition=turns, slot=slot)
        if times is None or turns + 1 < times:
            heapq.heappush(ready, (slot.due_at, turns + 1, number))
