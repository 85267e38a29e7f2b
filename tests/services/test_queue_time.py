"""Queueing and time: moved and embargoed dates, what a hand moved, slots, and close neighbours."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from campaigner.core.cadence import AccountSlots, Timetable, Weekly
from campaigner.core.campaign import ANY, Campaign, Schedule
from campaigner.core.delivery import MessageState, State
from campaigner.core.difference import Queued
from campaigner.core.queueing import SlotQueue
from campaigner.db.engine import Sessions
from campaigner.db.models import Delivery, Message
from campaigner.services.approve import approve
from campaigner.services.move import move
from campaigner.services.queue import queue_campaign
from campaigner.settings import AccountSettings
from tests.services.desks import ACCOUNTS, Office, campaign, current, item, wording

NOW = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)  # a Monday; the first Tuesday is 3 March
FIRST = datetime(2026, 3, 3, 13, tzinfo=UTC)  # ten o'clock in Montevideo
HERE = ZoneInfo("America/Montevideo")
MINE = ("item-1", "x-en", "en")


class CarnivalTuesday:
    """Keeps 3 March 2026."""

    def name_on(self, day: date) -> str:
        return "Carnaval (UY)" if day == date(2026, 3, 3) else ""


def put(
    sessions: Sessions,
    what: Campaign,
    *,
    office: Office | None = None,
    now: datetime = NOW,
    start: str | None = None,
    dry_run: bool = False,
) -> Queued:
    desk = (office or Office()).desk
    return queue_campaign(
        sessions, what, desk, start=start, new_run=False, by="author", now=now, dry_run=dry_run
    )


def say_yes(sessions: Sessions, name: str = "spring") -> None:
    approve(sessions, campaign=name, by="approver", now=NOW)


def scheduled(what: Campaign, **changes: Any) -> Campaign:
    return replace(what, schedule=replace(what.schedule, **changes))


SPRING = campaign(item(1), item(2), accounts=("x-en",), locales=("en",))
HOLIDAYS = scheduled(SPRING, holidays=CarnivalTuesday())


def whats(queued: Queued) -> list[str]:
    return [change.what for change in queued.changes]


def test_a_date_that_a_holiday_moved_is_kept_with_its_reason(sessions: Sessions) -> None:
    told = put(sessions, HOLIDAYS)
    reason = "moved from 2026-03-03 10:00: Carnaval (UY)"
    assert [change.moved for change in told.changes] == [reason, ""]
    message = current(sessions)[MINE].message
    assert (message.moved, message.due_at) == (reason, FIRST + timedelta(days=1))
    assert (message.day, message.wall_time) == (date(2026, 3, 4), "10:00")
    assert whats(put(sessions, HOLIDAYS)) == ["unchanged", "unchanged"]


def test_a_holiday_that_comes_to_be_known_moves_what_is_queued(sessions: Sessions) -> None:
    put(sessions, SPRING)
    say_yes(sessions)
    told = put(sessions, HOLIDAYS)
    assert whats(told) == ["moved", "unchanged"]
    assert "Carnaval" in told.changes[0].moved
    assert current(sessions)[MINE].message.state is MessageState.HELD, "the time is approved too"


def test_another_reason_for_the_same_time_asks_nobody(sessions: Sessions) -> None:
    class Renamed(CarnivalTuesday):
        def name_on(self, day: date) -> str:
            return super().name_on(day).replace("Carnaval", "Martes de Carnaval")

    put(sessions, HOLIDAYS)
    say_yes(sessions)
    renamed = scheduled(SPRING, holidays=Renamed())
    put(sessions, renamed, dry_run=True)
    assert "Martes" not in current(sessions)[MINE].message.moved
    assert whats(put(sessions, renamed)) == ["unchanged", "unchanged"]
    message = current(sessions)[MINE].message
    assert (message.state, "Martes" in message.moved) == (MessageState.APPROVED, True)


def test_an_embargo_moves_what_is_before_it_and_is_written(sessions: Sessions) -> None:
    ends = FIRST + timedelta(hours=5)
    told = put(sessions, replace(SPRING, embargo_until=ends))
    assert "embargo until" in told.changes[0].moved
    found = current(sessions)
    assert {one.message.embargo_until for one in found.values()} == {ends}
    assert found[MINE].message.due_at == ends


def test_a_change_of_the_embargo_alone_is_a_change(sessions: Sessions) -> None:
    put(sessions, SPRING)
    say_yes(sessions)
    early = replace(SPRING, embargo_until=NOW - timedelta(days=1))
    assert whats(put(sessions, early)) == ["changed", "changed"]
    assert whats(put(sessions, early)) == ["unchanged", "unchanged"]
    assert whats(put(sessions, SPRING)) == ["changed", "changed"]


def test_an_item_without_a_text_keeps_its_date_for_it(sessions: Sessions) -> None:
    waiting = item(1, texts={}, title="Phishing", owner="maria", due=date(2026, 2, 27))
    told = put(sessions, campaign(waiting, item(2), accounts=("x-en",), locales=("en",)))
    (kept,) = told.placeholders
    assert (kept.item.title, kept.slot.due_at) == ("Phishing", FIRST)
    assert [change.due_at for change in told.changes] == [FIRST + timedelta(days=7)]
    assert told.unscheduled == []


@pytest.mark.parametrize(
    ("account", "locale", "country"),
    [
        (AccountSettings(channel="x", locales=("pt_BR",)), "pt_BR", "BR"),
        (AccountSettings(channel="x", locales=("es_419",)), "es_419", ""),
        (AccountSettings(channel="x", locales=("pt_BR",), country="pt"), "pt_BR", "PT"),
        (AccountSettings(channel="x", locales=("es",), country="Uruguay"), "es", "UY"),
    ],
)
def test_a_post_is_read_in_its_accounts_country_or_its_locales(
    sessions: Sessions, account: AccountSettings, locale: str, country: str
) -> None:
    text = wording("text", "Lesson", **{locale: "Lesson"})
    one = campaign(item(1, texts={ANY: text}), accounts=("here",), locales=(locale,))
    put(sessions, one, office=Office(accounts={"here": account}))
    assert current(sessions)[("item-1", "here", locale)].delivery.country == country


def test_an_accounts_new_country_counts_at_the_next_queueing_and_asks_nobody(
    sessions: Sessions,
) -> None:
    put(sessions, SPRING)
    say_yes(sessions)
    there = Office(accounts={**ACCOUNTS, "x-en": ACCOUNTS["x-en"].model_copy(
        update={"country": "BZ"}
    )})  # fmt: skip
    assert whats(put(sessions, SPRING, office=there)) == ["unchanged", "unchanged"]
    one = current(sessions)[MINE]
    assert (one.delivery.country, one.delivery.state) == ("BZ", State.QUEUED)


def test_a_correction_is_no_item_of_the_file_and_stays(sessions: Sessions) -> None:
    put(sessions, SPRING)
    one = current(sessions)[MINE]
    with sessions.begin() as session:
        values = {
            column.key: getattr(one.message, column.key)
            for column in Message.__table__.columns
            if column.key not in ("id", "key")
        }
        answer = Message(
            **values | {"item": "item-1.correction-1", "corrects_id": one.message.id, "key": "k"}
        )
        session.add(answer)
    assert "canceled" not in whats(put(sessions, SPRING))
    with sessions() as session:
        state = select(Message.state).where(Message.key == "k")
        assert session.scalars(state).one() is MessageState.HELD


# What a hand moved


def put_off(sessions: Sessions, *, hours: int = 30, **rest: Any) -> datetime:
    one = current(sessions)[MINE]
    to = FIRST + timedelta(hours=hours)
    move(sessions, one.delivery.id, to=to, reason="r", by="ana", now=NOW, **rest)
    return to


def edited(what: Campaign) -> Campaign:
    text = wording("item-1 text", "Other", en="Other", es="Otra")
    return replace(what, items=(item(1, texts={ANY: text}), *what.items[1:]))


def test_what_a_hand_moved_stays_there_when_its_file_is_queued_again(sessions: Sessions) -> None:
    put(sessions, SPRING)
    say_yes(sessions)
    last = FIRST + timedelta(days=9)
    to = put_off(sessions, not_after=last)
    told = put(sessions, SPRING)
    assert whats(told) == ["unchanged", "unchanged"]
    assert (told.changes[0].due_at, told.changes[0].moved) == (
        to,
        "moved by ana to 2026-03-04 16:00 Montevideo",
    )
    one = current(sessions)[MINE]
    assert (one.delivery.due_at, one.delivery.state) == (to, State.QUEUED)
    assert one.message.not_after == last


def test_an_edit_of_its_text_leaves_it_where_the_hand_put_it(sessions: Sessions) -> None:
    put(sessions, SPRING)
    last = FIRST + timedelta(days=9)
    to = put_off(sessions, not_after=last)
    assert whats(put(sessions, edited(SPRING))) == ["changed", "unchanged"]
    one = current(sessions)[MINE]
    assert (one.message.version, one.delivery.due_at, one.delivery.scheduled_at) == (2, to, to)
    assert (one.message.not_after, one.message.moved[:12]) == (last, "moved by ana")
    assert whats(put(sessions, edited(SPRING))) == ["unchanged", "unchanged"]


def test_another_date_in_the_file_counts_again(sessions: Sessions) -> None:
    put(sessions, SPRING)
    put_off(sessions)
    thursdays = campaign(item(1), item(2), on=3, accounts=("x-en",), locales=("en",))
    assert whats(put(sessions, thursdays)) == ["moved", "moved"]
    one = current(sessions)[MINE]
    assert (one.delivery.due_at, one.message.moved) == (FIRST + timedelta(days=2), "")


def test_an_embargo_that_comes_later_holds_what_a_hand_moved_before_it(sessions: Sessions) -> None:
    put(sessions, SPRING)
    one = current(sessions)[("item-2", "x-en", "en")]
    planned = one.message.due_at
    early = planned - timedelta(days=3)
    move(sessions, one.delivery.id, to=early, reason="r", by="ana", now=NOW)
    ends = planned - timedelta(days=1)
    put(sessions, replace(SPRING, embargo_until=ends))
    assert current(sessions)[("item-2", "x-en", "en")].delivery.due_at == ends


# Close neighbours


TWENTY_PAST = Weekly(weekdays=frozenset({1}), times=(time(10, 20),))
SUMMER = replace(scheduled(SPRING, cadence=TWENTY_PAST), id="summer")


def test_an_embargo_that_comes_later_holds_what_waits_for_its_next_try(sessions: Sessions) -> None:
    put(sessions, SPRING)
    say_yes(sessions)
    id = current(sessions)[MINE].delivery.id
    with sessions.begin() as session:
        session.execute(update(Delivery).where(Delivery.id == id).values(attempts=1))
    ends = FIRST + timedelta(hours=5)
    put(sessions, replace(SPRING, embargo_until=ends), dry_run=True)
    assert current(sessions)[MINE].message.embargo_until is None
    put(sessions, replace(SPRING, embargo_until=ends))
    one = current(sessions)[MINE]
    assert (one.delivery.id, one.message.embargo_until) == (id, ends)
    assert one.message.state is MessageState.APPROVED


def test_two_campaigns_close_to_each_other_on_an_account_are_told(sessions: Sessions) -> None:
    assert put(sessions, SPRING).collisions == []
    for dry_run in (True, False):
        told = put(sessions, SUMMER, dry_run=dry_run)
        assert [
            (one.first.campaign, one.first.item, one.second.campaign, one.second.at)
            for one in told.collisions
        ] == [
            ("spring", f"item-{n}", "summer", FIRST + timedelta(days=7 * (n - 1), minutes=20))
            for n in (1, 2)
        ]
    assert whats(told) == ["new", "new"], "a warning, not a fault"


def test_what_was_canceled_moved_away_or_is_over_is_close_to_nothing(sessions: Sessions) -> None:
    put(sessions, SPRING)
    put_off(sessions)
    second = current(sessions)[("item-2", "x-en", "en")].delivery.id
    with sessions.begin() as session:
        session.execute(update(Delivery).where(Delivery.id == second).values(state=State.CANCELED))
    assert put(sessions, SUMMER).collisions == []
    put(sessions, scheduled(SPRING, first_day=date(2026, 3, 3)))
    much_later = NOW + timedelta(days=60)
    assert put(sessions, SUMMER, now=much_later).collisions == []


# Queue slots

TIMES = Timetable(times=((0, time(9)), (3, time(17, 30))))  # Mondays and Thursdays
SLOTS = {"x-en": SlotQueue(times=TIMES, zone=HERE, channel="x")}
MONDAY = datetime(2026, 3, 9, 12, tzinfo=UTC)
THURSDAY = datetime(2026, 3, 5, 20, 30, tzinfo=UTC)
WEEK = timedelta(days=7)
OFFICE = Office(slots=SLOTS)


def in_slots(id: str, *numbers: int) -> Campaign:
    return campaign(
        *(item(number) for number in numbers),
        id=id,
        accounts=("x-en",),
        locales=("en",),
        schedule=Schedule(cadence=AccountSlots(), zone=HERE),
    )


def times_of(sessions: Sessions, name: str) -> dict[str, datetime]:
    with sessions() as session:
        rows = session.execute(
            select(Message.item, Delivery.scheduled_at)
            .join(Delivery)
            .where(Message.campaign == name, Message.state.in_(["held", "approved"]))
        )
        return {name: at for name, at in rows}  # noqa: C416 - a row is more than a pair


def test_campaigns_take_the_next_free_slots_of_an_account_and_keep_them(
    sessions: Sessions,
) -> None:
    put(sessions, in_slots("spring", 1, 2), office=OFFICE)
    put(sessions, in_slots("summer", 1, 2), office=OFFICE)
    assert times_of(sessions, "spring") == {"item-1": THURSDAY, "item-2": MONDAY}
    assert times_of(sessions, "summer") == {"item-1": THURSDAY + WEEK, "item-2": MONDAY + WEEK}
    again = put(sessions, in_slots("spring", 1, 2), office=OFFICE, now=NOW + timedelta(days=1))
    assert whats(again) == ["unchanged", "unchanged"]
    put(sessions, in_slots("spring", 3, 1, 2), office=OFFICE)
    assert times_of(sessions, "spring") == {
        "item-1": THURSDAY,
        "item-2": MONDAY,
        "item-3": THURSDAY + 2 * WEEK,
    }


def test_a_slot_that_was_given_back_is_the_next_ones(sessions: Sessions) -> None:
    put(sessions, in_slots("spring", 1, 2), office=OFFICE)
    put(sessions, in_slots("spring", 2), office=OFFICE)
    put(sessions, in_slots("summer", 1), office=OFFICE)
    assert times_of(sessions, "spring") == {"item-2": MONDAY}
    assert times_of(sessions, "summer") == {"item-1": THURSDAY}


def test_nothing_new_takes_a_slot_that_has_passed(sessions: Sessions) -> None:
    put(sessions, in_slots("spring", 1), office=OFFICE)
    later = MONDAY + timedelta(days=1)
    put(sessions, in_slots("spring", 1, 2), office=OFFICE, now=later)
    assert times_of(sessions, "spring") == {"item-1": THURSDAY, "item-2": THURSDAY + WEEK}
    put(sessions, in_slots("summer", 1), office=OFFICE, now=later, start="2026-03-02")
    assert times_of(sessions, "summer") == {"item-1": MONDAY + WEEK}


def test_a_slot_that_the_settings_do_not_offer_any_more_is_left(sessions: Sessions) -> None:
    put(sessions, in_slots("spring", 1, 2), office=OFFICE)
    only_thursdays = replace(SLOTS["x-en"], times=Timetable(times=((3, time(17, 30)),)))
    put(sessions, in_slots("spring", 1, 2), office=Office(slots={"x-en": only_thursdays}))
    assert times_of(sessions, "spring") == {"item-1": THURSDAY, "item-2": THURSDAY + WEEK}


def test_a_slot_to_which_a_hand_moved_something_is_taken(sessions: Sessions) -> None:
    put(sessions, in_slots("spring", 1), office=OFFICE)
    one = current(sessions)[MINE]
    move(sessions, one.delivery.id, to=MONDAY, not_after=MONDAY + WEEK, reason="r", by="a", now=NOW)
    put(sessions, in_slots("spring", 1, 2), office=OFFICE)
    put(sessions, in_slots("summer", 1), office=OFFICE)
    assert times_of(sessions, "spring") == {"item-1": MONDAY, "item-2": THURSDAY + WEEK}
    assert times_of(sessions, "summer") == {"item-1": THURSDAY}, "which is free again"


def test_campaigns_queued_at_the_same_time_never_take_one_slot(sessions: Sessions) -> None:
    names = [f"campaign-{n}" for n in range(4)]
    gate = threading.Barrier(len(names))
    errors: list[BaseException] = []

    def work(name: str) -> None:
        try:
            gate.wait(10)
            put(sessions, in_slots(name, 1, 2, 3), office=OFFICE)
        except BaseException as error:
            errors.append(error)
            raise

    in_parallel(work, names)
    assert not errors
    taken = [at for name in names for at in times_of(sessions, name).values()]
    assert len(taken) == 12
    assert sorted(set(taken)) == sorted(taken)
    assert max(taken) == MONDAY + 5 * WEEK, "and none was left free"


def in_parallel(work: Any, names: Sequence[str]) -> None:
    threads = [threading.Thread(target=work, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
