"""Claim, fence, record: on both databases, with a second worker, and with rows that changed."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaigner.core.channel import Disconnected, Outcome, Reject, Retry, Sent, Unknown
from campaigner.core.delivery import Hold, MessageState, State, Step, after_outcome
from campaigner.core.message import Kind
from campaigner.db import outbox, upkeep
from campaigner.db.engine import Sessions
from campaigner.db.models import Account, Attempt, Delivery, Message, Pause
from tests.rows import NOON, add_delivery, add_message

LATER = NOON + timedelta(minutes=1)


def approved(session: Session, **overrides: Any) -> Message:
    return add_message(session, **{"approved_hash": "0" * 64} | overrides)


def queue(sessions: Sessions, message: dict[str, Any] | None = None, **overrides: Any) -> int:
    with sessions.begin() as session:
        return add_delivery(session, approved(session, **(message or {})), **overrides).id


def claim(
    sessions: Sessions, *, by: str = "one", now: datetime = NOON, limit: int = 10
) -> list[int]:
    with sessions.begin() as session:
        return outbox.claim_due(session, account="x-en", claim=by, now=now, limit=limit)


def fence(sessions: Sessions, id: int, *, by: str = "one", now: datetime = NOON) -> bool:
    with sessions.begin() as session:
        return outbox.fence(session, id, claim=by, now=now) is not None


def record(
    sessions: Sessions, id: int, outcome: Outcome, *, by: str = "one", attempt: int = 1
) -> bool:
    step = after_outcome(outcome, attempt=attempt, now=NOON, jitter=1)
    with sessions.begin() as session:
        return outbox.record(session, id, claim=by, attempt=attempt, step=step, now=NOON)


def row(sessions: Sessions, id: int) -> Delivery:
    with sessions() as session:
        return session.get_one(Delivery, id)


def fenced(sessions: Sessions, message: dict[str, Any] | None = None) -> int:
    id = queue(sessions, message)
    assert claim(sessions) == [id]
    assert fence(sessions, id)
    return id


def pause(sessions: Sessions, scope: str, target: str = "") -> None:
    with sessions.begin() as session:
        session.add(Pause(scope=scope, target=target, reason="r", by="ana", at=NOON))


def in_threads(work: Callable[[int], None], count: int) -> None:
    errors: list[BaseException] = []
    gate = threading.Barrier(count)

    def run(number: int) -> None:
        try:
            gate.wait(10)
            work(number)
        except BaseException as error:
            errors.append(error)
            raise

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not errors


def test_a_row_is_claimed_by_one_worker_only(sessions: Sessions) -> None:
    with sessions.begin() as session:
        message_rows = [approved(session) for _ in range(40)]
        ids = {add_delivery(session, message).id for message in message_rows}
    got: dict[int, list[int]] = {0: [], 1: [], 2: []}

    def work(number: int) -> None:
        while found := claim(sessions, by=f"w{number}", limit=3):
            assert len(found) <= 3
            got[number] += found

    in_threads(work, 3)
    everything = [id for found in got.values() for id in found]
    assert len(everything) == 40
    assert set(everything) == ids


def test_of_two_workers_with_one_row_one_passes_the_fence(sessions: Sessions) -> None:
    id = queue(sessions)
    claim(sessions)
    passed: list[bool] = []
    in_threads(lambda number: passed.append(fence(sessions, id)), 3)
    assert sorted(passed) == [False, False, True]
    assert row(sessions, id).attempts == 1


def test_the_oldest_due_comes_first_and_nothing_early(sessions: Sessions) -> None:
    second = queue(sessions, due_at=NOON - timedelta(minutes=1))
    first = queue(sessions, due_at=NOON - timedelta(minutes=2))
    queue(sessions, due_at=NOON + timedelta(microseconds=1))
    queue(sessions, {"account": "x-es"})
    assert claim(sessions) == [first, second]


def test_the_fence_counts_the_try_and_keeps_the_first_one_s_time(sessions: Sessions) -> None:
    id = fenced(sessions)
    assert (row(sessions, id).state, row(sessions, id).attempts) == (State.SENDING, 1)
    record(sessions, id, Retry("busy"))
    assert claim(sessions, now=LATER) == [id]
    assert fence(sessions, id, now=LATER)
    assert (row(sessions, id).attempts, row(sessions, id).first_attempt_at) == (2, NOON)


Change = Callable[[Session, int], None]


def changed(**values: Any) -> Change:
    def change(session: Session, id: int) -> None:
        session.execute(update(Delivery).where(Delivery.id == id).values(**values))

    return change


def message_changed(**values: Any) -> Change:
    return lambda session, id: (session.execute(update(Message).values(**values)), None)[1]


def paused(scope: str, target: str) -> Change:
    return lambda session, id: session.add(
        Pause(scope=scope, target=target, reason="r", by="ana", at=NOON)
    )


REASONS: dict[str, Change] = {
    "not approved": message_changed(state=MessageState.HELD),
    "replaced": message_changed(state=MessageState.REPLACED),
    "canceled with its message": message_changed(state=MessageState.CANCELED),
    "never approved": message_changed(approved_hash=None),
    "content changed": message_changed(content_hash="1" * 64),
    "past its last date": message_changed(not_after=NOON),
    "under embargo": message_changed(embargo_until=NOON + timedelta(microseconds=1)),
    "everything paused": paused("all", ""),
    "account paused": paused("account", "x-en"),
    "campaign paused": paused("campaign", "spring"),
    "country paused": lambda session, id: (
        changed(country="BR")(session, id),
        paused("country", "BR")(session, id),
    )[1],
    "disconnected": lambda session, id: session.add(Account(name="x-en", disconnected_at=NOON)),
    "key forgotten": changed(resend_until=NOON),
}
TAKEN_AWAY: dict[str, Change] = {
    "canceled": changed(state=State.CANCELED),
    "held": changed(state=State.HELD),
    "given back": changed(state=State.QUEUED, claim=None),
    "another's": changed(claim="two"),
    "being sent": changed(state=State.SENDING),
    "sent": changed(state=State.SENT),
}


@pytest.mark.parametrize("reason", [*REASONS, *TAKEN_AWAY])
def test_the_fence_refuses_what_may_not_be_sent_any_more(sessions: Sessions, reason: str) -> None:
    id = queue(sessions)
    claim(sessions)
    with sessions.begin() as session:
        (REASONS | TAKEN_AWAY)[reason](session, id)
    before = row(sessions, id)
    assert not fence(sessions, id)
    after = row(sessions, id)
    assert (after.state, after.attempts) == (before.state, 0)


@pytest.mark.parametrize("reason", REASONS)
def test_what_the_fence_would_refuse_is_not_claimed_at_all(sessions: Sessions, reason: str) -> None:
    id = queue(sessions)
    with sessions.begin() as session:
        REASONS[reason](session, id)
    assert claim(sessions) == []


def test_a_pause_of_another_account_or_campaign_or_a_lifted_one_stops_nothing(
    sessions: Sessions,
) -> None:
    id = queue(sessions)
    claim(sessions)
    pause(sessions, "account", "x-es")
    pause(sessions, "campaign", "x-en")
    pause(sessions, "country", "BR")
    with sessions.begin() as session:
        session.add(
            Pause(scope="all", reason="r", by="ana", at=NOON, lifted_at=NOON, lifted_by="ana")
        )
    assert fence(sessions, id)


@pytest.mark.parametrize(
    ("outcome", "state", "attempts", "kept"),
    [
        (Sent("7"), State.SENT, 1, 0),
        (Reject("no"), State.REJECTED, 1, 1),
        (Retry("busy"), State.QUEUED, 1, 1),
        (Retry("429", LATER), State.QUEUED, 0, 1),
        (Retry("no route", reached=False), State.QUEUED, 0, 1),
        (Disconnected("401"), State.HELD, 0, 1),
        (Unknown("?"), State.UNKNOWN, 1, 1),
    ],
)
def test_a_result_is_written_with_its_history(
    sessions: Sessions, outcome: Outcome, state: State, attempts: int, kept: int
) -> None:
    id = fenced(sessions)
    assert record(sessions, id, outcome)
    done = row(sessions, id)
    assert (done.state, done.attempts, done.claim) == (state, attempts, None)
    assert (done.first_attempt_at is None) == (attempts == 0)
    with sessions() as session:
        assert len(session.scalars(select(Attempt)).all()) == kept


def lose(sessions: Sessions, *, now: datetime = NOON + timedelta(minutes=2)) -> None:
    with sessions.begin() as session:
        outbox.recover_lost(session, now=now)


def test_a_dead_workers_rows_come_back_claimed_to_the_queue_and_sending_to_doubt(
    sessions: Sessions,
) -> None:
    sending, claimed = queue(sessions), queue(sessions, due_at=NOON - timedelta(seconds=5))
    claim(sessions)
    assert fence(sessions, sending)
    lose(sessions, now=NOON + outbox.LEASE)
    assert row(sessions, claimed).state is State.CLAIMED, "the lease has not ended"
    lose(sessions)
    back, doubtful = row(sessions, claimed), row(sessions, sending)
    assert (back.state, back.due_at, back.claim) == (
        State.QUEUED,
        NOON - timedelta(seconds=5),
        None,
    )
    assert (doubtful.state, doubtful.look_at) == (State.UNKNOWN, NOON + timedelta(minutes=2))


def test_a_renewed_lease_is_not_lost(sessions: Sessions) -> None:
    id = fenced(sessions)
    with sessions.begin() as session:
        outbox.renew(session, claims=["one"], until=NOON + timedelta(minutes=5))
        assert outbox.recover_lost(session, now=NOON + timedelta(minutes=4)) == {
            State.QUEUED: 0,
            State.UNKNOWN: 0,
        }
    assert row(sessions, id).state is State.SENDING


def a_mail(sessions: Sessions, **overrides: Any) -> int:
    with sessions.begin() as session:
        message = approved(session, kind=Kind.MAIL)
        return add_delivery(session, message, recipient="ana@example.org", **overrides).id


def test_a_mail_is_neither_claimed_nor_fenced_here(sessions: Sessions) -> None:
    waiting = a_mail(sessions)
    assert claim(sessions) == []
    with sessions() as session:
        assert outbox.due_accounts(session, now=NOON) == []
    held = a_mail(sessions, state=State.CLAIMED, claim="one", claimed_until=LATER)
    assert not fence(sessions, held)
    with sessions.begin() as session:
        upkeep.hold_account(session, account="x-en", reason="401", now=NOON)
    assert row(sessions, waiting).state is State.QUEUED, "its own fence asks for the account"


def test_a_lost_mail_is_for_a_person_at_once_and_never_looked_for(sessions: Sessions) -> None:
    lease: dict[str, Any] = {"claim": "one", "claimed_until": NOON}
    sending = a_mail(sessions, state=State.SENDING, attempts=1, **lease)
    claimed = a_mail(sessions, state=State.CLAIMED, **lease)
    lose(sessions)
    assert (row(sessions, sending).state, row(sessions, sending).look_at) == (State.UNKNOWN, None)
    assert row(sessions, claimed).state is State.QUEUED


def test_looks_are_for_posts_whose_time_has_come(sessions: Sessions) -> None:
    post = queue(sessions, state=State.UNKNOWN, look_at=NOON, attempts=1)
    queue(sessions, state=State.UNKNOWN, look_at=LATER, attempts=1)
    queue(sessions, state=State.UNKNOWN, look_at=None, attempts=1)
    queue(sessions, {"kind": Kind.MAIL}, state=State.UNKNOWN, look_at=NOON, recipient="a@b.org")
    with sessions() as session:
        found = outbox.unknown_to_look_for(session, now=NOON, limit=10)
        assert [delivery.id for delivery, _ in found] == [post]


@pytest.mark.parametrize(
    "since",
    [
        State.UNKNOWN, State.QUEUED, State.CLAIMED, State.HELD,
        State.EXPIRED, State.CANCELED, State.REJECTED,
    ],
)  # fmt: skip
def test_a_late_yes_settles_whatever_was_thought_meanwhile(
    sessions: Sessions, since: State
) -> None:
    id = fenced(sessions)
    lose(sessions)
    with sessions.begin() as session:
        changed(state=since, claim="two" if since is State.CLAIMED else None)(session, id)
    assert record(sessions, id, Sent("7", "url"))
    done = row(sessions, id)
    assert (done.state, done.remote_id, done.claim) == (State.SENT, "7", None)
    assert not fence(sessions, id, by="two"), "before it goes out twice"


def test_a_late_yes_of_a_try_before_the_last_settles_nothing(sessions: Sessions) -> None:
    id = fenced(sessions)
    lose(sessions)
    with sessions.begin() as session:
        changed(state=State.SENDING, claim="two", attempts=2)(session, id)
    assert not record(sessions, id, Sent("7"))
    assert row(sessions, id).state is State.SENDING
    with sessions() as session:
        assert [a.outcome for a in session.scalars(select(Attempt))] == ["sent"]


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Retry("busy"), State.QUEUED),
        (Reject("no"), State.REJECTED),
        (Disconnected("x"), State.HELD),
    ],
)
def test_a_late_no_settles_an_unknown_and_nothing_else(
    sessions: Sessions, outcome: Outcome, state: State
) -> None:
    id = fenced(sessions)
    lose(sessions)
    assert record(sessions, id, outcome)
    assert row(sessions, id).state is state
    other = queue(sessions, state=State.CANCELED, attempts=1)
    assert not record(sessions, other, outcome)
    assert row(sessions, other).state is State.CANCELED


def test_a_late_unknown_does_not_disturb_a_look(sessions: Sessions) -> None:
    id = fenced(sessions)
    lose(sessions)
    with sessions.begin() as session:
        changed(absent_since=NOON)(session, id)
    assert not record(sessions, id, Unknown("?"))
    assert row(sessions, id).absent_since == NOON


def test_what_was_found_out_about_one_try_says_nothing_of_the_next(sessions: Sessions) -> None:
    id = queue(sessions, state=State.UNKNOWN, attempts=2)
    step = Step(state=State.QUEUED, due_at=NOON)
    with sessions.begin() as session:
        assert not outbox.settle(session, id, attempt=1, step=step, now=NOON)
        assert outbox.settle(session, id, attempt=2, step=step, now=NOON)
        assert not outbox.settle(session, id, attempt=2, step=step, now=NOON), "no longer unknown"


def test_a_second_try_that_fails_keeps_the_bound_of_its_key(sessions: Sessions) -> None:
    until = NOON + timedelta(minutes=50)
    for outcome in (Retry("429", NOON + timedelta(hours=3)), Retry("busy"), Disconnected("401")):
        id = queue(sessions, attempts=1, first_attempt_at=NOON, resend_until=until)
        claim(sessions)
        assert fence(sessions, id)
        record(sessions, id, outcome, attempt=2)
        assert row(sessions, id).resend_until == until
        with sessions.begin() as session:
            changed(state=State.QUEUED, due_at=until)(session, id)
            assert upkeep.give_up_resending(session, now=until) == 1
        assert (row(sessions, id).state, row(sessions, id).look_at) == (State.UNKNOWN, None)


def test_releasing_gives_back_only_what_is_claimed_by_this_claim(sessions: Sessions) -> None:
    sending = fenced(sessions)
    mine = queue(sessions)
    assert claim(sessions) == [mine]
    other = queue(sessions)
    assert claim(sessions, by="two") == [other]
    with sessions.begin() as session:
        assert outbox.release(session, claim="one") == 1
    states = [row(sessions, id).state for id in (sending, mine, other)]
    assert states == [State.SENDING, State.QUEUED, State.CLAIMED]


def test_what_a_broken_lane_had_in_hand_is_taken_back_though_its_process_lives(
    sessions: Sessions,
) -> None:
    sending, claimed = queue(sessions), queue(sessions)
    claim(sessions)
    assert fence(sessions, sending)
    with sessions.begin() as session:
        outbox.renew(session, claims=["one"], until=NOON + timedelta(days=1))
        outbox.abandon(session, claim="one", now=NOON)
    states = [row(sessions, id).state for id in (sending, claimed)]
    assert states == [State.UNKNOWN, State.QUEUED]


def test_what_is_past_its_last_date_expires_unless_it_left(sessions: Sessions) -> None:
    over = {"not_after": NOON}
    cases = {
        state: queue(sessions, over, state=state, claim="w" if state is State.CLAIMED else None)
        for state in State
    }
    open_still = queue(sessions)
    with sessions.begin() as session:
        assert upkeep.expire(session, now=NOON - timedelta(seconds=1)) == 0
        assert upkeep.expire(session, now=NOON) == 3
    unsent = (State.HELD, State.QUEUED, State.CLAIMED)
    for state, id in cases.items():
        assert row(sessions, id).state is (State.EXPIRED if state in unsent else state)
    assert row(sessions, open_still).state is State.QUEUED
    with sessions() as session:
        found = {
            delivery.id: message.state
            for delivery, message in session.execute(select(Delivery, Message).join(Message))
        }
    assert found[cases[State.HELD]] is MessageState.EXPIRED
    for state in (State.SENT, State.UNKNOWN, State.SENDING):
        assert found[cases[state]] is MessageState.APPROVED


def test_an_expired_row_says_why_it_was_never_sent(sessions: Sessions) -> None:
    never = queue(sessions, {"not_after": NOON})
    tried = queue(sessions, {"not_after": NOON}, attempts=2, note="busy")
    with sessions.begin() as session:
        upkeep.expire(session, now=NOON)
    assert row(sessions, never).note == "past its last date, not sent"
    assert row(sessions, tried).note.endswith("its tries failed: busy")


def test_a_disconnected_account_holds_what_waits_and_what_is_reserved(sessions: Sessions) -> None:
    waiting, reserved = queue(sessions, due_at=LATER), queue(sessions)
    assert claim(sessions) == [reserved]
    sending = queue(sessions, state=State.SENDING, claim="two")
    elsewhere = queue(sessions, {"account": "x-es"})
    with sessions.begin() as session:
        upkeep.hold_account(session, account="x-en", reason="401", now=NOON)
    for id in (waiting, reserved):
        assert (row(sessions, id).state, row(sessions, id).hold) == (State.HELD, Hold.RECONNECT)
    assert row(sessions, sending).state is State.SENDING
    assert row(sessions, elsewhere).state is State.QUEUED
    assert not fence(sessions, reserved)
    held = queue(sessions, state=State.HELD, hold=Hold.MISSED)
    with sessions.begin() as session:
        assert upkeep.unhold_account(session, account="x-en") == 2
    assert row(sessions, reserved).state is State.QUEUED
    assert row(sessions, held).state is State.HELD, "waits for a person, not for the account"


def test_a_paused_or_disconnected_account_is_not_due(sessions: Sessions) -> None:
    for account in ("a", "b", "c", "later"):
        due_at = LATER if account == "later" else NOON
        queue(sessions, {"account": account, "campaign": f"of-{account}"}, due_at=due_at)

    def due() -> list[str]:
        with sessions() as session:
            return outbox.due_accounts(session, now=NOON)

    assert due() == ["a", "b", "c"]
    pause(sessions, "account", "a")
    assert due() == ["b", "c"]
    pause(sessions, "campaign", "of-b")
    assert due() == ["c"]
    with sessions.begin() as session:
        session.add(Account(name="c", disconnected_at=NOON))
    assert due() == []
    pause(sessions, "all")
    with sessions() as session:
        assert outbox.next_dues(session, after=NOON, until=LATER, limit=9) == []


def test_the_next_dues_are_distinct_and_within_their_window(sessions: Sessions) -> None:
    minutes = [NOON + timedelta(minutes=n) for n in range(5)]
    for due_at in (*minutes, minutes[2]):
        queue(sessions, due_at=due_at)
    queue(sessions, due_at=minutes[1] + timedelta(seconds=1), state=State.HELD)
    with sessions() as session:
        dues = outbox.next_dues(session, after=minutes[0], until=minutes[3], limit=9)
        assert dues == minutes[1:4]
        assert (
            outbox.next_dues(session, after=minutes[0], until=minutes[3], limit=2) == minutes[1:3]
        )


def test_an_embargoed_post_is_due_when_its_embargo_ends_and_no_lane_is_woken_before(
    sessions: Sessions,
) -> None:
    ends = NOON + timedelta(minutes=3)
    early = queue(sessions, {"embargo_until": ends}, due_at=NOON - timedelta(minutes=1))
    later = queue(sessions, {"embargo_until": ends}, due_at=NOON + timedelta(minutes=4))
    over = queue(sessions, {"embargo_until": NOON}, due_at=NOON + timedelta(minutes=1))

    def dues(after: datetime) -> list[datetime]:
        with sessions() as session:
            return outbox.next_dues(session, after=after, until=ends + timedelta(hours=1), limit=9)

    def due(now: datetime) -> list[str]:
        with sessions() as session:
            return outbox.due_accounts(session, now=now)

    assert dues(NOON) == [NOON + timedelta(minutes=n) for n in (1, 3, 4)]
    assert dues(ends) == [NOON + timedelta(minutes=4)]
    assert due(NOON) == [], "else a lane would be woken again and again, and claim nothing"
    assert claim(sessions) == []
    assert claim(sessions, now=NOON + timedelta(minutes=2)) == [over]
    assert due(ends) == ["x-en"]
    assert claim(sessions, now=ends) == [early]
    assert claim(sessions, now=NOON + timedelta(minutes=4)) == [later]


def test_a_paused_country_leaves_the_others_going(sessions: Sessions) -> None:
    here, there, nowhere = (queue(sessions, country=country) for country in ("BR", "UY", ""))
    pause(sessions, "country", "BR")
    assert claim(sessions) == [there, nowhere]
    assert fence(sessions, there)
    assert fence(sessions, nowhere)
    assert row(sessions, here).state is State.QUEUED


def test_another_delivery_with_the_same_text_is_seen_where_it_may_be_out(
    sessions: Sessions,
) -> None:
    id = queue(sessions, state=State.UNKNOWN)

    def other() -> bool:
        with sessions() as session:
            mine = session.get_one(Delivery, id)
            text = session.get_one(Message, mine.message_id).text
            return outbox.has_other_with_text(session, delivery=mine, text=text)

    queue(sessions, state=State.CANCELED)
    queue(sessions, {"account": "x-es"}, state=State.SENT)
    queue(sessions, {"text": "other words"}, state=State.SENT)
    assert not other()
    queue(sessions, state=State.SENT)
    assert other()


def test_another_accounts_trouble_stops_nothing(sessions: Sessions) -> None:
    id = queue(sessions)
    other = queue(sessions, {"account": "x-es"})
    with sessions.begin() as session:
        session.add(Account(name="x-es", disconnected_at=NOON))
    assert claim(sessions) == [id]
    assert fence(sessions, id), f"delivery {other} is of another account"
