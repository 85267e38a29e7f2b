"""A stop works at once, and its end sends nothing by itself."""

from datetime import timedelta

import pytest

from campaigner.core.delivery import Hold, State
from campaigner.db import outbox, pauses, upkeep
from campaigner.db.engine import Sessions
from campaigner.errors import UserError
from campaigner.services.outbox import list_outbox, retry
from campaigner.services.pause import pause, resume
from tests.fakes import FakeChannel, FakeClock
from tests.rows import NOON
from tests.services.lanes import Road, queue, row


def stop(sessions: Sessions, scope: str = "all", target: str = "") -> bool:
    return pause(sessions, scope=scope, target=target, reason="a doubt", by="ana", now=NOON)


def go_on(sessions: Sessions, scope: str = "all", target: str = "", *, minutes: int = 10) -> int:
    later = NOON + timedelta(minutes=minutes)
    return resume(sessions, scope=scope, target=target, by="ana", now=later).missed


def test_a_claimed_post_is_stopped_and_resuming_sends_nothing_by_itself(
    sessions: Sessions,
) -> None:
    claimed = queue(sessions)
    due_meanwhile = queue(sessions, due_at=NOON + timedelta(minutes=5))
    later = queue(sessions, due_at=NOON + timedelta(minutes=11))
    with sessions.begin() as session:
        assert outbox.claim_due(session, account="x-en", claim="w", now=NOON, limit=9) == [claimed]
    assert stop(sessions)
    with sessions.begin() as session:
        assert outbox.fence(session, claimed, claim="w", now=NOON) is None

    assert go_on(sessions) == 2
    for id in (claimed, due_meanwhile):
        assert (row(sessions, id).state, row(sessions, id).hold) == (State.HELD, Hold.MISSED)
    with sessions.begin() as session:
        assert outbox.fence(session, claimed, claim="w", now=NOON) is None
    road = Road(sessions, FakeClock(NOON + timedelta(minutes=10)), FakeChannel())
    assert road.deliver_all() == 0
    retry(sessions, claimed, by="ana", now=NOON)
    assert road.deliver_all() == 1, "a person said: send"
    road.clock.tick(minutes=1)
    assert road.deliver_all() == 1
    assert row(sessions, later).state is State.SENT, "what was not missed goes its way"
    assert row(sessions, due_meanwhile).state is State.HELD


def test_a_stop_is_pulled_once_and_lifted_once(sessions: Sessions) -> None:
    assert stop(sessions, "account", "x-en")
    assert not stop(sessions, "account", "x-en")
    assert stop(sessions, "account", "x-es")
    go_on(sessions, "account", "x-en")
    with pytest.raises(UserError, match="'x-en' is not paused"):
        go_on(sessions, "account", "x-en")
    with sessions() as session:
        assert [each.target for each in pauses.open_pauses(session)] == ["x-es"]


def test_resuming_what_is_not_paused_holds_nothing(sessions: Sessions) -> None:
    id = queue(sessions)
    with pytest.raises(UserError, match="everything is not paused"):
        go_on(sessions)
    assert row(sessions, id).state is State.QUEUED


@pytest.mark.parametrize(
    ("scope", "target"), [("account", "x-en"), ("campaign", "spring"), ("country", "BR")]
)
def test_only_what_was_stopped_is_missed(sessions: Sessions, scope: str, target: str) -> None:
    mine = queue(sessions, country="BR")
    other = queue(sessions, {"account": "x-es", "campaign": "summer"}, country="UY")
    stop(sessions, scope, target)
    assert go_on(sessions, scope, target) == 1
    assert row(sessions, mine).state is State.HELD
    assert row(sessions, other).state is State.QUEUED


def test_a_country_that_is_not_paused_is_named_in_words(sessions: Sessions) -> None:
    stop(sessions, "country", "UY")
    with pytest.raises(UserError, match=r"country BR \(Brazil\) is not paused"):
        go_on(sessions, "country", "BR")
    queue(sessions, country="UY")
    queue(sessions, {"account": "UY", "campaign": "UY"})
    reasons = [entry.why for entry in list_outbox(sessions, now=NOON)]
    assert reasons == ["paused by ana: a doubt", "waits for its time"]


def test_what_is_out_or_in_doubt_is_not_missed(sessions: Sessions) -> None:
    for state in (State.SENDING, State.SENT, State.UNKNOWN, State.REJECTED, State.CANCELED):
        queue(sessions, state=state)
    stop(sessions)
    assert go_on(sessions) == 0


def test_one_stop_of_two_lifted_lets_nothing_out(sessions: Sessions) -> None:
    queue(sessions)
    stop(sessions)
    stop(sessions, "campaign", "spring")
    go_on(sessions, "campaign", "spring")
    assert Road(sessions, FakeClock(NOON), FakeChannel()).deliver_all() == 0


def test_a_missed_post_expires_like_any_other(sessions: Sessions) -> None:
    id = queue(sessions, {"not_after": NOON + timedelta(hours=1)})
    stop(sessions)
    go_on(sessions)
    with sessions.begin() as session:
        upkeep.expire(session, now=NOON + timedelta(hours=1))
    assert row(sessions, id).state is State.EXPIRED
