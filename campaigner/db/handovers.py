"""Posts that were handed to a person: published by them, taken back, near or past their end."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, select, update
from sqlalchemy.orm import Session

from campaigner.core.alerts import ASK_WHERE_BEFORE, LAPSED_FOR
from campaigner.core.delivery import REPORTABLE, Hold, MessageState, State, Step
from campaigner.db.engine import change
from campaigner.db.models import Delivery, Message, Sample, is_post
from campaigner.db.outbox import values_of

MANUAL = "manual"


@dataclass(frozen=True, kw_only=True)
class Handover:
    """A post that somebody was asked to publish, and nobody has said that it is out.

    `delivery` is its number in the outbox, `key` its message's.
    """

    delivery: int
    key: str
    account: str
    campaign: str
    item: str
    due_at: datetime
    not_after: datetime


def publish(session: Session, id: int, *, url: str, note: str, at: datetime) -> bool:
    """Write that a person published it at `url`; False where nobody was asked to, or it is out.

    What a person knows wins over whatever we thought: it may have been closed
    as too late, or wait to be told again. No machine asks for its counters.
    """
    step = Step(state=State.SENT, remote_id=url, remote_url=url, note=note)
    took = change(
        session,
        update(Delivery)
        .where(Delivery.id == id, Delivery.state.in_(REPORTABLE), Delivery.attempts > 0)
        .values(**values_of(step, now=at), sample_at=None),
    )
    if took:
        its_message = select(Delivery.message_id).where(Delivery.id == id).scalar_subquery()
        change(
            session,
            update(Message)
            .where(Message.id == its_message, Message.state == MessageState.EXPIRED)
            .values(state=MessageState.APPROVED),
        )
    return bool(took)


def take_back(session: Session, id: int, *, note: str, now: datetime) -> bool:
    """Write that it is not out after all; False where it does not count as such, or has figures."""
    step = Step(state=State.HELD, hold=Hold.PERSON, note=note)
    counted = select(Sample.id).where(Sample.delivery_id == Delivery.id)
    return bool(
        change(
            session,
            update(Delivery)
            .where(Delivery.id == id, Delivery.state == State.SENT, ~exists(counted))
            .values(**values_of(step, now=now), sent_at=None, remote_id=None, remote_url=""),
        )
    )


def soon_too_late(session: Session, *, now: datetime) -> Sequence[Handover]:
    """Return what is with a person and has its last date within ASK_WHERE_BEFORE, by that date."""
    return _handovers(
        session,
        MessageState.APPROVED,
        Delivery.state == State.HELD,
        Delivery.hold == Hold.PERSON,
        Message.not_after > now,
        Message.not_after <= now + ASK_WHERE_BEFORE,
    )


def lapsed(session: Session, *, now: datetime) -> Sequence[Handover]:
    """Return what nobody published in time, for LAPSED_FOR after its last date."""
    return _handovers(
        session,
        MessageState.EXPIRED,
        Delivery.state == State.EXPIRED,
        Delivery.attempts > 0,
        Message.not_after > now - LAPSED_FOR,
        Message.not_after <= now,
    )


def _handovers(
    session: Session, state: MessageState, *conditions: ColumnElement[bool]
) -> Sequence[Handover]:
    # The message's state and last date have an index, and leave few rows.
    found = session.execute(
        select(
            Delivery.id,
            Message.key,
            Message.account,
            Message.campaign,
            Message.item,
            Delivery.due_at,
            Message.not_after,
        )
        .join(Message, Message.id == Delivery.message_id)
        .where(is_post(), Message.state == state, Message.channel == MANUAL, *conditions)
        .order_by(Message.not_after, Delivery.id)
    )
    return [
        Handover(
            delivery=delivery,
            key=key,
            account=account,
            campaign=campaign,
            item=item,
            due_at=due_at,
            not_after=not_after,
        )
        for delivery, key, account, campaign, item, due_at, not_after in found
    ]
