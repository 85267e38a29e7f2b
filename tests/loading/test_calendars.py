"""A year of every cadence: what tests/data/calendars says, worked out without campaigner."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from campaigner.core.cadence import Slot
from campaigner.core.campaign import Campaign, Item, Schedule, Wording
from campaigner.core.countries import COUNTRIES
from campaigner.core.moving import Skipped, plan_dates
from campaigner.core.queueing import SlotQueue
from campaigner.core.schedule import Start, plan_run
from campaigner.loading.holidays import PublicHolidays
from campaigner.loading.problems import Problems
from campaigner.loading.schedules import read_schedule, read_slots
from campaigner.loading.yaml import ListNode, MapNode, Node, ScalarNode, read_yaml

FOLDER = Path(__file__).parents[1] / "data" / "calendars"
OTHERS = ("holidays-2027", "rotation")
CALENDARS = sorted(path.stem for path in FOLDER.glob("*.yaml") if path.stem not in OTHERS)
YEAR = [date(2027, 1, 1) + timedelta(days=number) for number in range(365)]
BEGINS, ENDS = datetime(2026, 12, 31, 12, tzinfo=UTC), datetime(2028, 2, 1, tzinfo=UTC)


def read(name: str) -> dict[str, Node]:
    path = FOLDER / f"{name}.yaml"
    problems = Problems(path)
    root = read_yaml(path, problems)
    problems.raise_any()
    assert isinstance(root, MapNode)
    return {key.text: value for key, value in root.entries}


def texts(node: Node) -> list[str]:
    assert isinstance(node, ListNode)
    return [part.text for part in node.items if isinstance(part, ScalarNode)]


def schedule_of(fields: dict[str, Node]) -> Schedule:
    problems = Problems(FOLDER)
    schedule = read_schedule(problems, fields["schedule"])
    problems.raise_any()
    assert schedule is not None
    if "slots" in fields:
        times = read_slots(texts(fields["slots"]), account="an account")
        return SlotQueue(times=times, zone=schedule.zone).schedule(schedule)
    return schedule


def line(found: Slot | Skipped, schedule: Schedule) -> str:
    """Write a date as the calendars do."""
    if isinstance(found, Skipped):
        return f"skipped {found.slot.day} {found.slot.at:%H:%M}: {found.reason}"
    day, at = found.wall_clock(schedule.zone)
    return f"{day} {at:%H:%M}" + (f", {found.moved}" if found.moved else "")


@pytest.mark.parametrize("name", CALENDARS)
def test_a_year_of_dates_is_what_was_worked_out_without_campaigner(name: str) -> None:
    fields = read(name)
    schedule = schedule_of(fields)
    found = plan_dates(schedule, after=BEGINS, until=ENDS, anchor=date(2027, 1, 1))
    in_2027 = [each for each in found if written_day(each).year == 2027]
    assert [line(each, schedule) for each in in_2027] == texts(fields["dates"])
    for each in in_2027:
        assert not isinstance(each, Slot) or clock(each, schedule) == each.due_at


def written_day(found: Slot | Skipped) -> date:
    return found.day if isinstance(found, Slot) else found.slot.day


def clock(slot: Slot, schedule: Schedule) -> datetime:
    """Return the instant at which the wall clock shows what a date stands for."""
    day, at = slot.wall_clock(schedule.zone)
    return datetime.combine(day, at, schedule.zone).astimezone(UTC)


def test_a_year_of_a_rotation_is_what_was_worked_out_without_campaigner() -> None:
    fields = read("rotation")
    schedule = schedule_of(fields)
    words = Wording(context="c", source="t")
    campaign = Campaign(
        id="evergreen",
        title="Evergreen",
        owner="team",
        projects=("1.1.3",),
        accounts=("x",),
        locales=("es",),
        source_locale="es",
        schedule=schedule,
        items=tuple(Item(id=id, texts={"all": words}) for id in texts(fields["items"])),
        not_after=timedelta(days=1),
    )
    start = Start(at=datetime.combine(date(2027, 1, 1), time(0), schedule.zone).astimezone(UTC))
    plan = plan_run(campaign, run="1", start=start, serves={"x": ("es",)})
    assert [
        f"{each.slot.day} {each.slot.at:%H:%M} {each.item.id}" for each in plan.scheduled
    ] == texts(fields["dates"])
    assert [each.identity.repetition for each in plan.scheduled] == [0, 0, 0, 1, 1, 1, 2, 2, 2]


@pytest.mark.parametrize(("country", "days"), read("holidays-2027").items())
def test_the_holidays_of_2027_are_those_of_the_laws(country: str, days: Node) -> None:
    holidays = PublicHolidays(countries=(country,))
    assert [str(day) for day in YEAR if holidays.name_on(day)] == texts(days)


def test_holidays_are_named_in_their_own_language_whatever_the_machine_speaks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LANGUAGE", "en_US")
    holidays = PublicHolidays(countries=("UY", "BR", "MX"))
    new_year = "Año Nuevo (UY), Confraternização Universal (BR), Año Nuevo (MX)"
    assert holidays.name_on(date(2031, 1, 1)) == new_year
    assert holidays.name_on(date(2031, 1, 2)) == ""


def test_every_country_that_a_file_may_name_has_a_list_of_holidays() -> None:
    registered = PublicHolidays(countries=tuple(COUNTRIES))
    assert "(UY)" in registered.name_on(date(2027, 1, 1))
