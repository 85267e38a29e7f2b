"""Write subscribers into a table that an import takes again, harmless in any spreadsheet."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from campaigner.core.intake import ATTRIBUTE, harmless
from campaigner.core.rules import Rule
from campaigner.db import subscribers
from campaigner.db.engine import Sessions
from campaigner.db.models import Subscription
from campaigner.db.subscribers import Listed

COLUMNS = (
    "address", "name", "locale", "zone", "country", "topics", "consent", "consent_date", "list",
    "state", "frequency", "added", "confirmed",
)  # fmt: skip


def export_subscribers(
    sessions: Sessions, *, list: str, rule: Rule | None, limit: int | None = None
) -> Iterator[Mapping[str, str]]:
    """Yield who gets a list, each as a row by column; those of attributes come last.

    `sessions` read only. Every cell is written so that no spreadsheet takes it for a formula.
    """
    with sessions() as session:
        for each in subscribers.listed(session, list=list, rule=rule, limit=limit):
            yield {name: harmless(value) for name, value in _row(each, list).items()}


def attribute_columns(sessions: Sessions, *, list: str, rule: Rule | None) -> tuple[str, ...]:
    """Return the columns of all attributes that these subscribers have, by name."""
    names: set[str] = set()
    with sessions() as session:
        for each in subscribers.listed(session, list=list, rule=rule):
            names.update(each.subscriber.attributes)
    return tuple(f"{ATTRIBUTE}{name}" for name in sorted(names))


def _row(each: Listed, list: str) -> dict[str, str]:
    who = each.subscriber
    subscription = next(own for own in each.subscriptions if own.list == list)
    evidence, day = _consent(subscription)
    row = {
        "address": who.address,
        "name": who.name,
        "locale": who.locale,
        "zone": who.zone,
        "country": who.country,
        "topics": ", ".join(each.topics),
        "consent": evidence,
        "consent_date": day,
        "list": list,
        "state": subscription.state,
        "frequency": subscription.frequency,
        "added": _day(subscription.added_at),
        "confirmed": _day(subscription.confirmed_at),
    }
    return row | {f"{ATTRIBUTE}{name}": str(value) for name, value in who.attributes.items()}


def _consent(subscription: Subscription) -> tuple[str, str]:
    """Return the evidence that they agreed, in words, and the day of it."""
    record: dict[str, Any] = subscription.consent
    evidence = record.get("evidence") or json.dumps(record, ensure_ascii=False, sort_keys=True)
    when = record.get("when") or record.get("confirmed_at") or record.get("at") or ""
    return str(evidence), str(when)[:10] or _day(subscription.added_at)


def _day(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d}" if moment else ""
