"""Messages by the wall-clock time that they were written for."""

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
    """A day and time in a zone, and the instant that it meant when it was queued."""

    day: date
    at: str
    zone: str
    due_at: datetime


def planned(session: Session, *, after: datetime) -> Sequence[WallTime]:
    """Return the distinct wall-clock times of unsent messages due after an instant."""
    rows = session.execute(
        select(Message.day, Message.wall_time, Message.zone, Message.due_at)
        .where(Message.state.in_(CURRENT), Message.due_at > after)
        .distinct()
    )
    return [WallTime(day=day, at=at, zone=zone, due_at=due_at) for day, at, zone, due_at in rows]


def move(session: Session, wall: WallTime, *, due_at: datetime) -> int:
    """Give every unsent message of a wall-clock time its new instant; return how many.

    Its last date moves with it. A delivery that a person moved keeps its time.
    """
    theirs = (
        select(Message.id)
        .where(
            Message.state.in_(CURRENT),
            Message.day == wall.day,
            Message.wall_time == wall.at,
            Message.zone == wall.zone,
            Message.due_at == wall.due_at,
        )
        .scalar_subquery()
    )
    messages = session.scalars(select(Message).where(Message.id.in_(theirs))).all()
    change(
        session,
        update(Delivery)
        .where(
            Delivery.message_id.in_(theirs),
            Delivery.state.in_(UNSENT),
            Delivery.due_at == Delivery.scheduled_at,
        )
        .values(due_at=due_at, scheduled_at=due_at),
    )
    shift = due_at - wall.due_at
    for message in messages:
        message.due_at, message.not_after = due_at, message.not_after + shift
    session.flush()
    return len(messages)
