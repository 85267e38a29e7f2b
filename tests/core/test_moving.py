"""Holidays, quiet times and embargoes: where they leave a date, and what it stays."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigner.core.cadence import Cadence, EveryDays, Monthly, Slot, Weekly, instant_of
from campaigner.core.campaign import Quiet, Schedule, Then
from campaigner.core.moving import (
    FARTHEST,
    Skipped,
    is_quiet,
    plan_dates,
    settle,
    stands,
    upcoming,
    wait_for,
)

ZONE = ZoneInfo("America/Santiago")  # goes back on 4 April 2027 at midnight, forward on 5 September
BERLIN = ZoneInfo("Europe/Berlin")
DAILY = EveryDays(times=(time(10),))
NIGHT = Quiet(begins=time(22), ends=time(7))
WEEKEND = Quiet(weekdays=frozenset({5, 6}))
FRIDAY = date(2027, 3, 5)


@dataclass(frozen=True, kw_only=True)
class Days:
    """Holidays on just these days."""

    days: frozenset[date]

    def name_on(self, day: date) -> str:
        return f"Holiday of {day} (UY)" if day in self.days else ""


def holidays(*days: date) -> Days:
    return Days(days=frozenset(days))


def schedule(cadence: Cadence = DAILY, zone: ZoneInfo = ZONE, **changes: Any) -> Schedule:
    return Schedule(cadence=cadence, zone=zone, **changes)


def slot(day: date, at: time = time(10), zone: ZoneInfo = ZONE) -> Slot:
    return Slot(due_at=instant_of(day, at, zone), day=day, at=at)


def settled(day: date, at: time, **changes: Any) -> str:
    """Return where a date is left, or why it is skipped."""
    match settle(slot(day, at), schedule(**changes)):
        case Slot() as kept:
            assert (kept.day, kept.at) == (day, at), "its nominal time stays"
            return " ".join(kept.in_words(ZONE).split()[:2])
        case Skipped(reason=reason):
            return f"skipped: {reason}"


def test_a_date_that_nothing_is_in_the_way_of_is_left_as_it_is() -> None:
    rules = schedule(holidays=holidays(date(2027, 1, 1)), quiet=NIGHT)
    assert settle(slot(FRIDAY), rules) == slot(FRIDAY)


def test_a_date_says_from_when_and_why_it_was_moved() -> None:
    both = replace(NIGHT, weekdays=frozenset({5}))
    rules = schedule(holidays=holidays(FRIDAY + timedelta(days=2)), quiet=both)
    kept = settle(slot(FRIDAY, time(23)), rules)
    assert isinstance(kept, Slot)
    assert kept.moved == (
        "moved from 2027-03-05 23:00: quiet from 22:00 to 07:00; Saturday is quiet; "
        "Holiday of 2027-03-07 (UY)"
    )
    assert kept.due_at == instant_of(date(2027, 3, 8), time(7), ZONE)


@pytest.mark.parametrize(
    ("at", "changes", "expected"),
    [
        pytest.param(time(10), {}, "2027-03-06 10:00", id="next day"),
        pytest.param(time(10), {"on_holiday": Then.BACK}, "2027-03-04 10:00", id="day before"),
        pytest.param(
            time(10), {"on_holiday": Then.SKIP}, "skipped: Holiday of 2027-03-05 (UY)", id="skipped"
        ),
        pytest.param(time(10), {"quiet": WEEKEND}, "2027-03-08 10:00", id="past the weekend"),
        pytest.param(time(5), {"quiet": NIGHT}, "2027-03-06 07:00", id="quiet and holiday"),
        pytest.param(
            time(5),
            {"quiet": NIGHT, "on_holiday": Then.BACK},
            "2027-03-04 07:00",
            id="quiet, then the day before",
        ),
        pytest.param(
            time(23), {"quiet": NIGHT}, "2027-03-06 07:00", id="the night leads out of the holiday"
        ),
        pytest.param(
            time(23),
            {"quiet": NIGHT, "on_holiday": Then.SKIP},
            "skipped: Holiday of 2027-03-05 (UY)",
            id="what skips comes first",
        ),
        pytest.param(
            time(10),
            {"quiet": replace(WEEKEND, then=Then.SKIP)},
            "skipped: Holiday of 2027-03-05 (UY); Saturday is quiet",
            id="moved into a day that skips",
        ),
    ],
)
def test_what_becomes_of_a_date_on_a_holiday(
    at: time, changes: dict[str, Any], expected: str
) -> None:
    assert settled(FRIDAY, at, holidays=holidays(FRIDAY), **changes) == expected


@pytest.mark.parametrize(
    ("at", "quiet", "expected"),
    [
        (time(22), NIGHT, "2027-03-06 07:00"),
        (time(21, 59), NIGHT, "2027-03-05 21:59"),
        (time(6, 59), NIGHT, "2027-03-05 07:00"),
        (time(7), NIGHT, "2027-03-05 07:00"),
        (time(12, 30), Quiet(begins=time(12), ends=time(14)), "2027-03-05 14:00"),
        (time(23), replace(NIGHT, then=Then.SKIP), "skipped: quiet from 22:00 to 07:00"),
        (time(23), replace(NIGHT, weekdays=WEEKEND.weekdays), "2027-03-08 07:00"),
    ],
)
def test_a_quiet_time_is_left_at_its_end(at: time, quiet: Quiet, expected: str) -> None:
    assert settled(FRIDAY, at, quiet=quiet) == expected


def test_going_back_and_forth_between_holidays_and_quiet_days_comes_to_an_end() -> None:
    # Saturday is quiet, so it goes forward to Monday: a holiday, from which it goes on forward.
    monday = date(2027, 3, 8)
    found = settled(
        date(2027, 3, 6),
        time(10),
        holidays=holidays(monday),
        on_holiday=Then.BACK,
        quiet=WEEKEND,
    )
    assert found == "2027-03-09 10:00"


def test_a_rule_that_leaves_no_day_free_skips_and_says_so() -> None:
    always = holidays(*(FRIDAY + timedelta(days=n) for n in range(-70, 71)))
    for then in (Then.MOVE, Then.BACK):
        found = settle(slot(FRIDAY), schedule(holidays=always, on_holiday=then))
        assert isinstance(found, Skipped)
        assert found.reason.endswith("no day is free within 60 days")


def test_a_quiet_time_that_is_always_is_no_endless_loop() -> None:
    always = schedule(quiet=Quiet(begins=time(0), ends=time(0), weekdays=frozenset(range(7))))
    assert isinstance(settle(slot(FRIDAY), always), Skipped)


def test_no_date_moves_over_an_end_of_the_schedule() -> None:
    rules = schedule(holidays=holidays(FRIDAY), last_day=FRIDAY)
    found = settle(slot(FRIDAY), rules)
    assert isinstance(found, Skipped)
    assert "no free day" in found.reason
    back = replace(rules, on_holiday=Then.BACK, first_day=FRIDAY, last_day=None)
    assert isinstance(settle(slot(FRIDAY), back), Skipped)


def test_no_date_moves_back_to_before_the_run() -> None:
    rules = schedule(holidays=holidays(FRIDAY), on_holiday=Then.BACK)
    begin = instant_of(FRIDAY, time(9), ZONE)
    first, second = plan_dates(
        rules, after=begin, until=begin + timedelta(days=1, hours=2), anchor=FRIDAY, begin=begin
    )
    assert isinstance(first, Skipped)
    assert first.reason.endswith("the day before it is over when the run starts")
    assert isinstance(second, Slot)


def test_a_moved_time_that_is_skipped_in_spring_is_later_by_the_jump() -> None:
    rules = schedule(zone=BERLIN, holidays=holidays(date(2026, 3, 28)))
    kept = settle(slot(date(2026, 3, 28), time(2, 30), BERLIN), rules)
    assert isinstance(kept, Slot)
    assert kept.in_words(BERLIN).startswith("2026-03-29 03:30")


def test_a_quiet_time_that_ends_in_a_repeated_hour_never_leads_into_the_past() -> None:
    second_pass = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)  # 02:10, for the second time
    written = Slot(due_at=second_pass, day=date(2026, 10, 25), at=time(2, 10))
    kept = settle(written, schedule(zone=BERLIN, quiet=Quiet(begins=time(22), ends=time(2, 30))))
    assert isinstance(kept, Slot)
    assert kept.due_at == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_two_dates_that_move_to_one_instant_stay_two() -> None:
    rules = schedule(holidays=holidays(FRIDAY))
    begin = instant_of(FRIDAY, time(0), ZONE)
    found = plan_dates(rules, after=begin, until=begin + timedelta(days=2), anchor=FRIDAY)
    assert [each.day.day for each in found if isinstance(each, Slot)] == [5, 6]
    assert len({each.due_at for each in found if isinstance(each, Slot)}) == 1


def test_an_embargo_leaves_a_date_at_its_end() -> None:
    embargo = instant_of(date(2027, 3, 9), time(12), ZONE)
    kept = wait_for(embargo, slot(FRIDAY), schedule())
    assert isinstance(kept, Slot)
    assert (kept.due_at, kept.day) == (embargo, FRIDAY)
    assert kept.moved == "moved from 2027-03-05 10:00: embargo until 2027-03-09 12:00"
    assert wait_for(slot(FRIDAY).due_at, slot(FRIDAY), schedule()) == slot(FRIDAY)
    assert wait_for(None, slot(FRIDAY), schedule()) == slot(FRIDAY)


def test_an_embargo_that_ends_in_a_quiet_time_waits_for_its_end() -> None:
    embargo = instant_of(date(2027, 8, 9), time(0), ZONE)
    rules = schedule(
        quiet=replace(NIGHT, then=Then.SKIP),
        holidays=holidays(date(2027, 8, 9)),
        on_holiday=Then.BACK,
        last_day=FRIDAY,
    )
    kept = wait_for(embargo, slot(FRIDAY), rules)
    assert isinstance(kept, Slot)
    assert kept.in_words(ZONE).startswith("2027-08-10 07:00"), "it cannot go back"


days_2027 = st.integers(0, 364).map(lambda number: date(2027, 1, 1) + timedelta(days=number))
quiets = st.builds(
    Quiet,
    begins=st.sampled_from([time(22), time(1), time(9, 30)]),
    ends=st.sampled_from([time(7), time(2, 30), time(10, 15)]),
    weekdays=st.frozensets(st.integers(0, 6), max_size=5),
    then=st.sampled_from([Then.MOVE, Then.SKIP]),
)
schedules = st.builds(
    Schedule,
    zone=st.sampled_from([ZONE, BERLIN, ZoneInfo("America/Nuuk")]),
    cadence=st.sampled_from(
        [
            EveryDays(times=(time(2, 30), time(23, 30)), every=3),
            Weekly(weekdays=frozenset({4, 5}), times=(time(0), time(10))),
            Monthly(day=31, times=(time(9),)),
        ]
    ),
    holidays=st.none() | st.frozensets(days_2027, max_size=60).map(lambda days: Days(days=days)),
    on_holiday=st.sampled_from(Then),
    quiet=st.none() | quiets,
)
ANCHOR = date(2027, 1, 1)
BEGIN, END = datetime(2027, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)


@given(one=schedules, cuts=st.lists(st.integers(1, 364 * 48), max_size=5, unique=True))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_windows_that_share_an_edge_neither_repeat_nor_lose(one: Schedule, cuts: list[int]) -> None:
    whole = plan_dates(one, after=BEGIN, until=END, anchor=ANCHOR, begin=BEGIN)
    edges = [BEGIN, *(BEGIN + cut * timedelta(minutes=30) for cut in sorted(cuts)), END]
    split = [
        found
        for after, until in pairwise(edges)
        for found in plan_dates(one, after=after, until=until, anchor=ANCHOR, begin=BEGIN)
    ]
    assert split == whole
    assert list(upcoming(one, begin=BEGIN, until=END, anchor=ANCHOR)) == whole


@given(one=schedules)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_moving_an_occurrence_never_changes_its_identity(one: Schedule) -> None:
    """Whatever the rules: each nominal date is there once, on its day, moved or skipped."""
    plain = replace(one, holidays=None, quiet=None)
    far = {"after": BEGIN - 2 * FARTHEST, "until": END + 2 * FARTHEST, "anchor": ANCHOR}

    def written(found: Slot | Skipped) -> tuple[date, time]:
        slot = found.slot if isinstance(found, Skipped) else found
        return slot.day, slot.at

    kept = plan_dates(one, **far)  # type: ignore[arg-type]
    in_year = sorted(written(found) for found in kept if written(found)[0].year == 2027)
    assert in_year == sorted(
        written(found)
        for found in plan_dates(plain, **far)  # type: ignore[arg-type]
        if written(found)[0].year == 2027
    )


@given(one=schedules)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_what_is_kept_is_free_and_settling_it_again_changes_nothing(one: Schedule) -> None:
    for found in plan_dates(one, after=BEGIN, until=END, anchor=ANCHOR):
        if isinstance(found, Skipped):
            assert found.reason
            continue
        local = found.due_at.astimezone(one.zone)
        assert not (one.quiet and is_quiet(one.quiet, local.time()))
        assert not (one.quiet and local.weekday() in one.quiet.weekdays)
        assert not (one.holidays and one.holidays.name_on(local.date()))
        assert stands(found, one)
        assert instant_of(*found.wall_clock(one.zone), one.zone) == found.due_at
        written = instant_of(found.day, found.at, one.zone)
        if one.on_holiday is not Then.BACK:
            assert found.due_at >= written
        assert (found.due_at != written) == bool(found.moved)
