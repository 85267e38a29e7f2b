"""Mails in batches: who is fenced, what a result settles, and what is put off."""

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

EARLIER, LATER = NOON - timedelta(minutes=5), NOON + timedelta(minutes=5)


def edition(session: Session, count: int = 3, **overrides: Any) -> int:
    people = [f"reader{n}@example.com" for n in range(count)]
    return rows.add_edition(session, people, **overrides).id


def fence(session: Session, message: int, *, by: str = "one", **rest: Any) -> list[Mail]:
    values: dict[str, Any] = {"claim": by, "now": NOON, "limit": 10, **rest}
    return mails.fence_mails(session, message_id=message, **values)


def stands(session: Session) -> list[State]:
    session.expire_all()
    return list(session.scalars(select(Delivery.state).order_by(Delivery.id)))


def test_a_mail_is_fenced_once_with_what_it_is_filled_with(sessions: Sessions) -> None:
    with sessions.begin() as session:
        message = edition(session)
        first, second = fence(session, message, limit=2)
        assert (first.recipient, first.slots, first.attempt) == (
            "reader0@example.com", {"name": "Ana", "zone": "UTC"}, 1,
        )  # fmt: skip
        assert [mail.id for mail in fence(session, message, by="two")] == [second.id + 1]
        assert fence(session, message) == []
        row = session.get_one(Delivery, first.id)
        assert (row.state, row.attempts, row.claim) == (State.SENDING, 1, "one")
        assert (row.first_attempt_at, row.claimed_until) == (NOON, NOON + outbox.LEASE)


def test_what_stands_further_in_front_is_not_gone_through_again(sessions: Sessions) -> None:
    with sessions.begin() as session:
        message = edition(session)
        ids = session.scalars(select(Delivery.id).order_by(Delivery.id)).all()
        session.execute(update(Delivery).where(Delivery.id == ids[0]).values(due_at=EARLIER))
        first, second = fence(session, message, limit=2)
        assert [first.id, second.id] == ids[:2], "the earliest first"
        back = update(Delivery).values(state=State.QUEUED, attempts=0)
        session.execute(back)
        assert [mail.id for mail in fence(session, message, after=second)] == [ids[2]]
        session.execute(back)
        assert [mail.id for mail in fence(session, message, after=first)] == ids[1:]
        session.execute(back)
        assert [mail.id for mail in fence(session, message)] == ids


def test_what_is_not_due_or_of_a_paused_country_is_left_alone(sessions: Sessions) -> None:
    with sessions.begin() as session:
        message = edition(session)
        ids = session.scalars(select(Delivery.id).order_by(Delivery.id)).all()
        session.execute(update(Delivery).where(Delivery.id == ids[0]).values(due_at=LATER))
        session.execute(update(Delivery).where(Delivery.id == ids[1]).values(country="BR"))
        session.add(Pause(scope="country", target="BR", reason="r", by="ana", at=NOON))
        session.flush()
        assert mails.count_due(session, message_id=message, now=NOON, limit=9) == 1
        assert [mail.id for mail in fence(session, message)] == [ids[2]]


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
        (Delivery, {"state": State.CLAIMED}),
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
        message = edition(session)
        session.execute(update(table).values(**values))
        assert fence(session, message) == []
        assert State.SENDING not in stands(session)


@pytest.mark.parametrize("scope", ["all", "account", "campaign", "edition"])
def test_a_pause_of_the_whole_stops_every_mail(sessions: Sessions, scope: str) -> None:
    with sessions.begin() as session:
        message = session.get_one(Message, edition(session))
        targets = {"account": rows.LIST, "campaign": message.campaign, "edition": str(message.id)}
        stop = Pause(scope=scope, target=targets.get(scope, ""), reason="r", by="ana", at=NOON)
        session.add(stop)
        session.flush()
        assert fence(session, message.id) == []
        stop.lifted_at = NOON
        session.flush()
        assert len(fence(session, message.id)) == 3


def test_an_account_to_be_reconnected_sends_nothing(sessions: Sessions) -> None:
    with sessions.begin() as session:
        message = edition(session)
        session.add(Account(name=rows.LIST, live=False, disconnected_at=NOON, reason="r"))
        session.flush()
        assert fence(session, message) == []


def test_one_reader_who_left_keeps_no_other_back_and_is_closed(sessions: Sessions) -> None:
    with sessions.begin() as session:
        message = edition(session)
        ids = session.scalars(select(Delivery.id).order_by(Delivery.id)).all()
        gone = select(Delivery.subscriber_id).where(Delivery.id == ids[1]).scalar_subquery()
        left = update(Subscription).where(Subscription.subscriber_id == gone).values(state="left")
        session.execute(left)
        assert [mail.id for mail in fence(session, message)] == [ids[0], ids[2]]
        assert mails.close_left(session, message, now=NOON) == 1
        assert stands(session) == [State.SENDING, State.SUPPRESSED, State.SENDING]


def test_what_is_put_off_was_not_tried_and_comes_again_then(sessions: Sessions) -> None:
    with sessions.begin() as session:
        message = edition(session)
        some = fence(session, message)
        mails.put_off(session, some[:1], until=LATER)
        row = session.get_one(Delivery, some[0].id, populate_existing=True)
        assert (row.state, row.attempts, row.first_attempt_at) == (State.QUEUED, 0, None)
        assert (row.claim, row.claimed_until, row.due_at) == (None, None, LATER)
        assert fence(session, message) == []
        assert [mail.id for mail in fence(session, message, now=LATER)] == [some[0].id]


def test_two_workers_take_different_mails(sessions: Sessions) -> None:
    with sessions.begin() as session:
        message = edition(session)
    if sessions.kw["bind"].dialect.name == "sqlite":
        return  # it has one writer
    with sessions.begin() as one, sessions.begin() as two:
        first = fence(one, message, limit=2)
        others = fence(two, message, by="two")
    assert len(first) == 2
    assert len(others) == 1
    assert {mail.id for mail in first}.isdisjoint(mail.id for mail in others)


def test_results_are_written_together_and_only_failures_keep_a_line(sessions: Sessions) -> None:
    with sessions.begin() as session:
        first, second, third = fence(session, edition(session))
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
        first, second, _third = fence(session, edition(session))
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
                some = fence(session, message.id, limit=100)
                taken = [Accepted(mail.id, 1, "q") for mail in some]
                mails.record_mails(session, taken, [], claim="one", now=NOON)
                numbers.append(len(asked))
    finally:
        event.remove(engine, "before_cursor_execute", count)
    assert numbers[0] == numbers[1] <= 3
