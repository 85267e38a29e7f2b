"""The calendar: what went and goes out when, one line per item and account."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select

from campaigner.core.campaign import Campaign
from campaigner.core.delivery import State
from campaigner.core.message import Kind
from campaigner.core.schedule import Start, plan_editions
from campaigner.db import runs
from campaigner.db.engine import Sessions
from campaigner.db.models import Delivery, Message, Run

SHOWN = [state for state in State if state not in (State.CANCELED, State.SUPPRESSED)]


@dataclass(frozen=True, kw_only=True)
class Day:
    """What one item does on one account at one time, in all its languages.

    `mails` is 0 for posts. `state` is None for an edition that is not composed yet.
    """

    due_at: datetime
    day: date
    campaign: str
    item: str
    account: str
    locales: Sequence[str]
    state: State | None
    mails: int


def month_ahead(
    sessions: Sessions,
    *,
    since: datetime,
    until: datetime,
    campaign: str | None = None,
    digests: Iterable[Campaign] = (),
) -> list[Day]:
    """Return the entries whose scheduled time is in the span, in its order.

    The editions of queued `digests` that are not composed yet are among them.
    """
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
        begun = runs.runs(session)
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
    composed = {(day.campaign, day.due_at) for day in days.values()}
    to_come = [
        edition
        for digest in digests
        if digest.id in begun and campaign in (None, digest.id)
        for edition in _to_come(digest, begun[digest.id], since=since, until=until)
        if (edition.campaign, edition.due_at) not in composed
    ]
    return sorted([*days.values(), *to_come], key=lambda day: (day.due_at, day.campaign))


def _to_come(digest: Campaign, run: Run, *, since: datetime, until: datetime) -> Iterator[Day]:
    start = Start(at=run.start_at, immediate=run.immediate)
    for edition in plan_editions(digest, start=start, until=until):
        if since <= edition.slot.due_at <= until:
            for account in digest.accounts:
                yield Day(
                    due_at=edition.slot.due_at,
                    day=edition.slot.day,
                    campaign=digest.id,
                    item=edition.name,
                    account=account,
                    locales=digest.locales,
                    state=None,
                    mails=0,
                )
