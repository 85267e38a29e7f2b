"""Whose turn it is: in order, each after its rest, none before its embargo."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count, pairwise

from hypothesis import given
from hypothesis import strategies as st

from campaigner.core.cadence import Slot
from campaigner.core.rotation import Turn, Waiting, take_turns

FIRST = datetime(2026, 3, 2, 9, tzinfo=UTC)


def daily(number: int) -> Slot:
    due_at = FIRST + timedelta(days=number)
    return Slot(due_at=due_at, day=due_at.date(), at=due_at.time())


def turns(found: Iterable[Turn]) -> str:
    """Write turns like ``a0 b0 -- a1``: who, for which time; ``-`` for a date left out."""
    by_day = {turn.slot.day: f"{chr(97 + turn.number)}{turn.repetition}" for turn in found}
    last = max(by_day, default=date(2026, 3, 1))
    days = (daily(number).day for number in count())
    out = list[str]()
    while (day := next(days)) <= last:
        out.append(by_day.get(day, "-"))
    return " ".join(out)


def test_without_a_repetition_each_takes_a_date_in_order() -> None:
    found = take_turns([Waiting()] * 3, map(daily, range(9)))
    assert turns(found) == "a0 b0 c0"


def test_no_more_dates_are_asked_for_than_are_needed() -> None:
    def endless() -> Iterator[Slot]:
        yield daily(0)
        yield daily(1)
        raise AssertionError("asked for a third")

    assert turns(take_turns([Waiting()] * 2, endless())) == "a0 b0"
    assert turns(take_turns([], endless())) == ""


def test_a_rotation_waits_until_somebody_is_ready() -> None:
    found = take_turns([Waiting()] * 2, map(daily, range(9)), gap=timedelta(days=3), times=3)
    assert turns(found) == "a0 b0 - a1 b1 - a2 b2"


def test_a_rotation_goes_on_for_as_long_as_there_are_dates() -> None:
    found = take_turns([Waiting()] * 2, map(daily, range(5)), gap=timedelta(days=1), times=None)
    assert turns(found) == "a0 b0 a1 b1 a2"


def test_one_under_embargo_is_passed_over_and_then_comes_first() -> None:
    waiting = [Waiting(), Waiting(after=FIRST + timedelta(days=3)), Waiting()]
    found = take_turns(waiting, map(daily, range(7)), gap=timedelta(days=1), times=None)
    assert turns(found) == "a0 c0 a1 b0 c1 a2 b1"
    assert turns(take_turns(waiting, map(daily, range(7)))) == "a0 c0 - b0"


def test_one_that_has_dates_already_goes_on_from_them() -> None:
    waiting = [Waiting(turns=2, last=FIRST + timedelta(days=2)), Waiting()]
    found = take_turns(waiting, map(daily, range(6)), gap=timedelta(days=2), times=3)
    assert turns(found) == "b0 - b1 - a2 b2"


def test_at_one_instant_nobody_is_passed_over_either() -> None:
    found = take_turns([Waiting()] * 2, [daily(0)] * 4, times=None)
    assert [turn.number for turn in found] == [0, 1, 0, 1]


@given(
    embargoes=st.lists(st.none() | st.integers(0, 40), max_size=6),
    gap=st.integers(0, 9),
    times=st.none() | st.integers(1, 4),
    dates=st.lists(st.integers(0, 60), max_size=60).map(sorted),
)
def test_nobody_is_early_and_nobody_is_passed_over(
    embargoes: list[int | None], gap: int, times: int | None, dates: list[int]
) -> None:
    waiting = [
        Waiting(after=None if day is None else FIRST + timedelta(days=day)) for day in embargoes
    ]
    found = list(take_turns(waiting, map(daily, dates), gap=timedelta(days=gap), times=times))
    for number, each in enumerate(waiting):
        own = [turn for turn in found if turn.number == number]
        assert [turn.repetition for turn in own] == list(range(len(own)))
        assert times is None or len(own) <= times
        dues = [turn.slot.due_at for turn in own]
        assert all(later - earlier >= timedelta(days=gap) for earlier, later in pairwise(dues))
        assert all(each.after is None or due >= each.after for due in dues)
    assert [turn.slot.due_at for turn in found] == sorted(turn.slot.due_at for turn in found)
    if all(day is None for day in embargoes) and embargoes:
        order = [turn.number for turn in found]
        assert order == [number % len(embargoes) for number in range(len(order))]
