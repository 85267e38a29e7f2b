"""Editions: frozen once, told in every language that is whole, and never twice to one reader."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from campaigner.core.broadcast import Stage
from campaigner.core.campaign import Campaign, Missing
from campaigner.core.delivery import Hold, MessageState, State
from campaigner.core.difference import Queued
from campaigner.core.processes import Process
from campaigner.db import closing, processes
from campaigner.db.engine import Sessions
from campaigner.db.models import (
    Block,
    Broadcast,
    Delivery,
    Edition,
    Message,
    Subscriber,
    Subscription,
)
from campaigner.rendering.catalogs import Catalogs
from campaigner.services.approve import approve
from campaigner.services.compose import compose_due, queue_editions
from campaigner.services.freeze import freeze_waiting
from tests.processes import milestone, process, window
from tests.rendering.builders import po_entry, write_po
from tests.services.desks import Office, digest, wording

MONDAY = datetime(2026, 11, 2, 15, tzinfo=UTC)
FIRST = datetime(2026, 11, 3, 13, tzinfo=UTC)  # Tuesday at ten in Montevideo
WEEK = timedelta(days=7)
LEAD = timedelta(days=2)
DIGEST = digest()
PACKAGED = Path(__file__).parents[2] / "locales"
ONE = process("one", milestone("2026-10-20", "The Council met"))
TWO = process("two", milestone("2026-10-21", "The charter was approved"))
NEWS = replace(ONE, milestones=(*ONE.milestones, milestone("2026-11-05", "The Board voted")))
FRENCH_LACKS = replace(
    DIGEST,
    digest=replace(
        DIGEST.digest,  # type: ignore[type-var]
        subject=wording("digest", "Digest", en="Digest", es="Boletín", pt_BR="Boletim"),
    ),
)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """An office with the packaged catalogs, and translations of what happens here."""
    for locale in ("es", "pt_BR", "fr"):
        entries = [
            po_entry(fact.what, f"{fact.what} <{locale}>", context=f"process/{each.id}")
            for each in (TWO, NEWS)
            for fact in each.milestones
        ]
        write_po(tmp_path / "locales", locale, "".join(entries), domain="processes")
    return Office(catalogs=Catalogs([tmp_path / "locales", PACKAGED]))


def know(sessions: Sessions, *those: Process) -> None:
    with sessions.begin() as session:
        processes.replace(session, those, source="test", now=MONDAY)


def subscribe(sessions: Sessions, *locales: str, zone: str = "UTC") -> None:
    with sessions.begin() as session:
        there = session.scalar(select(func.count()).select_from(Subscriber)) or 0
        for number, locale in enumerate(locales, there):
            address = f"r{number}@example.org"
            reader = Subscriber(
                address=address, mailbox=address, locale=locale, zone=zone, added_at=MONDAY
            )
            session.add(reader)
            session.flush()
            session.add(
                Subscription(
                    subscriber_id=reader.id, list="newsletter", state="active",
                    added_at=MONDAY, changed_at=MONDAY,
                )
            )  # fmt: skip


def put(
    sessions: Sessions, office: Office, what: Campaign = DIGEST, *, now: datetime = MONDAY,
    dry_run: bool = False,
) -> Queued:  # fmt: skip
    done = queue_editions(
        sessions, what, office.desk, start=None, new_run=False, by="author", now=now,
        dry_run=dry_run,
    )  # fmt: skip
    freeze_waiting(sessions, clock=lambda: now)
    return done


def compose(
    sessions: Sessions, office: Office, now: datetime, what: Iterable[Campaign] = (DIGEST,)
) -> int:
    made = compose_due(sessions, what, office.desk, by="daemon", now=now)
    freeze_waiting(sessions, clock=lambda: now)
    return made


def say_yes(sessions: Sessions, now: datetime = MONDAY) -> int:
    return len(approve(sessions, campaign="digest", by="approver", now=now).approved)


def send_all(sessions: Sessions) -> None:
    with sessions.begin() as session:
        approved = select(Message.id).where(Message.state == MessageState.APPROVED)
        session.execute(
            update(Delivery)
            .where(Delivery.message_id.in_(approved))
            .values(state=State.SENT, attempts=1)
        )
        session.execute(
            update(Broadcast)
            .where(Broadcast.message_id.in_(approved))
            .values(started_at=MONDAY, stage=Stage.CLOSED)
        )


def current(sessions: Sessions, run: str = "2026-11-03") -> dict[str, Message]:
    with sessions() as session:
        found = session.scalars(
            select(Message).where(Message.run == run, Message.state.in_(["held", "approved"]))
        )
        return {message.locale: message for message in found}


def readers(sessions: Sessions, message: Message) -> set[str]:
    with sessions() as session:
        rows = select(Delivery.recipient).where(Delivery.message_id == message.id)
        return set(session.scalars(rows))


def told(sessions: Sessions, message: Message) -> str:
    with sessions() as session:
        blocks = select(Block.text).where(Block.message_id == message.id).order_by(Block.position)
        return "\n".join(session.scalars(blocks))


def kinds(queued: Queued) -> list[str]:
    return [change.what for change in queued.changes]


def test_an_edition_is_made_once_in_every_language_that_has_readers(
    sessions: Sessions, office: Office
) -> None:
    know(sessions, ONE, TWO)
    subscribe(sessions, "en", "es", "es", "pt_BR")
    assert kinds(put(sessions, office)) == ["new"] * 3
    made = current(sessions)
    assert {locale: len(readers(sessions, made[locale])) for locale in made} == {
        "en": 1, "es": 2, "pt_BR": 1,
    }  # fmt: skip
    assert "The charter was approved" in told(sessions, made["en"]), "the first tells how it stands"
    assert kinds(put(sessions, office, now=MONDAY + timedelta(hours=9))) == ["unchanged"] * 3
    assert compose(sessions, office, MONDAY + timedelta(hours=9)) == 0
    assert {locale: message.id for locale, message in current(sessions).items()} == {
        locale: message.id for locale, message in made.items()
    }


def test_a_dry_run_of_a_digest_writes_nothing(sessions: Sessions, office: Office) -> None:
    know(sessions, ONE)
    subscribe(sessions, "en")
    assert kinds(put(sessions, office, dry_run=True)) == ["new"]
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(Edition)) == 0
        assert session.scalar(select(func.count()).select_from(Message)) == 0


def test_a_reader_without_an_own_locale_gets_the_nearest(
    sessions: Sessions, office: Office
) -> None:
    know(sessions, ONE)
    subscribe(sessions, "es_MX", "pt", "fr_HT", "ht", "en_JM")
    put(sessions, office)
    got = {locale: readers(sessions, message) for locale, message in current(sessions).items()}
    assert got == {
        "es": {"r0@example.org"},
        "pt_BR": {"r1@example.org"},
        "fr": {"r2@example.org"},
        "en": {"r3@example.org", "r4@example.org"},
    }


def test_the_next_edition_is_composed_its_lead_before_and_tells_only_what_changed(
    sessions: Sessions, office: Office
) -> None:
    know(sessions, ONE, TWO)
    subscribe(sessions, "en")
    put(sessions, office)
    say_yes(sessions)
    send_all(sessions)
    know(sessions, NEWS)
    due = FIRST + WEEK
    assert compose(sessions, office, due - LEAD - timedelta(seconds=1)) == 0
    assert compose(sessions, office, due - LEAD) == 1
    assert compose(sessions, office, due - LEAD) == 0
    (second,) = current(sessions, "2026-11-10").values()
    assert "The Board voted" in told(sessions, second)
    assert "The charter was approved" not in told(sessions, second)
    assert (second.state, second.hold) == (MessageState.HELD, Hold.APPROVAL)


def test_a_quiet_week_sends_nothing(sessions: Sessions, office: Office) -> None:
    know(sessions, ONE)
    subscribe(sessions, "en")
    put(sessions, office)
    say_yes(sessions)
    send_all(sessions)
    assert compose(sessions, office, FIRST + WEEK - LEAD) == 0
    assert current(sessions, "2026-11-10") == {}
    know(sessions, NEWS)
    compose(sessions, office, FIRST + 2 * WEEK - LEAD)
    (third,) = current(sessions, "2026-11-17").values()
    assert "The Board voted" in told(sessions, third)


@pytest.mark.parametrize("drop", ["expired", "canceled"])
def test_what_a_dropped_edition_held_is_told_by_the_next(
    sessions: Sessions, office: Office, drop: str
) -> None:
    know(sessions, ONE)
    subscribe(sessions, "en")
    put(sessions, office)
    with sessions.begin() as session:
        if drop == "expired":
            assert closing.expire(session, now=FIRST + timedelta(days=3)) == 1
        else:
            session.execute(update(Message).values(state=MessageState.CANCELED))
    compose(sessions, office, FIRST + WEEK - LEAD)
    (second,) = current(sessions, "2026-11-10").values()
    assert "The Council met" in told(sessions, second)


def test_an_untranslated_edition_is_held_alone_and_names_the_string(
    sessions: Sessions, office: Office
) -> None:
    know(sessions, ONE)
    subscribe(sessions, "en", "fr")
    put(sessions, office, FRENCH_LACKS)
    made = current(sessions)
    assert (made["fr"].hold, made["en"].hold) == (Hold.TRANSLATION, Hold.APPROVAL)
    assert "Digest" in made["fr"].note
    assert say_yes(sessions) == 1
    assert put(sessions, office, replace(FRENCH_LACKS, missing=Missing.SKIP))


def test_a_language_that_had_to_wait_tells_the_same_to_its_own_readers_later(
    sessions: Sessions, office: Office
) -> None:
    know(sessions, ONE)
    subscribe(sessions, "en", "fr")
    put(sessions, office, FRENCH_LACKS)
    say_yes(sessions)
    english = current(sessions)["en"]
    send_all(sessions)
    know(sessions, NEWS)
    subscribe(sessions, "en")
    with sessions.begin() as session:  # who has read it in English now wants French
        session.execute(
            update(Subscriber).where(Subscriber.mailbox == "r0@example.org").values(locale="fr")
        )
    done = put(sessions, office, now=MONDAY + timedelta(hours=1))
    assert sorted(kinds(done)) == ["changed", "sent"]
    made = current(sessions)
    assert made["en"].id == english.id
    assert made["fr"].hold is Hold.APPROVAL
    assert readers(sessions, made["fr"]) == {"r1@example.org"}, "nobody gets it twice"
    assert "The Board voted" not in told(sessions, made["fr"]), "its data were frozen"


def test_a_changed_audience_or_text_asks_for_approval_again(
    sessions: Sessions, office: Office
) -> None:
    know(sessions, ONE)
    subscribe(sessions, "en", "es")
    put(sessions, office)
    say_yes(sessions)
    subscribe(sessions, "es")
    done = put(sessions, office, now=MONDAY + timedelta(hours=1))
    assert sorted(kinds(done)) == ["changed", "unchanged"]
    made = current(sessions)
    assert (made["en"].state, made["es"].state) == (MessageState.APPROVED, MessageState.HELD)
    assert len(readers(sessions, made["es"])) == 2
    with sessions() as session:
        stages = select(Message.state, Broadcast.stage).join_from(Message, Broadcast)
        found = session.execute(stages.where(Message.locale == "es").order_by(Message.id))
    assert [tuple(row) for row in found] == [
        (MessageState.REPLACED, Stage.CLOSING),
        (MessageState.HELD, Stage.READY),
    ]


def test_blocks_that_show_times_are_made_for_each_zone(sessions: Sessions, office: Office) -> None:
    open_now = window(date(2026, 10, 20), date(2026, 11, 20))
    know(sessions, process("one", milestone("2026-10-20", "It opened"), windows=(open_now,)))
    subscribe(sessions, "en", zone="America/Montevideo")
    subscribe(sessions, "en", zone="America/Port_of_Spain")
    put(sessions, office)
    with sessions() as session:
        zones: dict[str, set[str]] = {}
        for block in session.scalars(select(Block)):
            zones.setdefault(block.name, set()).add(block.zone)
    assert zones.pop("do_now") == {"America/Montevideo", "America/Port_of_Spain"}
    assert set(map(frozenset, zones.values())) == {frozenset({""})}
    assert len(current(sessions)) == 1


def test_nobody_to_write_to_is_no_edition_and_those_who_left_are_nobody(
    sessions: Sessions, office: Office
) -> None:
    know(sessions, ONE)
    subscribe(sessions, "en")
    with sessions.begin() as session:
        session.execute(update(Subscription).values(state="left"))
    assert kinds(put(sessions, office)) == []
    assert current(sessions) == {}


def test_frozen_rows_are_as_many_as_were_approved(sessions: Sessions, office: Office) -> None:
    know(sessions, ONE)
    subscribe(sessions, *["es"] * 25)
    put(sessions, office)
    (message,) = current(sessions).values()
    with sessions() as session:
        found: list[Any] = list(
            session.execute(select(Delivery.state, Delivery.hold, Delivery.due_at, Delivery.slots))
        )
    assert len(found) == 25
    # The message is what waits: a yes touches none of a million rows.
    assert {each[:3] for each in map(tuple, found)} == {(State.QUEUED, None, FIRST)}
    assert (message.state, message.hold) == (MessageState.HELD, Hold.APPROVAL)
    assert found[0].slots == {"name": "", "zone": "UTC"}
    assert message.not_after == FIRST + timedelta(days=2)


def test_a_mail_is_read_where_its_reader_is_or_where_their_locale_is(
    sessions: Sessions, office: Office
) -> None:
    know(sessions, ONE)
    subscribe(sessions, "pt_BR", "pt_BR", "es_419", "es")
    with sessions.begin() as session:
        moved = update(Subscriber).where(Subscriber.mailbox == "r1@example.org")
        session.execute(moved.values(country="PT"))
        at_home = update(Subscriber).where(Subscriber.mailbox == "r3@example.org")
        session.execute(at_home.values(country="UY"))
    put(sessions, office)
    with sessions() as session:
        rows = session.execute(select(Delivery.recipient, Delivery.country))
        read = {recipient: country for recipient, country in rows}  # noqa: C416 - rows, no pairs
    assert read == {
        "r0@example.org": "BR",
        "r1@example.org": "PT",
        "r2@example.org": "",
        "r3@example.org": "UY",
    }


def test_an_edition_that_a_holiday_moved_or_an_embargo_holds_says_so(
    sessions: Sessions, office: Office
) -> None:
    class Carnival:
        def name_on(self, day: date) -> str:
            return "Carnaval (UY)" if day == FIRST.date() else ""

    know(sessions, ONE)
    subscribe(sessions, "en")
    ends = MONDAY - WEEK
    schedule = replace(DIGEST.schedule, holidays=Carnival())
    put(sessions, office, replace(DIGEST, schedule=schedule, embargo_until=ends))
    message = current(sessions)["en"]
    assert message.moved == "moved from 2026-11-03 10:00: Carnaval (UY)"
    assert (message.due_at, message.embargo_until) == (FIRST + timedelta(days=1), ends)
