"""An account of which too much comes back pauses itself, and a person resumes it."""

import itertools
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from campaigner.core.alerts import AlertKind
from campaigner.core.delivery import State
from campaigner.db import alerts, broadcasts, pauses
from campaigner.db.engine import Sessions
from campaigner.db.models import Attempt, Bounce, Delivery, Message
from campaigner.services.pause import resume
from campaigner.services.watch_reputation import watch_reputation
from tests.broadcasts import LIST, add_edition
from tests.fakes import FakeClock
from tests.rows import NOON

HOUR = timedelta(hours=1)
_numbers = itertools.count()
SPAM = "the relay refuses it: 550 5.7.1 looks like spam"
UNKNOWN_USER = "the relay refuses it: 550 5.1.1 User unknown"
SLOW_DOWN = "the relay does not take it now: 451 4.7.1 Slow down"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOON + HOUR)


@pytest.fixture
def edition(sessions: Sessions) -> Message:
    """An edition that 300 readers got; none of it waits."""
    with sessions() as session:
        message = add_edition(session, [f"r{n}@example.com" for n in range(300)])
        session.execute(
            update(Delivery).values(state=State.SENT, sent_at=NOON, attempts=1, remote_id="x")
        )
        session.commit()
        return message


def ids(sessions: Sessions, count: int) -> list[int]:
    with sessions() as session:
        return [row.id for row in session.query(Delivery).order_by(Delivery.id).limit(count)]


def reported(sessions: Sessions, count: int, *, at: datetime, **values: Any) -> None:
    """Let so many reports come back, each tied to a mail by our own mark."""
    with sessions() as session:
        for id in ids(sessions, count):
            whole = {
                "digest": str(next(_numbers)),
                "source": "maildir",
                "kind": "bounce",
                "account": LIST,
                "delivery_id": id,
                "state": "applied",
                "received_at": at,
            }
            session.add(Bounce(**whole | values))
        session.commit()


def answered(
    sessions: Sessions, count: int, reason: str, *, at: datetime, state: State = State.REJECTED
) -> None:
    """Let relays have answered so to so many tries."""
    with sessions() as session:
        for id in ids(sessions, count):
            session.add(Attempt(delivery_id=id, number=1, at=at, outcome=state, reason=reason))
        session.commit()


def reasons(sessions: Sessions) -> Sequence[str]:
    with sessions() as session:
        return [pause.reason for pause in pauses.open_pauses(session)]


def test_too_many_hard_bounces_pause_the_account_and_tell_somebody(
    sessions: Sessions, edition: Message, clock: FakeClock
) -> None:
    reported(sessions, 6, at=clock(), hard=True)
    assert watch_reputation(sessions, [LIST], now=clock()) == [], "2 % is not more than 2 %"
    reported(sessions, 1, at=clock() - HOUR, hard=True)
    assert watch_reputation(sessions, [LIST, "other"], now=clock()) == [LIST]
    assert watch_reputation(sessions, [LIST], now=clock()) == [], "it is paused already"
    (reason,) = reasons(sessions)
    assert reason.startswith("2.3% of the mailboxes do not exist (7 of 300)")
    with sessions() as session:
        assert broadcasts.due_messages(session, account=LIST, now=clock()) == []
        found = alerts.find_conditions(session, now=clock(), spacings={})
    (told,) = [each for each in found if each.kind is AlertKind.STOPPED]
    assert "`campaigner resume --account newsletter`" in told.text
    assert reason in told.text


def test_who_resumed_it_is_not_stopped_by_the_same_again(
    sessions: Sessions, edition: Message, clock: FakeClock
) -> None:
    reported(sessions, 10, at=clock(), hard=True)
    watch_reputation(sessions, [LIST], now=clock())
    clock.tick(minutes=1)
    resume(sessions, scope="account", target=LIST, by="operator", now=clock())
    assert watch_reputation(sessions, [LIST], now=clock()) == []
    clock.tick(minutes=1)
    reported(sessions, 10, at=clock(), hard=True)
    assert watch_reputation(sessions, [LIST], now=clock()) == [LIST]


def test_complaints_count_from_the_first_among_few(
    sessions: Sessions, edition: Message, clock: FakeClock
) -> None:
    reported(sessions, 1, at=clock(), kind="complaint", feedback="abuse")
    assert watch_reputation(sessions, [LIST], now=clock()) == [LIST]


def test_reports_that_nothing_ties_to_a_mail_pause_nobody(
    sessions: Sessions, edition: Message, clock: FakeClock
) -> None:
    reported(sessions, 200, at=clock(), hard=True, delivery_id=None)
    reported(sessions, 50, at=clock(), kind="complaint", delivery_id=None)
    reported(sessions, 50, at=clock(), hard=True, account="other")
    reported(sessions, 50, at=clock() - timedelta(days=2), hard=True)
    assert watch_reputation(sessions, [LIST], now=clock()) == []


@pytest.mark.parametrize(
    ("count", "reason", "state", "word"),
    [
        (7, UNKNOWN_USER, State.REJECTED, "mailboxes do not exist"),
        (10, SPAM, State.REJECTED, "refused by policy"),
        (17, SLOW_DOWN, State.QUEUED, "were put off"),
        (9, SPAM, State.REJECTED, ""),
        (17, "127.0.0.1 could not be reached: refused", State.QUEUED, ""),
    ],
)
def test_what_relays_answer_counts_too(
    sessions: Sessions,
    edition: Message,
    clock: FakeClock,
    count: int,
    reason: str,
    state: State,
    word: str,
) -> None:
    answered(sessions, count, reason, at=clock(), state=state)
    assert watch_reputation(sessions, [LIST], now=clock()) == ([LIST] if word else [])
    assert [word in found for found in reasons(sessions)] == ([True] if word else [])


def test_policy_refusals_count_only_as_a_burst(
    sessions: Sessions, edition: Message, clock: FakeClock
) -> None:
    answered(sessions, 6, SPAM, at=clock() - timedelta(minutes=11))
    answered(sessions, 6, SPAM, at=clock())
    assert watch_reputation(sessions, [LIST], now=clock()) == []


def test_one_mailbox_counts_once_whoever_tells(
    sessions: Sessions, edition: Message, clock: FakeClock
) -> None:
    answered(sessions, 6, UNKNOWN_USER, at=clock())
    reported(sessions, 6, at=clock(), hard=True)
    assert watch_reputation(sessions, [LIST], now=clock()) == []
