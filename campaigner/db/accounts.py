"""What became of the configured accounts. One without a row is in the sandbox and connected."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigner.db.models import Account


def live_accounts(session: Session) -> set[str]:
    """Return the names of the accounts that talk to their real network."""
    return set(session.scalars(select(Account.name).where(Account.live)))


def states(session: Session) -> dict[str, Account]:
    return {row.name: row for row in session.scalars(select(Account))}


def set_live(session: Session, name: str, *, live: bool, by: str, now: datetime) -> None:
    row = _row(session, name)
    row.live, row.live_by, row.live_at = live, by, now


def disconnect(session: Session, name: str, *, reason: str, now: datetime) -> None:
    """Mark an account as to be reconnected; the first reason and time stay."""
    row = _row(session, name)
    if row.disconnected_at is None:
        row.disconnected_at, row.reason = now, reason


def reconnect(session: Session, name: str) -> None:
    row = _row(session, name)
    row.disconnected_at, row.reason = None, ""


def _row(session: Session, name: str) -> Account:
    row = session.get(Account, name)
    if row is None:
        row = Account(name=name, live=False, reason="")
        session.add(row)
        session.flush()
    return row
