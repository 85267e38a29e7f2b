# ruff: noqa: E501 - a fault and what is told about it stand on one line
from datetime import date, time, timedelta

import pytest

from campaigner.core.cadence import Monthly, OnDates, Weekly
from tests.loading.conftest import CAMPAIGN, Faults, Load

START, _, REST = CAMPAIGN.partition("schedule:")
ITEMS = REST[REST.index("items:") :]


def with_schedule(schedule: str) -> str:
    return f"{START}schedule: {schedule}\n{ITEMS}"


@pytest.mark.parametrize(
    ("written", "cadence"),
    [
        (
            "weekly: {on: Tuesday, at: 10:00}",
            Weekly(weekdays=frozenset({1}), times=(time(10),)),
        ),
        (
            "weekly: {on: [monday, friday], at: ['18:30', '09:00']}",
            Weekly(weekdays=frozenset({0, 4}), times=(time(9), time(18, 30))),
        ),
        ("monthly: {day: 31, at: '10:00'}", Monthly(day=31, times=(time(10),))),
        ("monthly: {day: last, at: '10:00'}", Monthly(day=-1, times=(time(10),))),
        (
            "dates: ['2026-12-01 10:00', '2026-12-01 12:00']",
            OnDates(dates=((date(2026, 12, 1), time(10)), (date(2026, 12, 1), time(12)))),
        ),
    ],
)
def test_each_cadence_is_read(written: str, cadence: object, load: Load) -> None:
    campaign = load(with_schedule(f"{{zone: America/Lima, {written}}}"))
    assert campaign.schedule.cadence == cadence


def test_a_schedule_may_be_bounded(load: Load) -> None:
    text = "{zone: UTC, weekly: {on: monday, at: '10:00'}, start: 2026-12-01, end: 2026-12-31}"
    schedule = load(with_schedule(text)).schedule
    assert (schedule.first_day, schedule.last_day) == (date(2026, 12, 1), date(2026, 12, 31))


@pytest.mark.parametrize(
    ("duration", "value"),
    [
        ("1 minute", timedelta(minutes=1)),
        ("36 hours", timedelta(hours=36)),
        ("3 days", timedelta(days=3)),
        ("2 weeks", timedelta(weeks=2)),
        ("366 days", timedelta(days=366)),
    ],
)
def test_a_length_of_time_is_a_number_and_a_unit(
    duration: str, value: timedelta, load: Load
) -> None:
    assert load(add=f"not_after: {duration}\n").not_after == value


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("{weekly: {on: monday, at: '10:00'}}", "`zone` is missing in the schedule."),
        ("{zone: UTC}", "the schedule does not say when. Add one of 'weekly', 'monthly' or 'dates'."),
        ("{zone: UTC, weekly: {on: monday, at: '10:00'}, monthly: {day: 1, at: '10:00'}}",
         "the schedule has 'weekly' and 'monthly', but can follow one only. Remove `monthly`"),
        ("{zone: Lima, weekly: {on: monday, at: '10:00'}}", "there is no time zone 'Lima'."),
        ("{zone: ../../etc/passwd, weekly: {on: monday, at: '10:00'}}", "there is no time zone"),
        ("{zone: America, weekly: {on: monday, at: '10:00'}}", "there is no time zone 'America'."),
        ("{zone: UTC, weekly: {on: moonday, at: '10:00'}}", "'moonday' is not a day of the week. Did you mean 'monday'?"),
        ("{zone: UTC, weekly: {on: [], at: '10:00'}}", "`on` is an empty list."),
        ("{zone: UTC, weekly: {on: monday}}", "`at` is missing in `weekly`."),
        ("{zone: UTC, weekly: {on: monday, at: 9:00}}", "'9:00' is no time of day. Write hours"),
        ("{zone: UTC, weekly: {on: monday, at: '24:00'}}", "'24:00' is no time of day."),
        ("{zone: UTC, weekly: {on: monday, at: ['10:00', '10:00']}}", "the time 10:00 is given twice."),
        ("{zone: UTC, monthly: {day: 32, at: '10:00'}}", "'32' is no day of a month."),
        ("{zone: UTC, monthly: {day: 0, at: '10:00'}}", "'0' is no day of a month."),
        ("{zone: UTC, dates: '2026-12-01 10:00'}", "`dates` is the text '2026-12-01 10:00', but must be a list."),
        ("{zone: UTC, dates: ['2026-12-01']}", "the time of day is missing."),
        ("{zone: UTC, dates: ['2026-13-01 10:00']}", "`dates` is no day: '2026-13-01'."),
        ("{zone: UTC, dates: ['9999-12-31 23:59']}", "`dates` is no day: '9999-12-31'."),
        ("{zone: UTC, dates: ['2026-12-02 10:00', '2026-12-01 10:00']}", "2026-12-01 10:00 does not come after"),
        ("{zone: UTC, dates: ['2026-12-02 10:00', '2026-12-02 10:00']}", "does not come after"),
        ("{zone: UTC, weekly: {on: monday, at: '10:00'}, start: 2026-12-02, end: 2026-12-01}",
         "`end` (2026-12-01) is before `start` (2026-12-02)."),
        ("{zone: UTC, weekly: {on: monday, at: '10:00'}, start: 2026-12-01, end: 2026-12-02}",
         "the schedule has 0 dates for 1 items."),
        ("{zone: UTC, dates: ['2026-12-02 10:00'], end: 2026-12-01}", "the schedule has 0 dates"),
        ("weekly", "the schedule is the text 'weekly', but needs keys with values."),
    ],
)  # fmt: skip
def test_each_fault_of_a_schedule_is_told(written: str, told: str, faults: Faults) -> None:
    problems = faults(with_schedule(written))
    assert any(told in problem for problem in problems), problems
    assert len(problems) == 1, problems
    assert problems[0].startswith("8: ")
