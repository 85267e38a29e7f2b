"""What a sweep closes, although it does not read all of history to do so."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from campaigner.core.delivery import Hold, MessageState, State
from campaigner.db import listing, moves, upkeep
from campaigner.db.engine import Sessions
from campaigner.db.models import Delivery, Message
from campaigner.db.moves import Move
from tests.rows import NOON, add_delivery, add_message, add_sent

LONG_AGO = NOON - timedelta(days=90)


def state_of(session: Session, id: int) -> MessageState:
    return session.get_one(Message, id, populate_existing=True).state


def test_after_a_long_stop_a_message_expires_with_its_delivery(sessions: Sessions) -> None:
    with sessions.begin() as session:
        missed = add_message(session, due_at=LONG_AGO, not_after=LONG_AGO + timedelta(days=1))
        add_delivery(session, missed)
        sent = add_message(session, due_at=LONG_AGO, not_after=LONG_AGO + timedelta(days=1))
        add_sent(session, sent, sent_at=LONG_AGO)
        assert upkeep.expire(session, now=NOON) == 1
        assert state_of(session, missed.id) is MessageState.EXPIRED
        assert state_of(session, sent.id) is MessageState.APPROVED


def test_what_waited_for_a_person_expires_however_old(sessions: Sessions) -> None:
    with sessions.begin() as session:
        held = add_message(session, state=MessageState.HELD, hold=Hold.APPROVAL, not_after=LONG_AGO)
        upkeep.expire(session, now=NOON)
        assert state_of(session, held.id) is MessageState.EXPIRED


def test_what_was_refused_lately_expires_past_its_last_date(sessions: Sessions) -> None:
    with sessions.begin() as session:
        refused = add_message(session, not_after=NOON - timedelta(minutes=1))
        add_delivery(session, refused, state=State.REJECTED)
        assert upkeep.expire(session, now=NOON) == 0
        assert state_of(session, refused.id) is MessageState.EXPIRED


# SQLite has one writer: there nothing happens while another does.
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_a_person_moves_while_it_expires_stays_where_they_put_it(sessions: Sessions) -> None:
    tomorrow = NOON + timedelta(days=1)
    with sessions.begin() as session:
        late = add_message(session, due_at=NOON - timedelta(hours=2), not_after=NOON)
        id = add_delivery(session, late).id
    mover, sweeper = sessions(), sessions()
    row = listing.find_delivery(mover, id, lock=True)
    assert row is not None
    to = Move(row=row, to=tomorrow, not_after=tomorrow + timedelta(hours=1), words="moved")
    moves.move_all(mover, [to], by="ana", reason="later", now=NOON)
    pid = sweeper.scalar(text("SELECT pg_backend_pid()"))
    sweep = threading.Thread(target=lambda: upkeep.expire(sweeper, now=NOON))
    sweep.start()
    waits = text("SELECT count(*) FROM pg_locks WHERE pid = :pid AND NOT granted")
    while sweep.is_alive() and not mover.scalar(waits, {"pid": pid}):
        pass
    mover.commit()
    sweep.join(20)
    sweeper.commit()
    mover.close()
    sweeper.close()
    with sessions() as session:
        assert session.get_one(Delivery, id).state is State.QUEUED
        assert state_of(session, late.id) is MessageState.APPROVED
