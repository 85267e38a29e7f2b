"""Reports that came back: kept once each, tied to a mail, and what was made of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, exists, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, defer

from campaigner.core.bounces import ABOUT_US, HARMLESS, SOFT_LIMIT, Finding, Kind
from campaigner.core.delivery import State
from campaigner.db.engine import change
from campaigner.db.models import (
    Bounce,
    Broadcast,
    Delivery,
    Subscriber,
    Subscription,
    is_mail_aside,
)

MOST_BYTES = 65_536  # kept of a report: what comes after it is the mail that came back
RAW_KEPT = timedelta(days=90)
LATELY = timedelta(days=3)  # a broadcast that ended is looked at so long
LONGEST = 320  # of an address that a stranger wrote
REFUSED = "the relay refuses"  # how the note of such a mail begins (mail.transport)


class Handled(StrEnum):
    """What was made of a report."""

    APPLIED = "applied"
    WAITING = "waiting"  # a person decides
    IGNORED = "ignored"


@dataclass(frozen=True, kw_only=True)
class Target:
    """The mail that a report is about, and its reader. `mailbox` is empty once they were erased
    or have another address by now."""

    delivery_id: int
    account: str
    recipient: str
    subscriber_id: int | None
    mailbox: str
    state: State
    attempts: int
    sent_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Row:
    """A report ready to be kept."""

    digest: str
    source: str
    kind: Kind
    account: str
    target: Target | None
    finding: Finding | None
    state: Handled
    note: str = ""
    raw: bytes | None = None


def keep(session: Session, row: Row, *, now: datetime) -> int | None:
    """Keep a report; return its number, or None for one that is kept already.

    It is the first thing done in the transaction that acts on it: of two that
    bring the same report, one acts.
    """
    finding = row.finding
    on_postgresql = session.get_bind().dialect.name == "postgresql"
    insert = postgresql.insert(Bounce) if on_postgresql else sqlite.insert(Bounce)
    statement = insert.values(
        digest=row.digest,
        source=row.source,
        kind=row.kind.value,
        account=row.account,
        delivery_id=row.target.delivery_id if row.target else None,
        recipient=finding.recipient[:LONGEST] if finding else "",
        status=(finding.dsn or finding.reply)[:16] if finding else "",
        reason=finding.reason.value if finding else "",
        hard=finding.hard if finding else False,
        feedback=finding.feedback[:24] if finding else "",
        state=row.state.value,
        note=row.note,
        raw=row.raw[:MOST_BYTES] if row.raw else None,
        received_at=now,
        handled_at=None if row.state is Handled.WAITING else now,
    )
    return session.scalar(statement.on_conflict_do_nothing().returning(Bounce.id))


def target(session: Session, delivery_id: int) -> Target | None:
    """Return the mail of a number that one of our own tokens named; None: there is no such mail."""
    return next(iter(_targets(session, Delivery.id == delivery_id)), None)


def target_by_relay(
    session: Session, *, account: str, remote_ids: Collection[str], mailbox: str
) -> Target | None:
    """Return the mail that a relay's number and its reader's mailbox name together."""
    if not remote_ids:
        return None
    # By the reader, who has an index, and not by the number, which has none.
    reader = select(Subscriber.id).where(Subscriber.mailbox == mailbox)
    return next(
        iter(
            _targets(
                session,
                Delivery.subscriber_id.in_(reader),
                Delivery.account == account,
                Delivery.remote_id.in_(list(remote_ids)),
            )
        ),
        None,
    )


def _targets(session: Session, *conditions: ColumnElement[bool]) -> list[Target]:
    rows = session.execute(
        select(Delivery, Subscriber.mailbox)
        .outerjoin(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .where(*conditions, Delivery.recipient != "")
        .limit(1)
        .execution_options(populate_existing=True)
    )
    return [
        Target(
            delivery_id=row.id,
            account=row.account,
            recipient=row.recipient,
            subscriber_id=row.subscriber_id,
            mailbox=mailbox or "",
            state=row.state,
            attempts=row.attempts,
            sent_at=row.sent_at,
        )
        for row, mailbox in rows
    ]


def note_on_mail(session: Session, target: Target, note: str) -> None:
    """Write on a mail that was sent what came back of it; it stays sent."""
    change(
        session,
        update(Delivery)
        .where(Delivery.id == target.delivery_id, Delivery.state == State.SENT)
        .values(note=note),
    )


def streak(session: Session, target: Target) -> tuple[int, datetime | None]:
    """Return how many mails of the list came back from a reader in a row, and since when.

    Counted backwards from the one that the report is about, and ended by the
    first that did not come back. Every mail counts once, however many reports
    there are of it. Only reports that counted against the reader count.
    """
    if target.subscriber_id is None:
        return 0, None
    mails = session.execute(
        select(Delivery.id, func.min(Bounce.received_at))
        .outerjoin(
            Bounce,
            (Bounce.delivery_id == Delivery.id)
            & (Bounce.kind == Kind.BOUNCE.value)
            & (Bounce.state == Handled.APPLIED.value)
            & (Bounce.reason.not_in(sorted(ABOUT_US | HARMLESS))),
        )
        .where(
            Delivery.subscriber_id == target.subscriber_id,
            Delivery.account == target.account,
            Delivery.id <= target.delivery_id,
            Delivery.state.in_([State.SENT, State.REJECTED]),
        )
        .group_by(Delivery.id)
        .order_by(Delivery.id.desc())
        .limit(SOFT_LIMIT * 2)
    )
    count, since = 0, None
    for _, came_back_at in mails:
        if came_back_at is None:
            break
        count, since = count + 1, came_back_at
    return count, since


def set_bounces(session: Session, target: Target, count: int) -> None:
    """Write how many mails in a row came back, where the list's page shows it."""
    change(
        session,
        update(Subscription)
        .where(
            Subscription.subscriber_id == target.subscriber_id,
            Subscription.list == target.account,
            Subscription.bounces != count,
        )
        .values(bounces=count),
    )


def refused_by_relay(session: Session, *, now: datetime, limit: int) -> list[tuple[int, str]]:
    """Return mails that a relay refused and nobody looked at yet: their number, and what it said.

    Only broadcasts under way, or ended lately, are looked at, by the index of
    mails that went no straight way.
    """
    lately = select(Broadcast.message_id).where(
        or_(Broadcast.ended_at.is_(None), Broadcast.ended_at > now - LATELY)
    )
    known = select(Bounce.id).where(Bounce.delivery_id == Delivery.id)
    rows = session.execute(
        select(Delivery.id, Delivery.note)
        .where(
            is_mail_aside(),
            Delivery.message_id.in_(lately),
            Delivery.state == State.REJECTED,
            Delivery.note.like(f"{REFUSED}%"),
            ~exists(known),
        )
        .order_by(Delivery.message_id, Delivery.id)
        .limit(limit)
    )
    return [(id, note) for id, note in rows]


def forget_copies(session: Session, *, now: datetime) -> int:
    """Drop the bytes of reports that are old enough; return of how many."""
    return change(
        session,
        update(Bounce)
        .where(Bounce.received_at < now - RAW_KEPT, Bounce.raw.is_not(None))
        .values(raw=None),
    )


def listed(
    session: Session, *, state: Handled | None = None, limit: int | None = None
) -> Sequence[Bounce]:
    """Return reports, newest first, without their bytes."""
    query = select(Bounce).options(defer(Bounce.raw)).order_by(Bounce.received_at.desc())
    if state is not None:
        query = query.where(Bounce.state == state.value)
    return session.scalars(query.order_by(Bounce.id.desc()).limit(limit)).all()


def find(session: Session, number: int) -> Bounce | None:
    return session.get(Bounce, number)


def resolve(
    session: Session, number: int, *, state: Handled, hard: bool, note: str, now: datetime
) -> bool:
    """Write what a person decided on a report that waits; False: it does not wait any more."""
    return bool(
        change(
            session,
            update(Bounce)
            .where(Bounce.id == number, Bounce.state == Handled.WAITING.value)
            .values(state=state.value, hard=hard, note=note, handled_at=now),
        )
    )
