from datetime import UTC, date, datetime, timedelta
from typing import Any

from campaigner.core.delivery import State
from campaigner.db.engine import Sessions
from campaigner.db.models import Delivery, Message
from campaigner.services.retime import retime
from tests.rows import add_delivery, add_message

NOW = datetime(2026, 11, 1, tzinfo=UTC)
TEN_IN_ASUNCION = datetime(2026, 12, 1, 13, tzinfo=UTC)  # -03:00 all year since 2024
BEFORE = TEN_IN_ASUNCION + timedelta(hours=1)  # as data without that change had it
WALL: dict[str, Any] = {"day": date(2026, 12, 1), "wall_time": "10:00", "zone": "America/Asuncion"}


def test_new_zone_data_moves_what_is_unsent_and_keeps_its_approval(sessions: Sessions) -> None:
    with sessions.begin() as session:
        message = add_message(
            session,
            due_at=BEFORE,
            not_after=BEFORE + timedelta(days=1),
            approved_hash="0" * 64,
            **WALL,
        )
        delivery = add_delivery(session, message, due_at=BEFORE, scheduled_at=BEFORE)
        ids = message.id, delivery.id

    assert retime(sessions, tzdata="2026.6", now=NOW) == 1
    assert retime(sessions, tzdata="2026.6", now=NOW) == 0, "once per version of the data"

    with sessions() as session:
        moved = session.get_one(Message, ids[0])
        assert moved.due_at == TEN_IN_ASUNCION
        assert moved.not_after == TEN_IN_ASUNCION + timedelta(days=1)
        assert moved.approved_hash == moved.content_hash
        assert session.get_one(Delivery, ids[1]).due_at == TEN_IN_ASUNCION


def test_new_zone_data_leaves_alone_what_was_sent_is_due_or_was_moved_by_hand(
    sessions: Sessions,
) -> None:
    by_hand = BEFORE + timedelta(days=2)
    with sessions.begin() as session:
        past = add_message(session, due_at=NOW - timedelta(hours=1), **WALL)
        add_delivery(session, past, due_at=past.due_at, scheduled_at=past.due_at)
        planned = add_message(session, due_at=BEFORE, **WALL)
        sent = add_delivery(
            session, planned, due_at=BEFORE, scheduled_at=BEFORE, state=State.SENT, attempts=1
        )
        moved = add_message(session, due_at=BEFORE, **WALL)
        held = add_delivery(session, moved, due_at=by_hand, scheduled_at=BEFORE)
        ids = past.id, sent.id, held.id

    retime(sessions, tzdata="2026.6", now=NOW)

    with sessions() as session:
        assert session.get_one(Message, ids[0]).due_at == NOW - timedelta(hours=1)
        assert session.get_one(Delivery, ids[1]).due_at == BEFORE
        assert session.get_one(Delivery, ids[2]).due_at == by_hand


def test_new_zone_data_keeps_the_clock_of_what_a_rule_moved_and_the_time_of_what_a_hand_moved(
    sessions: Sessions,
) -> None:
    by_hand = BEFORE + timedelta(days=2)
    with sessions.begin() as session:
        holiday = add_message(session, due_at=BEFORE, moved="moved from 2026-11-30 10:00", **WALL)
        waiting = add_delivery(session, holiday, due_at=BEFORE, scheduled_at=BEFORE)
        message = add_message(session, due_at=BEFORE, moved="moved by ana", **WALL)
        moved = add_delivery(session, message, due_at=by_hand, scheduled_at=by_hand)
        ids = waiting.id, moved.id

    assert retime(sessions, tzdata="2026.6", now=NOW) == 2

    with sessions() as session:
        assert session.get_one(Delivery, ids[0]).due_at == TEN_IN_ASUNCION
        assert session.get_one(Delivery, ids[0]).scheduled_at == TEN_IN_ASUNCION
        assert session.get_one(Delivery, ids[1]).due_at == by_hand
        assert session.get_one(Delivery, ids[1]).scheduled_at == by_hand


def test_new_zone_data_takes_no_time_from_what_a_hand_moved_to_its_last_hour(
    sessions: Sessions,
) -> None:
    by_hand = BEFORE + timedelta(days=2)
    last = by_hand + timedelta(minutes=30)
    with sessions.begin() as session:
        message = add_message(session, due_at=BEFORE, not_after=last, **WALL)
        add_delivery(session, message, due_at=by_hand, scheduled_at=by_hand)
        id = message.id

    retime(sessions, tzdata="2026.6", now=NOW)

    with sessions() as session:
        assert session.get_one(Message, id).not_after == last
