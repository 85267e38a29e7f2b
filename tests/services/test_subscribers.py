"""Who leaves gets nothing more; who is erased is nowhere any more."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, select

from campaigner.core.audience import Standing, SuppressedFor
from campaigner.core.delivery import State
from campaigner.core.message import Kind
from campaigner.core.tokens import hash_of
from campaigner.db import forgotten, subscribers, suppressions
from campaigner.db.engine import Sessions
from campaigner.db.models import (
    Attempt,
    Base,
    Bounce,
    Delivery,
    Erasure,
    Signup,
    Subscriber,
    Subscription,
    Suppression,
)
from campaigner.errors import UserError
from campaigner.services.erase import erase_subscriber, replay_erasures
from campaigner.services.subscribers import dossier_of, remove_subscriber, suppress_mailbox
from tests.fakes import FakeClock
from tests.readers import KEYRING, LIST, add_subscriber
from tests.rows import NOON, add_delivery, add_message

ANA = "ana@example.org"
SECRETS = ("ana@example.org", "Ana Núñez", "her own words", "203.0.113.9")


def mail(sessions: Sessions, state: State, *, list: str = LIST, **overrides: Any) -> int:
    """Add a mail to Ana in a message of its own; return its number."""
    with sessions.begin() as session:
        who = session.scalars(select(Subscriber.id).where(Subscriber.mailbox == ANA)).one()
        message = add_message(session, kind=Kind.MAIL, account=list, channel="email")
        return add_delivery(
            session,
            message,
            recipient=ANA,
            subscriber_id=who,
            state=state,
            slots={"name": "Ana Núñez"},
            **overrides,
        ).id


def states(sessions: Sessions) -> list[State]:
    with sessions() as session:
        return [*session.scalars(select(Delivery.state).order_by(Delivery.id))]


def remove(sessions: Sessions, address: str, list: str | None = None) -> int:
    return remove_subscriber(sessions, address, list=list, by="operator", clock=FakeClock(NOON))


def erase(sessions: Sessions, folder: Path, *, dry_run: bool = False) -> Any:
    return erase_subscriber(
        sessions,
        "ANA@example.org",
        keyring=KEYRING,
        state_dir=folder,
        clock=FakeClock(NOON),
        dry_run=dry_run,
    )


def test_who_leaves_stops_the_mails_on_their_way_in_the_same_transaction(
    sessions: Sessions,
) -> None:
    with sessions.begin() as session:
        add_subscriber(session, ANA, lists=(LIST, "other"))
    for state in (State.HELD, State.QUEUED, State.CLAIMED, State.SENDING, State.SENT):
        mail(sessions, state)
    mail(sessions, State.QUEUED, list="other")
    assert remove(sessions, "ANA@example.org", LIST) == 3
    assert states(sessions) == [
        *[State.SUPPRESSED] * 3, State.SENDING, State.SENT, State.QUEUED
    ]  # fmt: skip
    assert remove(sessions, ANA) == 1, "and from all lists"
    with sessions() as session:
        rows = session.scalars(select(Subscription).order_by(Subscription.list)).all()
    assert [row.state for row in rows] == ["left", "left"]
    assert rows[0].consent["ended"] == {
        "as": "left", "how": "by hand: operator", "at": NOON.isoformat()
    }  # fmt: skip


@pytest.mark.parametrize("address", ["nobody@example.org", "no address"])
def test_who_is_not_there_cannot_leave(address: str, sessions: Sessions) -> None:
    with pytest.raises(UserError):
        remove(sessions, address)


@pytest.mark.parametrize(
    ("before", "then", "after"),
    [
        (Standing.ACTIVE, Standing.LEFT, Standing.LEFT),
        (Standing.PENDING, Standing.LEFT, Standing.LEFT),
        (Standing.LEFT, Standing.BOUNCED, Standing.LEFT),
        (Standing.LEFT, Standing.COMPLAINED, Standing.COMPLAINED),
        (Standing.COMPLAINED, Standing.LEFT, Standing.COMPLAINED),
    ],
)
def test_what_ended_stays_ended_as_it_was_but_for_a_complaint(
    before: Standing, then: Standing, after: Standing, sessions: Sessions
) -> None:
    with sessions.begin() as session:
        id = add_subscriber(session, ANA, standing=before).id
        subscribers.leave(session, subscriber_id=id, list=LIST, why="x", now=NOON, standing=then)
    with sessions() as session:
        assert session.scalars(select(Subscription.state)).one() == after.value


def test_a_suppression_reaches_all_lists_and_who_is_not_known(sessions: Sessions) -> None:
    with sessions.begin() as session:
        add_subscriber(session, ANA, lists=(LIST, "other"))
    mail(sessions, State.QUEUED)
    mail(sessions, State.CLAIMED, list="other")
    for address, stopped in ((ANA, 2), ("nobody@example.org", 0), (ANA, 0)):
        assert stopped == suppress_mailbox(
            sessions, address, by="operator", keyring=KEYRING, clock=FakeClock(NOON)
        )
    with sessions() as session:
        assert {row.reason for row in session.scalars(select(Suppression))} == {"by_hand"}
        ana = subscribers.by_mailbox(session, ANA)
        assert ana is not None
        assert (ana.suppressed_at, ana.suppressed_for) == (NOON, "by_hand")
        assert suppressions.lift(session, keyring=KEYRING, mailbox=ANA)
        assert not suppressions.lift(session, keyring=KEYRING, mailbox=ANA)


def fill(sessions: Sessions) -> None:
    """Put Ana, who has left traces everywhere, and Bea, who has to stay, into the database."""
    with sessions.begin() as session:
        add_subscriber(session, ANA, name="Ana Núñez", attributes={"note": "her own words"})
        add_subscriber(session, "bea@example.org", name="Bea")
    sent = mail(sessions, State.SENT, sent_at=NOON, note="250 ok for ana@example.org")
    for state in (State.QUEUED, State.CLAIMED, State.HELD):
        mail(sessions, state)
    report = {
        "source": "mailbox", "kind": "bounce", "state": "applied", "received_at": NOON,
    }  # fmt: skip
    with sessions.begin() as session:
        session.add_all(
            [
                Attempt(
                    delivery_id=sent, number=1, at=NOON, outcome="retry",
                    reason="451 <ana@example.org> try later",
                ),
                Bounce(digest="1", delivery_id=sent, raw=b"To: Ana@Example.org", **report),
                Bounce(digest="2", recipient="ANA@EXAMPLE.ORG", raw=b"whatever", **report),
                Bounce(digest="3", raw=b"about ana@example.org, said a machine", **report),
                Bounce(digest="4", recipient="bea@example.org", raw=b"about bea", **report),
                Signup(
                    kind="subscribe", state="confirmed", address=ANA, list=LIST, locale="es",
                    zone="UTC", name="Ana Núñez", mailbox_hash=hash_of(KEYRING, ANA),
                    network_hash="n" * 64, consent={"from": "203.0.113.9"}, at=NOON,
                ),
            ]
        )  # fmt: skip


def everything(sessions: Sessions) -> str:
    """Return all that any table holds, as one text."""
    held = []
    with sessions() as session:
        for table in Base.metadata.sorted_tables:
            assert isinstance(table, Table)
            held += [repr(tuple(row)) for row in session.execute(select(table))]
    return "\n".join(held)


def test_who_is_erased_is_in_no_table_any_more(sessions: Sessions, tmp_path: Path) -> None:
    fill(sessions)
    before = erase(sessions, tmp_path, dry_run=True)
    assert all(secret in everything(sessions) for secret in SECRETS)
    assert erase(sessions, tmp_path) == before
    assert (before.mails, before.stopped, before.attempts, before.bounces, before.signups) == (
        4, 3, 1, 3, 1,
    )  # fmt: skip
    left = everything(sessions).lower()
    assert not [secret for secret in SECRETS if secret.lower() in left]
    assert "bea@example.org" in left
    assert "about bea" in left
    assert states(sessions) == [State.SENT, *[State.SUPPRESSED] * 3], "that it was sent stays"
    with sessions() as session:
        recipients = session.scalars(select(Delivery.recipient).order_by(Delivery.id)).all()
        assert recipients[0].startswith("erased-")
        assert len(set(recipients)) == 4
        assert suppressions.is_suppressed(session, [hash_of(KEYRING, ANA)])
    again = erase(sessions, tmp_path)
    assert again.is_empty, "to do it again changes nothing"


def test_a_restored_backup_forgets_again(sessions: Sessions, tmp_path: Path) -> None:
    fill(sessions)
    forgotten.remember(tmp_path, hash_of(KEYRING, ANA))
    forgotten.remember(tmp_path, hash_of(KEYRING, "long.gone@example.org"))
    file = tmp_path / "erasures"
    file.write_text(file.read_text() + "cut off")

    def replay() -> int:
        return replay_erasures(sessions, keyring=KEYRING, state_dir=tmp_path, clock=FakeClock(NOON))

    assert replay() == 1
    assert "ana@example.org" not in everything(sessions).lower()
    with sessions() as session:
        assert len(session.scalars(select(Erasure.hash)).all()) == 2
        gone = hash_of(KEYRING, "long.gone@example.org")
        assert suppressions.is_suppressed(session, [gone])
    assert replay() == 0


def test_an_erasure_is_remembered_before_it_is_committed(tmp_path: Path) -> None:
    assert forgotten.remembered(tmp_path) == frozenset()
    forgotten.remember(tmp_path, "a" * 64)
    forgotten.remember(tmp_path, "b" * 64)
    assert forgotten.remembered(tmp_path) == {"a" * 64, "b" * 64}


def test_a_person_gets_all_that_is_held_of_them(sessions: Sessions, tmp_path: Path) -> None:
    fill(sessions)
    held = dossier_of(sessions, "Ana@Example.ORG", keyring=KEYRING)
    assert held["subscriber"]["name"] == "Ana Núñez"
    assert held["subscriptions"][0]["consent"] == {"how": "form"}
    assert [each["state"] for each in held["mails"]].count("sent") == 1
    sent = next(each for each in held["mails"] if each["state"] == "sent")
    assert sent["tries"][0]["reason"].startswith("451")
    assert sent["came_back"][0]["report"] == "To: Ana@Example.org"
    assert held["signups"][0]["consent"] == {"from": "203.0.113.9"}
    assert held["suppressed"] is None
    erase(sessions, tmp_path)
    after = dossier_of(sessions, ANA, keyring=KEYRING)
    assert (after["subscriber"], after["mails"], after["signups"]) == (None, [], [])
    assert after["suppressed"]["reason"] == SuppressedFor.ERASURE
    with pytest.raises(UserError, match="nothing is held"):
        dossier_of(sessions, "nobody@example.org", keyring=KEYRING)
