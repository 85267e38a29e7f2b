"""Reach, added up in the database: a fixed number of queries, whatever the size of the report.

SQLite keeps no statistics: without care it joins large intermediate results
row by row. So everything is added up per message first, and what is small
then meets its groups over primary keys.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Subquery, case, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from campaigner.core.delivery import State
from campaigner.core.message import Kind
from campaigner.core.reach import BY_HAND, ENDED, By, Sum, Tally
from campaigner.db.broadcasts import count_mails
from campaigner.db.models import (
    Broadcast,
    Delivery,
    Message,
    MessageProject,
    Run,
    Sample,
    is_post,
)
from campaigner.db.types import UTCDateTime

OWN_COLUMNS: Mapping[By, InstrumentedAttribute[str]] = {
    By.CAMPAIGN: Message.campaign,
    By.CHANNEL: Message.channel,
    By.LOCALE: Message.locale,
}


_Group = tuple[str, Kind, str, State]


@dataclass(frozen=True, kw_only=True)
class Grouping:
    """What a row stands for: a column of the message, or a place of its projects."""

    key: ColumnElement[str] | InstrumentedAttribute[str]
    by_project: bool


def by_places(places: Mapping[str, str]) -> Grouping:
    """Group along the strategy: `places` maps a project to its group.

    A project that is not in it, of another strategy, is a group of its own.
    """
    project = MessageProject.project
    key = case(dict(places), value=project, else_=project) if places else project
    return Grouping(key=key, by_project=True)


def by_own(by: By) -> Grouping:
    """Group by something that the message itself has."""
    return Grouping(key=OWN_COLUMNS[by], by_project=False)


def tallies(
    session: Session, grouping: Grouping, *, since: datetime | None, until: datetime | None
) -> list[Tally]:
    """Count messages and deliveries per group, kind, locale and final state.

    The mails of an edition count when it began to go out, all of them: nobody
    goes through a million rows for a report.
    """
    return [
        *_post_tallies(session, grouping, since=since, until=until),
        *_mail_tallies(session, grouping, since=since, until=until),
    ]


def _post_tallies(
    session: Session, grouping: Grouping, *, since: datetime | None, until: datetime | None
) -> list[Tally]:
    counted = (
        select(Delivery.message_id, Delivery.state, func.count().label("deliveries"))
        .where(is_post(), Delivery.state.in_(ENDED), *_within(since, until))
        .group_by(Delivery.message_id, Delivery.state)
        .subquery("counted")
    )
    placed = _placed(counted, grouping)
    groupers = (placed.c.key, placed.c.kind, placed.c.locale, placed.c.state)
    found = session.execute(
        select(*groupers, func.count(), func.sum(placed.c.deliveries)).group_by(*groupers)
    )
    return [
        Tally(
            key=key,
            kind=kind,
            locale=locale,
            state=state,
            messages=messages,
            deliveries=int(deliveries),
        )
        for key, kind, locale, state, messages, deliveries in found
    ]


def _mail_tallies(
    session: Session, grouping: Grouping, *, since: datetime | None, until: datetime | None
) -> list[Tally]:
    began = func.coalesce(Broadcast.started_at, Message.due_at, type_=UTCDateTime())
    editions = (
        select(Broadcast.message_id)
        .join(Message, Message.id == Broadcast.message_id)
        .where(*_between(began, since, until))
    )
    counts = count_mails(session, list(session.scalars(editions)))
    placed = _placed(editions.subquery("editions"), grouping)
    messages, deliveries = Counter[_Group](), Counter[_Group]()
    for id, kind, locale, key in session.execute(select(placed)):
        for state in ENDED:
            if number := getattr(counts[id], state):
                messages[key, kind, locale, state] += 1
                deliveries[key, kind, locale, state] += number
    return [
        Tally(
            key=key,
            kind=kind,
            locale=locale,
            state=state,
            messages=number,
            deliveries=deliveries[key, kind, locale, state],
        )
        for (key, kind, locale, state), number in messages.items()
    ]


def sums(
    session: Session, grouping: Grouping, *, since: datetime | None, until: datetime | None
) -> list[Sum]:
    """Add up, per group and counter, the newest total of each delivery sent in the period.

    Only what was sent has samples, so the state is not asked for: that would
    lead SQLite through every mail that was ever sent.
    """
    newest = (
        select(
            Delivery.message_id,
            Sample.counter,
            Sample.value,
            Sample.taken_at,
            Sample.source,
            func.row_number()
            .over(
                partition_by=(Sample.delivery_id, Sample.counter),
                order_by=(Sample.taken_at.desc(), Sample.step.desc()),
            )
            .label("age"),
        )
        .join(Delivery, Delivery.id == Sample.delivery_id)
        .where(Sample.total, *_within(since, until))
        .subquery("newest")
    )
    of_message = (
        select(
            newest.c.message_id,
            newest.c.counter,
            func.sum(newest.c.value).label("value"),
            func.max(case((newest.c.source != BY_HAND, newest.c.taken_at))).label("taken_at"),
            func.max(case((newest.c.source == BY_HAND, 1), else_=0)).label("by_hand"),
        )
        .where(newest.c.age == 1)
        .group_by(newest.c.message_id, newest.c.counter)
        .subquery("of_message")
    )
    placed = _placed(of_message, grouping)
    found = session.execute(
        select(
            placed.c.key,
            placed.c.counter,
            func.sum(placed.c.value),
            func.max(placed.c.taken_at),
            func.max(placed.c.by_hand),
        ).group_by(placed.c.key, placed.c.counter)
    )
    return [
        Sum(
            key=key,
            counter=counter,
            value=int(value),
            sampled_at=sampled_at,
            by_hand=bool(by_hand),
        )
        for key, counter, value, sampled_at, by_hand in found
    ]


def campaign_titles(session: Session) -> dict[str, str]:
    """Return the title of each campaign as its latest run was queued."""
    found = session.execute(select(Run.campaign, Run.title).order_by(Run.queued_at, Run.id))
    return {row.campaign: row.title for row in found}


def _placed(counted: Subquery, grouping: Grouping) -> Subquery:
    """Return each row of `counted`, which has a message_id, once for each group of its message."""
    placed = select(counted, Message.kind, Message.locale, grouping.key.label("key")).join(
        Message, Message.id == counted.c.message_id
    )
    if grouping.by_project:
        # Two projects of one group would count its message twice: DISTINCT leaves one.
        placed = placed.join(
            MessageProject, MessageProject.message_id == counted.c.message_id
        ).distinct()
    return placed.subquery("placed")


def _within(since: datetime | None, until: datetime | None) -> list[ColumnElement[bool]]:
    """Return the conditions of a period. What was not sent counts when it fell due."""
    happened = func.coalesce(Delivery.sent_at, Delivery.due_at, type_=UTCDateTime())
    return _between(happened, since, until)


def _between(
    happened: ColumnElement[datetime], since: datetime | None, until: datetime | None
) -> list[ColumnElement[bool]]:
    bounds = []
    if since is not None:
        bounds.append(happened >= since)
    if until is not None:
        bounds.append(happened < until)
    return bounds
