"""The outbox as people read it: each row with its state, its reason and its next time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from campaigner.core.delivery import Hold, State
from campaigner.db.models import (
    Attempt,
    Broadcast,
    Delivery,
    Message,
    is_mail,
    is_mail_aside,
    is_post,
)
from campaigner.errors import UserError


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A delivery and the message that it carries."""

    delivery: Delivery
    message: Message


def list_deliveries(
    session: Session,
    *,
    states: Sequence[State] = (),
    hold: Hold | None = None,
    campaign: str | None = None,
    account: str | None = None,
    country: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int | None = None,
    lock: bool = False,
) -> list[Listed]:
    """Return posts in order of due time; `since` and `until` bound the scheduled one.

    With `lock` nobody else changes them before the transaction ends. Mails are
    counted by edition (db.broadcasts), or looked at one by one (`list_mails`).
    """
    query = _joined().where(is_post()).order_by(Delivery.due_at, Delivery.id)
    if states:
        query = query.where(Delivery.state.in_(states))
    if hold:
        query = query.where(Delivery.hold == hold)
    if country:
        query = query.where(Delivery.country == country)
    if campaign:
        query = query.where(Message.campaign == campaign)
    if account:
        query = query.where(Delivery.account == account)
    if since:
        query = query.where(Delivery.scheduled_at >= since)
    if until:
        query = query.where(Delivery.scheduled_at <= until)
    if limit:
        query = query.limit(limit)
    if lock:
        query = query.with_for_update(of=Delivery)
    return [
        Listed(delivery=delivery, message=message) for delivery, message in session.execute(query)
    ]


def list_mails(
    session: Session,
    *,
    states: Sequence[State] = (),
    message_id: int | None = None,
    subscriber_id: int | None = None,
    campaign: str | None = None,
    account: str | None = None,
    limit: int | None = None,
) -> list[Listed]:
    """Return mails by number: those that went no straight way, or all of one subscriber.

    Of a million that were sent nobody reads a list: who looks for one knows its
    reader.
    """
    query = _joined().order_by(Delivery.id)
    if subscriber_id is not None:
        query = query.where(is_mail(), Delivery.subscriber_id == subscriber_id)
    else:
        mailed = select(Broadcast.message_id)
        if message_id is not None:
            mailed = mailed.where(Broadcast.message_id == message_id)
        query = query.where(is_mail_aside(), Delivery.message_id.in_(mailed))
    if states:
        query = query.where(Delivery.state.in_(states))
    if campaign:
        query = query.where(Message.campaign == campaign)
    if account:
        query = query.where(Message.account == account)
    if limit:
        query = query.limit(limit)
    return [
        Listed(delivery=delivery, message=message) for delivery, message in session.execute(query)
    ]


def find_delivery(session: Session, id: int, *, lock: bool = False) -> Listed | None:
    query = _joined().where(Delivery.id == id)
    if lock:
        query = query.with_for_update(of=Delivery)
    row = session.execute(query).one_or_none()
    return Listed(delivery=row[0], message=row[1]) if row else None


def get_delivery(session: Session, id: int, *, lock: bool = False) -> Listed:
    """Return a delivery with its message. Raises UserError if there is none of that number."""
    row = find_delivery(session, id, lock=lock)
    if row is None:
        raise UserError(f"there is no delivery {id}. `campaigner outbox list` shows them")
    return row


def attempts_of(session: Session, id: int) -> Sequence[Attempt]:
    """Return a delivery's history, oldest first."""
    return session.scalars(
        select(Attempt).where(Attempt.delivery_id == id).order_by(Attempt.id)
    ).all()


def _joined() -> Select[Delivery, Message]:
    return select(Delivery, Message).join(Message, Message.id == Delivery.message_id)
