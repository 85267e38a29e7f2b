"""Another time by hand: within the last date and after the embargo, told in the history."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from campaigner.core.delivery import Hold, MessageState, State
from campaigner.core.message import Kind
from campaigner.db.engine import Sessions
from campaigner.db.models import Message
from campaigner.errors import UserError
from campaigner.services.move import MOVABLE, move
from campaigner.services.outbox import retry, show
from tests.fakes import FakeChannel, FakeClock
from tests.rows import NOON
from tests.services.lanes import Road, queue, row

EVENING = NOON + timedelta(hours=6)
TOMORROW = NOON + timedelta(days=1)
MONTEVIDEO = {"zone": "America/Montevideo"}


def put_off(sessions: Sessions, id: int, to: datetime = EVENING, **rest: Any) -> datetime:
    return move(sessions, id, to=to, reason="the event is later", by="ana", now=NOON, **rest)


def message_of(sessions: Sessions, id: int) -> Message:
    with sessions() as session:
        return session.get_one(Message, row(sessions, id).message_id)


@pytest.mark.parametrize("state", State)
def test_only_what_surely_is_not_out_is_moved(sessions: Sessions, state: State) -> None:
    id = queue(sessions, state=state)
    if state in MOVABLE:
        put_off(sessions, id)
        moved = row(sessions, id)
        assert (moved.state, moved.due_at, moved.scheduled_at) == (State.QUEUED, EVENING, EVENING)
    else:
        with pytest.raises(UserError, match=f"delivery {id} "):
            put_off(sessions, id)
        assert (row(sessions, id).state, row(sessions, id).due_at) == (state, NOON)


def test_a_moved_post_keeps_its_approval_goes_out_once_and_tells_why(sessions: Sessions) -> None:
    id = queue(sessions, MONTEVIDEO, state=State.HELD, hold=Hold.MISSED)
    put_off(sessions, id)
    road = Road(sessions, FakeClock(NOON), FakeChannel())
    assert road.deliver_all() == 0
    road.clock.now = EVENING
    assert road.deliver_all() == 1
    assert row(sessions, id).state is State.SENT
    assert row(sessions, id).note == "", "it is not late: it was moved"
    assert message_of(sessions, id).moved == "moved by ana to 2026-03-02 15:00 Montevideo"
    _, (line, *_) = show(sessions, id, now=NOON)
    assert (line.outcome, line.by) == ("moved", "ana")
    assert line.reason == "moved by ana to 2026-03-02 15:00 Montevideo; the event is later"


def test_what_waits_for_approval_is_moved_and_waits_on(sessions: Sessions) -> None:
    message: dict[str, Any] = {"state": MessageState.HELD, "hold": Hold.APPROVAL}
    id = queue(sessions, message, state=State.HELD, hold=Hold.APPROVAL)
    put_off(sessions, id)
    moved = row(sessions, id)
    assert (moved.state, moved.hold, moved.due_at) == (State.HELD, Hold.APPROVAL, EVENING)


def test_past_the_last_date_it_needs_a_later_one(sessions: Sessions) -> None:
    id = queue(sessions)
    for to in (TOMORROW, TOMORROW + timedelta(days=1)):
        with pytest.raises(UserError, match=r"before 2026-03-03 12:00 UTC\. Move it with"):
            put_off(sessions, id, to=to)
    last = TOMORROW + timedelta(days=3)
    assert put_off(sessions, id, to=TOMORROW, not_after=last) == last
    assert message_of(sessions, id).not_after == last
    assert put_off(sessions, id, to=EVENING, not_after=TOMORROW) == last, "never an earlier one"


def test_the_past_is_refused(sessions: Sessions) -> None:
    id = queue(sessions)
    for to in (NOON, NOON - timedelta(hours=1)):
        with pytest.raises(UserError, match=f"has passed. `campaigner outbox retry {id}`"):
            put_off(sessions, id, to=to)


def test_nobody_sends_or_moves_anything_to_before_its_embargo(sessions: Sessions) -> None:
    under = {"embargo_until": EVENING}
    id = queue(sessions, under, state=State.HELD, hold=Hold.MISSED)
    with pytest.raises(UserError, match="under embargo until 2026-03-02 18:00 UTC"):
        retry(sessions, id, by="ana", now=NOON)
    with pytest.raises(UserError, match="under embargo until 2026-03-02 18:00 UTC"):
        put_off(sessions, id, to=EVENING - timedelta(minutes=1))
    assert row(sessions, id).state is State.HELD
    put_off(sessions, id, to=EVENING)
    road = Road(sessions, FakeClock(EVENING - timedelta(seconds=1)), FakeChannel())
    assert road.deliver_all() == 0
    road.clock.now = EVENING
    assert road.deliver_all() == 1


def test_one_readers_mail_is_moved_and_not_its_edition(sessions: Sessions) -> None:
    id = queue(sessions, {"kind": Kind.MAIL}, recipient="ana@example.org")
    put_off(sessions, id)
    assert message_of(sessions, id).moved == ""
    assert row(sessions, id).due_at == EVENING


@pytest.mark.parametrize(
    "waits",
    [
        {"state": State.QUEUED},
        {"state": State.HELD, "hold": Hold.MISSED},
        {"state": State.HELD, "hold": Hold.RECONNECT},
    ],
    ids=str,
)
def test_a_second_try_stays_within_what_its_network_recognizes(
    sessions: Sessions, waits: dict[str, Any]
) -> None:
    bound = NOON + timedelta(minutes=50)
    id = queue(sessions, attempts=1, resend_until=bound, **waits)
    with pytest.raises(UserError, match="recognizes a second try until 2026-03-02 12:50 UTC"):
        put_off(sessions, id)
    put_off(sessions, id, to=NOON + timedelta(minutes=40))
    assert row(sessions, id).resend_until == bound


@pytest.mark.parametrize(
    "told",
    [
        {"state": State.HELD, "hold": Hold.MISSED},
        {"state": State.REJECTED},
        {"state": State.EXHAUSTED},
    ],
    ids=str,
)
def test_who_was_told_to_look_moves_it_past_what_its_network_recognizes(
    sessions: Sessions, told: dict[str, Any]
) -> None:
    id = queue(sessions, attempts=1, resend_until=NOON, **told)
    put_off(sessions, id)
    assert row(sessions, id).resend_until is None


def test_what_is_closed_or_with_a_person_is_not_moved(sessions: Sessions) -> None:
    handed = queue(sessions, state=State.HELD, hold=Hold.PERSON, attempts=1)
    with pytest.raises(UserError, match="with a person already"):
        put_off(sessions, handed)
    replaced = queue(sessions, {"state": MessageState.EXPIRED}, state=State.HELD)
    with pytest.raises(UserError, match="is expired: give its campaign another date"):
        put_off(sessions, replaced)
    with pytest.raises(UserError, match="no delivery 99"):
        put_off(sessions, 99)


def test_a_time_means_the_clock_of_the_posts_zone(sessions: Sessions) -> None:
    id = queue(sessions, MONTEVIDEO)
    with pytest.raises(UserError, match="2026-03-02 08:00 Montevideo has passed"):
        put_off(sessions, id, to=datetime(2026, 3, 2, 11, tzinfo=UTC))
