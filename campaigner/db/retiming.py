"""Unsent messages by the wall-clock time that they were written for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaigner.core.delivery import CURRENT, UNSENT
from campaigner.db.engine import change
from campaigner.db.models import Delivery, Message


@dataclass(frozen=True, kw_only=True)
class WallTime:
    """When a message is due as it was written, and what that meant when it was queued."""

    message: int
    day: date
    at: str
    zone: str
    due_at: datetime
    not_after: datetime


@dataclass(frozen=True, kw_only=True)
class Moved:
    message: int
    due_at: datetime
    not_after: datetime


def planned(session: Session, *, after: datetime) -> list[WallTime]:
    """Return every unsent message that is due after an instant."""
    rows = session.execute(
        select(
            Message.id,
            Message.day,
            Message.wall_time,
            Message.zone,
            Message.due_at,
            Message.not_after,
        ).where(Message.state.in_(CURRENT), Message.due_at > after)
    )
    return [
        WallTime(message=id, day=day, at=at, zone=zone, due_at=due_at, not_after=not_after)
        for id, day, at, zone, due_at, not_after in rows
    ]


def move(session: Session, moved: Sequence[Moved]) -> None:
    """Give messages, and what of them did not leave, their new instants; two statements.

    A delivery that a person moved keeps its time.
    """
    if not moved:
        return
    session.execute(
        update(Message),
        [
            {"id": each.message, "due_at": each.due_at, "not_after": each.not_after}
            for each in moved
        ],
    )
    theirs = (
        select(Message.due_at).where(Message.id == Delivery.message_id).correlate(Delivery)
    ).scalar_subquery()
    change(
        session,
        update(Delivery)
        .where(
            Delivery.state.in_(UNSENT),
            Delivery.due_at == Delivery.scheduled_at,
            Delivery.due_at != theirs,
        )
        .values(due_at=theirs, scheduled_at=theirs),
    )
