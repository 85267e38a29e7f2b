"""What decides on the readers of a message beside themselves, and what was decided on them."""

from datetime import date, datetime

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from campaigner.core.audience import Frequency, Standing
from campaigner.core.broadcast import Stage, period_of
from campaigner.core.delivery import CURRENT
from campaigner.db.models import (
    Block,
    Broadcast,
    Delivery,
    Exclusion,
    Message,
    Subscriber,
    Subscription,
    is_queued_mail,
)

IMPORT = "import"  # consent.how of who came with a list


def highest_reader(session: Session, *, list: str) -> int:
    """Return the highest number of a subscriber of a list; 0: it has none."""
    highest = select(func.max(Subscription.subscriber_id)).where(Subscription.list == list)
    return session.scalar(highest) or 0


def count_list(session: Session, *, list: str) -> int:
    """Return how many have to do with a list, whoever they are; from its index alone."""
    counted = select(func.count()).select_from(Subscription).where(Subscription.list == list)
    return session.scalars(counted).one()


def begun_siblings(session: Session, message: Message) -> tuple[int, ...]:
    """Return the other messages of the same edition that have begun to go out."""
    if message.edition_id is None:
        return ()
    begun = (
        select(Message.id)
        .join(Broadcast, Broadcast.message_id == Message.id)
        .where(
            Message.edition_id == message.edition_id,
            Message.id != message.id,
            Broadcast.started_at.is_not(None),
        )
    )
    return tuple(session.scalars(begun))


def others_of_period(
    session: Session, message: Message, *, days: tuple[date, date]
) -> tuple[int, ...]:
    """Return the other editions of the message's list whose day is in ``first <= day < next``."""
    first, after = days
    others = (
        select(Message.id)
        .join(Broadcast, Broadcast.message_id == Message.id)
        .where(
            Message.account == message.account,
            Message.id != message.id,
            Message.corrects_id.is_(None),
            Message.day >= first,
            Message.day < after,
            or_(Message.state.in_(CURRENT), Broadcast.started_at.is_not(None)),
        )
    )
    if message.edition_id is not None:
        others = others.where(
            or_(Message.edition_id.is_(None), Message.edition_id != message.edition_id)
        )
    return tuple(session.scalars(others))


def periods_of(session: Session, message: Message) -> dict[Frequency, tuple[int, ...]]:
    """Return, for who wants a mail a week or a month, which editions count as that one."""
    if message.corrects_id is not None:
        return {}
    return {
        frequency: others
        for frequency in Frequency
        if (days := period_of(frequency, message.day)) is not None
        if (others := others_of_period(session, message, days=days))
    }


def mailed_until(session: Session, message: Message) -> datetime | None:
    """Return when the latest broadcast was frozen that went out to all of the list; None: none."""
    return session.scalar(
        select(func.max(Broadcast.frozen_at))
        .join(Message, Message.id == Broadcast.message_id)
        .where(
            Message.account == message.account,
            Message.id != message.id,
            Broadcast.started_at.is_not(None),
            Broadcast.stage.in_([Stage.READY, Stage.WHOLE, Stage.CLOSED]),
        )
    )


def count_newcomers(session: Session, message: Message, *, since: datetime | None) -> int:
    """Return how many active readers of a list came by import and were never mailed by it."""
    newcomers = (
        select(func.count())
        .select_from(Subscription)
        .where(
            Subscription.list == message.account,
            Subscription.state == Standing.ACTIVE,
            *is_newcomer(Subscription, since),
        )
    )
    return session.scalars(newcomers).one()


def lost_a_race(error: DBAPIError) -> bool:
    """Whether a range failed only because somebody else wrote what it had read: do it again.

    That is PostgreSQL's serialization failure and deadlock, and a reader who was
    erased meanwhile.
    """
    return isinstance(error, IntegrityError) or getattr(error.orig, "sqlstate", "") in (
        "40001",
        "40P01",
    )


def last_due(session: Session, message_id: int) -> datetime | None:
    """Return when the last of a message's queued mails is due."""
    queue = select(func.max(Delivery.due_at)).where(
        Delivery.message_id == message_id, is_queued_mail()
    )
    return session.scalar(queue)


def zones_of_blocks(session: Session, message_id: int) -> tuple[str, ...]:
    """Return the zones for which the message has blocks of their own; none: it tells no time."""
    zones = select(Block.zone).where(Block.message_id == message_id, Block.zone != "").distinct()
    return tuple(session.scalars(zones))


def count_exclusions(session: Session, message_id: int) -> int:
    counted = select(func.count()).where(Exclusion.message_id == message_id)
    return session.scalars(counted.select_from(Exclusion)).one()


def exclusions_by_reason(session: Session, message_id: int) -> dict[str, int]:
    """Return how many candidates do not get a message, by reason."""
    counted = (
        select(Exclusion.reason, func.count())
        .where(Exclusion.message_id == message_id)
        .group_by(Exclusion.reason)
        .order_by(Exclusion.reason)
    )
    return {row.reason: row[1] for row in session.execute(counted)}


def list_exclusions(
    session: Session, message_id: int, *, reason: str | None, limit: int | None
) -> list[tuple[int, str | None, str]]:
    """Return (subscriber, address, reason) of who does not get a message.

    The address is None for who was erased since.
    """
    query = (
        select(Exclusion.subscriber_id, Subscriber.address, Exclusion.reason)
        .outerjoin(Subscriber, Subscriber.id == Exclusion.subscriber_id)
        .where(Exclusion.message_id == message_id)
        .order_by(Exclusion.subscriber_id)
    )
    if reason is not None:
        query = query.where(Exclusion.reason == reason)
    if limit is not None:
        query = query.limit(limit)
    return [(subscriber, address, why) for subscriber, address, why in session.execute(query)]


def is_newcomer(
    subscription: type[Subscription], since: datetime | None
) -> list[ColumnElement[bool]]:
    """Select who came with a list since it was last mailed; None: it never was."""
    by_import = subscription.consent["how"].as_string() == IMPORT
    return [by_import] if since is None else [subscription.added_at > since, by_import]
