"""Recovering: each network's own procedure, and nobody sent twice on the way."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from campaigner.channels.mastodon import RECOVERY as MASTODON
from campaigner.channels.x import RECOVERY as X
from campaigner.core.channel import (
    Absent,
    Channel,
    Duplicate,
    Finding,
    Recovery,
    Reject,
    Retry,
    Sent,
    Unknown,
)
from campaigner.core.delivery import State
from campaigner.core.message import Kind, Outgoing
from campaigner.db import upkeep
from campaigner.db.engine import Sessions
from campaigner.db.models import Delivery
from campaigner.errors import UserError
from campaigner.services.recover import recover_unknown
from tests.fakes import FakeChannel, FakeClock
from tests.rows import NOON
from tests.services.lanes import InspectedChannel, Road, queue, row


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOON)


def look(sessions: Sessions, clock: FakeClock, channel: Channel) -> int:
    return recover_unknown(sessions, lambda account, base: channel, clock=clock)


def doubtful(sessions: Sessions, message: dict[str, Any] | None = None, **overrides: Any) -> int:
    values = {
        "state": State.UNKNOWN, "attempts": 1, "first_attempt_at": NOON, "look_at": NOON,
    } | overrides  # fmt: skip
    return queue(sessions, message, **values)


def absent(recovery: Recovery, findings: Sequence[Finding] = ()) -> FakeChannel:
    return FakeChannel(findings=findings, recovery=recovery)


def test_what_is_found_is_sent_and_counted_from_then_on(
    sessions: Sessions, clock: FakeClock
) -> None:
    id = doubtful(sessions)
    assert look(sessions, clock, absent(X, [Sent("7", "https://x.example/7")])) == 1
    done = row(sessions, id)
    assert (done.state, done.remote_id, done.remote_url) == (
        State.SENT,
        "7",
        "https://x.example/7",
    )
    assert done.sample_at == NOON + timedelta(minutes=5)


def test_one_absence_proves_nothing_and_two_at_once_neither(
    sessions: Sessions, clock: FakeClock
) -> None:
    id = doubtful(sessions)
    channel = absent(X)
    assert look(sessions, clock, channel) == 1
    assert look(sessions, clock, channel) == 0, "not before its time"
    with sessions.begin() as session:
        session.execute(update(Delivery).values(look_at=NOON))
    clock.tick(seconds=119)
    assert look(sessions, clock, channel) == 1
    assert row(sessions, id).state is State.UNKNOWN
    clock.tick(seconds=1)
    assert look(sessions, clock, channel) == 1
    assert row(sessions, id).state is State.QUEUED


def test_a_look_that_failed_is_no_absence(sessions: Sessions, clock: FakeClock) -> None:
    id = doubtful(sessions)
    channel = absent(X, [Absent(), *[Unknown("503")] * 5])
    for _ in range(6):
        look(sessions, clock, channel)
        clock.tick(minutes=2)
    assert row(sessions, id).state is State.UNKNOWN
    look(sessions, clock, channel)
    assert row(sessions, id).state is State.QUEUED


def looked_twice(sessions: Sessions, clock: FakeClock, channel: Channel) -> None:
    look(sessions, clock, channel)
    clock.tick(minutes=2)
    look(sessions, clock, channel)


def test_mastodon_gets_the_same_key_once_more_within_its_window(
    sessions: Sessions, clock: FakeClock
) -> None:
    id = doubtful(sessions)
    looked_twice(sessions, clock, absent(MASTODON))
    again = row(sessions, id)
    assert (again.state, again.resend_until) == (State.QUEUED, NOON + timedelta(minutes=50))
    channel = FakeChannel()
    Road(sessions, clock, channel).deliver_all()
    assert [post.attempt for post in channel.sent] == [2]
    assert row(sessions, id).state is State.SENT


def test_mastodon_past_its_window_is_for_a_person(sessions: Sessions, clock: FakeClock) -> None:
    id = doubtful(sessions, first_attempt_at=NOON - timedelta(minutes=49))
    looked_twice(sessions, clock, absent(MASTODON))
    assert (row(sessions, id).state, row(sessions, id).look_at) == (State.UNKNOWN, None)


def test_a_second_try_that_had_to_wait_too_long_is_given_to_a_person(
    sessions: Sessions, clock: FakeClock
) -> None:
    id = doubtful(sessions)
    looked_twice(sessions, clock, absent(MASTODON))
    road = Road(sessions, clock, FakeChannel([Retry("429", NOON + timedelta(hours=3))]))
    road.deliver_all()
    clock.now = NOON + timedelta(hours=3)
    assert road.deliver_all() == 0, "its key is forgotten by now"
    with sessions.begin() as session:
        upkeep.give_up_resending(session, now=clock())
    assert (row(sessions, id).state, row(sessions, id).look_at) == (State.UNKNOWN, None)


def test_x_sends_again_only_what_is_the_sole_one_of_its_text(
    sessions: Sessions, clock: FakeClock
) -> None:
    id = doubtful(sessions)
    queue(sessions, state=State.SENT)
    looked_twice(sessions, clock, absent(X))
    assert (row(sessions, id).state, row(sessions, id).look_at) == (State.UNKNOWN, None)
    other = doubtful(sessions, {"text": "of its own"}, look_at=clock())
    looked_twice(sessions, clock, absent(X))
    assert row(sessions, other).state is State.QUEUED


def test_x_saying_duplicate_the_second_time_means_that_it_has_it(
    sessions: Sessions, clock: FakeClock
) -> None:
    id = doubtful(sessions)
    looked_twice(sessions, clock, absent(X))
    Road(sessions, clock, FakeChannel([Duplicate("duplicate content")])).deliver_all()
    assert (row(sessions, id).state, row(sessions, id).accepted) == (State.UNKNOWN, True)
    clock.tick(minutes=1)
    looked_twice(sessions, clock, absent(X))
    assert row(sessions, id).state is State.UNKNOWN, "never sent a third time"
    assert row(sessions, id).look_at is None
    assert row(sessions, id).accepted


def test_a_network_without_a_safe_way_leaves_it_to_a_person(
    sessions: Sessions, clock: FakeClock
) -> None:
    id = doubtful(sessions)
    looked_twice(sessions, clock, absent(Recovery()))
    assert (row(sessions, id).state, row(sessions, id).look_at) == (State.UNKNOWN, None)
    assert "a person decides" in row(sessions, id).note


def test_past_its_last_date_nothing_is_sent_again(sessions: Sessions, clock: FakeClock) -> None:
    id = doubtful(sessions, {"not_after": NOON + timedelta(minutes=1)})
    looked_twice(sessions, clock, absent(X))
    with sessions.begin() as session:
        upkeep.expire(session, now=clock())
    assert row(sessions, id).state is State.UNKNOWN


def test_an_account_that_cannot_be_asked_keeps_no_other_waiting(
    sessions: Sessions, clock: FakeClock
) -> None:
    broken = [
        doubtful(sessions, {"account": name, "text": name}, look_at=NOON - timedelta(hours=1))
        for name in ("gone", "buggy")
    ]
    fine = doubtful(sessions)

    def fail(post: Outgoing) -> None:
        raise ZeroDivisionError

    def channel_at(account: str, base: str) -> Channel:
        if account == "gone":
            raise UserError("account 'gone' is not in the settings any more")
        return InspectedChannel(during=fail) if account == "buggy" else absent(X, [Sent("7")])

    assert recover_unknown(sessions, channel_at, clock=clock) == 3
    assert row(sessions, fine).state is State.SENT
    for id in broken:
        assert (row(sessions, id).state, row(sessions, id).look_at) == (
            State.UNKNOWN,
            NOON + timedelta(minutes=2),
        )


def test_a_mail_is_not_looked_for_on_a_network(sessions: Sessions, clock: FakeClock) -> None:
    doubtful(sessions, {"kind": Kind.MAIL, "account": "newsletter"}, recipient="ana@example.org")
    assert look(sessions, clock, absent(X)) == 0


def test_a_look_changes_nothing_that_changed_meanwhile(
    sessions: Sessions, clock: FakeClock
) -> None:
    """While we look, a late answer, a person or another worker settles it, or tries again."""
    changes: list[dict[str, Any]] = [
        {"state": State.SENT, "remote_id": "9"},
        {"state": State.REJECTED},
        {"state": State.SENDING, "claim": "two", "attempts": 2},
        {"state": State.UNKNOWN, "attempts": 2, "look_at": None, "absent_since": None},
    ]
    for number, change in enumerate(changes):
        id = doubtful(
            sessions, {"text": f"text {number}"}, absent_since=NOON - timedelta(minutes=5)
        )

        def meanwhile(post: Outgoing, id: int = id, change: dict[str, Any] = change) -> None:
            with sessions.begin() as session:
                session.execute(update(Delivery).where(Delivery.id == id).values(**change))

        look(sessions, clock, InspectedChannel(during=meanwhile, recovery=X))
        after = row(sessions, id)
        assert {name: getattr(after, name) for name in change} == change


def test_nothing_is_open_in_the_database_while_a_network_is_asked(
    sessions: Sessions, clock: FakeClock
) -> None:
    doubtful(sessions)

    def somebody_else_writes(post: Outgoing) -> None:
        queue(sessions)

    assert look(sessions, clock, InspectedChannel(during=somebody_else_writes)) == 1


def test_a_first_duplicate_is_somebody_elses_text(sessions: Sessions, clock: FakeClock) -> None:
    id = queue(sessions)
    Road(sessions, clock, FakeChannel([Duplicate("d"), Reject("x")])).deliver_all()
    assert row(sessions, id).state is State.REJECTED


def test_the_second_try_leaves_when_its_network_is_ready(
    sessions: Sessions, clock: FakeClock
) -> None:
    id = doubtful(sessions)
    looked_twice(sessions, clock, absent(Recovery(resend_from=timedelta(minutes=30))))
    due: datetime = row(sessions, id).due_at
    assert due == NOON + timedelta(minutes=30)
