"""The outbox by hand: what a person may do in each state, and what each row says of itself."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from campaigner.core.delivery import UNSENT, Hold, MessageState, State
from campaigner.db import upkeep
from campaigner.db.engine import Sessions
from campaigner.db.models import Account, Attempt, Delivery, Message, Pause
from campaigner.errors import UserError
from campaigner.services.outbox import WAITING, cancel, list_outbox, resolve, retry, show
from tests.fakes import FakeChannel, FakeClock
from tests.rows import NOON
from tests.services.lanes import Road, queue, row

RETRIED = (State.HELD, State.QUEUED, State.REJECTED, State.EXHAUSTED)


@pytest.mark.parametrize("state", State)
def test_what_surely_is_not_out_may_be_sent_again(sessions: Sessions, state: State) -> None:
    id = queue(sessions, state=state, attempts=1)
    if state in RETRIED:
        retry(sessions, id, by="ana", now=NOON)
        assert (row(sessions, id).state, row(sessions, id).due_at) == (State.QUEUED, NOON)
    else:
        with pytest.raises(UserError):
            retry(sessions, id, by="ana", now=NOON)
        assert row(sessions, id).state is state


@pytest.mark.parametrize("state", State)
def test_only_what_has_not_left_may_be_canceled(sessions: Sessions, state: State) -> None:
    id = queue(sessions, state=state)
    if state in UNSENT:
        cancel(sessions, id, by="ana", reason="wrong day", now=NOON)
        assert row(sessions, id).state is State.CANCELED
        assert row(sessions, id).note == "canceled by ana: wrong day"
    else:
        with pytest.raises(UserError, match="cannot be canceled"):
            cancel(sessions, id, by="ana", reason="wrong day", now=NOON)
        assert row(sessions, id).state is state


@pytest.mark.parametrize("state", State)
def test_only_an_unknown_is_resolved(sessions: Sessions, state: State) -> None:
    id = queue(sessions, state=state, attempts=1)
    if state is State.UNKNOWN:
        resolve(sessions, id, sent=True, remote_id="7", by="ana", now=NOON)
        assert (row(sessions, id).state, row(sessions, id).remote_id) == (State.SENT, "7")
        assert row(sessions, id).sample_at is not None
    else:
        with pytest.raises(UserError, match="not unknown"):
            resolve(sessions, id, sent=True, remote_id="7", by="ana", now=NOON)


def test_each_move_by_hand_is_in_the_history(sessions: Sessions) -> None:
    id = queue(sessions, state=State.UNKNOWN, attempts=1)
    resolve(sessions, id, sent=False, remote_id="", by="ana", now=NOON)
    retry(sessions, id, by="bea", now=NOON)
    cancel(sessions, id, by="eva", reason="enough", now=NOON)
    _, attempts = show(sessions, id, now=NOON)
    assert [(each.outcome, each.by) for each in attempts] == [
        ("rejected", "ana"),
        ("retry", "bea"),
        ("canceled", "eva"),
    ]


def test_what_a_person_saw_to_be_absent_goes_out_although_its_key_is_forgotten(
    sessions: Sessions,
) -> None:
    id = queue(sessions, state=State.UNKNOWN, attempts=1, resend_until=NOON - timedelta(hours=1))
    resolve(sessions, id, sent=False, remote_id="", by="ana", now=NOON)
    retry(sessions, id, by="ana", now=NOON)
    with sessions.begin() as session:
        assert upkeep.give_up_resending(session, now=NOON) == 0
    assert Road(sessions, FakeClock(NOON), FakeChannel()).deliver_all() == 1
    assert row(sessions, id).state is State.SENT


def test_hurrying_a_second_try_does_not_unbind_it_from_its_key(sessions: Sessions) -> None:
    until = NOON + timedelta(minutes=9)
    id = queue(sessions, attempts=1, resend_until=until)
    retry(sessions, id, by="ana", now=NOON)
    assert row(sessions, id).resend_until == until


@pytest.mark.parametrize("hold", [Hold.MISSED, Hold.RECONNECT])
def test_a_second_try_that_only_waited_stays_bound_to_its_key(
    sessions: Sessions, hold: Hold
) -> None:
    until = NOON + timedelta(minutes=9)
    id = queue(sessions, state=State.HELD, hold=hold, attempts=1, resend_until=until)
    retry(sessions, id, by="ana", now=NOON)
    assert row(sessions, id).resend_until == until


def test_what_may_be_out_since_before_a_pause_says_so_and_goes_out_on_a_persons_word(
    sessions: Sessions,
) -> None:
    id = queue(sessions, state=State.HELD, hold=Hold.MISSED, attempts=1, resend_until=NOON)
    entry, _ = show(sessions, id, now=NOON - timedelta(seconds=1))
    assert entry.why == WAITING[Hold.MISSED]
    entry, _ = show(sessions, id, now=NOON)
    assert "it may be out. Look" in entry.why
    retry(sessions, id, by="ana", now=NOON)
    assert Road(sessions, FakeClock(NOON), FakeChannel()).deliver_all() == 1


def test_what_waited_for_its_account_is_no_guess_when_its_key_is_forgotten(
    sessions: Sessions,
) -> None:
    id = queue(sessions, state=State.HELD, hold=Hold.RECONNECT, attempts=1, resend_until=NOON)
    retry(sessions, id, by="ana", now=NOON)
    assert Road(sessions, FakeClock(NOON), FakeChannel()).deliver_all() == 0
    with sessions.begin() as session:
        assert upkeep.give_up_resending(session, now=NOON) == 1
    assert row(sessions, id).state is State.UNKNOWN, "for a person to look"


def test_nothing_unapproved_is_sent_by_hand(sessions: Sessions) -> None:
    message: dict[str, Any] = {"state": MessageState.HELD, "hold": Hold.TRANSLATION}
    id = queue(sessions, message, state=State.HELD)
    with pytest.raises(UserError, match="not approved"):
        retry(sessions, id, by="ana", now=NOON)


def test_nothing_is_sent_by_hand_past_its_last_date(sessions: Sessions) -> None:
    id = queue(sessions, {"not_after": NOON + timedelta(hours=1)}, state=State.REJECTED)
    with pytest.raises(UserError, match="was to go out before 2026-03-02 13:00 UTC"):
        retry(sessions, id, by="ana", now=NOON + timedelta(hours=1))
    assert row(sessions, id).state is State.REJECTED
    retry(sessions, id, by="ana", now=NOON + timedelta(minutes=59))
    assert row(sessions, id).due_at == NOON + timedelta(minutes=59)


def test_a_number_that_is_none_is_said(sessions: Sessions) -> None:
    for act in (
        lambda: show(sessions, 99, now=NOON),
        lambda: retry(sessions, 99, by="ana", now=NOON),
        lambda: cancel(sessions, 99, by="ana", reason="r", now=NOON),
        lambda: resolve(sessions, 99, sent=True, remote_id="", by="ana", now=NOON),
    ):
        with pytest.raises(UserError, match="no delivery 99"):
            act()


def why(sessions: Sessions) -> str:
    (entry,) = list_outbox(sessions, now=NOON)
    return entry.why


def test_a_row_says_why_it_waits(sessions: Sessions) -> None:
    id = queue(sessions)
    assert why(sessions).startswith("waits for its time")
    with sessions.begin() as session:
        session.add(Account(name="x-en", disconnected_at=NOON, reason="401"))
    assert why(sessions) == "its account has to be reconnected: 401"
    with sessions.begin() as session:
        session.add(Pause(scope="campaign", target="spring", reason="a doubt", by="ana", at=NOON))
    assert why(sessions) == "paused by ana: a doubt"
    for hold in Hold:
        with sessions.begin() as session:
            values = {"state": State.HELD, "hold": hold, "note": "the note"}
            session.execute(update(Delivery).where(Delivery.id == id).values(**values))
        assert "the note" not in why(sessions) or "the note" in why(sessions).partition(": ")[2]
        assert why(sessions) != "held"


@pytest.mark.parametrize("state", State)
def test_every_state_has_its_sentence(sessions: Sessions, state: State) -> None:
    queue(sessions, state=state, note="the note")
    assert why(sessions)


def test_a_canceled_row_is_not_asked_about_again(sessions: Sessions) -> None:
    id = queue(sessions)
    cancel(sessions, id, by="ana", reason="r", now=NOON)
    with sessions() as session:
        assert session.scalars(select(Message.state)).one() is MessageState.APPROVED
        assert session.scalars(select(Attempt.by)).all() == ["ana"]
    assert Road(sessions, FakeClock(NOON), FakeChannel()).deliver_all() == 0
