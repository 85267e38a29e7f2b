"""Readers are taken in once, corrected, and never brought back."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from campaigner.core.audience import Subscriber as Reader
from campaigner.core.delivery import State
from campaigner.core.message import Kind
from campaigner.db.engine import Sessions
from campaigner.db.models import Delivery, Subscriber
from campaigner.errors import UserError
from campaigner.services.import_subscribers import Taken, import_subscribers, remove_subscriber
from tests.rows import NOON, add_delivery, add_message

ANA = Reader(
    address="ana@example.org", mailbox="ana@example.org", name="Ana", locale="es", zone="UTC",
    country="UY",
)  # fmt: skip
BEA = replace(ANA, address="bea@example.org", mailbox="bea@example.org", name="Bea")


def take(sessions: Sessions, *readers: Reader, dry_run: bool = False) -> Taken:
    return import_subscribers(
        sessions, readers, source="list.csv", by="ana", now=NOON, dry_run=dry_run
    )


def test_a_reader_is_added_once_with_the_evidence_of_consent(sessions: Sessions) -> None:
    assert take(sessions, ANA, BEA, dry_run=True) == Taken(
        added=2, corrected=0, unchanged=0, gone=0
    )
    assert take(sessions, ANA) == Taken(added=1, corrected=0, unchanged=0, gone=0)
    assert take(sessions, ANA, BEA) == Taken(added=1, corrected=0, unchanged=1, gone=0)
    with sessions() as session:
        ana, bea = session.scalars(select(Subscriber).order_by(Subscriber.mailbox))
    assert (ana.name, bea.name, ana.state) == ("Ana", "Bea", "active")
    assert (ana.consent["source"], ana.consent["by"]) == ("list.csv", "ana")


def test_a_reader_is_corrected_and_who_left_stays_gone(sessions: Sessions) -> None:
    take(sessions, ANA, BEA)
    assert take(sessions, replace(ANA, locale="fr")).corrected == 1
    remove_subscriber(sessions, "bea@example.org")
    assert take(sessions, ANA, replace(BEA, name="B")) == Taken(
        added=0, corrected=1, unchanged=0, gone=1
    )
    with sessions() as session:
        bea = session.scalars(select(Subscriber).where(Subscriber.mailbox == BEA.mailbox)).one()
    assert (bea.state, bea.name) == ("left", "Bea")


def test_who_leaves_stops_the_mails_on_their_way_in_the_same_transaction(
    sessions: Sessions,
) -> None:
    take(sessions, ANA)
    with sessions.begin() as session:
        who = session.scalars(select(Subscriber.id)).one()
        for number, state in enumerate((State.HELD, State.QUEUED, State.CLAIMED, State.SENT)):
            message = add_message(session, kind=Kind.MAIL)
            add_delivery(
                session, message, recipient=f"{number}@example.org", subscriber_id=who, state=state
            )
    assert remove_subscriber(sessions, "ANA@example.org") == 3
    with sessions() as session:
        found = session.scalars(select(Delivery.state).order_by(Delivery.id)).all()
    assert found == [*[State.SUPPRESSED] * 3, State.SENT]
    assert remove_subscriber(sessions, "ana@example.org") == 0


@pytest.mark.parametrize("address", ["nobody@example.org", "no address"])
def test_who_is_not_there_cannot_leave(sessions: Sessions, address: str) -> None:
    with pytest.raises(UserError):
        remove_subscriber(sessions, address)
