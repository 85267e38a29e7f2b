"""The calendar: what went and goes out when, one line per item and account."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select

from campaigner.core.delivery import State
from campaigner.core.message import Kind
from campaigner.db.engine import Sessions
from campaigner.db.models import Delivery, Message

SHOWN = [state for state in State if state not in (State.CANCELED, State.SUPPRESSED)]


@dataclass(frozen=True, kw_only=True)
class Day:
    """What one item does on one account at one time, in all its languages. `mails`: 0 for posts."""

    due_at: datetime
    day: date
    campaign: str
    item: str
    account: str
    locales: Sequence[str]
    state: State
    mails: int


def month_ahead(
    sessions: Sessions, *, since: datetime, until: datetime, campaign: str | None = None
) -> list[Day]:
    """Return the entries whose scheduled time is in the span, in its order."""
    query = (
        select(
            Delivery.scheduled_at,
            Message.day,
            Message.campaign,
            Message.item,
            Message.account,
            Message.locale,
            Delivery.state,
            Message.kind,
            func.count(),
        )
        .join(Message, Message.id == Delivery.message_id)
        .where(
            Delivery.scheduled_at >= since,
            Delivery.scheduled_at <= until,
            Delivery.state.in_(SHOWN),
        )
        .group_by(
            Delivery.scheduled_at,
            Message.day,
            Message.campaign,
            Message.item,
            Message.account,
            Message.locale,
            Delivery.state,
            Message.kind,
        )
        .order_by(Delivery.scheduled_at, Message.campaign, Message.account, Message.locale)
    )
    if campaign:
        query = query.where(Message.campaign == campaign)
    with sessions() as session:
        rows = session.execute(query).all()
    days: dict[tuple[object, ...], Day] = {}
    for due_at, day, name, item, account, locale, state, kind, count in rows:
        key = (due_at, name, item, account, state)
        mails = count if kind is Kind.MAIL else 0
        before = days.get(key)
        days[key] = Day(
            due_at=due_at,
            day=day,
            campaign=name,
            item=item,
            account=account,
            locales=(*(before.locales if before else ()), locale),
            state=state,
            mails=mails + (before.mails if before else 0),
        )
    return list(days.values())
