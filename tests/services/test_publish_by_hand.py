"""A post by hand: handed over once, never lost, and out when a person says so."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from campaigner.channels.manual import Manual
from campaigner.core.channel import Disconnected, Retry, Unknown
from campaigner.core.delivery import Hold, MessageState, State
from campaigner.core.message import OutgoingMail
from campaigner.core.reach import By
from campaigner.core.strategy import Strategy
from campaigner.db import listing, outbox, samples, upkeep
from campaigner.db.engine import Sessions
from campaigner.db.models import Delivery, Message
from campaigner.errors import UserError
from campaigner.loading.strategy import load_strategy
from campaigner.services import outbox as by_hand
from campaigner.services.publish_by_hand import done, undo
from campaigner.services.recover import recover_unknown
from campaigner.services.report import report
from tests.fakes import FakeClock
from tests.handing import manual
from tests.relays import Relayed, body, opened
from tests.rows import NOON
from tests.services.lanes import Road, queue, row

URL = "https://www.linkedin.com/feed/update/urn:li:activity:7"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOON)


@pytest.fixture
def relay() -> Relayed:
    return Relayed()


@pytest.fixture
def channel(relay: Relayed) -> Manual:
    return manual(relay)


@pytest.fixture
def road(sessions: Sessions, clock: FakeClock, channel: Manual) -> Road:
    return Road(sessions, clock, channel)


def queued(sessions: Sessions, **message: Any) -> int:
    return queue(sessions, {"channel": "manual"} | message)


def say(sessions: Sessions, id: int, clock: FakeClock, *, url: str = URL, **parts: Any) -> None:
    given: dict[str, Any] = {"url": url, "at": clock(), "by": "ana", "now": clock()}
    done(sessions, id, **given | parts)


def message_ids(relay: Relayed) -> list[str]:
    return [str(opened(mail)["Message-ID"]) for mail in relay.mails]


def why(sessions: Sessions, id: int, clock: FakeClock) -> str:
    return by_hand.show(sessions, id, now=clock())[0].why


def history(sessions: Sessions, id: int) -> list[tuple[str, str]]:
    with sessions() as session:
        return [(one.outcome, one.reason) for one in listing.attempts_of(session, id)]


def test_what_is_due_is_handed_over_once_and_waits_for_the_person(
    sessions: Sessions, road: Road, relay: Relayed, clock: FakeClock
) -> None:
    id = queued(sessions)
    seen: list[State] = []
    relay.during = lambda mail: seen.append(row(sessions, id).state)
    assert road.deliver_all() == 1
    assert seen == [State.SENDING], "committed before the relay has it"
    handed = row(sessions, id)
    assert (handed.state, handed.hold, handed.attempts) == (State.HELD, Hold.PERSON, 1)
    assert why(sessions, id, clock) == (
        "waiting for a person to publish it: told ana@example.org at 2026-03-02 12:00 UTC"
    )
    clock.tick(hours=5)
    assert road.deliver_all() == 0
    assert len(relay.mails) == 1


def test_done_makes_it_count_and_no_machine_asks_for_its_figures(
    sessions: Sessions, road: Road, clock: FakeClock
) -> None:
    id = queued(sessions)
    road.deliver_all()
    clock.tick(hours=1)
    say(sessions, id, clock, at=NOON + timedelta(minutes=20))
    sent = row(sessions, id)
    assert (sent.state, sent.hold, sent.remote_url) == (State.SENT, None, URL)
    assert (sent.sent_at, sent.sample_at) == (NOON + timedelta(minutes=20), None)
    assert why(sessions, id, clock) == "published by hand, says ana"
    assert history(sessions, id)[-1] == ("published", URL)
    with sessions() as session:
        [found] = report(session, strategy(), by=By.CHANNEL).rows
        assert (found.title, found.messages) == ("By hand", 1)
        later = NOON + timedelta(days=40)
        assert samples.claim_due(session, now=later, again_at=later, limit=9) == []


def strategy() -> Strategy:
    return load_strategy()


def test_it_can_be_taken_back_until_figures_are_entered(
    sessions: Sessions, road: Road, clock: FakeClock
) -> None:
    id = queued(sessions)
    road.deliver_all()
    say(sessions, id, clock)
    assert undo(sessions, id, by="bea", now=clock()) is True
    again = row(sessions, id)
    assert (again.state, again.hold, again.remote_url) == (State.HELD, Hold.PERSON, "")
    assert (again.sent_at, again.remote_id) == (None, None)
    say(sessions, id, clock)
    with sessions.begin() as session:
        samples.enter(session, id, {"reactions": 3}, taken_at=NOON)
    with pytest.raises(UserError, match="figures were entered"):
        undo(sessions, id, by="bea", now=clock())
    assert row(sessions, id).state is State.SENT


def test_what_nobody_published_in_time_is_too_late_and_a_person_still_knows_better(
    sessions: Sessions, road: Road, clock: FakeClock
) -> None:
    id = queued(sessions)
    road.deliver_all()
    clock.tick(days=1)
    with sessions.begin() as session:
        assert upkeep.expire(session, now=clock()) == 1
    late = row(sessions, id)
    assert (late.state, late.hold) == (State.EXPIRED, None)
    assert late.note.startswith("nobody published it in time; told ana@example.org at")
    assert message_state(sessions, id) is MessageState.EXPIRED

    say(sessions, id, clock, at=NOON + timedelta(hours=23))
    assert row(sessions, id).state is State.SENT
    assert message_state(sessions, id) is MessageState.APPROVED
    with sessions.begin() as session:
        assert upkeep.expire(session, now=clock()) == 0
    assert undo(sessions, id, by="bea", now=clock()) is False, "and too late again"
    with sessions.begin() as session:
        assert upkeep.expire(session, now=clock()) == 1


def message_state(sessions: Sessions, id: int) -> MessageState:
    with sessions() as session:
        return session.scalars(select(Message.state).join(Delivery).where(Delivery.id == id)).one()


def test_a_retry_tells_the_person_again_by_another_mail(
    sessions: Sessions, road: Road, relay: Relayed, clock: FakeClock
) -> None:
    id = queued(sessions)
    road.deliver_all()
    clock.tick(hours=1)
    by_hand.retry(sessions, id, by="bea", now=clock())
    road.deliver_all()
    handed = row(sessions, id)
    assert (handed.state, handed.hold, handed.attempts) == (State.HELD, Hold.PERSON, 2)
    assert len(set(message_ids(relay))) == 2, "a mail program would hide the same one"
    assert "do not publish it again" in body(relay.mails[1])


def test_done_stops_a_second_asking_that_is_on_its_way(
    sessions: Sessions, road: Road, relay: Relayed, clock: FakeClock
) -> None:
    id = queued(sessions)
    road.deliver_all()
    by_hand.retry(sessions, id, by="bea", now=clock())
    with sessions.begin() as session:
        assert outbox.claim_due(session, account="x-en", claim="two", now=clock(), limit=9) == [id]
    say(sessions, id, clock)
    with sessions.begin() as session:
        assert outbox.fence(session, id, claim="two", now=clock()) is None
    assert len(relay.mails) == 1


def test_an_unknown_handover_is_made_once_more_under_the_same_message_id(
    sessions: Sessions, road: Road, relay: Relayed, channel: Manual, clock: FakeClock
) -> None:
    lost = Unknown("the mail was handed over and not acknowledged")
    road.channel = twice = manual(again := Relayed([lost, lost]))
    id = queued(sessions)
    road.deliver_all()
    assert row(sessions, id).state is State.UNKNOWN
    wait_for_resend(sessions, twice, clock)
    road.deliver_all()
    assert row(sessions, id).state is State.UNKNOWN
    assert len(set(message_ids(again))) == 1
    wait_for_resend(sessions, twice, clock)
    assert road.deliver_all() == 0, "not a third time: a person decides"
    doubt = row(sessions, id)
    assert (doubt.state, doubt.look_at) == (State.UNKNOWN, None)
    say(sessions, id, clock)
    assert row(sessions, id).state is State.SENT


def wait_for_resend(sessions: Sessions, channel: Manual, clock: FakeClock) -> None:
    for _ in range(3):
        clock.tick(seconds=121)
        recover_unknown(sessions, lambda account, base: channel, clock=clock)


class PowerCutError(BaseException):
    """Ends the process between two lines, as far as its database can tell."""


@pytest.mark.parametrize("when", ["before the mail leaves", "after it arrived"])
def test_a_crash_after_the_fence_loses_no_handover_and_hides_no_second_one(
    when: str, sessions: Sessions, clock: FakeClock
) -> None:
    id = queued(sessions)
    relay = Relayed(during=cut_power)
    if when == "before the mail leaves":
        relay.send = cut_power  # type: ignore[method-assign, assignment]
    with pytest.raises(PowerCutError):
        Road(sessions, clock, manual(relay)).deliver()
    assert row(sessions, id).state is State.SENDING

    clock.tick(seconds=31)
    with sessions.begin() as session:
        outbox.recover_lost(session, now=clock())
    after = manual(second := Relayed())
    wait_for_resend(sessions, after, clock)
    assert Road(sessions, clock, after).deliver_all() == 1
    handed = row(sessions, id)
    assert (handed.state, handed.hold, handed.attempts) == (State.HELD, Hold.PERSON, 2)
    assert {*message_ids(relay), *message_ids(second)} == set(message_ids(second))
    assert "do not publish it again" in body(second.mails[0])
    assert Road(sessions, clock, after).deliver_all() == 0


def cut_power(mail: OutgoingMail) -> None:
    raise PowerCutError


def test_a_relay_that_is_away_costs_a_handover_nothing(
    sessions: Sessions, clock: FakeClock
) -> None:
    id = queued(sessions)
    relay = Relayed([Retry("no route", reached=False)] * 3)
    road = Road(sessions, clock, manual(relay))
    for _ in range(4):
        road.deliver_all()
        clock.tick(minutes=10)
    handed = row(sessions, id)
    assert (handed.hold, handed.attempts) == (Hold.PERSON, 1)


def test_a_relay_that_refuses_the_login_holds_the_account(
    sessions: Sessions, clock: FakeClock
) -> None:
    ids = [queued(sessions) for _ in range(2)]
    Road(sessions, clock, manual(Relayed([Disconnected("535")]))).deliver_all()
    assert {(row(sessions, id).hold, row(sessions, id).attempts) for id in ids} == {
        (Hold.RECONNECT, 0)
    }


@pytest.mark.parametrize(
    ("prepare", "told"),
    [
        (lambda sessions: queued(sessions, channel="x"), "published by campaigner itself"),
        (lambda sessions: queued(sessions), "nobody was asked"),
        (lambda sessions: tried(sessions, State.SENDING), "right now"),
        (lambda sessions: tried(sessions, State.SENT, remote_url=URL), "is out already, at https"),
        (lambda sessions: 4711, "there is no delivery 4711"),
    ],
)
def test_what_nobody_was_asked_to_publish_cannot_be_done(
    prepare: Callable[[Sessions], int], told: str, sessions: Sessions, clock: FakeClock
) -> None:
    id = prepare(sessions)
    with pytest.raises(UserError, match=told):
        say(sessions, id, clock)


def tried(sessions: Sessions, state: State, **values: Any) -> int:
    sent_at = NOON if state is State.SENT else None
    return queue(
        sessions, {"channel": "manual"}, state=state, attempts=1, sent_at=sent_at, **values
    )


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"url": "http://example.org/1"}, "is not https. Write 'https://example.org/1'|not https"),
        ({"url": "linkedin"}, "not https"),
        ({"url": "https://example.org/a b"}, "white space"),
        ({"at": NOON + timedelta(minutes=1)}, "still to come"),
        ({"at": NOON - timedelta(days=400)}, "before the post was queued"),
    ],
)
def test_an_address_or_a_time_that_cannot_be_is_told(
    parts: dict[str, Any], told: str, sessions: Sessions, road: Road, clock: FakeClock
) -> None:
    id = queued(sessions)
    road.deliver_all()
    with pytest.raises(UserError, match=told):
        say(sessions, id, clock, **parts)
    assert row(sessions, id).hold is Hold.PERSON


def test_only_what_counts_as_published_can_be_taken_back(
    sessions: Sessions, road: Road, clock: FakeClock
) -> None:
    id = queued(sessions)
    road.deliver_all()
    with pytest.raises(UserError, match="nothing to undo"):
        undo(sessions, id, by="bea", now=clock())
