"""The calendar: what is queued, what is to be written, what was moved or skipped, what is close."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import event

from campaigner.core.cadence import AccountSlots, Timetable, Weekly
from campaigner.core.campaign import Campaign, Schedule, Then
from campaigner.core.delivery import State
from campaigner.core.queueing import SlotQueue
from campaigner.db.engine import Sessions
from campaigner.services.calendar import Day, What, month_ahead
from campaigner.services.compose import queue_editions
from campaigner.services.move import move
from campaigner.services.queue import queue_campaign
from tests.services.desks import Office, campaign, current, digest, item

NOW = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)  # a Monday
FIRST = datetime(2026, 3, 3, 13, tzinfo=UTC)
WEEK = timedelta(days=7)
HERE = ZoneInfo("America/Montevideo")
TO_WRITE = item(2, texts={}, title="Phishing", owner="maria", due=date(2026, 3, 1))
SPRING = campaign(item(1), TO_WRITE, item(3), accounts=("x-en",), locales=("en",))
TIMES = Timetable(times=((0, time(9)),))
OFFICE = Office(slots={"x-en": SlotQueue(times=TIMES, zone=HERE, channel="x")})


class Tuesday:
    """Keeps 10 March 2026."""

    def name_on(self, day: date) -> str:
        return "Fiesta (UY)" if day == date(2026, 3, 10) else ""


def put(sessions: Sessions, what: Campaign) -> None:
    queue_campaign(
        sessions, what, OFFICE.desk, start=None, new_run=False, by="author", now=NOW, dry_run=False
    )


def look(
    sessions: Sessions,
    *campaigns: Campaign,
    days: int = 40,
    campaign: str | None = None,
    skipped: bool = False,
) -> list[Day]:
    return month_ahead(
        sessions,
        OFFICE.desk,
        since=NOW - timedelta(days=1),
        until=NOW + timedelta(days=days),
        campaign=campaign,
        campaigns=campaigns,
        skipped=skipped,
        now=NOW,
    )


def kinds(days: Sequence[Day]) -> list[tuple[What, str, datetime]]:
    return [(day.what, day.item, day.due_at) for day in days]


def test_a_text_that_is_to_be_written_stands_on_its_date_among_the_posts(
    sessions: Sessions,
) -> None:
    put(sessions, SPRING)
    days = look(sessions, SPRING)
    assert kinds(days) == [
        (What.POST, "item-1", FIRST),
        (What.PLACEHOLDER, "item-2", FIRST + WEEK),
        (What.POST, "item-3", FIRST + 2 * WEEK),
    ]
    (waiting,) = [day for day in days if day.what is What.PLACEHOLDER]
    assert (waiting.title, waiting.owner, waiting.due) == ("Phishing", "maria", date(2026, 3, 1))
    assert (waiting.overdue, waiting.day, waiting.state) == (True, date(2026, 3, 10), None)


def test_a_text_that_is_due_today_is_not_overdue(sessions: Sessions) -> None:
    today = item(2, texts={}, title="Phishing", due=date(2026, 3, 2))
    (waiting,) = look(sessions, replace(SPRING, items=(today,)))
    assert not waiting.overdue


def test_a_campaign_that_nobody_queued_shows_what_is_to_be_written_only(
    sessions: Sessions,
) -> None:
    assert kinds(look(sessions, SPRING)) == [(What.PLACEHOLDER, "item-2", FIRST + WEEK)]


def test_moved_dates_say_why_and_skipped_ones_are_shown_on_demand(sessions: Sessions) -> None:
    moved = replace(SPRING, schedule=replace(SPRING.schedule, holidays=Tuesday()))
    (waiting,) = look(sessions, moved)
    assert waiting.moved == "moved from 2026-03-10 10:00: Fiesta (UY)"
    assert waiting.due_at == FIRST + WEEK + timedelta(days=1)
    skips = replace(moved, schedule=replace(moved.schedule, on_holiday=Then.SKIP))
    put(sessions, skips)
    assert [day.what for day in look(sessions, skips)] == [
        What.POST, What.PLACEHOLDER, What.POST
    ]  # fmt: skip
    skipped = [day for day in look(sessions, skips, skipped=True) if day.what is What.SKIPPED]
    assert [(day.due_at, day.moved) for day in skipped] == [(FIRST + WEEK, "Fiesta (UY)")]


def test_what_a_hand_moved_stands_where_it_was_put(sessions: Sessions) -> None:
    put(sessions, SPRING)
    one = current(sessions)[("item-1", "x-en", "en")]
    to = FIRST + timedelta(hours=20)
    move(sessions, one.delivery.id, to=to, reason="r", by="ana", now=NOW)
    first = look(sessions)[0]
    assert (first.due_at, first.moved) == (to, "moved by ana to 2026-03-04 06:00 Montevideo")


def test_campaigns_close_to_each_other_are_marked_even_if_one_is_asked_for(
    sessions: Sessions,
) -> None:
    put(sessions, SPRING)
    cadence = Weekly(weekdays=frozenset({1}), times=(time(10, 10),))
    put(sessions, replace(SPRING, id="summer", schedule=replace(SPRING.schedule, cadence=cadence)))
    first, *others = look(sessions, campaign="spring")
    (near,) = first.near
    assert (near.campaign, near.item, near.at) == (
        "summer",
        "item-1",
        FIRST + timedelta(minutes=10),
    )
    assert {day.campaign for day in (first, *others)} == {"spring"}
    assert all(day.near for day in look(sessions))


def test_a_text_to_be_written_keeps_a_slot_of_its_account(sessions: Sessions) -> None:
    slots = replace(SPRING, schedule=Schedule(cadence=AccountSlots(), zone=HERE))
    put(sessions, slots)
    days = look(sessions, slots)
    monday = datetime(2026, 3, 9, 12, tzinfo=UTC)
    assert kinds(days) == [
        (What.POST, "item-1", monday),
        (What.PLACEHOLDER, "item-2", monday + WEEK),
        (What.POST, "item-3", monday + 2 * WEEK),
    ]
    assert days[1].account == "x-en"


def test_editions_to_come_are_there_from_when_their_digest_is_queued(sessions: Sessions) -> None:
    weekly = digest()
    assert look(sessions, weekly) == []
    queue_editions(
        sessions, weekly, OFFICE.desk, start=None, new_run=False, by="a", now=NOW, dry_run=False
    )
    days = look(sessions, weekly, days=10)
    assert kinds(days) == [
        (What.EDITION, "1000", FIRST),
        (What.EDITION, "1000", FIRST + WEEK),
    ]
    assert {day.state for day in days} == {None}


def test_many_campaigns_take_no_more_queries_than_few(sessions: Sessions) -> None:
    engine = sessions.kw["bind"]
    made: list[object] = []
    event.listen(engine, "before_cursor_execute", lambda *statement: made.append(statement))
    slots = replace(SPRING, schedule=Schedule(cadence=AccountSlots(), zone=HERE))

    def needed(number: int) -> int:
        made.clear()
        look(sessions, *(replace(slots, id=f"campaign-{n}") for n in range(number)))
        return len(made)

    assert needed(1) == needed(8)


def test_what_is_canceled_is_not_shown(sessions: Sessions) -> None:
    put(sessions, SPRING)
    put(sessions, replace(SPRING, items=SPRING.items[:1]))
    assert [(day.item, day.state) for day in look(sessions)] == [("item-1", State.HELD)]


def test_an_entry_keeps_its_name_wherever_it_is_moved(sessions: Sessions) -> None:
    put(sessions, SPRING)
    before = {day.item: day.uid for day in look(sessions, SPRING)}
    assert len(set(before.values())) == 3
    one = current(sessions)[("item-1", "x-en", "en")]
    to = FIRST + timedelta(hours=20)
    move(sessions, one.delivery.id, to=to, reason="r", by="ana", now=NOW)
    assert {day.item: day.uid for day in look(sessions, SPRING)} == before
