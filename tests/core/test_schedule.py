"""Items laid on dates: in their order, from the start on, the same whenever asked."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigner.core.cadence import Cadence, OnDates, Weekly
from campaigner.core.campaign import Campaign, Digest, Item, Schedule, Wording
from campaigner.core.schedule import Start, plan_editions, plan_run, start_of
from campaigner.errors import UserError

ZONE = ZoneInfo("America/Montevideo")  # UTC-3, no daylight saving
NOW = datetime(2026, 3, 2, 15, 30, 20, tzinfo=UTC)  # a Monday
TUESDAYS = Weekly(weekdays=frozenset({1}), times=(time(10),))
SERVES = {"x-en": ("en",), "m": ("en", "es")}


def campaign(count: int = 3, cadence: Cadence = TUESDAYS, **changes: Any) -> Campaign:
    values: dict[str, Any] = {
        "id": "spring",
        "title": "Spring",
        "owner": "team",
        "projects": ("1.1.3",),
        "accounts": ("x-en", "m"),
        "locales": ("en", "es"),
        "source_locale": "en",
        "schedule": Schedule(cadence=cadence, zone=ZONE),
        "items": tuple(
            Item(id=f"item-{n}", texts={"all": Wording(context="c", source="t")})
            for n in range(1, count + 1)
        ),
        "not_after": timedelta(days=1),
    }
    return Campaign(**values | changes)


def digest(**changes: Any) -> Campaign:
    words = Wording(context="c", source="t")
    lead = Digest(subject=words, introduction=words, compose_before=timedelta(days=2))
    return campaign(0, digest=lead, **changes)


def days(campaign: Campaign, start: Start) -> list[tuple[str, datetime]]:
    planned = plan_run(campaign, run="1", start=start, serves={"x-en": ("en",)})
    return [(each.identity.item, each.slot.due_at) for each in planned]


def tuesday(day: int, month: int = 3) -> datetime:
    return datetime(2026, month, day, 13, tzinfo=UTC)


def test_items_take_the_dates_in_their_order() -> None:
    assert days(campaign(), Start(at=NOW)) == [
        ("item-1", tuesday(3)),
        ("item-2", tuesday(10)),
        ("item-3", tuesday(17)),
    ]


def test_start_now_says_the_first_at_that_instant_and_the_rest_on_later_dates() -> None:
    assert days(campaign(), Start(at=NOW, immediate=True)) == [
        ("item-1", NOW),
        ("item-2", tuesday(3)),
        ("item-3", tuesday(10)),
    ]


def test_start_now_at_a_date_of_the_cadence_does_not_use_that_date_twice() -> None:
    start = Start(at=tuesday(3), immediate=True)
    assert [due for _, due in days(campaign(), start)] == [tuesday(3), tuesday(10), tuesday(17)]


def test_a_start_day_is_inclusive_and_begins_at_midnight_there() -> None:
    start = start_of(campaign(), "2026-03-10", now=NOW)
    assert start == Start(at=datetime(2026, 3, 10, 3, tzinfo=UTC))
    assert days(campaign(), start)[0] == ("item-1", tuesday(10))
    midnight = Weekly(weekdays=frozenset({1}), times=(time(0),))
    assert days(campaign(1, midnight), start) == [("item-1", start.at)]


@pytest.mark.parametrize("start", ["soon", "2026-02-30", "10/03/2026", ""])
def test_what_is_no_start_is_refused(start: str) -> None:
    with pytest.raises(UserError, match="is no start"):
        start_of(campaign(), start, now=NOW)


def test_without_a_start_it_begins_now_but_at_once_only_if_told() -> None:
    assert start_of(campaign(), None, now=NOW) == Start(at=NOW)
    assert start_of(campaign(), "now", now=NOW) == Start(at=NOW, immediate=True)


def test_items_beyond_the_last_date_are_left_out() -> None:
    dates = OnDates(dates=((date(2026, 3, 5), time(9)), (date(2026, 3, 4), time(9))))
    assert [item for item, _ in days(campaign(3, dates), Start(at=NOW))] == ["item-1", "item-2"]
    ending = Schedule(cadence=TUESDAYS, zone=ZONE, last_day=date(2026, 3, 10))
    assert len(days(campaign(5, schedule=ending), Start(at=NOW))) == 2
    assert days(campaign(5, schedule=ending), Start(at=NOW + timedelta(days=60))) == []


def test_an_item_is_said_once_per_account_and_locale_that_both_know() -> None:
    planned = plan_run(campaign(1), run="1", start=Start(at=NOW), serves=SERVES)
    assert [(each.identity.account, each.identity.locale) for each in planned] == [
        ("x-en", "en"),
        ("m", "en"),
        ("m", "es"),
    ]
    assert {each.not_after - each.slot.due_at for each in planned} == {timedelta(days=1)}


@given(
    count=st.integers(0, 30),
    weekdays=st.sets(st.integers(0, 6), min_size=1),
    hours=st.sets(st.integers(0, 23), min_size=1, max_size=3),
    start=st.integers(0, 10 * 365 * 24 * 60).map(lambda m: NOW + timedelta(minutes=m)),
    immediate=st.booleans(),
)
def test_a_plan_is_sorted_complete_and_the_same_whenever_asked(
    count: int, weekdays: set[int], hours: set[int], start: datetime, immediate: bool
) -> None:
    cadence = Weekly(weekdays=frozenset(weekdays), times=tuple(time(hour) for hour in hours))
    one = campaign(count, cadence)
    begin = Start(at=start, immediate=immediate)
    planned = plan_run(one, run="1", start=begin, serves=SERVES)
    assert planned == plan_run(one, run="1", start=begin, serves=SERVES)
    assert len(planned) == count * 3
    assert len({each.identity for each in planned}) == count * 3
    dues = [each.slot.due_at for each in planned]
    assert dues == sorted(dues)
    assert all(due >= start for due in dues)
    assert [each.item.id for each in planned[::3]] == [item.id for item in one.items]


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
    found = plan_editions(digest(cadence=twice), start=Start(at=NOW), until=tuesday(3))
    assert [each.name for each in found] == ["1000", "1830"]


def test_a_campaign_of_items_has_no_editions() -> None:
    assert plan_editions(campaign(), start=Start(at=NOW), until=tuesday(31)) == []
