"""Editions: their frozen data, their blocks, and the readers that they go to."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, delete, exists, func, insert, literal, select
from sqlalchemy.orm import Session

from campaigner.core.countries import country_of
from campaigner.core.delivery import Hold, MessageState, State
from campaigner.db.engine import change
from campaigner.db.models import Block, Delivery, Edition, Message, Subscriber

ACTIVE = "active"


def find_edition(session: Session, *, campaign: str, day: date, slot: str) -> Edition | None:
    return session.scalar(
        select(Edition).where(
            Edition.campaign == campaign, Edition.day == day, Edition.slot == slot
        )
    )


def previous_edition(session: Session, *, campaign: str, before: datetime) -> Edition | None:
    """Return the newest edition due before `before` that went out, or still may.

    One that was dropped or came too late told nobody anything: what it held
    is told by the next.
    """
    alive = (
        select(Message.id)
        .join(Delivery, Delivery.message_id == Message.id)
        .where(
            Message.edition_id == Edition.id,
            Message.due_at < before,
            Message.state.in_([MessageState.HELD, MessageState.APPROVED]),
            Delivery.state.not_in([State.CANCELED, State.EXPIRED]),
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


def audience(session: Session, *, edition_id: int) -> dict[str, dict[str, int]]:
    """Return how many readers an edition still has: {their locale: {zone: count}}.

    They are active, and it is not on its way to them already in another language.
    """
    rows = session.execute(
        select(Subscriber.locale, Subscriber.zone, func.count())
        .where(Subscriber.state == ACTIVE, Subscriber.id.not_in(_reached(edition_id)))
        .group_by(Subscriber.locale, Subscriber.zone)
        .order_by(Subscriber.locale, Subscriber.zone)
    )
    found: dict[str, dict[str, int]] = {}
    for locale, zone, count in rows:
        found.setdefault(locale, {})[zone] = count
    return found


def add_blocks(session: Session, message_id: int, blocks: Sequence[Mapping[str, Any]]) -> None:
    session.execute(delete(Block).where(Block.message_id == message_id))
    if blocks:
        session.execute(insert(Block), [{"message_id": message_id, **block} for block in blocks])


def freeze_readers(session: Session, message: Message, *, locales: Collection[str]) -> int:
    """Make a held delivery of `message` for every reader of these locales; return how many.

    The readers are those of `audience`. One statement, whatever the number. The
    address and zone are as they are now; whether the reader may still be mailed
    is asked again at the fence.
    """
    readers = select(
        literal(message.id),
        literal(message.account),
        Subscriber.address,
        Subscriber.id,
        _countries(locales),
        _slots(session),
        literal(State.HELD.value),
        literal(Hold.APPROVAL.value),
        literal(""),
        literal(message.due_at, Delivery.scheduled_at.type),
        literal(message.due_at, Delivery.due_at.type),
        literal(0),
        literal(""),
        literal(0),
    ).where(
        Subscriber.state == ACTIVE,
        Subscriber.locale.in_(list(locales)),
        Subscriber.id.not_in(_reached(message.edition_id)),
    )
    columns = [
        "message_id", "account", "recipient", "subscriber_id", "country", "slots", "state", "hold",
        "note", "scheduled_at", "due_at", "attempts", "remote_url", "samples",
    ]  # fmt: skip
    return change(session, insert(Delivery).from_select(columns, readers))


def blocks_of(session: Session, message_id: int) -> Sequence[Block]:
    """Return a message's blocks of all zones, in order."""
    return session.scalars(
        select(Block).where(Block.message_id == message_id).order_by(Block.position, Block.zone)
    ).all()


def _reached(edition_id: int | None) -> Select[int | None]:
    """Select whom an edition reached, or will, in a language that has begun to go out."""
    begun = (
        select(Delivery.message_id)
        .join(Message)
        .where(Message.edition_id == edition_id, Delivery.attempts > 0)
    )
    return select(Delivery.subscriber_id).where(
        Delivery.message_id.in_(begun),
        Delivery.subscriber_id.is_not(None),
        Delivery.state.not_in([State.CANCELED, State.EXPIRED]),
    )


def _countries(locales: Collection[str]) -> ColumnElement[str]:
    """Select where a reader is: their own country, else the one that their locale names."""
    named = {locale: country for locale in locales if (country := country_of(locale))}
    return case(
        (Subscriber.country != "", Subscriber.country),
        *((Subscriber.locale == locale, literal(country)) for locale, country in named.items()),
        else_=literal(""),
    )


def _slots(session: Session) -> Any:
    pairs = ("name", Subscriber.name, "zone", Subscriber.zone)
    if session.get_bind().dialect.name == "postgresql":
        return func.json_build_object(*pairs)
    return func.json_object(*pairs)
