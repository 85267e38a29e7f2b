"""Editions: their frozen data and their blocks. Whom they go to: db.freezing."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, exists, insert, or_, select
from sqlalchemy.orm import Session

from campaigner.core.delivery import MessageState
from campaigner.db.models import Block, Broadcast, Edition, Message


def find_edition(session: Session, *, campaign: str, day: date, slot: str) -> Edition | None:
    return session.scalar(
        select(Edition).where(
            Edition.campaign == campaign, Edition.day == day, Edition.slot == slot
        )
    )


def previous_edition(session: Session, *, campaign: str, before: datetime) -> Edition | None:
    """Return the newest edition due before `before` that went out, or still may.

    One that was dropped or came too late told nobody anything: what it held
    is told by the next. One that was dropped half-way told some: it counts.
    """
    alive = (
        select(Message.id)
        .outerjoin(Broadcast, Broadcast.message_id == Message.id)
        .where(
            Message.edition_id == Edition.id,
            Message.due_at < before,
            or_(
                Message.state.in_([MessageState.HELD, MessageState.APPROVED]),
                Broadcast.started_at.is_not(None),
            ),
        )
    )
    return session.scalar(
        select(Edition)
        .where(Edition.campaign == campaign, exists(alive))
        .order_by(Edition.day.desc(), Edition.id.desc())
        .limit(1)
    )


def save_edition(
    session: Session, *, campaign: str, day: date, slot: str, data: dict[str, Any], now: datetime
) -> Edition:
    """Write an edition's data; one that was composed before and never left is composed anew."""
    edition = find_edition(session, campaign=campaign, day=day, slot=slot)
    if edition is None:
        edition = Edition(campaign=campaign, day=day, slot=slot, data=data, composed_at=now)
        session.add(edition)
    else:
        edition.data, edition.composed_at = data, now
    session.flush()
    return edition


def add_blocks(session: Session, message_id: int, blocks: Sequence[Mapping[str, Any]]) -> None:
    session.execute(delete(Block).where(Block.message_id == message_id))
    if blocks:
        session.execute(insert(Block), [{"message_id": message_id, **block} for block in blocks])


def blocks_of(session: Session, message_id: int) -> Sequence[Block]:
    """Return a message's blocks of all zones, in order."""
    return session.scalars(
        select(Block).where(Block.message_id == message_id).order_by(Block.position, Block.zone)
    ).all()


def subjects_of(session: Session, message: Message) -> list[str]:
    """Return a mail message's subjects: its own, then those that are tried beside it."""
    further = session.scalar(select(Broadcast.subjects).where(Broadcast.message_id == message.id))
    return [message.text, *(further or ())]
