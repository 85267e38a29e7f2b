"""How an installation is: a few counts and ages, each from an index."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Engine, func, select, text, union
from sqlalchemy.orm import Session

from campaigner.core.alerts import SILENT_AFTER
from campaigner.core.broadcast import Stop
from campaigner.core.delivery import MessageState, State
from campaigner.db import heartbeat
from campaigner.db.alerts import Spacings, overdue
from campaigner.db.models import (
    Broadcast,
    Delivery,
    Heartbeat,
    Message,
    Pause,
    is_mail_aside,
    is_post,
)


class Status(StrEnum):
    OK = "ok"
    FAILING = "failing"


@dataclass(frozen=True, kw_only=True)
class Health:
    """What a monitor wants to know. `heartbeat_age` is None if no daemon ever lived here.

    `running`: at least one has not stopped and is not silent. `held` counts
    messages, `overdue` and `unknown_for_a_person` deliveries, `paused` stops
    in force.
    """

    heartbeat_age: timedelta | None
    running: bool
    overdue: int
    unknown_for_a_person: int
    held: int
    paused: int

    @property
    def status(self) -> Status:
        """Failing means that nothing goes out, or not everything that should have."""
        return Status.OK if self.running and not self.overdue else Status.FAILING


def health(session: Session, *, now: datetime, spacings: Spacings) -> Health:
    """Look at the tables."""
    beat = heartbeat.latest(session)
    living = select(func.count(Heartbeat.worker)).where(
        Heartbeat.stopped_at.is_(None), Heartbeat.seen_at >= now - SILENT_AFTER
    )
    late = overdue(now=now, spacings=spacings).subquery("late")
    waiting = union(
        select(Message.id).where(Message.state == MessageState.HELD),
        select(Delivery.message_id).where(is_post(), Delivery.state == State.HELD),
        select(Broadcast.message_id).where(Broadcast.hold != Stop.NONE),
    ).subquery("waiting")
    for_a_person = (Delivery.state == State.UNKNOWN, Delivery.look_at.is_(None))
    posts = select(func.count(Delivery.id)).where(is_post(), *for_a_person)
    mails = select(func.count(Delivery.id)).where(
        is_mail_aside(), *for_a_person, Delivery.message_id.in_(select(Broadcast.message_id))
    )
    return Health(
        heartbeat_age=None if beat is None else max(now - beat.seen_at, timedelta(0)),
        running=bool(session.scalar(living)),
        overdue=session.scalar(select(func.count()).select_from(late)) or 0,
        unknown_for_a_person=session.scalars(posts).one() + session.scalars(mails).one(),
        held=session.scalar(select(func.count()).select_from(waiting)) or 0,
        paused=session.scalar(select(func.count(Pause.id)).where(Pause.lifted_at.is_(None))) or 0,
    )


@dataclass(frozen=True, kw_only=True)
class Durability:
    """How SQLite writes: `journal_mode` in lower case, `synchronous` as its number (2 is FULL)."""

    journal_mode: str
    synchronous: int


def durability(engine: Engine) -> Durability | None:
    """Return how a SQLite database writes; None on PostgreSQL."""
    if engine.dialect.name != "sqlite":
        return None
    with engine.connect() as connection:
        return Durability(
            journal_mode=str(connection.scalar(text("PRAGMA journal_mode"))).lower(),
            synchronous=int(connection.scalar(text("PRAGMA synchronous")) or 0),
        )


def server_time(engine: Engine) -> datetime | None:
    """Return what a PostgreSQL server takes for now; None on SQLite, which has no own clock."""
    if engine.dialect.name == "sqlite":
        return None
    with engine.connect() as connection:
        moment: datetime | None = connection.scalar(select(func.clock_timestamp()))
        return moment
