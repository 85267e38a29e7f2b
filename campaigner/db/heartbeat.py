"""Signs of life of daemons."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaigner.db.engine import change
from campaigner.db.models import Heartbeat


def beat(session: Session, *, worker: str, pid: int, host: str, now: datetime) -> None:
    """Say that the worker lives."""
    row = session.get(Heartbeat, worker)
    if row is None:
        session.add(Heartbeat(worker=worker, pid=pid, host=host, started_at=now, seen_at=now))
    else:
        row.seen_at, row.stopped_at = now, None


def stopped(session: Session, *, worker: str, now: datetime) -> None:
    """Say that the worker ended as it should."""
    change(
        session,
        update(Heartbeat).where(Heartbeat.worker == worker).values(stopped_at=now, seen_at=now),
    )


def latest(session: Session) -> Heartbeat | None:
    """Return the newest sign of life, of whichever worker."""
    return session.scalar(select(Heartbeat).order_by(Heartbeat.seen_at.desc()).limit(1))
