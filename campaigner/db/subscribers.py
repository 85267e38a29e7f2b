"""Readers: taken in, listed, and gone when they say so."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from campaigner.core.audience import Subscriber as Reader
from campaigner.core.delivery import UNSENT
from campaigner.db.editions import ACTIVE
from campaigner.db.engine import change
from campaigner.db.models import Delivery, Subscriber
from campaigner.db.upkeep import SUPPRESSED

BATCH = 1000
LEFT = "left"


def known_mailboxes(session: Session, mailboxes: Sequence[str]) -> dict[str, Subscriber]:
    """Return which of these mailboxes are known, as they stand; one query per thousand."""
    found: dict[str, Subscriber] = {}
    for start in range(0, len(mailboxes), BATCH):
        rows = session.scalars(
            select(Subscriber).where(Subscriber.mailbox.in_(mailboxes[start : start + BATCH]))
        )
        found.update((row.mailbox, row) for row in rows)
    return found


def add(
    session: Session, readers: Sequence[Reader], *, consent: dict[str, Any], now: datetime
) -> None:
    """Add new readers in one statement. `consent` says when, how and by whom it was given."""
    rows = [
        {
            "address": reader.address,
            "mailbox": reader.mailbox,
            "name": reader.name,
            "locale": reader.locale,
            "zone": reader.zone,
            "country": reader.country,
            "state": ACTIVE,
            "consent": consent,
            "added_at": now,
        }
        for reader in readers
    ]
    if rows:
        session.execute(insert(Subscriber), rows)


def correct(session: Session, readers: Sequence[Reader], ids: dict[str, int]) -> None:
    """Write what a reader is now called and how they read; their state stays as it is."""
    rows = [
        {
            "id": ids[reader.mailbox],
            "address": reader.address,
            "name": reader.name,
            "locale": reader.locale,
            "zone": reader.zone,
            "country": reader.country,
        }
        for reader in readers
    ]
    if rows:
        session.execute(update(Subscriber), rows)


def all_readers(session: Session) -> Sequence[Subscriber]:
    return session.scalars(select(Subscriber).order_by(Subscriber.mailbox)).all()


def leave(session: Session, mailbox: str) -> int | None:
    """Let a reader go, and cancel in the same transaction what was on its way to them.

    Returns how many mails that stopped; None: nobody of that mailbox.
    """
    reader = session.scalar(select(Subscriber).where(Subscriber.mailbox == mailbox))
    if reader is None:
        return None
    reader.state = LEFT
    session.flush()
    return change(
        session,
        update(Delivery)
        .where(Delivery.subscriber_id == reader.id, Delivery.state.in_(UNSENT))
        .values(**SUPPRESSED),
    )
