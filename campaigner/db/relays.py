"""How an account's relays do: which of them fail, since when and why, and what they took today."""

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime

from sqlalchemy import case, func, select, update
from sqlalchemy.orm import Session

from campaigner.core.relays import LONGEST_REST, rest_of
from campaigner.db.engine import change
from campaigner.db.insertion import insert_new
from campaigner.db.models import RelayHealth


def resting(session: Session, names: Collection[str], *, now: datetime) -> Mapping[str, datetime]:
    """Return which of these relays are left alone for now, and until when."""
    rows = session.execute(
        select(RelayHealth.name, RelayHealth.paused_until).where(
            RelayHealth.name.in_(list(names)), RelayHealth.paused_until > now
        )
    )
    return {name: until for name, until in rows if until is not None}


def fail(session: Session, name: str, *, reason: str, refused: bool, now: datetime) -> datetime:
    """Write that a relay cannot be used; return until when it is left alone.

    Half a minute at first, doubling to an hour; at once an hour where it
    `refused` us, since a person has to do something about that.
    """
    _make(session, [name])
    row = session.get_one(RelayHealth, name, populate_existing=True, with_for_update=True)
    row.failing_since = row.failing_since or now
    row.failures += 1
    row.reason = reason
    row.paused_until = now + (LONGEST_REST if refused else rest_of(row.failures))
    return row.paused_until


def recover(session: Session, name: str) -> None:
    """Write that a relay lets us in again."""
    change(
        session,
        update(RelayHealth)
        .where(RelayHealth.name == name, RelayHealth.failing_since.is_not(None))
        .values(failing_since=None, failures=0, reason="", paused_until=None),
    )


def reconnect(session: Session, account: str) -> None:
    """Forget what kept an account's relays back: a person says that it is put right."""
    change(
        session,
        update(RelayHealth)
        .where(RelayHealth.name.startswith(f"{account}/", autoescape=True))
        .values(failing_since=None, failures=0, reason="", paused_until=None),
    )


def count(session: Session, counts: Mapping[str, int], *, now: datetime) -> None:
    """Count the mails that relays were given today (UTC)."""
    day = _day(now)
    _make(session, counts)
    for name, mails in counts.items():  # a handful
        change(
            session,
            update(RelayHealth)
            .where(RelayHealth.name == name)
            .values(
                day=day,
                sent_today=case((RelayHealth.day == day, RelayHealth.sent_today), else_=0) + mails,
            ),
        )


def given_today(session: Session, names: Collection[str], *, now: datetime) -> int:
    """Return how many mails these relays were given today (UTC)."""
    total = select(func.coalesce(func.sum(RelayHealth.sent_today), 0)).where(
        RelayHealth.name.in_(list(names)), RelayHealth.day == _day(now)
    )
    return session.scalars(total).one()


def _make(session: Session, names: Collection[str]) -> None:
    insert_new(session, RelayHealth, [{"name": name} for name in names])


def _day(now: datetime) -> date:
    return now.astimezone(UTC).date()
