"""Forgetting a person: whatever names them, but for a keyed hash that keeps mail away."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, String, cast, delete, func, literal, or_, select, update
from sqlalchemy.orm import Session

from campaigner.core.address import read_address
from campaigner.core.audience import SuppressedFor
from campaigner.core.delivery import UNSENT
from campaigner.core.signup import SignupState
from campaigner.core.tokens import Keyring, hash_of, hashes_of
from campaigner.db import suppressions
from campaigner.db.engine import change
from campaigner.db.insertion import insert_new
from campaigner.db.models import Attempt, Bounce, Delivery, Erasure, Signup, Subscriber, Suppression
from campaigner.db.subscribers import by_mailbox

ERASED = "erased"
AT_ONCE = 5_000  # mailboxes that are hashed between two looks at the database
KNOWN_AT_ONCE = 1_000


@dataclass(frozen=True, kw_only=True)
class Traces:
    """What there is, or was, of a person: how many rows of each kind."""

    subscriber: bool
    mails: int
    stopped: int
    attempts: int
    bounces: int
    signups: int

    @property
    def is_empty(self) -> bool:
        return not (self.subscriber or self.mails or self.bounces or self.signups)


def trace(session: Session, *, keyring: Keyring, mailbox: str) -> Traces:
    """Return what an erasure would reach; changes nothing."""
    subscriber = by_mailbox(session, mailbox)
    mails = _mails(subscriber)
    waiting = [] if subscriber is None else _unsent(session, subscriber.id)
    return Traces(
        subscriber=subscriber is not None,
        mails=_count(session, Delivery, mails),
        stopped=len(waiting),
        attempts=_count(session, Attempt, _attempts(subscriber)),
        bounces=len(_bounces(session, mailbox, subscriber)),
        signups=_count(session, Signup, Signup.mailbox_hash.in_(hashes_of(keyring, mailbox))),
    )


def erase(session: Session, *, keyring: Keyring, mailbox: str, now: datetime) -> Traces:
    """Take a person out of every table, in one transaction; return what was found.

    What waits for them is stopped. Mails keep that they were sent, and when,
    but not to whom; attempts and reports lose their words; and the mailbox is
    suppressed, so that no import brings it back.
    """
    stopped = suppressions.suppress(
        session, keyring=keyring, mailbox=mailbox, reason=SuppressedFor.ERASURE, now=now
    )
    row = {"hash": hash_of(keyring, mailbox), "at": now}
    insert_new(session, Erasure, [row])
    subscriber = by_mailbox(session, mailbox)
    reports = _bounces(session, mailbox, subscriber)
    _blank_bounces(session, reports)
    attempts = change(session, update(Attempt).where(_attempts(subscriber)).values(reason=ERASED))
    signups = _blank_signups(session, hashes_of(keyring, mailbox))
    mails = change(
        session,
        update(Delivery)
        .where(_mails(subscriber))
        .values(
            recipient=literal(f"{ERASED}-").concat(cast(Delivery.id, String)),
            slots={},
            note="",
            country="",
            subscriber_id=None,
        ),
    )
    change(session, delete(Subscriber).where(Subscriber.mailbox == mailbox))
    return Traces(
        subscriber=subscriber is not None,
        mails=mails,
        stopped=stopped,
        attempts=attempts,
        bounces=len(reports),
        signups=signups,
    )


def unknown_among(session: Session, hashes: Collection[str]) -> set[str]:
    """Return which of these erasures this database does not know of; one query per thousand."""
    every = sorted(hashes)
    unknown = set(every)
    for start in range(0, len(every), KNOWN_AT_ONCE):
        some = every[start : start + KNOWN_AT_ONCE]
        unknown -= set(session.scalars(select(Erasure.hash).where(Erasure.hash.in_(some))))
    return unknown


def mailboxes_after(session: Session, last: int) -> Sequence[tuple[int, str]]:
    """Return a page of all subscribers' mailboxes, those whose number is above `last`."""
    rows = session.execute(
        select(Subscriber.id, Subscriber.mailbox)
        .where(Subscriber.id > last)
        .order_by(Subscriber.id)
        .limit(AT_ONCE)
    )
    return [(id, mailbox) for id, mailbox in rows]


def note_forgotten(session: Session, *, hashes: Collection[str], now: datetime) -> None:
    """Remember erasures by their hash alone, where there is nobody here any more to erase."""
    insert_new(session, Erasure, [{"hash": hash, "at": now} for hash in hashes])
    rows = [
        {"hash": hash, "reason": SuppressedFor.ERASURE.value, "at": now, "note": ""}
        for hash in hashes
    ]
    insert_new(session, Suppression, rows)
    _blank_signups(session, hashes)


def _mails(subscriber: Subscriber | None) -> ColumnElement[bool]:
    return Delivery.subscriber_id == (subscriber.id if subscriber else -1)


def _attempts(subscriber: Subscriber | None) -> ColumnElement[bool]:
    return Attempt.delivery_id.in_(select(Delivery.id).where(_mails(subscriber)))


def _unsent(session: Session, subscriber_id: int) -> Sequence[int]:
    return session.scalars(
        select(Delivery.id).where(
            Delivery.subscriber_id == subscriber_id, Delivery.state.in_(UNSENT)
        )
    ).all()


def _count(session: Session, table: type, where: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(table).where(where)) or 0


def _bounces(session: Session, mailbox: str, subscriber: Subscriber | None) -> Sequence[int]:
    """Return the reports about a person: of their mails, or naming their address.

    Those that are tied to no mail are read: their bytes may name it anywhere.
    """
    read = read_address(mailbox)
    spellings = {each.lower() for each in (mailbox, read.normalized, read.ascii) if each}
    spellings |= {subscriber.address.lower()} if subscriber else set()
    of_mails = Bounce.delivery_id.in_(select(Delivery.id).where(_mails(subscriber)))
    named = func.lower(Bounce.recipient).in_(spellings)
    found = set(session.scalars(select(Bounce.id).where(or_(of_mails, named))))
    needles = [spelling.encode() for spelling in spellings]
    untied = (
        select(Bounce.id, Bounce.raw)
        .where(Bounce.delivery_id.is_(None), Bounce.raw.is_not(None))
        .execution_options(yield_per=50)
    )
    for id, raw in session.execute(untied):
        if raw is not None and any(needle in raw.lower() for needle in needles):
            found.add(id)
    return sorted(found)


def _blank_bounces(session: Session, ids: Sequence[int]) -> None:
    change(
        session,
        update(Bounce).where(Bounce.id.in_(ids)).values(recipient=ERASED, raw=None, note=ERASED),
    )


def _blank_signups(session: Session, hashes: Collection[str]) -> int:
    """Empty what a form received; the row stays, so that its number is not given again.

    Its token would then speak for somebody else.
    """
    return change(
        session,
        update(Signup)
        .where(Signup.mailbox_hash.in_(hashes))
        .values(
            address="",
            name="",
            mailbox_hash="",
            network_hash="",
            topics=[],
            consent={},
            state=SignupState.REFUSED.value,
            next_at=None,
            note=ERASED,
        ),
    )
