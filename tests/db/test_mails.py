"""Mails in batches: who may be fenced, what a result settles, and what is put off."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from campaigner.core.broadcast import Stage, Stop
from campaigner.core.delivery import MessageState, State, Step
from campaigner.db import mails, outbox
from campaigner.db.engine import Sessions
from campaigner.db.mails import Accepted, Mail, Result
from campaigner.db.models import (
    Account,
    Attempt,
    Broadcast,
    Delivery,
    Message,
    Pause,
    Subscriber,
    Subscription,
)
from tests import broadcasts as rows
from tests.rows import NOON

LATER = NOON + timedelta(minutes=5)


def edition(session: Session, count: int = 3, **overrides: Any) -> int:
    people = [f"reader{n}@example.com" for n in range(count)]
    return rows.add_edition(session, people, **overrides).id


def claim(session: Session, message: int, *, by: str = "one", limit: int = 10) -> list[Mail]:
    return mails.claim_mails(session, message_id=message, claim=by, now=NOON, limit=limit)


def fence(session: Session, some: list[Mail], *, by: str = "one") -> set[int]:
    return mails.fence_mails(session, some, claim=by, now=NOON)


def stands(session: Session) -> list[State]:
    session.expire_all()
    return list(session.scalars(select(Delivery.state).order_by(Delivery.id)))


def test_a_mail_is_reserved_once_with_what_it_is_filled_with(sessions: Sessions) -> None:
    with sessions.begin() as session:
        message = edition(session)
        first, second = claim(session, message, limit=2)
        assert (first.recipient, first.name, first.zone, first.attempt) == (
            "reader0@example.com", "Ana", "UTC", 1,
        )  # fmt: skip
        assert [mail.id for mail in claim(session, message, by="two")] == [second.id + 1]
        assert claim(session, message) == []


def test_what_is_not_due_or_of_a_paused_country_is_left_alone(sessions: Sessions) -> None:
    with sessions.begin() as session:
        message = edition(session)
        ids = session.scalars(select(Delivery.id).order_by(Delivery.id)).all()
        session.execute(update(Delivery).where(Delivery.id == ids[0]).values(due_at=LATER))
        session.execute(update(Delivery).where(Delivery.id == ids[1]).values(country="BR"))
        session.add(Pause(scope="country", target="BR", reason="r", by="ana", at=NOON))
        session.flush()
        assert [mail.id for mail in claim(session, message)] == [ids[2]]


def test_the_fence_marks_what_may_leave_and_counts_the_try(sessions: Sessions) -> None:
    with sessions.begin() as session:
        some = claim(session, edition(session))
        assert fence(session, some) == {mail.id for mail in some}
        assert fence(session, some) == set(), "a mail is fenced once"
        row = session.get_one(Delivery, some[0].id)
        assert (row.state, row.attempts, row.first_attempt_at) == (State.SENDING, 1, NOON)
        assert fence(session, []) == set()


@pytest.mark.parametrize(
    ("table", "values"),
    [
        (Message, {"state": MessageState.CANCELED}),
        (Message, {"state": MessageState.HELD}),
        (Message, {"content_hash": "1" * 64}),
        (Message, {"approved_hash": None}),
        (Message, {"not_after": NOON}),
        (Message, {"embargo_until": LATER}),
        (Broadcast, {"hold": Stop.MISSED}),
        (Broadcast, {"stage": Stage.CLOSING}),
        (Broadcast, {"not_before": LATER}),
        (Delivery, {"claim": "another"}),
        (Delivery, {"state": State.CANCELED}),
        (Delivery, {"subscriber_id": None}),
        (Subscription, {"state": "left"}),
        (Subscription, {"state": "complained"}),
        (Subscription, {"list": "another"}),
        (Subscriber, {"suppressed_at": NOON}),
    ],
)
def test_nothing_passes_the_fence_that_may_not_leave(
    sessions: Sessions, table: Any, values: dict[str, object]
) -> None:
    with sessions.begin() as session:
        some = claim(session, edition(session))
        session.execute(update(table).values(**values))
        assert fence(session, some) == set()


def test_an_account_to_be_reconnected_sends_nothing(sessions: Sessions) -> None:
    with sessions.begin() as session:
        some = claim(session, edition(session))
        session.add(Account(name=rows.LIST, live=False, disconnected_at=NOON, reason="r"))
        session.flush()
        assert fence(session, some) == set()


def test_one_refused_mail_keeps_no_other_back(sessions: Sessions) -> None:
    with sessions.begin() as session:
        first, second, third = claim(session, edition(session))
        gone = select(Delivery.subscriber_id).where(Delivery.id == second.id).scalar_subquery()
        left = update(Subscription).where(Subscription.subscriber_id == gone).values(state="left")
        session.execute(left)
        assert fence(session, [first, second, third]) == {first.id, third.id}
        assert mails.hand_back(session, [second.id], claim="one") == 0
        assert stands(session) == [State.SENDING, State.SUPPRESSED, State.SENDING]


def test_what_waits_for_something_is_queued_again(sessions: Sessions) -> None:
    with sessions.begin() as session:
        some = claim(session, edition(session))
        assert mails.hand_back(session, [mail.id for mail in some], claim="two") == 0
        assert mails.hand_back(session, [mail.id for mail in some], claim="one") == 3
        assert stands(session) == [State.QUEUED] * 3


def test_what_is_put_off_comes_again_then(sessions: Sessions) -> None:
    with sessions.begin() as session:
        message = edition(session)
        some = claim(session, message)
        mails.put_off(session, [some[0].id], claim="one", until=LATER)
        assert claim(session, message) == []
        again = mails.claim_mails(session, message_id=message, claim="one", now=LATER, limit=5)
        assert [mail.id for mail in again] == [some[0].id]


def test_results_are_written_together_and_only_failures_keep_a_line(sessions: Sessions) -> None:
    with sessions.begin() as session:
        first, second, third = claim(session, edition(session))
        fence(session, [first, second, third])
        refused = Step(state=State.REJECTED, note="550 No such user")
        mails.record_mails(
            session,
            [Accepted(first.id, 1, "q1"), Accepted(second.id, 1, "")],
            [Result(id=third.id, attempt=1, step=refused)],
            claim="one",
            now=NOON,
        )
        assert stands(session) == [State.SENT, State.SENT, State.REJECTED]
        row = session.get_one(Delivery, first.id)
        assert (row.remote_id, row.sent_at, row.claim, row.claimed_until) == (
            "q1",
            NOON,
            None,
            None,
        )
        assert session.scalars(select(Attempt.delivery_id)).all() == [third.id]


def test_accepted_late_settles_what_was_given_up_as_lost(sessions: Sessions) -> None:
    with sessions.begin() as session:
        first, second, third = claim(session, edition(session))
        fence(session, [first, second, third])
        outbox.recover_lost(session, now=LATER)
        assert stands(session) == [State.UNKNOWN] * 3
        late = [Accepted(first.id, 1, "q1"), Accepted(second.id, 2, "q2")]
        mails.record_mails(session, late, [], claim="one", now=LATER)
        assert stands(session) == [State.SENT, State.UNKNOWN, State.UNKNOWN]
        noted = session.scalars(select(Attempt.delivery_id)).all()
        assert noted == [second.id], "a result of another try is kept, and settles nothing"


def test_a_batch_costs_the_same_queries_whatever_its_size(sessions: Sessions) -> None:
    asked: list[str] = []

    def count(*arguments: Any) -> None:
        asked.append(arguments[2])

    numbers = []
    engine = sessions.kw["bind"]
    event.listen(engine, "before_cursor_execute", count)
    try:
        for size in (2, 60):
            with sessions.begin() as session:
                message = rows.add_edition(
                    session, [f"r{size}-{n}@example.com" for n in range(size)]
                )
                asked.clear()
                some = claim(session, message.id, limit=100)
                fence(session, some)
                taken = [Accepted(mail.id, 1, "q") for mail in some]
                mails.record_mails(session, taken, [], claim="one", now=NOON)
                numbers.append(len(asked))
    finally:
        event.remove(engine, "before_cursor_execute", count)
    assert numbers == [5, 5]
