"""Editions of a digest: their dates, their names, and when each is composed."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from campaigner.core.cadence import Weekly
from campaigner.core.campaign import Campaign, Digest, Schedule, Then, Wording
from campaigner.core.editions import next_edition, plan_editions
from campaigner.core.schedule import Start
from tests.rendering.builders import campaign, item

ZONE = ZoneInfo("America/Montevideo")  # UTC-3, no daylight saving
NOW = datetime(2026, 3, 2, 15, 30, 20, tzinfo=UTC)  # a Monday
TUESDAYS = Weekly(weekdays=frozenset({1}), times=(time(10),))


def on(cadence: Weekly = TUESDAYS, **rules: Any) -> Schedule:
    return Schedule(cadence=cadence, zone=ZONE, **rules)


def digest(schedule: Schedule | None = None, **changes: Any) -> Campaign:
    words = Wording(context="c", source="t")
    lead = Digest(subject=words, introduction=words, compose_before=timedelta(days=2))
    return campaign(schedule=schedule or on(), digest=lead, **changes)


class Carnival:
    """A holiday on two days of March 2026: Tuesdays, the 10th and the 17th."""

    def name_on(self, day: date) -> str:
        return "Carnival (UY)" if day in (date(2026, 3, 10), date(2026, 3, 17)) else ""


def tuesday(day: int) -> datetime:
    return datetime(2026, 3, day, 13, tzinfo=UTC)


def test_an_edition_is_composed_its_lead_before_its_date() -> None:
    start = Start(at=NOW)
    until = tuesday(3) - timedelta(days=2)
    assert plan_editions(digest(), start=start, until=until - timedelta(seconds=1)) == []
    (edition,) = plan_editions(digest(), start=start, until=until)
    assert (edition.slot.due_at, edition.name, edition.compose_at) == (tuesday(3), "1000", until)
    assert edition.not_after == tuesday(4)


def test_a_digest_started_now_has_an_edition_of_that_instant_and_then_its_dates() -> None:
    start = Start(at=NOW, immediate=True)
    editions = plan_editions(digest(), start=start, until=NOW)
    assert [(each.name, each.slot.due_at) for each in editions] == [
        ("start", NOW),
        ("1000", tuesday(3)),
    ]
    assert editions[0].slot.day == date(2026, 3, 2)
    assert editions[0].slot.at == time(12, 30)


def test_two_editions_of_one_day_have_two_names() -> None:
    twice = Weekly(weekdays=frozenset({1}), times=(time(10), time(18, 30)))
    found = plan_editions(digest(on(twice)), start=Start(at=NOW), until=tuesday(3))
    assert [each.name for each in found] == ["1000", "1830"]


def test_a_campaign_of_items_has_no_editions() -> None:
    assert plan_editions(campaign(item("Hello")), start=Start(at=NOW), until=tuesday(31)) == []


def test_an_edition_that_a_holiday_moves_is_known_by_its_nominal_day() -> None:
    rests = digest(on(holidays=Carnival()))
    start = Start(at=NOW)
    plain = plan_editions(digest(), start=start, until=tuesday(20))
    moved = plan_editions(rests, start=start, until=tuesday(20))
    assert [(each.slot.day, each.name) for each in moved] == [
        (each.slot.day, each.name) for each in plain
    ]
    assert moved[1].slot.due_at == tuesday(11)
    assert moved[1].compose_at == tuesday(9)
    skips = digest(on(holidays=Carnival(), on_holiday=Then.SKIP))
    assert [each.slot.day.day for each in plan_editions(skips, start=start, until=tuesday(23))] == [
        3,
        24,
    ]
    following = next_edition(rests, start=start, now=tuesday(10))
    assert following is not None
    assert following.slot.due_at == tuesday(18)


def test_of_the_editions_before_an_embargo_the_last_waits_for_its_end() -> None:
    late = digest(embargo_until=tuesday(12))
    start = Start(at=NOW)
    assert plan_editions(late, start=start, until=tuesday(9)) == []
    first, second = plan_editions(late, start=start, until=tuesday(15))
    assert (first.slot.day, first.slot.due_at) == (date(2026, 3, 10), tuesday(12))
    assert first.compose_at == tuesday(10)
    assert second.slot.due_at == tuesday(17)
    at_once = plan_editions(late, start=Start(at=NOW, immediate=True), until=tuesday(10))
    assert [(each.name, each.slot.due_at) for each in at_once] == [("1000", tuesday(12))]
