"""Everything that is held of one person, as they may ask for it (LGPD, article 18; GDPR, 15)."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigner.core.tokens import Keyring, hashes_of
from campaigner.db.models import (
    Attempt,
    Bounce,
    Delivery,
    Edition,
    Erasure,
    Message,
    Signup,
    Subscriber,
    Suppression,
)
from campaigner.db.subscribers import by_mailbox, subscriptions_of, topics_of


def compile(session: Session, *, keyring: Keyring, mailbox: str) -> dict[str, Any] | None:
    """Return what is held of a mailbox as an object of JSON; None if that is nothing.

    Times are UTC. Mails are newest first, each with its tries and what came back.
    """
    hashes = hashes_of(keyring, mailbox)
    subscriber = by_mailbox(session, mailbox)
    signups = session.scalars(
        select(Signup).where(Signup.mailbox_hash.in_(hashes)).order_by(Signup.at)
    ).all()
    suppression = session.scalar(select(Suppression).where(Suppression.hash.in_(hashes)))
    erasure = session.scalar(select(Erasure).where(Erasure.hash.in_(hashes)))
    if subscriber is None and not signups and suppression is None:
        return None
    return {
        "subscriber": _subscriber(subscriber),
        "topics": list(topics_of(session, [subscriber.id]).get(subscriber.id, ()))
        if subscriber
        else [],
        "subscriptions": _subscriptions(session, subscriber),
        "mails": _mails(session, subscriber),
        "signups": [_signup(row) for row in signups],
        "suppressed": suppression
        and {"reason": suppression.reason, "at": _time(suppression.at), "note": suppression.note},
        "erased_at": erasure and _time(erasure.at),
    }


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _subscriber(row: Subscriber | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {
        "address": row.address,
        "name": row.name,
        "locale": row.locale,
        "zone": row.zone,
        "country": row.country,
        "attributes": row.attributes,
        "added_at": _time(row.added_at),
        "chosen_at": _time(row.chosen_at),
        "suppressed_at": _time(row.suppressed_at),
        "suppressed_for": row.suppressed_for,
    }


def _subscriptions(session: Session, subscriber: Subscriber | None) -> list[dict[str, Any]]:
    rows = subscriptions_of(session, subscriber.id) if subscriber else ()
    return [
        {
            "list": row.list,
            "state": row.state,
            "frequency": row.frequency,
            "consent": row.consent,
            "bounces": row.bounces,
            "added_at": _time(row.added_at),
            "confirmed_at": _time(row.confirmed_at),
            "changed_at": _time(row.changed_at),
        }
        for row in rows
    ]


def _mails(session: Session, subscriber: Subscriber | None) -> list[dict[str, Any]]:
    if subscriber is None:
        return []
    mine = Delivery.subscriber_id == subscriber.id
    rows = session.execute(
        select(Delivery, Message, Edition)
        .join(Message, Message.id == Delivery.message_id)
        .outerjoin(Edition, Edition.id == Message.edition_id)
        .where(mine)
        .order_by(Delivery.scheduled_at.desc(), Delivery.id.desc())
    ).all()
    ids = select(Delivery.id).where(mine)
    attempts: dict[int, list[dict[str, Any]]] = {}
    for attempt in session.scalars(
        select(Attempt).where(Attempt.delivery_id.in_(ids)).order_by(Attempt.id)
    ):
        said = {"at": _time(attempt.at), "outcome": attempt.outcome, "reason": attempt.reason}
        attempts.setdefault(attempt.delivery_id, []).append(said)
    bounces: dict[int, list[dict[str, Any]]] = {}
    for bounce in session.scalars(
        select(Bounce).where(Bounce.delivery_id.in_(ids)).order_by(Bounce.id)
    ):
        came = {
            "received_at": _time(bounce.received_at),
            "kind": bounce.kind,
            "recipient": bounce.recipient,
            "status": bounce.status,
            "reason": bounce.reason,
            "report": bounce.raw.decode("utf-8", errors="replace") if bounce.raw else None,
        }
        bounces.setdefault(bounce.delivery_id or 0, []).append(came)
    return [
        {
            "number": delivery.id,
            "campaign": message.campaign,
            "list": delivery.account,
            "edition": edition.day.isoformat() if edition else None,
            "subject": message.text,
            "language": message.language,
            "address": delivery.recipient,
            "filled_in": delivery.slots,
            "state": delivery.state.value,
            "due_at": _time(delivery.due_at),
            "sent_at": _time(delivery.sent_at),
            "note": delivery.note,
            "tries": attempts.get(delivery.id, []),
            "came_back": bounces.get(delivery.id, []),
        }
        for delivery, message, edition in rows
    ]


def _signup(row: Signup) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "state": row.state,
        "address": row.address,
        "name": row.name,
        "list": row.list,
        "locale": row.locale,
        "zone": row.zone,
        "topics": row.topics,
        "frequency": row.frequency,
        "consent": row.consent,
        "at": _time(row.at),
        "confirmed_at": _time(row.confirmed_at),
    }
