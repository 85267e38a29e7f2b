"""Builders of rows with sensible defaults: a test names only what it is about."""

import itertools
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from campaigner.core.delivery import MessageState, State
from campaigner.core.message import Kind
from campaigner.db.models import Delivery, Message, MessageProject

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SANDBOX = "http://127.0.0.1:8711"

_numbers = itertools.count(1)


def add_message(
    session: Session, *, projects: Sequence[str] = ("1.1.3",), **overrides: Any
) -> Message:
    """Add an approved post that is due at NOON; its item, and so its identity, is new each time."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "key": f"key-{number}",
        "kind": Kind.POST,
        "campaign": "spring",
        "run": "1",
        "item": f"item-{number}",
        "account": "x-en",
        "channel": "x",
        "locale": "en",
        "language": "en",
        "state": MessageState.APPROVED,
        "day": date(2026, 3, 2),
        "wall_time": "12:00",
        "zone": "UTC",
        "due_at": NOON,
        "not_after": NOON + timedelta(days=1),
        "text": "the secret words of a message",
        "base": SANDBOX,
        "content_hash": "0" * 64,
        "queued_by": "author",
        "queued_at": NOON - timedelta(days=7),
    }
    message = Message(**values | overrides)
    session.add(message)
    session.flush()
    session.add_all(MessageProject(message_id=message.id, project=id) for id in projects)
    session.flush()
    return message


def add_delivery(session: Session, message: Message, **overrides: Any) -> Delivery:
    """Add a queued delivery of `message`, due when the message is."""
    values: dict[str, Any] = {
        "message_id": message.id,
        "account": message.account,
        "state": State.QUEUED,
        "scheduled_at": message.due_at,
        "due_at": message.due_at,
    }
    delivery = Delivery(**values | overrides)
    session.add(delivery)
    session.flush()
    return delivery


def add_sent(
    session: Session, message: Message, *, sent_at: datetime = NOON, **overrides: Any
) -> Delivery:
    """Add a published delivery that is due for its first look five minutes later."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "state": State.SENT,
        "sent_at": sent_at,
        "remote_id": f"remote-{number}",
        "sample_at": sent_at + timedelta(minutes=5) if message.kind is Kind.POST else None,
        "attempts": 1,
    }
    return add_delivery(session, message, **values | overrides)
