"""What is done to a broadcast's mails in ranges: let go behind a sample, or closed for good.

A stop takes effect at once, on the message or its broadcast: the fence looks
at both. The rows follow in short transactions, and whoever comes next goes on.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, insert, literal, select, tuple_, update
from sqlalchemy.orm import Session

from campaigner.core.broadcast import Stage
from campaigner.core.delivery import Hold, MessageState, State
from campaigner.db.engine import change
from campaigner.db.models import (
    Attempt,
    Broadcast,
    Delivery,
    Message,
    is_mail,
    is_mail_aside,
    is_queued_mail,
)

Place = tuple[datetime, int]
"""A place in a message's queue: when a mail is due, and its number."""


def begin_closing(session: Session, ids: Collection[int]) -> None:
    """Let nothing more of these broadcasts leave; what did not is closed in ranges afterwards."""
    change(
        session,
        update(Broadcast)
        .where(Broadcast.message_id.in_(list(ids)), Broadcast.stage != Stage.CLOSED)
        .values(stage=Stage.CLOSING),
    )


def expire(session: Session, *, now: datetime) -> int:
    """Begin to close the broadcasts that are past their last date; return how many.

    One that has begun stays approved: its mails are out there. One that never
    did is expired whole.
    """
    over = list(
        session.scalars(
            select(Message.id)
            .join(Broadcast, Broadcast.message_id == Message.id)
            .where(
                Broadcast.stage.not_in([Stage.CLOSING, Stage.CLOSED]),
                Message.state.in_([MessageState.HELD, MessageState.APPROVED]),
                Message.not_after <= now,
            )
        )
    )
    if over:
        begin_closing(session, over)
        begun = select(Broadcast.message_id).where(Broadcast.started_at.is_not(None))
        change(
            session,
            update(Message)
            .where(Message.id.in_(over), Message.id.not_in(begun))
            .values(state=MessageState.EXPIRED, hold=None, note="past its last date, not sent"),
        )
    return len(over)


def close_range(session: Session, message: Message, *, limit: int, now: datetime) -> int:
    """Close up to `limit` mails that will not leave any more; return how many.

    One that is in hand is not: it is being sent, or its fence sends it back here.
    """
    begun = message.state is MessageState.APPROVED  # stays what it is: some have it
    expired = message.state is MessageState.EXPIRED or (begun and message.not_after <= now)
    note = "past its last date, not sent" if expired else message.note or "canceled"
    took = 0
    for which in (is_queued_mail(), and_(is_mail_aside(), Delivery.state == State.HELD)):
        some = (
            select(Delivery.id)
            .where(Delivery.message_id == message.id, which)
            .limit(limit - took)
            .with_for_update(skip_locked=True)
        )
        took += change(
            session,
            update(Delivery)
            .where(Delivery.id.in_(some.scalar_subquery()))
            .values(
                state=State.EXPIRED if expired else State.CANCELED,
                hold=None,
                claim=None,
                claimed_until=None,
                note=note,
            ),
        )
        if took >= limit:
            break
    return took


def release_range(session: Session, message_id: int, *, limit: int) -> int:
    """Queue up to `limit` mails that were held back behind the sample; return how many."""
    some = (
        select(Delivery.id)
        .where(
            Delivery.message_id == message_id,
            is_mail_aside(),
            Delivery.state == State.HELD,
            Delivery.hold == Hold.SAMPLE,
        )
        .order_by(Delivery.id)
        .limit(limit)
        .with_for_update()
    )
    return change(
        session,
        update(Delivery)
        .where(Delivery.id.in_(some.scalar_subquery()))
        .values(state=State.QUEUED, hold=None),
    )


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A queued mail, and its place in the queue."""

    id: int
    due_at: datetime
    subscriber_id: int | None

    @property
    def place(self) -> Place:
        return self.due_at, self.id


def queued_range(
    session: Session, message_id: int, *, after: Place | None, limit: int
) -> list[Waiting]:
    """Return up to `limit` queued mails of a message that come after a place in its queue."""
    query = (
        select(Delivery.id, Delivery.due_at, Delivery.subscriber_id)
        .where(Delivery.message_id == message_id, is_queued_mail())
        .order_by(Delivery.due_at, Delivery.id)
        .limit(limit)
        .with_for_update()
    )
    if after is not None:
        place = tuple_(literal(after[0], Delivery.due_at.type), literal(after[1], Delivery.id.type))
        query = query.where(tuple_(Delivery.due_at, Delivery.id) > place)
    return [
        Waiting(id=id, due_at=due_at, subscriber_id=subscriber)
        for id, due_at, subscriber in session.execute(query)
    ]


def hold_back(session: Session, ids: Sequence[int]) -> None:
    """Hold queued mails until their sample was looked at."""
    if ids:
        change(
            session,
            update(Delivery)
            .where(Delivery.id.in_(ids), Delivery.state == State.QUEUED)
            .values(state=State.HELD, hold=Hold.SAMPLE),
        )


def failed_range(
    session: Session, message_id: int, *, states: Collection[State], after: int, limit: int
) -> list[int]:
    """Return up to `limit` mails of a message that ended in one of `states`, by number."""
    query = (
        select(Delivery.id)
        .where(
            Delivery.message_id == message_id,
            is_mail_aside(),
            Delivery.state.in_(list(states)),
            Delivery.subscriber_id.is_not(None),
            Delivery.id > after,
        )
        .order_by(Delivery.id)
        .limit(limit)
        .with_for_update()
    )
    return list(session.scalars(query))


def queue_again(session: Session, ids: Sequence[int], *, by: str, now: datetime) -> None:
    """Queue mails that failed once more, each with a line of history."""
    session.execute(
        insert(Attempt),
        [
            {"delivery_id": id, "number": 0, "at": now, "outcome": "retry", "reason": "", "by": by}
            for id in ids
        ],
    )
    change(
        session,
        update(Delivery)
        .where(Delivery.id.in_(ids))
        .values(
            state=State.QUEUED, hold=None, due_at=now, note=f"sent again by {by}", remote_id=None
        ),
    )


def set_stage(session: Session, message_id: int, stage: Stage, **values: Any) -> None:
    change(
        session,
        update(Broadcast).where(Broadcast.message_id == message_id).values(stage=stage, **values),
    )


def reopen(session: Session, message_id: int) -> None:
    """Let a broadcast that had ended send again what a person queues of it."""
    change(
        session,
        update(Broadcast)
        .where(Broadcast.message_id == message_id, Broadcast.stage == Stage.CLOSED)
        .values(stage=Stage.WHOLE, ended_at=None),
    )


def has_held_back(session: Session, message_id: int) -> bool:
    """Whether mails of the message wait behind its sample."""
    held = select(Delivery.id).where(
        Delivery.message_id == message_id,
        is_mail_aside(),
        Delivery.state == State.HELD,
        Delivery.hold == Hold.SAMPLE,
    )
    return session.scalar(held.limit(1)) is not None


def has_under_way(session: Session, message_id: int) -> bool:
    """Whether a mail of the message waits, is held, or is in hand."""
    waits = select(Delivery.id).where(Delivery.message_id == message_id, is_queued_mail())
    held = select(Delivery.id).where(
        Delivery.message_id == message_id, is_mail_aside(), Delivery.state == State.HELD
    )
    in_hand = select(Delivery.id).where(
        Delivery.claimed_until.is_not(None), is_mail(), Delivery.message_id == message_id
    )
    return any(session.scalar(query.limit(1)) is not None for query in (waits, held, in_hand))


def end_finished(session: Session, *, now: datetime) -> int:
    """Close the broadcasts of which every mail has its end; return how many."""
    begun = session.scalars(
        select(Broadcast.message_id).where(
            Broadcast.stage.in_([Stage.READY, Stage.WHOLE]), Broadcast.started_at.is_not(None)
        )
    ).all()
    over = [id for id in begun if not has_under_way(session, id)]
    for id in over:
        set_stage(session, id, Stage.CLOSED, ended_at=now)
    return len(over)
