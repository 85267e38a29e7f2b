from dataclasses import replace
from datetime import UTC, date, datetime, time

from campaigner.core.cadence import Event, Offset, Weekly
from campaigner.core.campaign import Campaign
from campaigner.core.due_days import due_days
from campaigner.core.schedule import Start
from tests.rendering.builders import campaign, item

SERVES = {"x-en": ("en",)}


def weekly(**changes: object) -> Campaign:
    base = campaign(item("Hi"))
    cadence = Weekly(weekdays=frozenset([1]), times=(time(10),))
    return replace(base, schedule=replace(base.schedule, cadence=cadence, **changes))  # type: ignore[arg-type]


def test_a_list_of_dates_is_fixed_by_the_file() -> None:
    assert due_days(campaign(item("Hi")), None, serves=SERVES) == {"one": date(2026, 12, 1)}


def test_a_rhythm_is_fixed_by_its_start_or_by_the_run() -> None:
    assert due_days(weekly(), None, serves=SERVES) == {}
    assert due_days(weekly(first_day=date(2026, 12, 3)), None, serves=SERVES) == {
        "one": date(2026, 12, 8)
    }
    start = Start(at=datetime(2027, 1, 4, tzinfo=UTC))
    assert due_days(weekly(), start, serves=SERVES) == {"one": date(2027, 1, 5)}


def test_an_event_fixes_its_dates() -> None:
    base = campaign(item("Hi"))
    event = Event(name="ICANN 87", day=date(2026, 10, 24), at=time(9), offsets=(Offset(days=-14),))
    fixed = replace(base, schedule=replace(base.schedule, cadence=event))
    assert due_days(fixed, None, serves=SERVES) == {"one": date(2026, 10, 10)}
