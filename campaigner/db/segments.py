"""A rule over subscribers as one condition, the same on SQLite and on PostgreSQL.

`core.rules.matches` says the same of a single person, and the tests hold the
two against each other. All values are bound: nothing of a rule becomes SQL.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, String, and_, cast, exists, func, not_, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute

from campaigner.core.rules import (
    All,
    Among,
    Contains,
    Dated,
    Either,
    Field,
    IsSet,
    Kind,
    Not,
    Rule,
)
from campaigner.db.models import Subscriber, SubscriberTopic, Subscription

_COLUMNS = {
    Kind.COUNTRY: Subscriber.country,
    Kind.LOCALE: Subscriber.locale,
    Kind.ZONE: Subscriber.zone,
}


def condition(rule: Rule) -> ColumnElement[bool]:
    """Return a condition over rows of `subscriber` that selects whom a rule holds for."""
    match rule:
        case Among(Field(kind=Kind.TOPIC), words):
            chosen = _topics().where(SubscriberTopic.topic.in_(words))
            return or_(~exists(_topics()), exists(chosen))
        case Among(Field(kind=Kind.LANGUAGE), words):
            return or_(*(_speaks(word) for word in words))
        case Among(Field(kind=Kind.LIST, name=name), words):
            states = _subscription(name).where(Subscription.state.in_(words))
            return exists(states)
        case Among(where, words):
            return _text(where).in_(words)
        case Contains(where, part):
            # LIKE minds case on one of the two databases and not on the other; this always does.
            return func.replace(_text(where), part, "") != _text(where)
        case IsSet(where):
            return _is_set(where)
        case Dated(where, _, _):
            return _dated(where, *rule.bounds)
        case Not(inner):
            return not_(condition(inner))
        case All(rules):
            return and_(*(condition(each) for each in rules))
        case Either(rules):
            return or_(*(condition(each) for each in rules))


def _text(where: Field) -> ColumnElement[str]:
    """Return what a field holds as text, never null: `not` would make neither of it."""
    if where.kind is Kind.ATTRIBUTE:
        return func.coalesce(cast(Subscriber.attributes[where.name].as_string(), String), "")
    return _COLUMNS[where.kind].expression


def _speaks(language: str) -> ColumnElement[bool]:
    return or_(
        Subscriber.locale == language, Subscriber.locale.startswith(f"{language}_", autoescape=True)
    )


def _topics() -> Any:
    return select(SubscriberTopic.topic).where(SubscriberTopic.subscriber_id == Subscriber.id)


def _subscription(list: str) -> Any:
    return select(Subscription.id).where(
        Subscription.list == list, Subscription.subscriber_id == Subscriber.id
    )


def _is_set(where: Field) -> ColumnElement[bool]:
    match where.kind:
        case Kind.TOPIC:
            return exists(_topics())
        case Kind.LIST:
            return exists(_subscription(where.name))
        case Kind.CONFIRMED:
            return exists(_subscription(where.name).where(Subscription.confirmed_at.is_not(None)))
        case Kind.ADDED:
            return true()
        case Kind.LANGUAGE:
            return Subscriber.locale != ""
        case _:
            return _text(where) != ""


def _dated(where: Field, start: datetime | None, end: datetime | None) -> ColumnElement[bool]:
    if where.kind is Kind.ADDED:
        return and_(*_within(Subscriber.added_at, start, end))
    there = _subscription(where.name).where(*_within(Subscription.confirmed_at, start, end))
    return exists(there)


def _within(
    column: InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None],
    start: datetime | None,
    end: datetime | None,
) -> list[ColumnElement[bool]]:
    bounds: list[ColumnElement[bool]] = []
    if start is not None:
        bounds.append(column >= start)
    if end is not None:
        bounds.append(column < end)
    return bounds
