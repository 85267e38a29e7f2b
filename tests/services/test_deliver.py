"""Delivering: what is committed before the network is called, and what after."""

from datetime import timedelta

import pytest
from sqlalchemy import event, select, update
from sqlalchemy.exc import OperationalError

from campaigner.core.channel import (
    Disconnected,
    Duplicate,
    Outcome,
    Rate,
    Reject,
    Retry,
    Sent,
    Unknown,
)
from campaigner.core.delivery import MAX_ATTEMPTS, Hold, State
from campaigner.core.message import Outgoing
from campaigner.core.rates import spacing
from campaigner.db import engine as engine_module
from campaigner.db import upkeep
from campaigner.db.engine import Sessions
from campaigner.db.models import Account, Attempt, Delivery, Message, Pause
from campaigner.errors import UserError
from tests.fakes import FakeChannel, FakeClock
from tests.rows import NOON, add_delivery, add_message
from tests.services.lanes import InspectedChannel, Road, queue, row


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOON)


@pytest.fixture
def road(sessions: Sessions, clock: FakeClock) -> Road:
    return Road(sessions, clock)


def test_a_post_is_committed_as_sending_before_the_network_is_called(
    sessions: Sessions, road: Road
) -> None:
    ids = [queue(sessions, due_at=NOON - timedelta(minutes=9 - n)) for n in range(3)]
    seen: list[list[State]] = []
    road.channel = InspectedChannel(
        during=lambda post: seen.append([row(sessions, id).state for id in ids])
    )
    assert road.deliver().tried == 3
    assert seen == [
        [State.SENDING, State.CLAIMED, State.CLAIMED],
        [State.SENT, State.SENDING, State.CLAIMED],
        [State.SENT, State.SENT, State.SENDING],
    ], "and its result before the next fence"


def test_nothing_is_locked_while_the_network_is_slow(sessions: Sessions, road: Road) -> None:
    queue(sessions)

    def somebody_else_writes(post: Outgoing) -> None:
        with sessions.begin() as session:
            session.add(Pause(scope="account", target="other", reason="r", by="ana", at=NOON))

    road.channel = InspectedChannel(during=somebody_else_writes)
    assert road.deliver_all() == 1


def test_a_failed_post_waits_and_then_goes_out_under_the_same_key(
    sessions: Sessions, road: Road, clock: FakeClock
) -> None:
    id = queue(sessions)
    road.channel = channel = FakeChannel([Retry("busy")])
    assert road.deliver_all() == 1
    assert road.deliver_all() == 0, "must wait"
    clock.tick(seconds=30)
    assert road.deliver_all() == 1
    done = row(sessions, id)
    assert (done.state, done.attempts, done.remote_id) == (State.SENT, 2, "remote-2")
    assert len({post.key for post in channel.sent}) == 1
    assert {post.first_attempt_at for post in channel.sent} == {NOON}
    assert [post.attempt for post in channel.sent] == [1, 2]


def test_after_the_last_try_a_post_is_given_up_and_says_so(
    sessions: Sessions, road: Road, clock: FakeClock
) -> None:
    id = queue(sessions, {"not_after": NOON + timedelta(days=30)})
    road.channel = FakeChannel([Retry("busy")] * 20)
    for _ in range(12):
        road.deliver_all()
        clock.tick(hours=1)
    done = row(sessions, id)
    assert (done.state, done.attempts) == (State.EXHAUSTED, MAX_ATTEMPTS)
    assert "8 tries: busy" in done.note


def test_a_network_that_is_away_for_a_day_costs_a_post_nothing(
    sessions: Sessions, road: Road, clock: FakeClock
) -> None:
    id = queue(sessions, {"not_after": NOON + timedelta(days=9)})
    road.channel = FakeChannel([Retry("no route", reached=False)] * 30)
    for _ in range(31):
        road.deliver_all()
        clock.tick(hours=1)
    assert row(sessions, id).state is State.SENT
    assert row(sessions, id).attempts == 1


def test_the_networks_own_reset_silences_the_account_and_costs_no_try(
    sessions: Sessions, road: Road, clock: FakeClock
) -> None:
    ids = [queue(sessions) for _ in range(3)]
    reset = NOON + timedelta(minutes=15)
    road.rates = [Rate(name="posts", limit=100, per=timedelta(minutes=15))]
    road.channel = channel = FakeChannel([Retry("429", reset)])
    assert road.deliver_all() == 1
    assert [row(sessions, id).attempts for id in ids] == [0, 0, 0]
    clock.now = reset - timedelta(seconds=1)
    assert road.deliver_all() == 0
    assert len(channel.sent) == 1
    for _ in range(3):
        clock.now += timedelta(minutes=1)
        road.deliver_all()
    assert [row(sessions, id).state for id in ids] == [State.SENT] * 3


def test_posts_of_an_account_keep_their_spacing(
    sessions: Sessions, road: Road, clock: FakeClock
) -> None:
    for _ in range(4):
        queue(sessions)
    road.rates = spacing(timedelta(seconds=30))
    times = []
    road.channel = InspectedChannel(during=lambda post: times.append(clock()))
    for _ in range(200):
        road.deliver_all()
        clock.tick(seconds=1)
    assert [time - NOON for time in times] == [timedelta(seconds=30 * n) for n in range(4)]


def test_a_lane_without_a_token_says_when_to_come_back(
    sessions: Sessions, road: Road, clock: FakeClock
) -> None:
    queue(sessions)
    queue(sessions)
    road.rates = spacing(timedelta(seconds=30))
    assert road.deliver_all() == 1
    done = road.deliver()
    assert (done.tried, done.come_back) == (0, NOON + timedelta(seconds=30))


def test_a_lost_connection_holds_everything_and_burns_nothing(
    sessions: Sessions, road: Road
) -> None:
    ids = [queue(sessions) for _ in range(4)]
    road.channel = channel = FakeChannel([Disconnected("401 revoked")])
    assert road.deliver_all() == 1, "and the lane rests"
    assert len(channel.sent) == 1
    for id in ids:
        held = row(sessions, id)
        assert (held.state, held.hold, held.attempts) == (State.HELD, Hold.RECONNECT, 0)
    with sessions.begin() as session:
        assert session.get_one(Account, "x-en").reason == "401 revoked"
        session.execute(update(Account).values(disconnected_at=None))
        upkeep.unhold_account(session, account="x-en")
    assert road.deliver_all() == 4


def test_what_is_approved_while_its_account_is_away_waits_in_peace(
    sessions: Sessions, road: Road
) -> None:
    id = queue(sessions)
    with sessions.begin() as session:
        session.add(Account(name="x-en", disconnected_at=NOON))
    assert road.deliver_all() == 0
    assert row(sessions, id).state is State.QUEUED


def test_missing_credentials_are_told_before_the_fence(sessions: Sessions, road: Road) -> None:
    ids = [queue(sessions), queue(sessions)]

    def open(base: str) -> FakeChannel:
        raise UserError("account 'x-en' has no credentials")

    road.open = open
    assert road.deliver_all() == 0
    for id in ids:
        held = row(sessions, id)
        assert (held.state, held.hold, held.attempts) == (State.HELD, Hold.RECONNECT, 0)
        assert "no credentials" in held.note


def test_a_post_goes_to_the_address_that_it_was_queued_for(sessions: Sessions, road: Road) -> None:
    for base in ("http://127.0.0.1:1", "https://api.example"):
        queue(sessions, {"base": base})
    asked: list[str] = []

    def open(base: str) -> FakeChannel:
        asked.append(base)
        return FakeChannel()

    road.open = open
    assert road.deliver_all() == 2
    assert asked == ["http://127.0.0.1:1", "https://api.example"]


class Broken(FakeChannel):
    def send(self, post: Outgoing) -> Outcome:
        super().send(post)
        raise ZeroDivisionError("a bug")


def test_an_exception_out_of_a_channel_is_an_unknown_and_others_go_on(
    sessions: Sessions, road: Road
) -> None:
    ids = [queue(sessions), queue(sessions)]
    road.channel = Broken()
    assert road.deliver_all() == 2
    for id in ids:
        assert row(sessions, id).state is State.UNKNOWN
        assert "ZeroDivisionError" in row(sessions, id).note


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Reject("too long"), State.REJECTED),
        (Duplicate("again"), State.REJECTED),
        (Unknown("no answer"), State.UNKNOWN),
    ],
)
def test_what_cannot_be_tried_again_is_not(
    sessions: Sessions, road: Road, clock: FakeClock, outcome: Outcome, state: State
) -> None:
    id = queue(sessions)
    road.channel = channel = FakeChannel([outcome])
    for _ in range(3):
        road.deliver_all()
        clock.tick(hours=1)
    assert (row(sessions, id).state, len(channel.sent)) == (state, 1)


def test_a_pause_stops_the_next_post_although_it_is_claimed(sessions: Sessions, road: Road) -> None:
    first, second = queue(sessions), queue(sessions)

    def pull(post: Outgoing) -> None:
        assert row(sessions, second).state is State.CLAIMED
        with sessions.begin() as session:
            session.add(Pause(scope="all", reason="r", by="ana", at=NOON))

    road.channel = channel = InspectedChannel(during=pull)
    assert road.deliver_all() == 1
    assert len(channel.sent) == 1
    assert row(sessions, first).state is State.SENT, "what is out is out"
    assert row(sessions, second).state is State.QUEUED


@pytest.mark.parametrize(
    "values",
    [{"not_after": NOON}, {"content_hash": "1" * 64}, {"approved_hash": None}],
    ids=["expired", "changed", "not approved"],
)
def test_a_lane_rests_beside_a_row_that_may_not_be_sent(
    sessions: Sessions, road: Road, values: dict[str, object]
) -> None:
    stuck = queue(sessions, {**values}, due_at=NOON - timedelta(hours=1))
    fine = queue(sessions)
    assert road.deliver_all() == 1
    assert row(sessions, stuck).attempts == 0
    assert row(sessions, fine).state is State.SENT


def test_a_row_past_the_bound_of_its_key_is_not_sent(sessions: Sessions, road: Road) -> None:
    queue(sessions, attempts=1, first_attempt_at=NOON - timedelta(hours=1), resend_until=NOON)
    assert road.deliver_all() == 0


def test_a_stop_between_two_posts_gives_the_second_back(sessions: Sessions, road: Road) -> None:
    ids = [queue(sessions), queue(sessions)]
    road.channel = channel = FakeChannel()
    road.stops = lambda: bool(channel.sent)
    assert road.deliver().tried == 1
    assert [row(sessions, id).state for id in ids] == [State.SENT, State.QUEUED]


def test_a_result_that_the_database_refuses_is_kept_until_it_is_taken(
    sessions: Sessions, road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    id, next_id = queue(sessions), queue(sessions)
    monkeypatch.setattr(engine_module, "AGAIN_SECONDS", 0.0)
    refused: list[int] = []
    road.channel = channel = FakeChannel()

    def refuse(session: object) -> None:
        if channel.sent and len(refused) < 3:
            refused.append(len(channel.sent))
            raise OperationalError("COMMIT", {}, Exception("database is locked"))

    event.listen(sessions.class_, "before_commit", refuse)
    try:
        assert road.deliver_all() == 2
    finally:
        event.remove(sessions.class_, "before_commit", refuse)
    assert refused == [1, 1, 1], "and meanwhile the lane sent nothing"
    assert len(channel.sent) == 2, "nothing was sent a second time"
    assert [row(sessions, each).state for each in (id, next_id)] == [State.SENT] * 2
    assert row(sessions, id).remote_id == "remote-1"


def test_a_late_result_speaks_of_its_own_try_also_after_the_database_was_away(
    sessions: Sessions, road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While we wait for it, another worker found us lost, tried again, and is in doubt."""
    id = queue(sessions)
    road.channel = channel = FakeChannel([Retry("busy")])
    failed: list[bool] = []

    def fail_once(session: object) -> None:
        if channel.sent and not failed:
            failed.append(True)
            raise OperationalError("COMMIT", {}, Exception("server closed the connection"))

    def meanwhile(seconds: float) -> None:
        with sessions.begin() as other:
            other.execute(update(Delivery).values(state=State.UNKNOWN, claim=None, attempts=2))

    monkeypatch.setattr("campaigner.db.engine.time.sleep", meanwhile)
    event.listen(sessions.class_, "before_commit", fail_once)
    try:
        road.deliver_all()
    finally:
        event.remove(sessions.class_, "before_commit", fail_once)
    assert row(sessions, id).state is State.UNKNOWN, "the second try's doubt is not ours to settle"
    assert row(sessions, id).attempts == 2


def test_what_breaks_a_lane_off_leaves_nothing_in_hand(sessions: Sessions, road: Road) -> None:
    ids = [queue(sessions), queue(sessions)]

    def open(base: str) -> FakeChannel:
        raise MemoryError

    road.open = open
    with pytest.raises(MemoryError):
        road.deliver()
    assert [row(sessions, id).state for id in ids] == [State.QUEUED] * 2
    assert [row(sessions, id).claim for id in ids] == [None] * 2


def test_a_post_whose_picture_is_gone_is_rejected_and_the_others_go_on(
    sessions: Sessions, road: Road
) -> None:
    media = [{"sha256": "f" * 64, "mime": "image/png", "alt": "A padlock"}]
    broken = queue(sessions, {"media": media}, due_at=NOON - timedelta(hours=1))
    fine = queue(sessions)
    road.channel = channel = FakeChannel()
    assert road.deliver_all() == 2
    assert row(sessions, broken).state is State.REJECTED
    assert row(sessions, fine).state is State.SENT
    assert len(channel.sent) == 1


def test_a_late_post_says_why(sessions: Sessions, road: Road, clock: FakeClock) -> None:
    with sessions.begin() as session:
        message = add_message(session, approved_hash="0" * 64, not_after=NOON + timedelta(days=9))
        before = NOON - timedelta(days=2)
        down = add_delivery(session, message, due_at=before, scheduled_at=before).id
    waited = queue(sessions)
    clock.tick(minutes=5)
    road.deliver_all()
    assert "no daemon was running" in row(sessions, down).note
    assert row(sessions, waited).note.startswith("sent 5 min late: it waited")


def test_a_sent_post_is_looked_at_for_its_reach_and_another_is_not(
    sessions: Sessions, road: Road
) -> None:
    sent, rejected = queue(sessions), queue(sessions)
    road.channel = FakeChannel([Sent("7"), Reject("no")])
    road.deliver_all()
    assert row(sessions, sent).sample_at == NOON + timedelta(minutes=5)
    assert row(sessions, rejected).sample_at is None


def test_every_try_that_was_no_success_is_in_the_history(sessions: Sessions, road: Road) -> None:
    queue(sessions)
    road.channel = FakeChannel([Reject("no")])
    road.deliver_all()
    with sessions() as session:
        (attempt,) = session.scalars(select(Attempt))
        message = session.scalars(select(Message)).one()
    assert (attempt.number, attempt.outcome, attempt.reason) == (1, "rejected", "no")
    assert message.text not in attempt.reason
