"""What fell due under a pause, decided on all at once: send, move or drop."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event

from campaigner.core.by_hand import Decision
from campaigner.core.delivery import Hold, State
from campaigner.db.engine import Sessions
from campaigner.db.models import Message
from campaigner.services.missed import Decided, decide_missed, later
from campaigner.services.outbox import show
from tests.fakes import FakeChannel, FakeClock
from tests.rows import NOON
from tests.services.lanes import Road, queue, row

LATER = NOON + timedelta(hours=2)
A_DAY = timedelta(days=1)
LONG = {"not_after": NOON + timedelta(days=9)}


def miss(sessions: Sessions, message: dict[str, Any] | None = None, **overrides: Any) -> int:
    return queue(
        sessions, LONG | (message or {}), **{"state": State.HELD, "hold": Hold.MISSED} | overrides
    )


def decide(sessions: Sessions, decision: Decision, **rest: Any) -> Decided:
    return decide_missed(
        sessions, decision=decision, reason="after the storm", by="ana", now=LATER, **rest
    )


def test_all_that_was_missed_is_sent_and_nothing_else(sessions: Sessions) -> None:
    missed = [miss(sessions), miss(sessions, attempts=1)]
    others = [
        queue(sessions, state=State.HELD, hold=hold) for hold in Hold if hold is not Hold.MISSED
    ]
    done = decide(sessions, Decision.SEND)
    assert [one.row.delivery.id for one in done.taken] == missed
    for id in missed:
        sent = row(sessions, id)
        assert (sent.state, sent.hold, sent.due_at) == (State.QUEUED, None, LATER)
    assert {row(sessions, id).state for id in others} == {State.HELD}
    road = Road(sessions, FakeClock(LATER), FakeChannel())
    assert road.deliver_all() == 2


@pytest.mark.parametrize("decision", [Decision.SEND, Decision.MOVE])
def test_what_was_in_doubt_once_is_not_sent_again_among_others(
    sessions: Sessions, decision: Decision
) -> None:
    soon = LATER + timedelta(minutes=9)
    kept = miss(sessions, scheduled_at=LATER, attempts=1, resend_until=soon)
    over = miss(sessions, scheduled_at=LATER, attempts=1, resend_until=LATER)
    done = decide(sessions, decision, move_by=timedelta(minutes=5))
    assert [one.row.delivery.id for one in done.taken] == [kept]
    assert row(sessions, kept).resend_until == soon, "and not later than its network knows its key"
    ((left, why),) = done.refused
    assert left.delivery.id == over
    assert f"`campaigner outbox retry {over}`" in why
    assert row(sessions, over).hold is Hold.MISSED


def test_all_that_was_missed_moves_by_the_same_time_and_keeps_its_distances(
    sessions: Sessions,
) -> None:
    first, second = miss(sessions), miss(sessions, due_at=LATER, scheduled_at=LATER)
    done = decide(sessions, Decision.MOVE, move_by=A_DAY)
    assert [one.at for one in done.taken] == [NOON + A_DAY, LATER + A_DAY]
    for id, was in ((first, NOON), (second, LATER)):
        moved = row(sessions, id)
        assert (moved.state, moved.due_at, moved.scheduled_at) == (
            State.QUEUED,
            was + A_DAY,
            was + A_DAY,
        )
        with sessions() as session:
            assert session.get_one(Message, moved.message_id).moved.startswith("moved by ana to")
        _, (line,) = show(sessions, id, now=LATER)
        assert (line.outcome, line.by) == ("moved", "ana")
        assert line.reason.endswith("after the storm")


def test_what_would_still_be_past_too_late_or_under_embargo_waits_on(sessions: Sessions) -> None:
    past = miss(sessions, scheduled_at=NOON - 2 * A_DAY)
    late = miss(sessions, {"not_after": NOON + A_DAY})
    embargoed = miss(sessions, {"embargo_until": NOON + 2 * A_DAY})
    done = decide(sessions, Decision.MOVE, move_by=A_DAY)
    assert not done.taken
    reasons = {listed.delivery.id: why for listed, why in done.refused}
    assert "has passed too: move it by more" in reasons[past]
    assert "was to go out before" in reasons[late]
    assert "under embargo" in reasons[embargoed]
    assert {row(sessions, id).state for id in (past, late, embargoed)} == {State.HELD}


def test_all_that_was_missed_is_dropped(sessions: Sessions) -> None:
    id = miss(sessions, {"embargo_until": NOON + 2 * A_DAY})
    decide(sessions, Decision.DROP)
    assert row(sessions, id).state is State.CANCELED
    assert row(sessions, id).note == "canceled by ana: after the storm"
    _, (line,) = show(sessions, id, now=LATER)
    assert (line.outcome, line.reason) == ("canceled", "after the storm")


@pytest.mark.parametrize(
    "only", [{"campaign": "spring"}, {"account": "x-en"}, {"country": "BR"}], ids=str
)
def test_only_what_was_named_is_decided(sessions: Sessions, only: dict[str, str]) -> None:
    mine = miss(sessions, country="BR")
    other = miss(sessions, {"campaign": "summer", "account": "x-es"}, country="UY")
    decide(sessions, Decision.SEND, **only)
    assert row(sessions, mine).state is State.QUEUED
    assert row(sessions, other).state is State.HELD


@pytest.mark.parametrize("decision", Decision)
def test_a_dry_run_changes_nothing(sessions: Sessions, decision: Decision) -> None:
    id = miss(sessions)
    done = decide(sessions, decision, move_by=A_DAY, dry_run=True)
    assert len(done.taken) == 1
    assert (row(sessions, id).state, row(sessions, id).due_at) == (State.HELD, NOON)


@pytest.mark.parametrize("decision", Decision)
def test_many_take_no_more_statements_than_few(sessions: Sessions, decision: Decision) -> None:
    engine = sessions.kw["bind"]
    made: list[object] = []

    def needed(number: int) -> int:
        for _ in range(number):
            miss(sessions)
        made.clear()
        assert len(decide(sessions, decision, move_by=A_DAY).taken) == number
        return len(made)

    event.listen(engine, "before_cursor_execute", lambda *statement: made.append(statement))
    assert needed(2) == needed(12)


def test_days_keep_the_time_on_the_clock_and_hours_are_elapsed_time() -> None:
    new_york = ZoneInfo("America/New_York")
    before_spring = datetime(2027, 3, 13, 15, tzinfo=UTC)  # ten o'clock, the day before the change
    assert later(before_spring, A_DAY, new_york) == datetime(2027, 3, 14, 14, tzinfo=UTC)
    hours = timedelta(hours=23)
    assert later(before_spring, hours, new_york) == before_spring + hours
