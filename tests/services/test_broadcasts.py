"""A broadcast in people's hands: stopped, canceled, missed, moved, sampled, sent again, ended."""

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from campaigner.core.broadcast import Again, Counts, Stage, Stop
from campaigner.core.by_hand import Decision
from campaigner.core.delivery import Hold, MessageState, State
from campaigner.db import broadcasts as table
from campaigner.db.broadcasts import Standing
from campaigner.db.engine import Sessions
from campaigner.db.models import Account, Attempt, Broadcast, Delivery, Message
from campaigner.errors import UserError
from campaigner.services import broadcasts
from campaigner.services.approve import approve
from campaigner.services.broadcasts import Word, advance, cancel, release
from campaigner.services.freeze import freeze_waiting
from campaigner.services.outbox import count_mails, list_outbox, mails_of, retry
from campaigner.services.pause import pause, resume
from campaigner.services.resend import resend_failed, resend_to_joined
from campaigner.services.sample import draw_sample
from tests.broadcasts import LIST, add_edition, add_readers
from tests.fakes import FakeClock
from tests.rows import NOON, add_message

LATER = NOON + timedelta(minutes=10)


@pytest.fixture
def edition(sessions: Sessions) -> Callable[..., int]:
    """Adds an approved edition to eight readers, due at noon; returns its number."""

    names = itertools.count()

    def add(readers: int = 8, **overrides: Any) -> int:
        addresses = [f"r{next(names)}@example.org" for _ in range(readers)]
        with sessions.begin() as session:
            return add_edition(session, addresses, **overrides).id

    return add


def both(sessions: Sessions, id: int) -> tuple[Message, Broadcast]:
    with sessions() as session:
        return session.get_one(Message, id), session.get_one(Broadcast, id)


def due(sessions: Sessions, *, minutes: float = 10) -> list[int]:
    with sessions() as session:
        now = NOON + timedelta(minutes=minutes)
        found = table.due_messages(session, account=LIST, now=now)
        assert table.due_accounts(session, now=now) == ([LIST] if found else [])
        return found


def change(sessions: Sessions, id: int, what: type, **values: Any) -> None:
    key = Message.id if what is Message else Broadcast.message_id
    with sessions.begin() as session:
        session.execute(update(what).where(key == id).values(**values))


def put(sessions: Sessions, message: int, **states: int) -> None:
    """Put so many of a message's mails into states, in order; the rest stay queued."""
    with sessions.begin() as session:
        ids = iter(session.scalars(
            select(Delivery.id).where(Delivery.message_id == message).order_by(Delivery.id)
        ).all())  # fmt: skip
        for state, number in states.items():
            for _ in range(number):
                row = session.get_one(Delivery, next(ids))
                row.state, row.attempts = State(state), 1
                if state in ("claimed", "sending"):
                    row.claim, row.claimed_until = "w", NOON + timedelta(hours=1)


def standing(sessions: Sessions, id: int) -> Standing:
    return broadcasts.show(sessions, id)[0]


STOPS: dict[str, Callable[[Sessions, int], object]] = {
    "not approved": lambda s, id: change(s, id, Message, state=MessageState.HELD),
    "canceled": lambda s, id: change(s, id, Message, state=MessageState.CANCELED),
    "content changed": lambda s, id: change(s, id, Message, content_hash="1" * 64),
    "too late": lambda s, id: change(s, id, Message, not_after=LATER),
    "under embargo": lambda s, id: change(s, id, Message, embargo_until=LATER + timedelta(1)),
    "moved": lambda s, id: change(s, id, Broadcast, not_before=LATER + timedelta(1)),
    "missed": lambda s, id: change(s, id, Broadcast, hold=Stop.MISSED),
    "being frozen": lambda s, id: change(s, id, Broadcast, stage=Stage.FREEZING),
    "being closed": lambda s, id: change(s, id, Broadcast, stage=Stage.CLOSING),
    "all paused": lambda s, id: stop(s, "all"),
    "account paused": lambda s, id: stop(s, "account", LIST),
    "campaign paused": lambda s, id: stop(s, "campaign", "spring"),
    "edition paused": lambda s, id: stop(s, "edition", str(id)),
    "all its countries paused": lambda s, id: stop(s, "country", ""),
    "disconnected": lambda s, id: add(s, Account(name=LIST, disconnected_at=NOON)),
    "all sent": lambda s, id: put(s, id, sent=8),
}


def stop(sessions: Sessions, scope: str, target: str = "") -> None:
    pause(sessions, scope=scope, target=target, reason="a doubt", by="ana", now=NOON)


def add(sessions: Sessions, row: object) -> None:
    with sessions.begin() as session:
        session.add(row)


@pytest.mark.parametrize("why", STOPS)
def test_nothing_is_due_of_what_may_not_leave(
    sessions: Sessions, edition: Callable[..., int], why: str
) -> None:
    id = edition()
    other = edition(readers=0, account="another")
    assert due(sessions) == [id]
    STOPS[why](sessions, id)
    assert due(sessions) == []
    assert other != id


def test_a_broadcast_is_due_when_its_first_mail_is(
    sessions: Sessions, edition: Callable[..., int]
) -> None:
    id = edition(due_at=LATER)
    assert due(sessions, minutes=9.9) == []
    with sessions() as session:
        horizon = NOON + timedelta(hours=1)
        assert table.next_dues(session, after=NOON, until=horizon, limit=9) == [LATER]
        assert table.next_dues(session, after=LATER, until=horizon, limit=9) == []
    assert due(sessions) == [id]


def test_a_pause_of_another_country_stops_nobody_else(
    sessions: Sessions, edition: Callable[..., int]
) -> None:
    id = edition()
    with sessions.begin() as session:
        first = session.scalars(select(Delivery).order_by(Delivery.id)).first()
        assert first is not None
        first.country = "BR"
    stop(sessions, "country", "BR")
    assert due(sessions) == [id]


def test_counts_come_from_small_indices_and_what_is_in_none_was_sent(
    sessions: Sessions, edition: Callable[..., int]
) -> None:
    id = edition()
    put(sessions, id, sent=2, sending=1, claimed=1, rejected=1, unknown=1, suppressed=1)
    assert standing(sessions, id).counts == Counts(
        queued=1, claimed=2, sent=2, rejected=1, unknown=1, suppressed=1
    )
    entries = list_outbox(sessions, now=NOON)
    assert [entry.listed.delivery.state for entry in entries] == [State.UNKNOWN]
    lines = {each.state: each.number for each in count_mails(sessions, now=NOON)}
    assert lines == {
        State.QUEUED: 1, State.SENDING: 2, State.SENT: 2, State.REJECTED: 1, State.SUPPRESSED: 1,
    }  # fmt: skip
    (mine,) = mails_of(sessions, "R0@example.org", limit=None, now=NOON)
    assert mine.listed.delivery.state is State.SENT
    with pytest.raises(UserError, match="nobody has"):
        mails_of(sessions, "who@example.org", limit=None, now=NOON)


def test_a_canceled_broadcast_stops_at_once_and_its_rows_follow(
    sessions: Sessions, edition: Callable[..., int]
) -> None:
    id = edition()
    put(sessions, id, sent=2, sending=1, claimed=1)
    done = cancel(sessions, id, by="ana", reason="wrong link", now=LATER)
    message, broadcast = both(sessions, id)
    assert (message.state, message.note) == (MessageState.CANCELED, "canceled by ana: wrong link")
    assert broadcast.stage == Stage.CLOSING, "two are in hand"
    assert done.counts == Counts(claimed=2, sent=2, canceled=4)
    with sessions.begin() as session:  # the one comes back, the other gets its answer
        for row in session.scalars(select(Delivery).where(Delivery.claim == "w")):
            row.state = State.SENT if row.state is State.SENDING else State.QUEUED
            row.claim = row.claimed_until = None
    assert advance(sessions, clock=FakeClock(LATER)).closed == 1
    assert both(sessions, id)[1].stage == Stage.CLOSED
    assert standing(sessions, id).counts == Counts(sent=3, canceled=5)
    with pytest.raises(UserError, match="is over"):
        cancel(sessions, id, by="ana", reason="again", now=LATER)


def test_a_cancel_that_was_killed_is_finished_by_the_sweep(
    sessions: Sessions, edition: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    id = edition()

    def kill(place: str) -> None:
        raise KeyboardInterrupt(place)

    monkeypatch.setattr(broadcasts, "reach", kill)
    with pytest.raises(KeyboardInterrupt):
        cancel(sessions, id, by="ana", reason="wrong link", now=LATER)
    assert due(sessions) == []
    monkeypatch.undo()
    assert advance(sessions, clock=FakeClock(LATER), size=3).closed == 8
    assert standing(sessions, id).counts == Counts(canceled=8)
    assert both(sessions, id)[1].stage == Stage.CLOSED


def test_what_is_too_late_expires_in_ranges_and_what_has_begun_stays_approved(
    sessions: Sessions, edition: Callable[..., int]
) -> None:
    never, begun = edition(not_after=LATER), edition(not_after=LATER, account="second")
    change(sessions, begun, Broadcast, started_at=NOON)
    put(sessions, begun, sent=3)
    done = advance(sessions, clock=FakeClock(LATER), size=3)
    assert (done.expired, done.closed) == (2, 13)
    assert both(sessions, never)[0].state is MessageState.EXPIRED
    assert both(sessions, begun)[0].state is MessageState.APPROVED
    assert standing(sessions, begun).counts == Counts(sent=3, expired=5)
    assert both(sessions, begun)[1].stage == Stage.CLOSED


def test_a_broadcast_ends_when_each_of_its_mails_has(
    sessions: Sessions, edition: Callable[..., int]
) -> None:
    id = edition()
    change(sessions, id, Broadcast, started_at=NOON)
    put(sessions, id, sent=6, rejected=1, sending=1)
    assert advance(sessions, clock=FakeClock(LATER)).ended == 0
    put(sessions, id, sent=6, rejected=1, unknown=1)
    with sessions.begin() as session:
        session.execute(update(Delivery).values(claim=None, claimed_until=None))
    assert advance(sessions, clock=FakeClock(LATER)).ended == 1
    assert (both(sessions, id)[1].stage, both(sessions, id)[1].ended_at) == (Stage.CLOSED, LATER)


def test_what_had_begun_goes_on_after_a_pause_and_what_had_not_waits_for_a_word(
    sessions: Sessions, edition: Callable[..., int]
) -> None:
    begun, missed, later = edition(), edition(), edition(due_at=NOON + timedelta(hours=1))
    change(sessions, begun, Broadcast, started_at=NOON)
    stop(sessions, "all")
    done = resume(sessions, scope="all", target="", by="ana", now=LATER)
    assert (done.missed, done.broadcasts) == (0, 1)
    assert due(sessions) == [begun]
    assert [each.broadcast.hold for each in broadcasts.list_broadcasts(sessions)] == [
        "", Stop.MISSED, "",
    ]  # fmt: skip
    (why,) = [each.why for each in count_mails(sessions, now=LATER) if each.message.id == missed]
    assert f"campaigner broadcast send {missed}" in why
    with pytest.raises(UserError, match="does not wait"):
        broadcasts.send(sessions, later, now=LATER)
    broadcasts.send(sessions, missed, now=LATER)
    assert due(sessions) == [begun, missed]


@pytest.mark.parametrize(
    ("scope", "covers"),
    [("account", LIST), ("campaign", "spring"), ("edition", "{id}"), ("country", "")],
)
def test_a_pause_of_one_kind_makes_only_its_own_miss(
    sessions: Sessions, edition: Callable[..., int], scope: str, covers: str
) -> None:
    id = edition()
    with sessions.begin() as session:
        other = add_edition(session, ["x@example.org"], account="b", campaign="other").id
        session.execute(update(Delivery).where(Delivery.message_id == other).values(country="UY"))
    target = covers.format(id=id)
    stop(sessions, scope, target)
    resume(sessions, scope=scope, target=target, by="ana", now=LATER)
    assert both(sessions, id)[1].hold == Stop.MISSED
    assert both(sessions, other)[1].hold == ""


def test_a_missed_broadcast_is_moved_and_nothing_leaves_before(
    sessions: Sessions, edition: Callable[..., int]
) -> None:
    id = edition()
    change(sessions, id, Broadcast, hold=Stop.MISSED)
    to = NOON + timedelta(hours=3)
    with pytest.raises(UserError, match="has passed"):
        broadcasts.move(sessions, id, to=NOON, now=LATER)
    with pytest.raises(UserError, match="was to go out before"):
        broadcasts.move(sessions, id, to=NOON + timedelta(days=9), now=LATER)
    assert broadcasts.move(sessions, id, to=to, now=LATER) == NOON + timedelta(days=2)
    assert due(sessions, minutes=179) == []
    with sessions() as session:
        horizon = NOON + timedelta(days=1)
        assert table.next_dues(session, after=LATER, until=horizon, limit=9) == [to]
    assert due(sessions, minutes=180) == [id]


@pytest.mark.parametrize("decision", Decision)
def test_all_that_was_missed_is_decided_on_at_once(
    sessions: Sessions, edition: Callable[..., int], decision: Decision
) -> None:
    id, other = edition(), edition()
    change(sessions, id, Broadcast, hold=Stop.MISSED)

    def decide(*, hours: int, dry_run: bool = False) -> list[Word]:
        return broadcasts.decide_missed(
            sessions, decision=decision, at=lambda message: NOON + timedelta(hours=hours),
            by="ana", reason="late", now=LATER, dry_run=dry_run,
        )  # fmt: skip

    assert [word.standing.message.id for word in decide(hours=3, dry_run=True)] == [id]
    assert both(sessions, id)[1].hold == Stop.MISSED
    if decision is Decision.MOVE:
        assert "has passed" in decide(hours=0)[0].why_not
    (word,) = decide(hours=3)
    assert word.why_not == ""
    expected = {Decision.SEND: [id, other], Decision.MOVE: [other], Decision.DROP: [other]}
    assert due(sessions) == expected[decision]
    assert decide(hours=3) == []


def test_a_sample_goes_first_and_the_rest_when_it_is_released(
    sessions: Sessions, edition: Callable[..., int]
) -> None:
    id = edition()
    first, rest = draw_sample(sessions, id, "50%", size=3)
    assert first + rest == 8
    assert 2 <= first <= 6
    assert standing(sessions, id).counts == Counts(queued=first, held=rest)
    assert both(sessions, id)[1].stage == Stage.SAMPLE
    assert due(sessions) == [id]
    assert draw_sample(sessions, id, "100%", size=3) == (8, 0), "drawn anew"
    assert draw_sample(sessions, id, "50%") == (first, rest), "the same people"
    assert release(sessions, id) == rest
    assert both(sessions, id)[1].stage == Stage.WHOLE
    assert standing(sessions, id).counts == Counts(queued=8)
    with pytest.raises(UserError, match="holds nobody back"):
        release(sessions, id)


def test_a_release_that_was_killed_is_finished_by_the_sweep(
    sessions: Sessions, edition: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    id = edition()
    _, rest = draw_sample(sessions, id, "1")
    change(sessions, id, Broadcast, stage=Stage.RELEASING)
    assert advance(sessions, clock=FakeClock(LATER), size=2).released == rest
    assert both(sessions, id)[1].stage == Stage.WHOLE


def test_no_sample_is_drawn_of_what_has_begun(
    sessions: Sessions, edition: Callable[..., int]
) -> None:
    id = edition()
    with pytest.raises(UserError, match="neither a share"):
        draw_sample(sessions, id, "some")
    with pytest.raises(UserError, match="there is no broadcast"):
        draw_sample(sessions, 99, "5%")
    change(sessions, id, Broadcast, started_at=NOON)
    with pytest.raises(UserError, match="has begun"):
        draw_sample(sessions, id, "5%")


def test_what_failed_is_sent_again_and_nobody_else(
    sessions: Sessions, edition: Callable[..., int]
) -> None:
    id = edition()
    put(sessions, id, sent=4, rejected=1, exhausted=2, unknown=1)
    change(sessions, id, Broadcast, stage=Stage.CLOSED, started_at=NOON)
    a_week = NOON + timedelta(days=7)
    again = resend_failed(
        sessions, id, which=[Again.REJECTED, Again.EXHAUSTED], by="ana", now=a_week, size=2
    )
    assert again == 3
    assert standing(sessions, id).counts == Counts(queued=3, sent=4, unknown=1)
    message, broadcast = both(sessions, id)
    assert (broadcast.stage, message.state) == (Stage.WHOLE, MessageState.APPROVED)
    assert message.not_after == a_week + timedelta(days=2)
    with sessions() as session:
        assert {each.by for each in session.scalars(select(Attempt))} == {"ana"}
        assert table.due_messages(session, account=LIST, now=a_week) == [id]
    assert resend_failed(sessions, id, which=[Again.UNKNOWN], by="ana", now=a_week) == 1


def test_one_failed_mail_is_retried_alone_though_its_broadcast_has_ended(
    sessions: Sessions, edition: Callable[..., int]
) -> None:
    id = edition()
    put(sessions, id, rejected=1, sent=7)
    change(sessions, id, Broadcast, stage=Stage.CLOSED, started_at=NOON)
    with sessions() as session:
        mail = session.scalar(select(Delivery.id).where(Delivery.state == State.REJECTED))
    assert mail is not None
    retry(sessions, mail, by="ana", now=LATER)
    assert due(sessions) == [id]


def test_those_who_joined_since_get_it_after_another_yes(
    sessions: Sessions, edition: Callable[..., int]
) -> None:
    id = edition()
    put(sessions, id, sent=8)
    change(sessions, id, Broadcast, started_at=NOON, locales=["en"])
    change(sessions, id, Message, four_eyes=False)
    with sessions.begin() as session:
        add_readers(session, ["new@example.org"])
    tomorrow = NOON + timedelta(days=1)
    resend_to_joined(sessions, id, now=tomorrow)
    (frozen,) = freeze_waiting(sessions, clock=FakeClock(tomorrow))
    assert (frozen.candidates, frozen.recipients) == (9, 9)
    assert due(sessions, minutes=1441) == [], "a yes is one for a number of readers"
    approve(sessions, ids=[id], by="ana", now=tomorrow)
    assert due(sessions, minutes=1441) == [id]
    assert standing(sessions, id).counts == Counts(queued=1, sent=8)


def test_where_nobody_joined_a_broadcast_stays_what_it_was(
    sessions: Sessions, edition: Callable[..., int]
) -> None:
    id = edition()
    put(sessions, id, sent=8)
    change(sessions, id, Broadcast, started_at=NOON, locales=["en"])
    resend_to_joined(sessions, id, now=LATER)
    freeze_waiting(sessions, clock=FakeClock(LATER))
    message, broadcast = both(sessions, id)
    assert (message.state, message.content_hash) == (MessageState.APPROVED, "0" * 64)
    assert (broadcast.stage, broadcast.recipients) == (Stage.CLOSED, 8)
    put(sessions, id, queued=1)
    with pytest.raises(UserError, match="still on its way"):
        resend_to_joined(sessions, id, now=LATER)


def test_an_approval_of_a_broadcast_says_to_how_many_it_goes(
    sessions: Sessions, edition: Callable[..., int]
) -> None:
    id = edition()
    change(sessions, id, Message, state=MessageState.HELD, hold=Hold.APPROVAL, approved_hash=None)
    change(sessions, id, Broadcast, excluded=3)
    done = approve(sessions, ids=[id], by="maria", now=NOON)
    assert [each.id for each in done.approved] == [id]
    assert (done.broadcasts[id].recipients, done.broadcasts[id].excluded) == (8, 3)
    assert due(sessions) == [id]
    with sessions.begin() as session:
        uncounted = add_message(
            session, state=MessageState.HELD, hold=Hold.APPROVAL, note="8 are not 9", account=LIST
        ).id
        session.add(Broadcast(message_id=uncounted, stage=Stage.READY, hold=Stop.COUNTS))
    assert approve(sessions, ids=[uncounted], by="maria", now=NOON).refused[0][1] == "8 are not 9"
