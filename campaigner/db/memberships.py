"""A subscriber and one list: found by their mail, activated, changed, brought back."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from campaigner.core.audience import Frequency, Standing, SuppressedFor
from campaigner.core.signup import Suppressed
from campaigner.db.engine import change
from campaigner.db.insertion import insert_new
from campaigner.db.models import (
    Delivery,
    Message,
    Subscriber,
    SubscriberTopic,
    Subscription,
    Suppression,
)

EARLIER_KEPT = 5  # consent records of a subscription that was taken up again


@dataclass(frozen=True, kw_only=True)
class Addressee:
    """Whom a mail in `locale` went to. `subscriber_id` is None once they were erased."""

    subscriber_id: int | None
    list: str
    locale: str


@dataclass(frozen=True, kw_only=True)
class Membership:
    """A subscriber as one list sees them. `standing` is None where they never subscribed to it.

    `others` are the lists that they get besides this one.
    """

    subscriber_id: int
    list: str
    address: str
    name: str
    locale: str
    zone: str
    standing: Standing | None
    frequency: Frequency
    changed_at: datetime | None
    topics: tuple[str, ...]
    others: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What a reader may set themselves. No topics: all of them. None or "" leaves what is there,
    but for a name: an empty one is taken away."""

    name: str | None
    locale: str
    zone: str
    country: str
    topics: tuple[str, ...]
    frequency: Frequency


def addressee(session: Session, delivery_id: int) -> Addressee | None:
    """Return whom a mail went to, by the number in its token; None if there is no such mail."""
    row = session.execute(
        select(Delivery.subscriber_id, Delivery.account, Message.locale)
        .join(Message, Message.id == Delivery.message_id)
        .where(Delivery.id == delivery_id, Delivery.recipient != "")
    ).one_or_none()
    return Addressee(subscriber_id=row[0], list=row[1], locale=row[2]) if row else None


def find(session: Session, *, list: str, subscriber_id: int) -> Membership | None:
    return _find(session, list, Subscriber.id == subscriber_id)


def find_by_mailbox(session: Session, *, list: str, mailbox: str) -> Membership | None:
    return _find(session, list, Subscriber.mailbox == mailbox)


def suppression(session: Session, hashes: Collection[str]) -> Suppressed | None:
    """Return why a mailbox, by its hashes of every key, may not be mailed; None: it may."""
    row = session.scalar(
        select(Suppression).where(Suppression.hash.in_(hashes)).order_by(Suppression.at).limit(1)
    )
    return Suppressed(reason=SuppressedFor(row.reason), at=row.at) if row else None


def activate(
    session: Session,
    *,
    address: str,
    mailbox: str,
    list: str,
    wishes: Wishes,
    consent: dict[str, Any],
    now: datetime,
) -> int:
    """Make the owner of a mailbox a subscriber of a list; return the subscriber's number.

    They confirmed it: so it does not matter whether they are new, had left or
    complained. The caller lifts a suppression.
    """
    insert_new(
        session,
        Subscriber,
        [
            {
                "address": address,
                "mailbox": mailbox,
                "name": wishes.name or "",
                "locale": wishes.locale,
                "zone": wishes.zone,
                "country": wishes.country,
                "attributes": {},
                "added_at": now,
            }
        ],
    )
    id = session.scalars(select(Subscriber.id).where(Subscriber.mailbox == mailbox)).one()
    before = session.scalar(
        select(Subscription.consent).where(
            Subscription.subscriber_id == id, Subscription.list == list
        )
    )
    row = {
        "state": Standing.ACTIVE.value,
        "frequency": wishes.frequency.value,
        "consent": consent | _earlier(before),
        "bounces": 0,
        "confirmed_at": now,
        "changed_at": now,
    }
    new = {"subscriber_id": id, "list": list, "added_at": now}
    insert_new(session, Subscription, [row | new])
    mine = update(Subscription).where(Subscription.subscriber_id == id, Subscription.list == list)
    change(session, mine.values(**row))
    set_wishes(session, subscriber_id=id, list=list, wishes=wishes, now=now)
    return id


def set_wishes(
    session: Session, *, subscriber_id: int, list: str, wishes: Wishes, now: datetime
) -> None:
    """Write what a reader wishes; how often, for this list, and everything else for all lists.

    None for a name, and no country, leave what is there.
    """
    values: dict[str, Any] = {"locale": wishes.locale, "zone": wishes.zone, "chosen_at": now}
    values |= {"name": wishes.name} if wishes.name is not None else {}
    values |= {"country": wishes.country} if wishes.country else {}
    change(session, update(Subscriber).where(Subscriber.id == subscriber_id).values(**values))
    change(
        session,
        update(Subscription)
        .where(Subscription.subscriber_id == subscriber_id, Subscription.list == list)
        .values(frequency=wishes.frequency.value),
    )
    change(session, delete(SubscriberTopic).where(SubscriberTopic.subscriber_id == subscriber_id))
    if wishes.topics:
        rows = [{"subscriber_id": subscriber_id, "topic": topic} for topic in wishes.topics]
        session.execute(insert(SubscriberTopic), rows)


def bring_back(
    session: Session, *, subscriber_id: int, list: str, left_since: datetime, now: datetime
) -> bool:
    """Undo that a reader left, if that was after `left_since`; the consent they gave still counts.

    False where they did not leave, or longer ago, or may not be mailed.
    """
    may_be_mailed = select(Subscriber.id).where(
        Subscriber.id == subscriber_id, Subscriber.suppressed_at.is_(None)
    )
    statement = (
        update(Subscription)
        .where(
            Subscription.subscriber_id.in_(may_be_mailed),
            Subscription.list == list,
            Subscription.state == Standing.LEFT.value,
            Subscription.changed_at > left_since,
        )
        .values(state=Standing.ACTIVE.value, changed_at=now)
    )
    return change(session, statement) == 1


def note_consent(
    session: Session, *, subscriber_id: int, list: str, entries: Mapping[str, Any]
) -> None:
    """Add to the record of a subscription's consent, like the reason why somebody left."""
    row = session.scalar(
        select(Subscription)
        .where(Subscription.subscriber_id == subscriber_id, Subscription.list == list)
        .with_for_update()
    )
    if row is not None:
        row.consent = {**row.consent, **entries}
        session.flush()


def _find(session: Session, list: str, who: Any) -> Membership | None:
    row = session.execute(
        select(Subscriber, Subscription)
        .outerjoin(
            Subscription,
            (Subscription.subscriber_id == Subscriber.id) & (Subscription.list == list),
        )
        .where(who)
    ).one_or_none()
    if row is None:
        return None
    subscriber, subscription = row
    topics = session.scalars(
        select(SubscriberTopic.topic)
        .where(SubscriberTopic.subscriber_id == subscriber.id)
        .order_by(SubscriberTopic.topic)
    )
    others = session.scalars(
        select(Subscription.list)
        .where(
            Subscription.subscriber_id == subscriber.id,
            Subscription.list != list,
            Subscription.state == Standing.ACTIVE.value,
        )
        .order_by(Subscription.list)
    )
    return Membership(
        subscriber_id=subscriber.id,
        list=list,
        address=subscriber.address,
        name=subscriber.name,
        locale=subscriber.locale,
        zone=subscriber.zone,
        standing=Standing(subscription.state) if subscription else None,
        frequency=Frequency(subscription.frequency) if subscription else Frequency.EVERY,
        changed_at=subscription.changed_at if subscription else None,
        topics=tuple(topics),
        others=tuple(others),
    )


def _earlier(consent: dict[str, Any] | None) -> dict[str, Sequence[Any]]:
    """Return the records of a subscription that was ended before, newest last."""
    if not consent:
        return {}
    last = {key: value for key, value in consent.items() if key != "earlier"}
    return {"earlier": [*consent.get("earlier", []), last][-EARLIER_KEPT:]}
