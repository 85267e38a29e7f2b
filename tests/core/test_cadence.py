"""The clock: every zone, every change of it until 2037, and the odd nights by hand."""

import calendar
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib import resources
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigner.core.cadence import (
    AccountSlots,
    Cadence,
    Event,
    EveryDays,
    Monthly,
    MonthlyWeekday,
    Offset,
    OnDates,
    Slot,
    Timetable,
    Weekly,
    instant_of,
    months_between,
    plan_slots,
)

HALF_HOURS = tuple(time(hour, minute) for hour in range(24) for minute in (0, 30))
EVERY_DAY = frozenset(range(7))
EVERY_HALF_HOUR = Weekly(weekdays=EVERY_DAY, times=HALF_HOURS)
ONE_DAY = timedelta(days=1)
STEP = timedelta(minutes=15)  # every offset since 2024 is a multiple of it
FIRST, LAST = date(2024, 1, 1), date(2037, 12, 31)


def alike() -> dict[bytes, list[str]]:
    """Every zone of the packaged tzdata, those with the same rules together."""
    root = resources.files("tzdata") / "zoneinfo"
    groups: dict[bytes, list[str]] = {}
    for name in sorted(available_timezones()):
        groups.setdefault(root.joinpath(*name.split("/")).read_bytes(), []).append(name)
    return groups


ALIKE = alike()


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(0), UTC)


MIDNIGHTS = [midnight(FIRST) + number * ONE_DAY for number in range((LAST - FIRST).days + 2)]


@cache
def days_of_change(zone: ZoneInfo) -> list[date]:
    """Return each UTC day in which the offset changes."""
    offsets = [instant.astimezone(zone).utcoffset() for instant in MIDNIGHTS]
    return [
        instant.date()
        for instant, (offset, next_offset) in zip(MIDNIGHTS, pairwise(offsets), strict=False)
        if offset != next_offset
    ]


def first_instants(zone: ZoneInfo, start: datetime, end: datetime) -> dict[datetime, datetime]:
    """Return the first instant at which a clock on the wall shows each time: by looking at it."""
    shown: dict[datetime, datetime] = {}
    for number in range((end - start) // STEP + 1):
        instant = start + number * STEP
        shown.setdefault(instant.astimezone(zone).replace(tzinfo=None), instant)
    return shown


def expected(zone: ZoneInfo, day: date) -> list[Slot]:
    """Return the slots of a day and its neighbours, found without computing with zones.

    A time that the clock never shows is as far past the last one shown
    before it as if the clock had not jumped.
    """
    start = midnight(day - 2 * ONE_DAY)
    shown = first_instants(zone, start, midnight(day + 3 * ONE_DAY))
    slots = list[Slot]()
    for nominal in (day - ONE_DAY, day, day + ONE_DAY):
        for at in HALF_HOURS:
            wall, jumped = datetime.combine(nominal, at), timedelta(0)
            while wall - jumped not in shown:
                jumped += STEP
            slots.append(Slot(due_at=shown[wall - jumped] + jumped, day=nominal, at=at))
    return sorted(slots)


@pytest.mark.parametrize("names", ALIKE.values(), ids=lambda names: names[0])
def test_each_half_hour_is_one_instant_a_day_in_every_zone(names: list[str]) -> None:
    zone = ZoneInfo(names[0])
    others = [FIRST + number * timedelta(days=661) for number in range(8)]
    for day in (*days_of_change(zone), *others):
        slots = plan_slots(
            EVERY_HALF_HOUR,
            zone,
            after=midnight(day - 4 * ONE_DAY),
            until=midnight(day + 4 * ONE_DAY),
            first_day=day - ONE_DAY,
            last_day=day + ONE_DAY,
        )
        assert slots == expected(zone, day), f"{zone} around {day}"
        assert len({(slot.day, slot.at) for slot in slots}) == 3 * 48
        assert all(a.due_at <= b.due_at for a, b in pairwise(slots))


def test_no_zone_is_left_out() -> None:
    covered = {name for names in ALIKE.values() for name in names}
    assert covered == available_timezones()
    assert len(covered) > 590


@pytest.mark.parametrize("names", ALIKE.values(), ids=lambda names: names[0])
def test_adjoining_windows_neither_repeat_nor_lose_in_any_zone(names: list[str]) -> None:
    zone = ZoneInfo(names[0])
    for day in days_of_change(zone)[:4]:
        start, end = midnight(day - 2 * ONE_DAY), midnight(day + 2 * ONE_DAY)
        whole = plan_slots(EVERY_HALF_HOUR, zone, after=start, until=end)
        edges = [
            start,
            *(start + hours * timedelta(hours=7, minutes=30) for hours in range(1, 12)),
            end,
        ]
        split = [
            slot
            for after, until in pairwise(edges)
            for slot in plan_slots(EVERY_HALF_HOUR, zone, after=after, until=until)
        ]
        assert split == whole, f"{zone} around {day}"


@given(
    name=st.sampled_from(["Europe/Berlin", "America/Nuuk", "Pacific/Apia", "Australia/Lord_Howe"]),
    year=st.sampled_from([2011, 2025]),
    cuts=st.lists(st.integers(0, 366 * 96), max_size=6, unique=True),
    cadence=st.sampled_from(
        [
            Weekly(weekdays=frozenset({0, 4, 5, 6}), times=(time(0), time(2, 30), time(23, 30))),
            Monthly(day=30, times=(time(2),)),
            OnDates(dates=((date(2011, 12, 30), time(9)), (date(2025, 3, 29), time(23, 30)))),
            EveryDays(times=(time(2, 30), time(23, 30)), every=3),
            Weekly(weekdays=frozenset({5, 6}), times=(time(2),), every=2),
            Monthly(day=-1, times=(time(2, 30),), every=5),
            MonthlyWeekday(nth=-1, weekday=5, times=(time(23, 30),)),
            MonthlyWeekday(nth=5, weekday=6, times=(time(2, 30),), every=2),
            Timetable(times=((5, time(23, 30)), (6, time(2, 30)))),
            Event(
                name="change",
                day=date(2025, 3, 30),
                at=time(2, 30),
                offsets=(Offset(days=-1), Offset(), Offset(elapsed=timedelta(hours=-1))),
            ),
        ]
    ),
)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_any_cut_of_a_year_gives_the_same_dates(
    name: str, year: int, cuts: list[int], cadence: Cadence
) -> None:
    zone, start = ZoneInfo(name), datetime(year, 1, 1, tzinfo=UTC)
    edges = [start, *(start + cut * STEP for cut in sorted(cuts)), start + timedelta(days=367)]
    split = [
        slot
        for after, until in pairwise(edges)
        for slot in plan_slots(cadence, zone, after=after, until=until)
    ]
    assert split == plan_slots(cadence, zone, after=edges[0], until=edges[-1])


@pytest.mark.parametrize(
    ("zone", "day", "at", "due_at"),
    [
        pytest.param(
            "Europe/Berlin", date(2026, 3, 28), time(2, 30), "2026-03-28T01:30", id="ordinary"
        ),
        pytest.param(
            "Europe/Berlin", date(2026, 3, 29), time(2, 30), "2026-03-29T01:30", id="skipped"
        ),
        pytest.param(
            "Europe/Berlin", date(2026, 10, 25), time(2, 30), "2026-10-25T00:30", id="twice"
        ),
        pytest.param(
            "America/Nuuk", date(2025, 3, 29), time(23, 30), "2025-03-30T01:30", id="next day"
        ),
        pytest.param(
            "Australia/Lord_Howe", date(2025, 10, 5), time(2), "2025-10-04T15:30", id="half an hour"
        ),
        pytest.param(
            "Pacific/Apia", date(2011, 12, 30), time(10), "2011-12-30T20:00", id="no such day"
        ),
        pytest.param(
            "America/Santiago", date(2026, 9, 6), time(0), "2026-09-06T04:00", id="no midnight"
        ),
        pytest.param(
            "America/Havana", date(2026, 11, 1), time(0, 30), "2026-11-01T04:30", id="two midnights"
        ),
    ],
)
def test_a_skipped_time_moves_later_and_a_repeated_one_is_used_first(
    zone: str, day: date, at: time, due_at: str
) -> None:
    assert instant_of(day, at, ZoneInfo(zone)) == datetime.fromisoformat(due_at).replace(tzinfo=UTC)


def test_a_time_pushed_into_the_next_day_keeps_its_own() -> None:
    nuuk = ZoneInfo("America/Nuuk")
    [slot] = plan_slots(
        OnDates(dates=((date(2025, 3, 29), time(23, 30)),)),
        nuuk,
        after=datetime(2025, 3, 30, 1, tzinfo=UTC),
        until=datetime(2025, 3, 30, 2, tzinfo=UTC),
    )
    assert slot.day == date(2025, 3, 29)
    assert slot.due_at.astimezone(nuuk).isoformat() == "2025-03-30T00:30:00-01:00"


def test_a_fold_written_by_mistake_changes_nothing() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert instant_of(date(2026, 10, 25), time(2, 30, fold=1), berlin) == instant_of(
        date(2026, 10, 25), time(2, 30), berlin
    )


def test_the_day_that_samoa_never_had_still_counts_once() -> None:
    apia = ZoneInfo("Pacific/Apia")
    slots = plan_slots(
        Weekly(weekdays=EVERY_DAY, times=(time(10),)),
        apia,
        after=datetime(2011, 12, 28, tzinfo=UTC),
        until=datetime(2011, 12, 31, tzinfo=UTC),
    )
    assert [slot.day.day for slot in slots] == [28, 29, 30, 31]
    assert slots[2].due_at == slots[3].due_at, "the 30th is said when the 31st is"


@pytest.mark.parametrize("day", [29, 30, 31, -1])
def test_a_month_too_short_takes_its_last_day(day: int) -> None:
    zone = ZoneInfo("America/Montevideo")
    slots = plan_slots(
        Monthly(day=day, times=(time(9),)),
        zone,
        after=datetime(2023, 12, 31, 12, tzinfo=UTC),
        until=datetime(2028, 12, 31, 12, tzinfo=UTC),
    )
    lengths = [calendar.monthrange(year, month)[1] for year, month in months_2024_to_2028()]
    wanted = [length if day == -1 else min(day, length) for length in lengths]
    assert [slot.day.day for slot in slots] == wanted


def months_2024_to_2028() -> list[tuple[int, int]]:
    return list(months_between(date(2024, 1, 1), date(2028, 12, 31)))


def test_a_month_may_have_several_times_a_day() -> None:
    slots = plan_slots(
        Monthly(day=15, times=(time(9), time(17))),
        ZoneInfo("UTC"),
        after=datetime(2026, 1, 1, tzinfo=UTC),
        until=datetime(2026, 2, 28, tzinfo=UTC),
    )
    assert [slot.due_at.isoformat()[:16] for slot in slots] == [
        "2026-01-15T09:00",
        "2026-01-15T17:00",
        "2026-02-15T09:00",
        "2026-02-15T17:00",
    ]


def test_bounds_are_of_the_nominal_day_and_include_both() -> None:
    slots = plan_slots(
        Weekly(weekdays=EVERY_DAY, times=(time(23, 30),)),
        ZoneInfo("America/Nuuk"),
        after=datetime(2025, 3, 1, tzinfo=UTC),
        until=datetime(2025, 5, 1, tzinfo=UTC),
        first_day=date(2025, 3, 28),
        last_day=date(2025, 3, 29),
    )
    assert [slot.day for slot in slots] == [date(2025, 3, 28), date(2025, 3, 29)]


def test_the_window_leaves_out_its_start_and_keeps_its_end() -> None:
    daily = Weekly(weekdays=EVERY_DAY, times=(time(9),))
    nine = datetime(2026, 3, 2, 9, tzinfo=UTC)
    days = [
        slot.day for slot in plan_slots(daily, ZoneInfo("UTC"), after=nine, until=nine + ONE_DAY)
    ]
    assert days == [date(2026, 3, 3)]
    assert plan_slots(daily, ZoneInfo("UTC"), after=nine, until=nine) == []


def test_months_are_counted_over_new_year() -> None:
    assert list(months_between(date(2025, 11, 30), date(2026, 2, 1))) == [
        (2025, 11),
        (2025, 12),
        (2026, 1),
        (2026, 2),
    ]


def days_in_2026(cadence: Cadence, anchor: date | None = None) -> list[str]:
    slots = plan_slots(
        cadence,
        ZoneInfo("UTC"),
        after=datetime(2025, 12, 31, 23, tzinfo=UTC),
        until=datetime(2026, 12, 31, 23, tzinfo=UTC),
        anchor=anchor,
    )
    return [f"{slot.day:%m-%d}" for slot in slots]


def test_every_so_many_days_is_counted_from_the_anchor_before_and_after_it() -> None:
    cadence = EveryDays(times=(time(9),), every=50)
    wanted = ["01-30", "03-21", "05-10", "06-29", "08-18", "10-07", "11-26"]
    for anchor in (date(2026, 1, 30), date(2026, 11, 26), date(2025, 12, 11)):
        assert days_in_2026(cadence, anchor) == wanted
    assert len(days_in_2026(EveryDays(times=(time(9),)))) == 365


def test_every_other_week_is_counted_from_the_week_of_the_anchor() -> None:
    cadence = Weekly(weekdays=frozenset({0, 6}), times=(time(9),), every=2)
    # A Wednesday: its week began on Monday the 5th, and ends on Sunday the 11th.
    assert days_in_2026(cadence, date(2026, 1, 7))[:4] == ["01-05", "01-11", "01-19", "01-25"]
    assert days_in_2026(cadence, date(2026, 1, 12))[:4] == ["01-04", "01-12", "01-18", "01-26"]


def test_every_so_many_months_is_counted_from_the_month_of_the_anchor() -> None:
    cadence = Monthly(day=31, times=(time(9),), every=3)
    assert days_in_2026(cadence, date(2025, 11, 15)) == ["02-28", "05-31", "08-31", "11-30"]


def test_the_nth_weekday_of_a_month_may_be_its_fifth_or_last() -> None:
    def mondays(nth: int) -> list[str]:
        return days_in_2026(MonthlyWeekday(nth=nth, weekday=0, times=(time(9),)))

    assert mondays(1)[:3] == ["01-05", "02-02", "03-02"]
    assert mondays(5) == ["03-30", "06-29", "08-31", "11-30"], "other months have no fifth"
    assert mondays(-1)[:3] == ["01-26", "02-23", "03-30"]
    assert len(mondays(-1)) == 12


def test_a_timetable_has_its_own_times_on_each_weekday() -> None:
    cadence = Timetable(times=((0, time(9)), (3, time(17, 30)), (3, time(18))))
    assert days_in_2026(cadence)[:4] == ["01-01", "01-01", "01-05", "01-08"]


def test_queue_slots_of_accounts_are_no_dates_of_the_campaign() -> None:
    assert days_in_2026(AccountSlots()) == []


def test_days_before_an_event_keep_its_time_of_day_and_hours_are_elapsed_time() -> None:
    berlin = ZoneInfo("Europe/Berlin")  # the clock goes forward on 29 March at two
    event = Event(
        name="ICANN",
        day=date(2026, 3, 29),
        at=time(9),
        offsets=(
            Offset(days=-1),
            Offset(elapsed=timedelta(hours=-24)),
            Offset(),
            Offset(days=7, at=time(18)),
        ),
    )
    slots = plan_slots(
        event,
        berlin,
        after=datetime(2026, 3, 1, tzinfo=UTC),
        until=datetime(2026, 5, 1, tzinfo=UTC),
    )
    assert [(str(slot.day), f"{slot.at:%H:%M}", f"{slot.due_at:%d %H:%M}") for slot in slots] == [
        ("2026-03-28", "08:00", "28 07:00"),
        ("2026-03-28", "09:00", "28 08:00"),
        ("2026-03-29", "09:00", "29 07:00"),
        ("2026-04-05", "18:00", "05 16:00"),
    ]


def test_a_moved_date_stands_for_where_it_was_moved_to_and_another_for_what_was_written() -> None:
    zone = ZoneInfo("America/Nuuk")
    gap = Slot(
        due_at=instant_of(date(2025, 3, 29), time(23, 30), zone),
        day=date(2025, 3, 29),
        at=time(23, 30),
    )
    assert gap.wall_clock(zone) == (date(2025, 3, 29), time(23, 30))
    moved = Slot(due_at=gap.due_at, day=date(2025, 3, 28), at=time(9), moved="moved from …: why")
    assert moved.wall_clock(zone) == (date(2025, 3, 30), time(0, 30))
    assert moved.in_words(zone) == "2025-03-30 00:30 America/Nuuk"
