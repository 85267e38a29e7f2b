"""An edition to its readers: a fence for each mail, and a result that waits for nothing."""

from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes
from typing import Any

import pytest
from sqlalchemy import event, func, select, update
from sqlalchemy.exc import OperationalError

from campaigner.core.channel import Disconnected, Reject, Relay, Retry, Sent, Unknown
from campaigner.core.delivery import Hold, State
from campaigner.core.message import Kind, OutgoingMail
from campaigner.db import outbox, subscribers
from campaigner.db.engine import Sessions
from campaigner.db.models import Block, Delivery, Message, Subscriber
from campaigner.errors import UserError
from campaigner.services.broadcast import Broadcast
from campaigner.services.pause import pause
from tests.fakes import FakeClock
from tests.relays import Relayed
from tests.rows import NOON, add_delivery, add_message
from tests.services.desks import ACCOUNTS


def edition(sessions: Sessions, count: int, **overrides: Any) -> list[int]:
    """Queue an approved edition to `count` readers; return its deliveries, in order."""
    with sessions.begin() as session:
        values = {
            "kind": Kind.MAIL, "channel": "email", "account": "newsletter", "text": "The digest",
            "approved_hash": "0" * 64, "campaign": "digest",
        } | overrides  # fmt: skip
        message = add_message(session, **values)
        session.add_all(
            Block(message_id=message.id, zone=zone, position=n, name="b", html=f"<p>{text}</p>",
                  text=text)
            for n, (zone, text) in enumerate([("", "Hello"), ("UTC", "at noon"), ("X", "at nine")])
        )  # fmt: skip
        ids = []
        for n in range(count):
            address = f"reader-{message.id}-{n}@example.org"
            who = Subscriber(
                address=address, mailbox=address, locale="en", zone="UTC", state="active",
                added_at=NOON,
            )  # fmt: skip
            session.add(who)
            session.flush()
            slots = {"name": f"Reader {n}", "zone": "UTC"}
            row = add_delivery(
                session, message, recipient=address, subscriber_id=who.id, slots=slots
            )
            ids.append(row.id)
    return ids


def send(
    sessions: Sessions,
    relay: Relay,
    *,
    clock: FakeClock | None = None,
    relay_at: Callable[[str], Relay] | None = None,
    waits: list[timedelta] | None = None,
) -> int:
    time = clock or FakeClock(NOON)

    def wait(span: timedelta) -> bool:
        if waits is not None and span:
            waits.append(span)
        time.now += span
        return False

    return Broadcast(
        sessions,
        account="newsletter",
        settings=ACCOUNTS["newsletter"],
        relay_at=relay_at or (lambda base: relay),
        claim="one",
        wait=wait,
        clock=time,
    ).send_due()


def states(sessions: Sessions) -> list[State]:
    with sessions() as session:
        return list(session.scalars(select(Delivery.state).order_by(Delivery.id)))


def row(sessions: Sessions, id: int) -> Delivery:
    with sessions() as session:
        return session.get_one(Delivery, id)


def test_each_mail_has_a_fence_of_its_own_and_the_last_result_comes_with_it(
    sessions: Sessions,
) -> None:
    edition(sessions, 3)
    seen: list[list[State]] = []
    relay = Relayed(during=lambda mail: seen.append(states(sessions)))
    assert send(sessions, relay) == 3
    assert seen == [
        [State.SENDING, State.CLAIMED, State.CLAIMED],
        [State.SENT, State.SENDING, State.CLAIMED],
        [State.SENT, State.SENT, State.SENDING],
    ]
    assert states(sessions) == [State.SENT] * 3
    assert send(sessions, relay) == 0


def test_a_mail_is_the_readers_own_and_the_same_at_every_try(sessions: Sessions) -> None:
    ids = edition(sessions, 2)
    relay, clock = Relayed([Retry("greylisted")]), FakeClock(NOON)
    send(sessions, relay, clock=clock)
    clock.tick(minutes=1)
    send(sessions, relay, clock=clock)
    first, other, again = relay.mails
    assert first.recipient == again.recipient == row(sessions, ids[0]).recipient
    assert (first.data, first.key) == (again.data, again.key)
    assert other.key != first.key
    parsed = message_from_bytes(first.data)
    assert parsed["Subject"] == "The digest"
    assert "Reader 0" in str(parsed["To"])
    text = parsed.get_payload(0).get_payload(decode=True)  # type: ignore[union-attr]
    assert b"at noon" in text
    assert b"at nine" not in text


def test_a_reader_who_leaves_mid_way_gets_no_mail(sessions: Sessions) -> None:
    ids = edition(sessions, 3)

    def leave(mail: OutgoingMail) -> None:
        with sessions.begin() as session:
            subscribers.leave(session, row(sessions, ids[1]).recipient)

    relay = Relayed(during=leave)
    assert send(sessions, relay) == 2
    assert states(sessions) == [State.SENT, State.SUPPRESSED, State.SENT]


def test_an_unknown_mail_stays_unknown_and_is_for_a_person(sessions: Sessions) -> None:
    (first, _) = edition(sessions, 2)
    clock = FakeClock(NOON)
    relay = Relayed([Unknown("no answer after the dot")])
    assert send(sessions, relay, clock=clock) == 2
    clock.tick(hours=12)
    assert send(sessions, relay, clock=clock) == 0
    assert (row(sessions, first).state, row(sessions, first).look_at) == (State.UNKNOWN, None)
    assert states(sessions)[1] is State.SENT


def test_a_refused_mail_is_counted_and_the_others_go_on(sessions: Sessions) -> None:
    edition(sessions, 3)
    assert send(sessions, Relayed([Reject("550 no such user")])) == 3
    assert states(sessions) == [State.REJECTED, State.SENT, State.SENT]


def test_a_result_is_committed_while_the_next_mail_waits_for_its_turn(sessions: Sessions) -> None:
    edition(sessions, 8)
    clock = FakeClock(NOON)
    seen: list[list[State]] = []

    def wait(span: timedelta) -> bool:
        if span:
            seen.append(states(sessions))
        clock.now += span
        return False

    relay = Relayed()
    account = Broadcast(
        sessions, account="newsletter", settings=ACCOUNTS["newsletter"],
        relay_at=lambda base: relay, claim="one", wait=wait, clock=clock,
    )  # fmt: skip
    assert account.send_due() == 8
    assert seen, "the rate held it back"
    assert all(State.SENDING not in at_rest for at_rest in seen)


def test_mails_keep_the_rate_of_their_relay(sessions: Sessions) -> None:
    edition(sessions, 60)
    clock, times = FakeClock(NOON), []
    send(sessions, Relayed(during=lambda mail: times.append(clock())), clock=clock)
    assert len(times) == 60
    assert times[4] == NOON, "five at once"
    for early, late in zip(times, times[9:], strict=False):
        assert late - early >= timedelta(seconds=0.99)
    assert timedelta(seconds=10.5) <= times[-1] - NOON <= timedelta(seconds=11.5), "five a second"


def test_a_lost_connection_holds_the_rest_and_burns_nothing(sessions: Sessions) -> None:
    edition(sessions, 4)
    relay = Relayed([Sent("q"), Disconnected("535 credentials")])
    assert send(sessions, relay) == 2
    assert states(sessions) == [State.SENT, *[State.HELD] * 3]
    with sessions() as session:
        found = session.execute(select(Delivery.hold, Delivery.attempts).offset(1).order_by("id"))
        assert {tuple(each) for each in found} == {(Hold.RECONNECT, 0)}
    assert send(sessions, relay) == 0


def test_an_account_that_lacks_something_is_told_before_the_fence(sessions: Sessions) -> None:
    edition(sessions, 2)

    def relay_at(base: str) -> Relay:
        raise UserError("no password")

    assert send(sessions, Relayed(), relay_at=relay_at) == 0
    assert states(sessions) == [State.HELD] * 2


def test_a_mail_that_cannot_be_made_keeps_no_other_back(sessions: Sessions) -> None:
    ids = edition(sessions, 3)
    with sessions.begin() as session:
        broken = {"name": "Ana\r\nBcc: all@example.org", "zone": "UTC"}
        session.execute(update(Delivery).where(Delivery.id == ids[0]).values(slots=broken))
    relay = Relayed()
    send(sessions, relay)
    assert states(sessions)[1:] == [State.SENT] * 2
    assert states(sessions)[0] in (State.REJECTED, State.SENT)
    assert all(b"\r\nBcc:" not in mail.data for mail in relay.mails)


def test_an_exception_out_of_a_relay_is_an_unknown(sessions: Sessions) -> None:
    edition(sessions, 2)

    def fail(mail: OutgoingMail) -> None:
        raise ZeroDivisionError

    assert send(sessions, Relayed(during=fail)) == 2
    assert states(sessions) == [State.UNKNOWN] * 2


def test_a_pause_stops_the_next_mail(sessions: Sessions) -> None:
    edition(sessions, 3)

    def stop(mail: OutgoingMail) -> None:
        pause(sessions, scope="campaign", target="digest", reason="r", by="ana", now=NOON)

    assert send(sessions, Relayed(during=stop)) == 1
    assert states(sessions) == [State.SENT, State.QUEUED, State.QUEUED]


def test_a_result_is_not_lost_where_the_database_is_away_for_a_while(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    edition(sessions, 3)
    monkeypatch.setattr("campaigner.db.engine.AGAIN_SECONDS", 0.0)
    relay = Relayed()
    failed: list[int] = []

    def fail(*_: object) -> None:
        if relay.mails and len(failed) < 4:
            failed.append(len(relay.mails))
            raise OperationalError("SELECT", {}, Exception("database is locked"))

    event.listen(sessions.class_, "do_orm_execute", fail)
    try:
        assert send(sessions, relay) == 3
    finally:
        event.remove(sessions.class_, "do_orm_execute", fail)
    assert failed == [1, 1, 1, 1]
    assert states(sessions) == [State.SENT] * 3
    with sessions() as session:
        assert session.scalar(select(func.sum(Delivery.attempts))) == 3
    assert len({mail.recipient for mail in relay.mails}) == len(relay.mails) == 3


def test_a_lost_mail_does_not_go_out_again(sessions: Sessions) -> None:
    edition(sessions, 1)

    class Killed(BaseException):
        pass

    def die(mail: OutgoingMail) -> None:
        raise Killed

    with pytest.raises(Killed):
        send(sessions, Relayed(during=die))
    assert states(sessions) == [State.SENDING]
    clock = FakeClock(NOON + timedelta(minutes=5))
    with sessions.begin() as session:
        outbox.recover_lost(session, now=clock())
    assert send(sessions, Relayed(), clock=clock) == 0
    assert states(sessions) == [State.UNKNOWN]


def test_an_edition_changed_since_its_approval_goes_to_nobody(sessions: Sessions) -> None:
    edition(sessions, 2)
    with sessions.begin() as session:
        session.execute(update(Message).values(content_hash="1" * 64))
    assert send(sessions, Relayed()) == 0
