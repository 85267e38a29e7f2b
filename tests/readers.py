"""Subscribers for tests: entries as an import has them, and rows as the database does."""

import itertools
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from campaigner.core.audience import Standing
from campaigner.core.intake import Entry, single_entry
from campaigner.core.tokens import Keyring
from campaigner.db.models import Subscriber, Subscription

KEYRING = Keyring((b"k" * 32,))
LIST = "newsletter"
ADDED = datetime(2026, 2, 1, tzinfo=UTC)

_lines = itertools.count(2)


def entry(address: str, **overrides: Any) -> Entry:
    """Return a row of a list that is right: in Spanish, in UTC, with evidence of consent."""
    values: dict[str, Any] = {"locale": "es", "zone": "UTC", "consent": '{"evidence": "paper"}'}
    more = {name: overrides.pop(name) for name in ("attributes",) if name in overrides}
    made = single_entry(address, line=next(_lines), **values | overrides)
    return made._replace(**more)


def add_subscriber(
    session: Session,
    address: str = "ana@example.org",
    *,
    lists: tuple[str, ...] = (LIST,),
    standing: Standing = Standing.ACTIVE,
    **overrides: Any,
) -> Subscriber:
    """Add a subscriber of these lists, in one standing with all of them."""
    values: dict[str, Any] = {
        "address": address,
        "mailbox": address.lower(),
        "name": "Ana",
        "locale": "es",
        "zone": "UTC",
        "country": "UY",
        "added_at": ADDED,
    }
    subscriber = Subscriber(**values | overrides)
    session.add(subscriber)
    session.flush()
    session.add_all(
        Subscription(
            subscriber_id=subscriber.id,
            list=list,
            state=standing.value,
            consent={"how": "form"},
            added_at=ADDED,
            changed_at=ADDED,
        )
        for list in lists
    )
    session.flush()
    return subscriber
