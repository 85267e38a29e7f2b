# ruff: noqa: E501 - a fault and what is told about it stand on one line
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from campaigner.core.cadence import (
    AccountSlots,
    Event,
    EveryDays,
    Monthly,
    MonthlyWeekday,
    Offset,
    OnDates,
    Timetable,
    Weekly,
)
from campaigner.core.campaign import Quiet, Rotation, Then
from campaigner.errors import UserError
from campaigner.loading.holidays import PublicHolidays
from campaigner.loading.problems import Problems
from campaigner.loading.schedules import (
    check_slots,
    count_dates,
    read_schedule,
    read_slots,
)
from campaigner.loading.times import read_moment
from campaigner.loading.yaml import ScalarNode, read_yaml
from campaigner.settings import AccountSettings
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
        ("daily: {at: '10:00'}", EveryDays(times=(time(10),))),
        ("daily: {every: 3, at: '10:00'}", EveryDays(times=(time(10),), every=3)),
        (
            "weekly: {on: monday, at: '10:00', every: 52}",
            Weekly(weekdays=frozenset({0}), times=(time(10),), every=52),
        ),
        (
            "monthly: {day: 1, at: '10:00', every: 24}",
            Monthly(day=1, times=(time(10),), every=24),
        ),
        (
            "monthly: {nth: 2, on: Tuesday, at: '10:00'}",
            MonthlyWeekday(nth=2, weekday=1, times=(time(10),)),
        ),
        (
            "monthly: {nth: last, on: friday, at: ['10:00', '09:00'], every: 3}",
            MonthlyWeekday(nth=-1, weekday=4, times=(time(9), time(10)), every=3),
        ),
        (
            "event: {name: ICANN 87, at: '2026-10-24 09:00', when: [2 weeks before, 1 day before at 18:00, 90 minutes before, at the event, 3 hours after]}",
            Event(
                name="ICANN 87",
                day=date(2026, 10, 24),
                at=time(9),
                offsets=(
                    Offset(days=-14),
                    Offset(days=-1, at=time(18)),
                    Offset(elapsed=timedelta(minutes=-90)),
                    Offset(),
                    Offset(elapsed=timedelta(hours=3)),
                ),
            ),
        ),
        ("slots: account", AccountSlots()),
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


def test_the_rules_that_move_dates_are_read(load: Load) -> None:
    text = (
        "{zone: UTC, daily: {at: '10:00'}, holidays: {countries: [BR, MX], then: back}, "
        "quiet: {from: '22:00', to: '07:00', on: [saturday, sunday], then: skip}, "
        "rotation: {gap: 30 days, times: 6}}"
    )
    schedule = load(with_schedule(text)).schedule
    assert schedule.holidays == PublicHolidays(countries=("BR", "MX"))
    assert schedule.on_holiday is Then.BACK
    assert schedule.quiet == Quiet(
        begins=time(22), ends=time(7), weekdays=frozenset({5, 6}), then=Then.SKIP
    )
    assert schedule.rotation == Rotation(gap=timedelta(days=30), times=6)


def test_what_the_rules_leave_out_has_a_sensible_default(load: Load) -> None:
    text = "{zone: UTC, daily: {at: '10:00'}, holidays: {countries: UY}, quiet: {on: sunday}, rotation: {gap: 1 week}}"
    schedule = load(with_schedule(text)).schedule
    assert schedule.on_holiday is Then.MOVE
    assert schedule.quiet == Quiet(weekdays=frozenset({6}))
    assert schedule.rotation == Rotation(gap=timedelta(weeks=1))


@pytest.mark.parametrize(
    ("written", "dates"),
    [
        ("daily: {at: '10:00'}, start: 2027-03-01, end: 2027-03-31", 31),
        ("daily: {every: 7, at: '10:00'}, start: 2027-03-01, end: 2027-03-31", 5),
        ("daily: {at: '10:00'}, start: 2027-03-01", None),
        ("weekly: {on: monday, at: '10:00', every: 2}, start: 2027-03-03, end: 2027-03-31", 2),
        ("monthly: {nth: 5, on: friday, at: '10:00'}, start: 2027-01-01, end: 2027-12-31", 5),
        ("event: {at: '2027-03-10 09:00', when: [1 week before, 1 hour before, 1 week after]}", 3),
        ("event: {at: '2027-03-10 09:00', when: [1 week before, 1 week after]}, end: 2027-03-10", 1),
        ("slots: account", None),
        ("slots: account, start: 2027-03-01, end: 2027-03-31", None),
        ("daily: {at: '10:00'}, start: 2027-03-01, end: 2027-03-31, rotation: {gap: 1 week}", None),
        ("daily: {at: '10:00'}, start: 2027-03-01, end: 2027-03-31, holidays: {countries: [CL], then: skip}", 29),
        ("daily: {at: '10:00'}, start: 2027-03-01, end: 2027-03-31, quiet: {on: sunday, then: skip}", 27),
        ("dates: ['2027-12-24 10:00', '2027-12-25 10:00'], end: 2027-12-25, holidays: {countries: MX}", 1),
        ("daily: {at: '10:00'}, start: 2000-01-01, end: 2199-12-31", None),
        ("daily: {at: '10:00'}, start: 2020-01-01, end: 2050-12-31, quiet: {on: sunday}", None),
    ],
)  # fmt: skip
def test_dates_are_counted_where_the_file_itself_says_how_many(
    written: str, dates: int | None, load: Load
) -> None:
    schedule = load(with_schedule(f"{{zone: America/Santiago, {written}}}")).schedule
    assert count_dates(schedule) == dates


def test_a_moment_is_wall_clock_in_the_zone_of_the_schedule(tmp_path: Path) -> None:
    problems, lima = Problems(tmp_path), ZoneInfo("America/Lima")

    def moment(text: str) -> datetime | None:
        return read_moment(problems, ScalarNode(line=3, text=text), "embargo_until", lima)

    assert moment("2026-12-01 10:00") == datetime(2026, 12, 1, 15, tzinfo=UTC)
    assert read_moment(problems, None, "embargo_until", lima) is None
    for wrong in ("2026-12-01", "2026-12-01T10:00", "tomorrow 10:00", "2026-12-01 24:00"):
        assert moment(wrong) is None
    assert [problem.found for problem in problems.found] == [
        "`embargo_until` needs a day and a time of day, but is '2026-12-01'",
        "`embargo_until` needs a day and a time of day, but is '2026-12-01T10:00'",
        "`embargo_until` needs a day and a time of day, but is 'tomorrow 10:00'",
        "'24:00' is no time of day",
    ]


def test_slots_of_an_account_are_weekdays_with_times_in_their_order() -> None:
    found = read_slots(["thursday 17:30", "Monday 09:00", "thursday 08:00"], account="x-en")
    assert found == Timetable(times=((0, time(9)), (3, time(8)), (3, time(17, 30))))


@pytest.mark.parametrize(
    "slot", ["monday", "moonday 09:00", "monday 9:00", "09:00", "", "daily 09:00"]
)
def test_what_is_no_slot_is_told_with_the_account_and_what_to_write(slot: str) -> None:
    with pytest.raises(UserError, match=r"account x-en: .* is no slot\. Write a day of the week"):
        read_slots(["monday 09:00", slot], account="x-en")


def test_a_slot_twice_is_told() -> None:
    with pytest.raises(UserError, match="account x-en: the slot 'MONDAY 09:00' is there twice"):
        read_slots(["monday 09:00", "MONDAY 09:00"], account="x-en")


def test_accounts_without_slots_are_told_where_a_schedule_needs_them(tmp_path: Path) -> None:
    path = tmp_path / "schedule.yaml"
    path.write_text("zone: UTC\nslots: account\n", encoding="utf-8")
    problems = Problems(path)
    node = read_yaml(path, problems)
    accounts = {
        "x": AccountSettings(channel="x", locales=("en",)),
        "odd": AccountSettings(channel="x", locales=("en",), slots=("noon",)),
        "good": AccountSettings(channel="x", locales=("en",), slots=("monday 09:00",)),
        "mail": AccountSettings(channel="email", locales=("en",), sender="a@example.org"),
    }
    check_slots(problems, node, read_schedule(problems, node), accounts)
    assert [f"{problem.found}. {problem.fix}" for problem in problems.found] == [
        "account 'x' has no slots. Give it `slots` in campaigner.toml, or write another schedule.",
        "account odd: 'noon' is no slot. Write a day of the week and a time of day in campaigner.toml, like monday 09:00.",
    ]


def test_a_digest_has_dates_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "schedule.yaml"
    path.write_text("zone: UTC\nslots: account\nrotation: {gap: 1 day}\n", encoding="utf-8")
    problems = Problems(path)
    read_schedule(problems, read_yaml(path, problems), has_editions=True)
    assert [(problem.line, problem.found) for problem in problems.found] == [
        (2, "editions have no queue slots"),
        (3, "an edition is not said again"),
    ]


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
        ("{zone: UTC}", "the schedule does not say when. Add one of 'daily', 'weekly', 'monthly', 'dates', 'event' or 'slots'."),
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
        ("{zone: UTC, dates: ['2026-12-01']}", "`dates` needs a day and a time of day, but is '2026-12-01'."),
        ("{zone: UTC, dates: ['2026-13-01 10:00']}", "`dates` is no day: '2026-13-01'."),
        ("{zone: UTC, dates: ['9999-12-31 23:59']}", "`dates` is no day: '9999-12-31'."),
        ("{zone: UTC, dates: ['2026-12-02 10:00', '2026-12-01 10:00']}", "2026-12-01 10:00 does not come after"),
        ("{zone: UTC, dates: ['2026-12-02 10:00', '2026-12-02 10:00']}", "does not come after"),
        ("{zone: UTC, weekly: {on: monday, at: '10:00'}, start: 2026-12-02, end: 2026-12-01}",
         "`end` (2026-12-01) is before `start` (2026-12-02)."),
        ("{zone: UTC, weekly: {on: monday, at: '10:00'}, start: 2026-12-01, end: 2026-12-02}",
         "the schedule has 0 dates for 1 item."),
        ("{zone: UTC, dates: ['2026-12-02 10:00'], end: 2026-12-01}", "the schedule has 0 dates"),
        ("weekly", "the schedule is the text 'weekly', but needs keys with values."),
        ("{zone: UTC, daily: {every: 3}}", "`at` is missing in `daily`."),
        ("{zone: UTC, daily: {every: 0, at: '10:00'}}", "`every` is '0', but must be a whole number from 1 to 366. Write 1 for all days, 2 for every other, and so on."),
        ("{zone: UTC, daily: {every: 367, at: '10:00'}}", "`every` is '367', but must be a whole number from 1 to 366."),
        ("{zone: UTC, weekly: {on: monday, at: '10:00', every: 53}}", "whole number from 1 to 52. Write 1 for all weeks"),
        ("{zone: UTC, monthly: {day: 1, at: '10:00', every: two}}", "`every` is 'two', but must be a whole number from 1 to 24."),
        ("{zone: UTC, weekly: {on: [monday, Monday], at: '10:00'}}", "'Monday' is given twice in `on`."),
        ("{zone: UTC, monthly: {at: '10:00'}}", "`monthly` does not say on which day. Add `day: 15`, or both `nth: 2` and `on: tuesday`."),
        ("{zone: UTC, monthly: {nth: 2, at: '10:00'}}", "`monthly` does not say on which day."),
        ("{zone: UTC, monthly: {on: tuesday, at: '10:00'}}", "`monthly` does not say on which day."),
        ("{zone: UTC, monthly: {day: 1, nth: 2, on: tuesday, at: '10:00'}}", "`monthly` has 'day' and 'nth' and 'on', but can follow one only. Keep"),
        ("{zone: UTC, monthly: {nth: 6, on: tuesday, at: '10:00'}}", "`nth` cannot be '6'. Write a number from 1 to 5"),
        ("{zone: UTC, monthly: {nth: 2, on: tuseday, at: '10:00'}}", "Did you mean 'tuesday'?"),
        ("{zone: UTC, event: {at: '2026-10-24 09:00'}}", "`when` is missing in `event`."),
        ("{zone: UTC, event: {at: '2026-10-24 09:00', when: []}}", "`when` is an empty list."),
        ("{zone: UTC, event: {when: 1 day before}}", "`at` is missing in `event`."),
        ("{zone: UTC, event: {at: 2026-10-24, when: 1 day before}}", "`at` needs a day and a time of day, but is '2026-10-24'."),
        ("{zone: UTC, event: {at: '2026-10-24 09:00', when: [soon]}}", "'soon' does not say how far from the event. Write like 14 days before"),
        ("{zone: UTC, event: {at: '2026-10-24 09:00', when: [1 month before]}}", "'1 month before' does not say how far"),
        ("{zone: UTC, event: {at: '2026-10-24 09:00', when: [400 days before]}}", "'400 days before' is not between a minute and a year"),
        ("{zone: UTC, event: {at: '2026-10-24 09:00', when: [0 days before]}}", "'0 days before' is not between a minute and a year"),
        ("{zone: UTC, event: {at: '2026-10-24 09:00', when: ['1 hour before at 10:00']}}", "'1 hour before at 10:00' counts hours and names a time of day."),
        ("{zone: UTC, event: {at: '2026-10-24 09:00', when: ['1 day before at 25:00']}}", "'25:00' is no time of day."),
        ("{zone: UTC, event: {at: '2026-10-24 09:00', when: [1 day before, 24 hours before]}}", "'24 hours before' is the same date as '1 day before'. Keep one of the two."),
        ("{zone: UTC, event: {at: '2026-10-24 09:00', when: [1 day before, 1 day before]}}", "'1 day before' is the same date as '1 day before'."),
        ("{zone: UTC, slots: accounts}", "`slots` cannot be 'accounts'. Write `slots: account`"),
        ("{zone: UTC, slots: [monday]}", "`slots` is a list, but must be one text."),
        ("{zone: UTC, daily: {at: '10:00'}, holidays: {then: move}}", "`countries` is missing in `holidays`."),
        ("{zone: UTC, daily: {at: '10:00'}, holidays: {countries: [Brazil]}}", "'Brazil' is not the code of a country. Write BR."),
        ("{zone: UTC, daily: {at: '10:00'}, holidays: {countries: [br]}}", "'br' is not the code of a country. Write BR."),
        ("{zone: UTC, daily: {at: '10:00'}, holidays: {countries: [Brasil]}}", "'Brasil' is not the code of a country. Did you mean BR (Brazil)?"),
        ("{zone: UTC, daily: {at: '10:00'}, holidays: {countries: [QX]}}", "'QX' is not the code of a country. Write its two letters (ISO 3166), like BR."),
        ("{zone: UTC, daily: {at: '10:00'}, holidays: {countries: [UY, UY]}}", "'UY' is named twice in `countries`."),
        ("{zone: UTC, daily: {at: '10:00'}, holidays: {countries: [UY, UY, UY, UY, UY, UY, UY, UY, UY, UY, UY, UY, UY, UY, UY, UY, UY, UY, UY, UY, UY]}}", "`countries` names 21 countries, more than 20."),
        ("{zone: UTC, daily: {at: '10:00'}, holidays: {countries: [UY], then: later}}", "`then` cannot be 'later'. Write 'move', 'back' or 'skip'."),
        ("{zone: UTC, daily: {at: '10:00'}, holidays: UY}", "`holidays` is the text 'UY', but needs keys with values."),
        ("{zone: UTC, daily: {at: '10:00'}, quiet: {from: '22:00'}}", "`quiet` has `from`, but no `to`. Add `to`, the time at which it ends."),
        ("{zone: UTC, daily: {at: '10:00'}, quiet: {to: '07:00', on: sunday}}", "`quiet` has `to`, but no `from`. Add `from`, the time at which it begins."),
        ("{zone: UTC, daily: {at: '10:00'}, quiet: {then: move}}", "`quiet` does not say when it is quiet. Add `from` and `to`"),
        ("{zone: UTC, daily: {at: '10:00'}, quiet: {from: '22:00', to: '22:00'}}", "`from` and `to` of `quiet` are the same time."),
        ("{zone: UTC, daily: {at: '10:00'}, quiet: {from: 22, to: '07:00'}}", "'22' is no time of day."),
        ("{zone: UTC, daily: {at: '10:00'}, quiet: {on: sunday, then: back}}", "a quiet time cannot move a date back. Write move (to its end), or skip."),
        ("{zone: UTC, daily: {at: '10:00'}, quiet: {on: [monday, tuesday, wednesday, thursday, friday, saturday, sunday]}}", "`quiet` covers the whole week: nothing would go out. Take a day out of `on`."),
        ("{zone: UTC, daily: {at: '10:00'}, quiet: {from: '09:00', to: '11:00', then: skip}}", "every date falls into the quiet time, and is skipped. Write another time or day, or `then: move`."),
        ("{zone: UTC, weekly: {on: sunday, at: '10:00'}, quiet: {on: [saturday, sunday], then: skip}}", "every date falls into the quiet time"),
        ("{zone: UTC, monthly: {nth: 1, on: sunday, at: '10:00'}, quiet: {on: sunday, then: skip}}", "every date falls into the quiet time"),
        ("{zone: UTC, daily: {at: '10:00'}, rotation: {times: 2}}", "`gap` is missing in `rotation`."),
        ("{zone: UTC, daily: {at: '10:00'}, rotation: {gap: 30}}", "`gap` is no length of time: '30'."),
        ("{zone: UTC, daily: {at: '10:00'}, rotation: {gap: 400 days}}", "`gap` is 400 days, but must be more than nothing and at most a year."),
        ("{zone: UTC, daily: {at: '10:00'}, rotation: {gap: 30 days, times: 0}}", "`times` is '0', but must be a whole number from 1 to 1000."),
        ("{zone: UTC, daily: {at: '10:00'}, start: 2026-12-01, end: 2026-12-20, rotation: {gap: 30 days}}", "`gap` is longer than the schedule lasts: nothing would be said twice."),
        ("{zone: UTC, daily: {at: '10:00'}, evry: 2}", "'evry' is not known in the schedule."),
    ],
)  # fmt: skip
def test_each_fault_of_a_schedule_is_told(written: str, told: str, faults: Faults) -> None:
    problems = faults(with_schedule(written))
    assert any(told in problem for problem in problems), problems
    assert len(problems) == 1, problems
    assert problems[0].startswith("8: ")
