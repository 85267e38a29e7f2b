"""Unsent messages by the wall-clock time that they were written for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import bindparam, exists, or_, select, update
from sqlalchemy.orm import Session

from campaigner.core.delivery import CURRENT, UNSENT
from campaigner.db.models import Delivery, Message, is_post


@dataclass(frozen=True, kw_only=True)
class WallTime:
    """When a message is due as it was written, and what that meant when it was queued.

    `by_hand`: a person gave what of it did not leave another time.
    """

    message: int
    day: date
    at: str
    zone: str
    due_at: datetime
    not_after: datetime
    by_hand: bool


@dataclass(frozen=True, kw_only=True)
class Moved:
    """A message's new instants; `before` is when it was due until now."""

    message: int
    before: datetime
    due_at: datetime
    not_after: datetime


def planned(session: Session, *, after: datetime) -> list[WallTime]:
    """Return every unsent message that is due after an instant."""
    elsewhere = select(Delivery.id).where(
        is_post(),
        Delivery.message_id == Message.id,
        Delivery.state.in_(UNSENT),
        Delivery.scheduled_at != Message.due_at,
    )
    rows = session.execute(
        select(
            Message.id,
            Message.day,
            Message.wall_time,
            Message.zone,
            Message.due_at,
            Message.not_after,
            exists(elsewhere),
        ).where(Message.state.in_(CURRENT), Message.due_at > after)
    )
    return [
        WallTime(
            message=id,
            day=day,
            at=at,
            zone=zone,
            due_at=due_at,
            not_after=not_after,
            by_hand=by_hand,
        )
        for id, day, at, zone, due_at, not_after, by_hand in rows
    ]


def move(session: Session, moved: Sequence[Moved]) -> None:
    """Give messages, and what of them did not leave, their new instants; two statements.

    A delivery that a person moved, or that waits for its next try, keeps its time.
    """
    if not moved:
        return
    session.connection().execute(
        update(Delivery.__table__)  # type: ignore[arg-type]
        .where(
            is_post(),
            Delivery.message_id == bindparam("of_message"),
            # Spelled out: one statement for many rows takes no list.
            or_(*(Delivery.state == state for state in UNSENT)),
            Delivery.scheduled_at == bindparam("before"),
            Delivery.due_at == bindparam("before"),
        )
        .values(due_at=bindparam("then"), scheduled_at=bindparam("then")),
        [
            {"of_message": each.message, "before": each.before, "then": each.due_at}
            for each in moved
        ],
    )
    session.execute(
        update(Message),
        [
            {"id": each.message, "due_at": each.due_at, "not_after": each.not_after}
            for each in moved
        ],
    )
