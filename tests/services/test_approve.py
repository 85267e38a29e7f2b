"""A yes is to exactly what waits, by somebody who may."""

import threading
from datetime import timedelta
from typing import Any

from sqlalchemy import select, text

from campaigner.core.delivery import Hold, MessageState, State
from campaigner.db import listing, moves
from campaigner.db.engine import Sessions
from campaigner.db.models import ApprovalRecord, Delivery, Message
from campaigner.db.moves import Move
from campaigner.services.approve import Approved, approve
from tests.fakes import FakeChannel, FakeClock
from tests.rows import NOON, add_delivery, add_message
from tests.services.lanes import Road


def wait_for_yes(sessions: Sessions, **overrides: Any) -> int:
    hold = overrides.get("hold", Hold.APPROVAL)
    with sessions.begin() as session:
        values = {"state": MessageState.HELD, "hold": hold} | overrides
        message = add_message(session, **values)
        add_delivery(session, message, state=State.HELD, hold=hold)
        return message.id


def say_yes(sessions: Sessions, *ids: int, by: str = "ana", **rest: Any) -> Approved:
    campaign = None if ids else "spring"
    return approve(sessions, campaign=campaign, ids=ids, by=by, now=NOON, **rest)


def state(sessions: Sessions, id: int) -> tuple[MessageState, State]:
    with sessions() as session:
        delivery = session.scalars(select(Delivery).where(Delivery.message_id == id)).one()
        return session.get_one(Message, id).state, delivery.state


HELD = (MessageState.HELD, State.HELD)
OPEN = (MessageState.APPROVED, State.QUEUED)


def test_a_yes_pins_the_content_and_lets_it_out(sessions: Sessions) -> None:
    id = wait_for_yes(sessions, content_hash="c" * 64)
    assert [message.id for message in say_yes(sessions).approved] == [id]
    assert state(sessions, id) == OPEN
    with sessions() as session:
        message, record = (
            session.get_one(Message, id),
            session.scalars(select(ApprovalRecord)).one(),
        )
    assert (message.approved_hash, message.approved_by, message.approved_at) == (
        "c" * 64,
        "ana",
        NOON,
    )
    assert (record.content_hash, record.by, record.at) == ("c" * 64, "ana", NOON)
    assert Road(sessions, FakeClock(NOON), FakeChannel()).deliver_all() == 1


def test_who_queued_it_needs_another_pair_of_eyes_unless_the_campaign_says_so(
    sessions: Sessions,
) -> None:
    id = wait_for_yes(sessions)
    own = wait_for_yes(sessions, four_eyes=False)
    done = say_yes(sessions, by="author")
    assert [message.id for message in done.approved] == [own]
    assert [(message.id, "author" in why) for message, why in done.refused] == [(id, True)]
    assert state(sessions, id) == HELD


def test_what_waits_for_something_else_is_left_alone_and_told_if_named(sessions: Sessions) -> None:
    id = wait_for_yes(sessions, hold=Hold.TRANSLATION, note="no Spanish text")
    assert say_yes(sessions) == Approved(approved=[], refused=[])
    (refused,) = say_yes(sessions, id).refused
    assert refused[1] == "no Spanish text"
    assert state(sessions, id) == HELD


def test_what_is_past_its_last_date_needs_no_yes(sessions: Sessions) -> None:
    id = wait_for_yes(sessions, not_after=NOON)
    assert [why for _, why in say_yes(sessions).refused] == ["it is past its last date"]
    assert state(sessions, id) == HELD


def test_only_what_is_named_is_approved_and_nothing_named_is_nothing(sessions: Sessions) -> None:
    one, other = wait_for_yes(sessions), wait_for_yes(sessions)
    elsewhere = wait_for_yes(sessions, campaign="summer")
    say_yes(sessions, one)
    assert [state(sessions, id) for id in (one, other, elsewhere)] == [OPEN, HELD, HELD]
    say_yes(sessions)
    assert [state(sessions, id) for id in (other, elsewhere)] == [OPEN, HELD]
    assert approve(sessions, by="ana", now=NOON) == Approved(approved=[], refused=[])


def test_a_dry_run_says_yes_to_nothing(sessions: Sessions) -> None:
    id = wait_for_yes(sessions)
    assert len(say_yes(sessions, dry_run=True).approved) == 1
    assert state(sessions, id) == HELD


def test_two_people_saying_yes_at_once_are_one_yes(sessions: Sessions) -> None:
    for _ in range(30):
        wait_for_yes(sessions)
    gate, done = threading.Barrier(2), dict[str, Approved]()

    def say(name: str) -> None:
        gate.wait(10)
        done[name] = say_yes(sessions, by=name)

    threads = [threading.Thread(target=say, args=(name,)) for name in ("ana", "bea")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sum(len(each.approved) for each in done.values()) == 30
    with sessions() as session:
        assert len(session.scalars(select(ApprovalRecord)).all()) == 30


def test_a_yes_and_a_move_at_once_wait_for_each_other_in_one_order(sessions: Sessions) -> None:
    id = wait_for_yes(sessions)
    done = list[Approved]()
    yes = threading.Thread(target=lambda: done.append(say_yes(sessions, id)))
    evening = NOON + timedelta(hours=6)
    with sessions() as session:
        delivery_id = session.scalars(select(Delivery.id).where(Delivery.message_id == id)).one()
        row = listing.find_delivery(session, delivery_id, lock=True)
        assert row is not None
        yes.start()
        wait_for_lock(sessions, yes)
        move = Move(row=row, to=evening, not_after=row.message.not_after, words="moved by bea")
        moves.move_all(session, [move], by="bea", reason="later", now=NOON)
        session.commit()
    yes.join(30)
    assert [message.id for message in done[0].approved] == [id]
    with sessions() as session:
        moved = session.get_one(Delivery, delivery_id)
        assert (moved.state, moved.due_at) == (State.QUEUED, evening)


def wait_for_lock(sessions: Sessions, thread: threading.Thread) -> None:
    """Return when PostgreSQL says that somebody waits. SQLite has one writer: nothing to see."""
    waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    with sessions() as session:
        postgresql = session.get_bind().dialect.name == "postgresql"
        while postgresql and thread.is_alive() and not session.scalar(waits):
            session.rollback()


def test_a_yes_lifts_no_other_hold_of_a_delivery(sessions: Sessions) -> None:
    with sessions.begin() as session:
        message = add_message(session, approved_hash="0" * 64)
        missed = add_delivery(session, message, state=State.HELD, hold=Hold.MISSED)
    wait_for_yes(sessions, due_at=NOON - timedelta(days=1))
    say_yes(sessions)
    say_yes(sessions, message.id)
    with sessions() as session:
        assert session.get_one(Delivery, missed.id).state is State.HELD
