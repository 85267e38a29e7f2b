from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from campaigner.core.channel import Disconnected, Outcome, Reject, Retry, Sent, Unknown
from campaigner.core.delivery import Hold, MessageState, State
from campaigner.core.message import Kind
from campaigner.db import upkeep
from campaigner.db.engine import Sessions
from campaigner.db.models import (
    Account,
    Alert,
    Broadcast,
    Delivery,
    Heartbeat,
    Message,
    Pause,
    RateBucket,
)
from campaigner.services.alert import Changed, find_alerts, subject_of, tell
from tests.rows import NOON, add_delivery, add_message

NOW = NOON + timedelta(minutes=6)  # what is due at NOON is overdue
LONG_AGO = NOON - timedelta(hours=3)


def look(sessions: Sessions, now: Any = NOW, **gaps: timedelta) -> Changed:
    with sessions.begin() as session:
        return find_alerts(session, now, spacings=gaps)


def standing(sessions: Sessions) -> list[tuple[str, str]]:
    with sessions() as session:
        found = session.scalars(select(Alert).where(Alert.closed_at.is_(None)).order_by(Alert.kind))
        return [(alert.kind, alert.subject) for alert in found]


def text(sessions: Sessions) -> str:
    with sessions() as session:
        return session.scalars(select(Alert.text)).one()


def queue(sessions: Sessions, **overrides: Any) -> int:
    with sessions.begin() as session:
        return add_delivery(session, add_message(session), **overrides).id


def test_an_account_to_reconnect_is_an_alert_until_it_is_connected(sessions: Sessions) -> None:
    with sessions.begin() as session:
        session.add(Account(name="x-es", disconnected_at=NOON, reason="token ya29.secret revoked"))
        session.add(Account(name="x-en"))
    assert look(sessions) == Changed(opened=1, closed=0)
    assert look(sessions) == Changed(opened=0, closed=0), "open once"
    assert standing(sessions) == [("reconnect", "x-es")]
    assert "campaigner accounts reconnect x-es" in text(sessions)
    assert "secret" not in text(sessions)

    with sessions.begin() as session:
        session.execute(update(Account).values(disconnected_at=None))
    assert look(sessions) == Changed(opened=0, closed=1)
    assert standing(sessions) == []
    assert look(sessions) == Changed(opened=0, closed=0), "closed once"


def test_a_condition_that_comes_back_is_a_new_alert(sessions: Sessions) -> None:
    for _ in range(2):
        with sessions.begin() as session:
            session.execute(delete(Account))
            session.add(Account(name="x-es", disconnected_at=NOON))
        assert look(sessions) == Changed(opened=1, closed=0)
        with sessions.begin() as session:
            session.execute(update(Account).values(disconnected_at=None))
        assert look(sessions) == Changed(opened=0, closed=1)


def test_an_unknown_is_for_a_person_once_nothing_looks_for_it(sessions: Sessions) -> None:
    id = queue(sessions, state=State.UNKNOWN, look_at=NOW + timedelta(minutes=1))
    assert look(sessions) == Changed(opened=0, closed=0)
    with sessions.begin() as session:
        session.execute(update(Delivery).values(look_at=None))
    assert look(sessions) == Changed(opened=1, closed=0)
    assert f"campaigner outbox resolve {id}" in text(sessions)
    assert "secret words" not in text(sessions)


def test_the_unknown_mails_of_a_message_are_one_alert_without_an_address(
    sessions: Sessions,
) -> None:
    with sessions.begin() as session:
        mail = add_message(session, kind=Kind.MAIL, account="newsletter")
        for number in range(3):
            add_delivery(
                session, mail, recipient=f"reader{number}@example.org", state=State.UNKNOWN
            )
        session.add(Broadcast(message_id=mail.id, stage="whole", recipients=3, started_at=NOON))
    assert look(sessions) == Changed(opened=1, closed=0)
    assert "3 mails" in text(sessions)
    assert "example.org" not in text(sessions)


@pytest.mark.parametrize("state", [State.QUEUED, State.CLAIMED])
def test_what_is_past_due_and_does_not_move_is_an_alert(sessions: Sessions, state: State) -> None:
    lost = {"claimed_until": NOON} if state is State.CLAIMED else {}
    queue(sessions, state=state, **lost)
    queue(sessions, state=state, **lost)
    assert look(sessions, NOON + timedelta(minutes=5)) == Changed(opened=0, closed=0)
    assert look(sessions) == Changed(opened=1, closed=0), "one for the account"
    assert standing(sessions) == [("overdue", "x-en")]
    assert text(sessions).startswith("2 messages of account 'x-en'")


def test_words_of_an_open_alert_follow_what_happens(sessions: Sessions) -> None:
    queue(sessions)
    look(sessions)
    queue(sessions)
    assert look(sessions) == Changed(opened=0, closed=0)
    assert text(sessions).startswith("2 messages")


@pytest.mark.parametrize(
    "reason",
    [
        Pause(scope="all", target="", reason="r", by="me", at=NOON),
        Pause(scope="account", target="x-en", reason="r", by="me", at=NOON),
        Pause(scope="campaign", target="spring", reason="r", by="me", at=NOON),
        RateBucket(account="x-en", name="spacing", tokens=0.0, at=NOW - timedelta(minutes=1)),
        RateBucket(account="x-en", name="posts", tokens=-80.0, at=NOW - timedelta(minutes=30)),
    ],
    ids=["all paused", "account paused", "campaign paused", "its turn comes", "blocked"],
)
def test_what_waits_as_it_should_is_not_overdue(
    sessions: Sessions, reason: Pause | RateBucket
) -> None:
    queue(sessions)
    with sessions.begin() as session:
        session.merge(reason)
    assert look(sessions) == Changed(opened=0, closed=0)


@pytest.mark.parametrize(
    "excuse",
    [
        Pause(scope="all", target="", reason="r", by="me", at=NOON, lifted_at=NOON),
        Pause(scope="account", target="x-es", reason="r", by="me", at=NOON),
        Pause(scope="campaign", target="autumn", reason="r", by="me", at=NOON),
        RateBucket(account="x-es", name="spacing", tokens=0.0, at=NOW),
        RateBucket(account="x-en", name="spacing", tokens=0.0, at=LONG_AGO),
        RateBucket(account="x-en", name="posts", tokens=-80.0, at=LONG_AGO),
    ],
    ids=["lifted", "other account", "other campaign", "other turn", "old turn", "old block"],
)
def test_no_excuse_covers_what_is_not_its_own(
    sessions: Sessions, excuse: Pause | RateBucket
) -> None:
    queue(sessions)
    with sessions.begin() as session:
        session.merge(excuse)
    assert look(sessions) == Changed(opened=1, closed=0)


def test_posts_of_a_disconnected_account_wait_for_it_alone(sessions: Sessions) -> None:
    queue(sessions)
    with sessions.begin() as session:
        session.add(Account(name="x-en", disconnected_at=NOON))
    look(sessions)
    assert standing(sessions) == [("reconnect", "x-en")]


def test_a_worker_that_has_the_account_in_hand_moves_it(sessions: Sessions) -> None:
    queue(sessions)
    queue(sessions, state=State.SENDING, claimed_until=NOW + timedelta(seconds=20))
    assert look(sessions) == Changed(opened=0, closed=0)


def test_an_account_with_an_hour_between_posts_waits_an_hour(sessions: Sessions) -> None:
    queue(sessions)
    with sessions.begin() as session:
        session.add(RateBucket(account="x-en", name="spacing", tokens=0.0, at=NOW))
    gap = {"x-en": timedelta(hours=1)}
    assert look(sessions, NOW + timedelta(minutes=50), **gap) == Changed(opened=0, closed=0)
    assert look(sessions, NOW + timedelta(minutes=70), **gap) == Changed(opened=1, closed=0)


def heart(worker: str, *, started: Any = LONG_AGO, seen: Any, stopped: Any = None) -> Heartbeat:
    return Heartbeat(
        worker=worker, pid=1, host="box", started_at=started, seen_at=seen, stopped_at=stopped
    )


@pytest.mark.parametrize(
    ("beats", "silent"),
    [
        ([heart("a", seen=NOW - timedelta(minutes=1))], []),
        ([heart("a", seen=NOW - timedelta(minutes=3))], ["a"]),
        ([heart("a", seen=NOON - timedelta(days=1), stopped=NOON)], []),
        ([heart("a", seen=NOON), heart("b", started=NOON + timedelta(minutes=1), seen=NOW)], []),
        ([heart("a", seen=NOON), heart("b", started=LONG_AGO, seen=NOW)], ["a"]),
    ],
    ids=["lives", "silent", "stopped", "replaced", "one of two"],
)
def test_a_daemon_that_vanished_is_an_alert_until_another_took_its_place(
    sessions: Sessions, beats: list[Heartbeat], silent: list[str]
) -> None:
    with sessions.begin() as session:
        for beat in beats:
            session.merge(beat)
    look(sessions)
    assert standing(sessions) == [("daemon", worker) for worker in silent]


def test_an_approval_is_asked_for_an_hour_before_its_time(sessions: Sessions) -> None:
    with sessions.begin() as session:
        for hold in (Hold.APPROVAL, Hold.APPROVAL, Hold.TRANSLATION):
            add_message(session, state=MessageState.HELD, hold=hold)
    assert look(sessions, NOON - timedelta(minutes=61)) == Changed(opened=0, closed=0)
    assert look(sessions, NOON - timedelta(minutes=60)) == Changed(opened=1, closed=0)
    assert text(sessions).startswith("2 messages of campaign 'spring' still wait")
    with sessions.begin() as session:
        session.execute(update(Message).values(state=MessageState.APPROVED, hold=None))
    assert look(sessions, NOON) == Changed(opened=0, closed=1)


class Post:
    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.sent: list[tuple[str, str]] = []

    def __call__(self, subject: str, text: str) -> Outcome:
        self.sent.append((subject, text))
        return self.outcome


def test_a_person_is_told_once_and_of_everything_together(sessions: Sessions) -> None:
    queue(sessions)
    queue(sessions, state=State.UNKNOWN)
    look(sessions)
    post = Post(Sent("1"))
    assert tell(sessions, post, NOW) == 2
    assert tell(sessions, post, NOW) == 0
    ((subject, body),) = post.sent
    assert subject == "campaigner: 2 things need you"
    assert "campaigner doctor" in body
    assert "campaigner outbox resolve" in body

    queue(sessions, account="x-es")
    look(sessions)
    assert tell(sessions, post, NOW) == 1, "the new one alone"
    assert post.sent[1][0] == "campaigner: messages are past due"


def test_nothing_to_tell_sends_nothing(sessions: Sessions) -> None:
    post = Post(Sent("1"))
    assert tell(sessions, post, NOW) == 0
    assert post.sent == []


@pytest.mark.parametrize("outcome", [Retry("down"), Reject("550"), Disconnected("535")])
def test_what_surely_failed_is_told_again(sessions: Sessions, outcome: Outcome) -> None:
    queue(sessions)
    look(sessions)
    assert tell(sessions, Post(outcome), NOW) == 0
    assert tell(sessions, Post(Sent("1")), NOW) == 1


def test_what_may_have_arrived_is_not_repeated(sessions: Sessions) -> None:
    queue(sessions)
    look(sessions)
    assert tell(sessions, Post(Unknown("no answer")), NOW) == 1
    assert tell(sessions, Post(Sent("1")), NOW) == 0


def test_an_alert_that_ended_before_it_was_told_is_not_told(sessions: Sessions) -> None:
    queue(sessions)
    look(sessions)
    with sessions.begin() as session:
        session.execute(update(Delivery).values(state=State.SENT))
    look(sessions)
    assert tell(sessions, Post(Sent("1")), NOW) == 0


def test_every_kind_has_a_subject() -> None:
    for kind in ("reconnect", "unknown", "overdue", "daemon", "approval"):
        assert subject_of([Alert(kind=kind)]).startswith("campaigner: ")


def handed(sessions: Sessions, *, not_after: timedelta) -> int:
    with sessions.begin() as session:
        message = add_message(session, channel="manual", not_after=NOON + not_after)
        return add_delivery(
            session, message, state=State.HELD, hold=Hold.PERSON, attempts=1, note="told ana@x.org"
        ).id


def test_a_post_by_hand_is_asked_after_before_its_last_date_and_told_when_it_passed(
    sessions: Sessions,
) -> None:
    id = handed(sessions, not_after=timedelta(days=1))
    assert look(sessions, NOON + timedelta(hours=21, minutes=59)) == Changed(opened=0, closed=0)
    assert look(sessions, NOON + timedelta(hours=22)) == Changed(opened=1, closed=0)
    assert f"campaigner outbox done {id} ADDRESS" in text(sessions)
    assert "ana@" not in text(sessions)

    late = NOON + timedelta(days=1)
    with sessions.begin() as session:
        upkeep.expire(session, now=late)
    assert look(sessions, late) == Changed(opened=1, closed=1)
    assert [kind for kind, _ in standing(sessions)] == ["lapsed"]
    assert look(sessions, late + timedelta(days=1)) == Changed(opened=0, closed=1), "not for ever"


def test_a_post_by_hand_that_has_little_time_is_not_asked_after_at_once(
    sessions: Sessions,
) -> None:
    handed(sessions, not_after=timedelta(hours=1))
    assert look(sessions, NOON + timedelta(minutes=29)) == Changed(opened=0, closed=0)
    assert look(sessions, NOON + timedelta(minutes=30)) == Changed(opened=1, closed=0)


def test_a_doubtful_handover_is_settled_by_asking_the_people(sessions: Sessions) -> None:
    with sessions.begin() as session:
        message = add_message(session, channel="manual")
        id = add_delivery(session, message, state=State.UNKNOWN, attempts=2).id
    assert look(sessions) == Changed(opened=1, closed=0)
    assert f"campaigner outbox done {id} ADDRESS" in text(sessions)
    assert "Look at the account's page" not in text(sessions)
