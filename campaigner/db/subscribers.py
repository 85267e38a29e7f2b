"""Subscribers: found, listed, and gone from a list when they say so."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, select, update
from sqlalchemy.orm import Session

from campaigner.core.audience import Standing
from campaigner.core.delivery import UNSENT
from campaigner.core.rules import Rule
from campaigner.db.engine import change
from campaigner.db.models import Delivery, Subscriber, SubscriberTopic, Subscription
from campaigner.db.segments import condition
from campaigner.db.upkeep import SUPPRESSED

PAGE = 1000


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A subscriber with what they have to do with each list, and the topics that they chose."""

    subscriber: Subscriber
    subscriptions: tuple[Subscription, ...]
    topics: tuple[str, ...]


def by_mailbox(session: Session, mailbox: str) -> Subscriber | None:
    return session.scalar(select(Subscriber).where(Subscriber.mailbox == mailbox))


def leave(
    session: Session,
    *,
    subscriber_id: int,
    list: str,
    why: str,
    now: datetime,
    standing: Standing = Standing.LEFT,
) -> int:
    """End a subscription, and cancel in the same transaction what was on its way to the reader.

    `why` is how it came to it, for the record; `standing` is what it ends as:
    left, complained or bounced. One that ended before keeps what it ended as,
    but for a complaint, which weighs most. Returns how many mails that stopped.
    """
    subscription = session.scalar(
        select(Subscription)
        .where(Subscription.subscriber_id == subscriber_id, Subscription.list == list)
        .with_for_update()
    )
    if subscription is not None and _may_end_as(Standing(subscription.state), standing):
        subscription.state = standing.value
        subscription.changed_at = now
        subscription.consent = {
            **subscription.consent,
            "ended": {"as": standing.value, "how": why, "at": now.isoformat()},
        }
        session.flush()
    return stop_mails(session, subscriber_id=subscriber_id, list=list)


def _may_end_as(now: Standing, then: Standing) -> bool:
    return now in (Standing.PENDING, Standing.ACTIVE) or (
        then is Standing.COMPLAINED and now is not Standing.COMPLAINED
    )


def stop_mails(session: Session, *, subscriber_id: int, list: str | None = None) -> int:
    """Suppress what waits, or is reserved, for a reader: of one list, or of all; return how many.

    What is being sent at this moment is out.
    """
    statement = update(Delivery).where(
        Delivery.subscriber_id == subscriber_id, Delivery.state.in_(UNSENT)
    )
    if list is not None:
        statement = statement.where(Delivery.account == list)
    return change(session, statement.values(**SUPPRESSED))


def subscriptions_of(session: Session, subscriber_id: int) -> Sequence[Subscription]:
    """Return what one subscriber has to do with lists, by name of the list."""
    return session.scalars(
        select(Subscription)
        .where(Subscription.subscriber_id == subscriber_id)
        .order_by(Subscription.list)
    ).all()


def count(session: Session, *, list: str | None = None, rule: Rule | None = None) -> int:
    """Return how many subscribers there are; with `list`, how many get it."""
    wanted = _wanted(list, rule)
    return session.scalar(select(func.count()).select_from(Subscriber).where(*wanted)) or 0


def counts_by_state(session: Session) -> Sequence[tuple[str, str, int]]:
    """Return how many subscribers each list has in each state: (list, state, number)."""
    rows = session.execute(
        select(Subscription.list, Subscription.state, func.count())
        .group_by(Subscription.list, Subscription.state)
        .order_by(Subscription.list, Subscription.state)
    )
    return [(list, state, number) for list, state, number in rows]


def listed(
    session: Session,
    *,
    list: str | None = None,
    rule: Rule | None = None,
    limit: int | None = None,
) -> Iterator[Listed]:
    """Yield subscribers in order of their number, a page of them in memory at a time.

    With `list`, only those who get it: active there, and not suppressed.
    """
    last, left = 0, limit
    while left is None or left > 0:
        size = PAGE if left is None else min(PAGE, left)
        query: Select[Subscriber] = (
            select(Subscriber)
            .where(Subscriber.id > last, *_wanted(list, rule))
            .order_by(Subscriber.id)
            .limit(size)
        )
        page = session.scalars(query).all()
        if not page:
            return
        ids = [row.id for row in page]
        subscriptions = _by_subscriber(
            session.scalars(
                select(Subscription)
                .where(Subscription.subscriber_id.in_(ids))
                .order_by(Subscription.list)
            ).all()
        )
        topics = topics_of(session, ids)
        for row in page:
            yield Listed(
                subscriber=row,
                subscriptions=tuple(subscriptions.get(row.id, ())),
                topics=topics.get(row.id, ()),
            )
        last, left = ids[-1], None if left is None else left - len(ids)


def topics_of(session: Session, ids: Collection[int]) -> dict[int, tuple[str, ...]]:
    """Return the topics that each of these subscribers chose, by name; absent: none."""
    found: dict[int, list[str]] = {}
    rows = session.execute(
        select(SubscriberTopic.subscriber_id, SubscriberTopic.topic)
        .where(SubscriberTopic.subscriber_id.in_(ids))
        .order_by(SubscriberTopic.topic)
    )
    for id, topic in rows:
        found.setdefault(id, []).append(topic)
    return {id: tuple(topics) for id, topics in found.items()}


def _wanted(list: str | None, rule: Rule | None) -> Sequence[ColumnElement[bool]]:
    wanted: Any = []
    if list is not None:
        wanted += [Subscriber.suppressed_at.is_(None), is_active(list)]
    if rule is not None:
        wanted.append(condition(rule))
    return wanted  # type: ignore[no-any-return]


def is_active(list: str) -> ColumnElement[bool]:
    """Select subscribers whose subscription to a list is active."""
    return exists(
        select(Subscription.id).where(
            Subscription.list == list,
            Subscription.subscriber_id == Subscriber.id,
            Subscription.state == Standing.ACTIVE.value,
        )
    )


def _by_subscriber(rows: Sequence[Subscription]) -> dict[int, list[Subscription]]:
    found: dict[int, list[Subscription]] = {}
    for row in rows:
        found.setdefault(row.subscriber_id, []).append(row)
    return found
