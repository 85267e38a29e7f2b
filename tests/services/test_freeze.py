"""Freezing: everybody who could get it gets it or is left out with a reason; nobody is lost."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from campaigner.core.audience import Exclusion as Reason
from campaigner.core.audience import Frequency, Standing
from campaigner.core.broadcast import Stage, Stop, frozen_hash, is_in_share
from campaigner.core.delivery import Hold, MessageState, State
from campaigner.core.message import Kind
from campaigner.db.engine import Sessions
from campaigner.db.models import (
    Block,
    Broadcast,
    Delivery,
    Edition,
    Exclusion,
    Message,
    Subscriber,
    SubscriberTopic,
    Subscription,
)
from campaigner.services import freeze
from campaigner.services.freeze import Frozen, Progress, freeze_waiting
from tests.fakes import FakeClock
from tests.rows import NOON, add_message

Change = Callable[[Session, int], None]


def add_reader(session: Session, name: str, **overrides: Any) -> int:
    """Add an active reader in English of the newsletter; return their number."""
    of_list = {
        key: overrides.pop(key)
        for key in ("state", "frequency", "consent", "list")
        if key in overrides
    }
    topics = overrides.pop("topics", ())
    address = f"{name}@example.org"
    values: dict[str, Any] = {
        "address": address,
        "mailbox": address,
        "name": name.capitalize(),
        "locale": "en",
        "zone": "UTC",
        "added_at": NOON,
    }
    subscriber = Subscriber(**values | overrides)
    session.add(subscriber)
    session.flush()
    subscription: dict[str, Any] = {
        "list": "newsletter",
        "state": Standing.ACTIVE,
        "added_at": NOON,
        "changed_at": NOON,
    }
    session.add(Subscription(subscriber_id=subscriber.id, **subscription | of_list))
    session.add_all(SubscriberTopic(subscriber_id=subscriber.id, topic=one) for one in topics)
    session.flush()
    return subscriber.id


def add_edition(session: Session, **overrides: Any) -> int:
    """Add a held mail message whose readers are to be frozen; `broadcast` are its own values."""
    broadcast = overrides.pop("broadcast", {})
    values: dict[str, Any] = {
        "kind": Kind.MAIL,
        "account": "newsletter",
        "channel": "email",
        "state": MessageState.HELD,
        "hold": Hold.FREEZING,
        "text": "News",
    }
    message = add_message(session, **values | overrides)
    session.add(
        Broadcast(
            **{"message_id": message.id, "locales": ["en"], "stage": Stage.FREEZING} | broadcast
        )
    )
    session.flush()
    return message.id


def run(sessions: Sessions, *, size: int = 3, **more: Any) -> list[Frozen]:
    return freeze_waiting(sessions, clock=FakeClock(NOON), size=size, **more)


def mails(sessions: Sessions, message: int) -> dict[str, Delivery]:
    with sessions() as session:
        rows = session.scalars(select(Delivery).where(Delivery.message_id == message))
        return {row.recipient.partition("@")[0]: row for row in rows}


def left_out(sessions: Sessions, message: int) -> dict[int, str]:
    with sessions() as session:
        rows = session.execute(
            select(Exclusion.subscriber_id, Exclusion.reason).where(Exclusion.message_id == message)
        )
        return {row.subscriber_id: row.reason for row in rows}


def both(sessions: Sessions, id: int) -> tuple[Message, Broadcast]:
    with sessions() as session:
        return session.get_one(Message, id), session.get_one(Broadcast, id)


def test_every_candidate_is_a_mail_or_an_exclusion_with_its_reason(sessions: Sessions) -> None:
    with sessions.begin() as session:
        add_reader(session, "ana", country="BR", zone="America/Bahia")
        out = {
            add_reader(session, "suppressed", suppressed_at=NOON): Reason.SUPPRESSED,
            add_reader(session, "left", state=Standing.LEFT): Reason.LEFT,
            add_reader(session, "complained", state=Standing.COMPLAINED): Reason.LEFT,
            add_reader(session, "bounced", state=Standing.BOUNCED): Reason.LEFT,
            add_reader(session, "other", topics=["policy"]): Reason.TOPIC,
        }
        add_reader(session, "pending", state=Standing.PENDING)
        add_reader(session, "elsewhere", list="another")
        add_reader(session, "spanish", locale="es")
        add_reader(session, "both", topics=["policy", "security"])
        add_reader(session, "jürgen")
        id = add_edition(session, broadcast={"topics": ["security"]})
    (frozen,) = run(sessions)
    assert frozen == Frozen(message=id, candidates=8, recipients=3, excluded=5)
    assert left_out(sessions, id) == {who: reason.value for who, reason in out.items()}
    found = mails(sessions, id)
    assert set(found) == {"ana", "both", "jürgen"}, "who decides about ü is the relay"
    ana = found["ana"]
    assert (ana.state, ana.hold, ana.attempts, ana.due_at) == (State.QUEUED, None, 0, NOON)
    assert (ana.country, ana.slots) == ("BR", {"name": "Ana", "zone": "America/Bahia"})


def test_a_frozen_message_asks_for_approval_of_its_count(sessions: Sessions) -> None:
    with sessions.begin() as session:
        for name in ("ana", "bea"):
            add_reader(session, name)
        id = add_edition(session)
    run(sessions)
    message, broadcast = both(sessions, id)
    assert (message.state, message.hold) == (MessageState.HELD, Hold.APPROVAL)
    assert message.content_hash == frozen_hash("0" * 64, recipients=2)
    assert (broadcast.stage, broadcast.hold, broadcast.frozen_at) == (Stage.READY, "", NOON)
    assert run(sessions) == [], "there is nothing more to be done"


@pytest.mark.parametrize("place", ["freeze.written", "freeze.range"])
def test_a_freeze_that_is_killed_goes_on_and_nobody_is_twice_or_missing(
    sessions: Sessions, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sessions.begin() as session:
        for number in range(10):
            state = Standing.LEFT if number % 4 == 3 else Standing.ACTIVE
            add_reader(session, f"r{number}", state=state)
        id = add_edition(session)

    class Killed(BaseException):
        pass

    passed = []

    def kill(name: str) -> None:
        passed.append(name)
        if name == place and passed.count(place) % 2:
            raise Killed

    monkeypatch.setattr(freeze, "reach", kill)
    for _ in range(12):
        try:
            done = run(sessions)
            break
        except Killed:
            continue
    assert done == [Frozen(message=id, candidates=10, recipients=8, excluded=2)]
    assert passed.count(place) > 3
    assert len(mails(sessions, id)) == 8


def test_a_freeze_says_how_far_it_is_and_stops_between_two_ranges(sessions: Sessions) -> None:
    with sessions.begin() as session:
        for number in range(7):
            add_reader(session, f"r{number}")
        id = add_edition(session)
    heard: list[Progress] = []
    assert run(sessions, heard=heard.append, stops=lambda: len(heard) == 2) == []
    assert [(each.done, each.of) for each in heard] == [(3, 7), (6, 7)]
    assert both(sessions, id)[1].stage == Stage.FREEZING
    assert len(run(sessions, heard=heard.append)) == 1
    assert heard[-1] == Progress(message=id, done=7, of=7)


def test_who_joins_while_it_is_frozen_beyond_its_end_is_not_in_it(sessions: Sessions) -> None:
    with sessions.begin() as session:
        for number in range(4):
            add_reader(session, f"r{number}")
        id = add_edition(session)

    def join(progress: Progress) -> None:
        with sessions.begin() as session:
            add_reader(session, f"new{progress.done}")

    assert run(sessions, heard=join) == [Frozen(message=id, candidates=4, recipients=4, excluded=0)]


def test_who_wants_one_mail_a_week_is_left_out_of_the_second(sessions: Sessions) -> None:
    with sessions.begin() as session:
        weekly = add_reader(session, "weekly", frequency=Frequency.WEEKLY)
        monthly = add_reader(session, "monthly", frequency=Frequency.MONTHLY)
        add_reader(session, "every")
        first = add_edition(session)
    run(sessions)
    with sessions.begin() as session:  # NOON is a Monday
        same_week = add_edition(session, day=NOON.date() + timedelta(days=6))
        next_week = add_edition(session, day=NOON.date() + timedelta(days=7))
        next_month = add_edition(session, day=NOON.date() + timedelta(days=30))
    run(sessions)
    assert set(mails(sessions, first)) == {"weekly", "monthly", "every"}
    assert left_out(sessions, same_week) == {weekly: "frequency", monthly: "frequency"}
    assert left_out(sessions, next_week) == {monthly: "frequency"}
    assert left_out(sessions, next_month) == {}


def test_a_mail_that_was_canceled_is_none_of_the_week(sessions: Sessions) -> None:
    with sessions.begin() as session:
        add_reader(session, "weekly", frequency=Frequency.WEEKLY)
        first = add_edition(session)
    run(sessions)
    with sessions.begin() as session:
        session.execute(
            update(Delivery).where(Delivery.message_id == first).values(state=State.CANCELED)
        )
        second = add_edition(session, day=NOON.date() + timedelta(days=1))
    run(sessions)
    assert left_out(sessions, second) == {}


def test_who_has_an_edition_in_one_language_does_not_get_it_in_another(sessions: Sessions) -> None:
    with sessions.begin() as session:
        edition = Edition(campaign="d", day=NOON.date(), slot="1200", data={}, composed_at=NOON)
        session.add(edition)
        session.flush()
        who = add_reader(session, "ana")
        english = add_edition(session, edition_id=edition.id)
    run(sessions)
    with sessions.begin() as session:
        session.get_one(Broadcast, english).started_at = NOON
        session.get_one(Subscriber, who).locale = "es"
        add_reader(session, "eva", locale="es")
        spanish = add_edition(
            session, edition_id=edition.id, locale="es", broadcast={"locales": ["es"]}
        )
    run(sessions)
    assert set(mails(sessions, spanish)) == {"eva"}
    assert left_out(sessions, spanish) == {who: "reached"}


def test_a_segment_takes_in_whom_it_describes_also_by_another_list(sessions: Sessions) -> None:
    with sessions.begin() as session:
        both_lists = add_reader(session, "ana", country="BR")
        session.add(
            Subscription(
                subscriber_id=both_lists, list="events", state="active", added_at=NOON,
                changed_at=NOON,
            )
        )  # fmt: skip
        add_reader(session, "bea", country="BR")
        add_reader(session, "eva", country="AR")
        id = add_edition(session, broadcast={"segment": "country = BR and list.events = active"})
    assert run(sessions) == [Frozen(message=id, candidates=1, recipients=1, excluded=0)]


def test_a_local_broadcast_is_due_at_the_same_time_on_each_clock(sessions: Sessions) -> None:
    with sessions.begin() as session:
        add_reader(session, "bogota", zone="America/Bogota")
        add_reader(session, "madrid", zone="Europe/Madrid")
        id = add_edition(session, broadcast={"local": True})
    run(sessions)
    found = mails(sessions, id)
    assert found["bogota"].due_at == datetime(2026, 3, 2, 17, tzinfo=UTC)
    assert found["madrid"].due_at == datetime(2026, 3, 2, 11, tzinfo=UTC)
    assert both(sessions, id)[0].not_after == NOON + timedelta(days=1, hours=5)


def test_who_lives_in_a_zone_that_the_message_cannot_tell_reads_the_campaigns(
    sessions: Sessions,
) -> None:
    with sessions.begin() as session:
        add_reader(session, "bogota", zone="America/Bogota")
        add_reader(session, "lima", zone="America/Lima")
        id = add_edition(session, zone="America/Montevideo")
        for zone in ("America/Bogota", "America/Montevideo"):
            session.add(Block(message_id=id, zone=zone, position=1, name="when", html="", text=""))
    run(sessions)
    assert {name: mail.slots["zone"] for name, mail in mails(sessions, id).items()} == {
        "bogota": "America/Bogota",
        "lima": "America/Montevideo",
    }


def test_all_but_a_sample_are_held_back_and_python_chooses_as_sql_does(sessions: Sessions) -> None:
    with sessions.begin() as session:
        ids = [add_reader(session, f"r{number}") for number in range(60)]
        id = add_edition(session, broadcast={"sample": "10%"})
    run(sessions, size=50)
    chosen = {who for who in ids if is_in_share(who, message=id, share=0.1)}
    found = mails(sessions, id).values()
    assert {mail.subscriber_id for mail in found if mail.state is State.QUEUED} == chosen
    assert 3 <= len(chosen) <= 9
    rest = [mail for mail in found if mail.state is not State.QUEUED]
    assert {(mail.state, mail.hold) for mail in rest} == {(State.HELD, Hold.SAMPLE)}
    assert both(sessions, id)[1].stage == Stage.SAMPLE


def test_who_came_with_a_large_list_is_mailed_little_by_little(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("campaigner.core.broadcast.SMALL_IMPORT", 10)
    with sessions.begin() as session:
        add_reader(session, "known", consent={"how": "form"})
        for number in range(40):
            add_reader(session, f"r{number}", consent={"how": "import"})
        id = add_edition(session)
    run(sessions, size=50)
    found = mails(sessions, id)
    waiting = [name for name, mail in found.items() if mail.hold is Hold.SAMPLE]
    assert 25 <= len(waiting) <= 35
    assert found["known"].state is State.QUEUED
    with sessions.begin() as session:
        broadcast = session.get_one(Broadcast, id)
        broadcast.stage, broadcast.started_at = Stage.WHOLE, NOON
        later = add_edition(session, day=NOON.date() + timedelta(days=40))
    run(sessions, size=50)
    assert not [mail for mail in mails(sessions, later).values() if mail.hold is Hold.SAMPLE]


def test_where_the_counts_disagree_nothing_is_sent(sessions: Sessions) -> None:
    with sessions.begin() as session:
        for name in ("ana", "bea", "eva", "eli"):
            add_reader(session, name)
        id = add_edition(session)

    def lose(progress: Progress) -> None:
        with sessions.begin() as session:
            lost = select(func.min(Delivery.id)).scalar_subquery()
            session.execute(Delivery.__table__.delete().where(Delivery.id == lost))  # type: ignore[attr-defined]

    run(sessions, heard=lose, size=10)
    message, broadcast = both(sessions, id)
    assert broadcast.hold == Stop.COUNTS
    assert "of 4 candidates 4 became mails" in message.note


def test_what_nobody_gets_is_canceled_and_says_so(sessions: Sessions) -> None:
    with sessions.begin() as session:
        add_reader(session, "ana", topics=["policy"])
        id = add_edition(session, broadcast={"topics": ["security"]})
    assert run(sessions) == [Frozen(message=id, candidates=1, recipients=0, excluded=1)]
    message, broadcast = both(sessions, id)
    assert (message.state, broadcast.stage) == (MessageState.CANCELED, Stage.CLOSED)
    assert "no readers" in message.note
    with sessions.begin() as session:
        empty = add_edition(session, locale="fr", broadcast={"locales": ["fr"]})
    assert run(sessions) == [Frozen(message=empty, candidates=0, recipients=0, excluded=0)]


def test_two_who_freeze_at_once_share_the_work(sessions: Sessions) -> None:
    with sessions.begin() as session:
        for number in range(12):
            add_reader(session, f"r{number}")
        id = add_edition(session)

    def other(progress: Progress) -> None:
        if progress.done == 3:
            run(sessions, size=2)

    assert run(sessions, heard=other) == []
    _, broadcast = both(sessions, id)
    assert (broadcast.candidates, broadcast.recipients) == (12, 12)
    assert broadcast.stage == Stage.READY
    assert len(mails(sessions, id)) == 12
