"""Mailboxes that may not be mailed, by their keyed hash: no address is needed to keep away."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session

from campaigner.core.audience import SuppressedFor
from campaigner.core.tokens import Keyring, hash_of, hashes_of
from campaigner.db.engine import change
from campaigner.db.insertion import insert_new
from campaigner.db.models import Subscriber, Suppression
from campaigner.db.subscribers import by_mailbox, stop_mails

AT_ONCE = 1000


def suppress(
    session: Session,
    *,
    keyring: Keyring,
    mailbox: str,
    reason: SuppressedFor,
    now: datetime,
    note: str = "",
) -> int:
    """Keep all mail from a mailbox from now on, whether a subscriber has it or not.

    In the same transaction what was on its way to them is stopped; returns how
    many mails that were. A suppression that is there already keeps its reason.
    `note` must not name the address.
    """
    hashes = hashes_of(keyring, mailbox)
    if not is_suppressed(session, hashes):
        row = {"hash": hash_of(keyring, mailbox), "reason": reason.value, "at": now, "note": note}
        insert_new(session, Suppression, [row])
    subscriber = by_mailbox(session, mailbox)
    if subscriber is None:
        return 0
    change(
        session,
        update(Subscriber)
        .where(Subscriber.id == subscriber.id, Subscriber.suppressed_at.is_(None))
        .values(suppressed_at=now, suppressed_for=reason.value),
    )
    return stop_mails(session, subscriber_id=subscriber.id)


def lift(session: Session, *, keyring: Keyring, mailbox: str) -> bool:
    """Let a mailbox be mailed again; return whether it was suppressed."""
    hashes = hashes_of(keyring, mailbox)
    lifted = change(session, delete(Suppression).where(Suppression.hash.in_(hashes)))
    freed = change(
        session,
        update(Subscriber)
        .where(Subscriber.mailbox == mailbox, Subscriber.suppressed_at.is_not(None))
        .values(suppressed_at=None, suppressed_for=""),
    )
    return bool(lifted or freed)


def is_suppressed(session: Session, hashes: Collection[str]) -> bool:
    """Whether one of these hashes, a mailbox's by each key, is suppressed."""
    there = select(Suppression.hash).where(Suppression.hash.in_(hashes))
    return bool(session.scalar(select(exists(there))))


def has_any(session: Session) -> bool:
    return bool(session.scalar(select(exists(select(Suppression.hash)))))


def suppressed_among(session: Session, hashes: Collection[str]) -> set[str]:
    """Return which of these hashes are suppressed; one query per thousand."""
    every = list(hashes)
    found: set[str] = set()
    for start in range(0, len(every), AT_ONCE):
        some = every[start : start + AT_ONCE]
        found.update(session.scalars(select(Suppression.hash).where(Suppression.hash.in_(some))))
    return found
