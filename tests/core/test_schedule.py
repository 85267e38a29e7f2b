"""Items laid on dates: in their order, from the start on, the same whenever asked."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigner.core.cadence import (
    AccountSlots,
    Cadence,
    Event,
    EveryDays,
    Offset,
    OnDates,
    Timetable,
    Weekly,
)
from campaigner.core.campaign import (
    Campaign,
    Item,
    Quiet,
    Rotation,
    Schedule,
    Then,
    Wording,
)
from campaigner.core.queueing import SlotQueue
from campaigner.core.schedule import (
    Plan,
    Scheduled,
    Start,
    plan_run,
    start_of,
)
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


WORDS = Wording(context="c", source="t")


class Carnival:
    """A holiday on two days of March 2026: Tuesdays, the 10th and the 17th."""

    def name_on(self, day: date) -> str:
        return "Carnival (UY)" if day in (date(2026, 3, 10), date(2026, 3, 17)) else ""


def on(cadence: Cadence = TUESDAYS, **rules: Any) -> Schedule:
    return Schedule(cadence=cadence, zone=ZONE, **rules)


def plan(campaign: Campaign, *, start: Start | None = None, **queues: SlotQueue) -> Plan:
    return plan_run(
        campaign,
        run="1",
        start=start or Start(at=NOW),
        serves=SERVES,
        queues={name.replace("_", "-"): queue for name, queue in queues.items()},
    )


def lines(planned: Iterable[Scheduled]) -> list[str]:
    """Write messages like ``item-1 0 x-en en 03-03 10:00``."""
    out = list[str]()
    for each in planned:
        identity, (day, at) = each.identity, each.slot.wall_clock(each.zone)
        who = f"{identity.item} {identity.repetition} {identity.account} {identity.locale}"
        out.append(f"{who} {day:%m-%d} {at:%H:%M}")
    return out


def days(campaign: Campaign, start: Start) -> list[tuple[str, datetime]]:
    planned = plan_run(campaign, run="1", start=start, serves={"x-en": ("en",)}).scheduled
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
    planned = plan(campaign(1)).scheduled
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
    planned = plan(one, start=begin).scheduled
    assert planned == plan(one, start=begin).scheduled
    assert len(planned) == count * 3
    assert len({each.identity for each in planned}) == count * 3
    dues = [each.slot.due_at for each in planned]
    assert dues == sorted(dues)
    assert all(due >= start for due in dues)
    assert [each.item.id for each in planned[::3]] == [item.id for item in one.items]


def test_every_so_many_days_is_counted_from_the_start_of_the_schedule_or_else_of_the_run() -> None:
    third = EveryDays(times=(time(10),), every=3)
    assert [due for _, due in days(campaign(2, third), Start(at=NOW))] == [tuesday(5), tuesday(8)]
    anchored = campaign(2, schedule=on(third, first_day=date(2026, 3, 1)))
    assert [due for _, due in days(anchored, Start(at=NOW))] == [tuesday(4), tuesday(7)]


def test_items_left_without_a_date_are_told_with_the_reason() -> None:
    def whys(schedule: Schedule) -> list[tuple[str, str]]:
        undated = plan(campaign(2, schedule=schedule)).undated
        return [(each.item.id, each.why) for each in undated]

    one = OnDates(dates=((date(2026, 3, 5), time(9)),))
    assert whys(on(one)) == [("item-2", "the dates of the schedule are used up")]
    event = Event(name="ICANN 85", day=date(2026, 3, 9), at=time(9), offsets=(Offset(),))
    assert whys(on(event)) == [("item-2", "the dates around ICANN 85 are used up")]
    ends = "the schedule has no date left for it until its end, 2026-03-09"
    assert whys(on(last_day=date(2026, 3, 9))) == [("item-2", ends)]
    silent = on(quiet=Quiet(weekdays=frozenset({1}), then=Then.SKIP))
    assert [why for _, why in whys(silent)] == ["the schedule has no date for it"] * 2


def test_an_item_without_a_text_keeps_its_date_for_itself() -> None:
    one = campaign(3)
    empty = replace(one.items[1], texts={}, title="Later", owner="maria")
    found = plan(replace(one, items=(one.items[0], empty, one.items[2])))
    assert [(each.item.id, each.slot.due_at) for each in found.placeholders] == [
        ("item-2", tuesday(10))
    ]
    assert {each.item.id: each.slot.due_at for each in found.scheduled} == {
        "item-1": tuesday(3),
        "item-3": tuesday(17),
    }


def test_a_skipped_date_is_told_and_the_next_is_taken() -> None:
    found = plan(campaign(2, schedule=on(holidays=Carnival(), on_holiday=Then.SKIP)))
    assert lines(found.scheduled)[::3] == [
        "item-1 0 x-en en 03-03 10:00",
        "item-2 0 x-en en 03-24 10:00",
    ]
    assert [(str(each.slot.day), each.reason) for each in found.skipped] == [
        ("2026-03-10", "Carnival (UY)"),
        ("2026-03-17", "Carnival (UY)"),
    ]


def test_what_a_holiday_moves_stays_the_same_message() -> None:
    plain = plan(campaign(3))
    moved = plan(campaign(3, schedule=on(holidays=Carnival())))
    assert [each.identity for each in moved.scheduled] == [
        each.identity for each in plain.scheduled
    ]
    second = moved.scheduled[3]
    assert (second.slot.day, second.slot.due_at) == (date(2026, 3, 10), tuesday(11))
    assert second.slot.moved == "moved from 2026-03-10 10:00: Carnival (UY)"
    assert second.not_after == tuesday(12)


def test_start_now_is_that_instant_whatever_rests() -> None:
    always = Quiet(weekdays=frozenset({0}))  # now is a Monday
    one = campaign(1, schedule=on(quiet=always))
    assert days(one, Start(at=NOW, immediate=True)) == [("item-1", NOW)]


def test_the_later_embargo_of_campaign_and_item_counts() -> None:
    one = campaign(3, embargo_until=tuesday(5))
    strict = replace(one.items[1], embargo_until=tuesday(20))
    found = plan(replace(one, items=(one.items[0], strict, one.items[2])))
    first = {each.item.id: each for each in found.scheduled}
    assert {id: each.slot.due_at for id, each in first.items()} == {
        "item-1": tuesday(5),
        "item-3": tuesday(17),
        "item-2": tuesday(20),
    }
    assert {each.embargo_until for each in found.scheduled} == {tuesday(5), tuesday(20)}
    moved = "moved from 2026-03-10 10:00: embargo until 2026-03-20 10:00"
    assert first["item-2"].slot.moved == moved
    assert first["item-3"].slot.moved == ""
    dues = [each.slot.due_at for each in found.scheduled]
    assert dues == sorted(dues)


def test_a_rotation_ends_after_a_year_or_with_its_schedule() -> None:
    rotation = Rotation(gap=timedelta(days=10))
    whole = plan(campaign(2, schedule=on(rotation=rotation))).scheduled
    assert whole[-1].slot.due_at <= NOW + timedelta(days=365) < whole[-1].slot.due_at + timedelta(8)
    assert lines(whole)[:9:3] == [
        "item-1 0 x-en en 03-03 10:00",
        "item-2 0 x-en en 03-10 10:00",
        "item-1 1 x-en en 03-17 10:00",
    ]
    short = on(rotation=rotation, last_day=date(2026, 3, 20))
    assert len(plan(campaign(2, schedule=short)).scheduled) == 9
    twice = on(rotation=replace(rotation, times=2))
    assert len(plan(campaign(2, schedule=twice)).scheduled) == 12


TIMES = Timetable(times=((1, time(10)), (3, time(17))))
QUEUE = SlotQueue(times=TIMES, zone=ZONE)
IN_SLOTS = on(AccountSlots())


def test_each_account_has_its_own_slots_and_each_locale_takes_one() -> None:
    other = SlotQueue(times=Timetable(times=((4, time(8)),)), zone=ZoneInfo("UTC"))
    found = plan(campaign(2, schedule=IN_SLOTS), x_en=QUEUE, m=other)
    assert lines(found.scheduled) == [
        "item-1 0 x-en en 03-03 10:00",
        "item-2 0 x-en en 03-05 17:00",
        "item-1 0 m en 03-06 08:00",
        "item-1 0 m es 03-13 08:00",
        "item-2 0 m en 03-20 08:00",
        "item-2 0 m es 03-27 08:00",
    ]
    assert {each.identity.account: each.zone.key for each in found.scheduled} == {
        "x-en": "America/Montevideo",
        "m": "UTC",
    }


def test_slots_that_others_hold_are_not_taken_and_own_ones_are_kept() -> None:
    one = campaign(3, schedule=IN_SLOTS, accounts=("x-en",))
    first = plan(one, x_en=QUEUE).scheduled
    taken = frozenset({first[0].slot.due_at})
    assert lines(plan(one, x_en=replace(QUEUE, taken=taken)).scheduled)[0].endswith("03-05 17:00")
    kept = {("item-3", 0, "en"): first[0].slot}
    assert lines(plan(one, x_en=replace(QUEUE, kept=kept)).scheduled) == [
        "item-3 0 x-en en 03-03 10:00",
        "item-1 0 x-en en 03-05 17:00",
        "item-2 0 x-en en 03-10 10:00",
    ]


def test_a_kept_slot_that_a_new_rule_forbids_is_given_up() -> None:
    first = plan(campaign(1, schedule=IN_SLOTS), x_en=QUEUE, m=QUEUE).scheduled[0].slot
    queue = replace(QUEUE, kept={("item-1", 0, "en"): first})
    rests = on(AccountSlots(), quiet=Quiet(weekdays=frozenset({1}), then=Then.SKIP))
    alone = campaign(1, schedule=rests, accounts=("x-en",))
    assert lines(plan(alone, x_en=queue).scheduled) == ["item-1 0 x-en en 03-05 17:00"]
    assert [str(each.slot.day) for each in plan(alone, x_en=queue).skipped] == ["2026-03-03"]
    late = replace(alone, schedule=IN_SLOTS, embargo_until=tuesday(4))
    assert lines(plan(late, x_en=queue).scheduled) == ["item-1 0 x-en en 03-05 17:00"]


def test_planning_again_with_what_was_kept_changes_nothing() -> None:
    rotating = on(AccountSlots(), rotation=Rotation(gap=timedelta(days=9), times=3))
    for schedule in (IN_SLOTS, rotating, replace(rotating, holidays=Carnival())):
        one = campaign(3, schedule=schedule, accounts=("m",))
        before = plan(one, m=QUEUE)
        kept = {
            (each.item.id, each.identity.repetition, each.identity.locale): each.slot
            for each in before.scheduled
        }
        assert plan(one, m=replace(QUEUE, kept=kept)).scheduled == before.scheduled


def test_an_embargo_lets_others_have_the_earlier_slots() -> None:
    one = campaign(3, schedule=IN_SLOTS, accounts=("x-en",))
    strict = replace(one.items[0], embargo_until=tuesday(9))
    found = plan(replace(one, items=(strict, *one.items[1:])), x_en=QUEUE)
    assert lines(found.scheduled) == [
        "item-2 0 x-en en 03-03 10:00",
        "item-3 0 x-en en 03-05 17:00",
        "item-1 0 x-en en 03-10 10:00",
    ]
    assert {each.slot.moved for each in found.scheduled} == {""}


def test_an_account_without_slots_is_told_and_one_without_a_text_there_takes_none() -> None:
    one = campaign(2, schedule=IN_SLOTS)
    only_x = replace(one.items[0], texts={"x": WORDS})
    found = plan(
        replace(one, items=(only_x, one.items[1]), accounts=("m", "x-en")),
        m=replace(QUEUE, channel="mastodon"),
    )
    assert {each.item.id for each in found.scheduled} == {"item-2"}
    assert [(each.item.id, each.account) for each in found.undated] == [
        ("item-1", "x-en"),
        ("item-2", "x-en"),
    ]
    assert "has no slots" in found.undated[0].why


def test_a_placeholder_holds_slots_of_each_account() -> None:
    one = campaign(2, schedule=IN_SLOTS)
    empty = replace(one.items[0], texts={}, title="Later")
    found = plan(replace(one, items=(empty, one.items[1])), x_en=QUEUE, m=QUEUE)
    assert [(each.account, str(each.slot.day)) for each in found.placeholders] == [
        ("x-en", "2026-03-03"),
        ("m", "2026-03-03"),
    ]
    assert lines(found.scheduled) == [
        "item-2 0 x-en en 03-05 17:00",
        "item-2 0 m en 03-10 10:00",
        "item-2 0 m es 03-12 17:00",
    ]


def test_an_account_whose_slots_all_end_before_the_item_is_told() -> None:
    short = on(AccountSlots(), last_day=date(2026, 3, 4))
    one = campaign(2, schedule=short, accounts=("x-en",))
    undated = plan(one, x_en=QUEUE).undated
    assert [(each.item.id, each.why) for each in undated] == [
        ("item-2", "no slot of account x-en is left for it")
    ]
