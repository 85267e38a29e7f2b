"""Stops that somebody pulled. The fence looks at them itself (db.outbox)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, or_, select, true, update
from sqlalchemy.orm import Session

from campaigner.core.delivery import UNSENT, Hold, MessageState, State
from campaigner.db.broadcasts import EDITION as EDITION
from campaigner.db.engine import change
from campaigner.db.models import Delivery, Message, Pause, is_post

ALL = "all"
COUNTRY = "country"
SCOPES = (ALL, "account", "campaign", EDITION, COUNTRY)


def add_pause(
    session: Session, *, scope: str, target: str, reason: str, by: str, now: datetime
) -> bool:
    """Pull a stop; False if the same one is pulled already."""
    same = select(Pause.id).where(
        Pause.scope == scope, Pause.target == target, Pause.lifted_at.is_(None)
    )
    if session.scalar(same) is not None:
        return False
    session.add(Pause(scope=scope, target=target, reason=reason, by=by, at=now))
    return True


def open_pauses(session: Session) -> Sequence[Pause]:
    """Return the stops in force, oldest first."""
    return session.scalars(
        select(Pause).where(Pause.lifted_at.is_(None)).order_by(Pause.at, Pause.id)
    ).all()


def lift(session: Session, *, scope: str, target: str, by: str, now: datetime) -> int:
    """Lift a stop; return how many were (0: there was none)."""
    return change(
        session,
        update(Pause)
        .where(Pause.scope == scope, Pause.target == target, Pause.lifted_at.is_(None))
        .values(lifted_by=by, lifted_at=now),
    )


def hold_missed(session: Session, *, scope: str, target: str, now: datetime) -> int:
    """Hold the posts that fell due under a stop: a person sends, moves or drops each.

    Returns how many. For broadcasts see db.broadcasts.hold_missed.
    """
    covered = select(Message.id).where(Message.state == MessageState.APPROVED)
    if scope == "account":
        covered = covered.where(Message.account == target)
    elif scope == "campaign":
        covered = covered.where(Message.campaign == target)
    elif scope == EDITION:
        return 0  # a pause of one broadcast covers no post
    return change(
        session,
        update(Delivery)
        .where(
            is_post(),
            Delivery.message_id.in_(covered),
            Delivery.country == target if scope == COUNTRY else true(),
            or_(
                Delivery.state == State.CLAIMED,
                and_(Delivery.state == State.QUEUED, Delivery.due_at <= now),
            ),
            Delivery.state.in_(UNSENT),
        )
        .values(
            state=State.HELD,
            hold=Hold.MISSED,
            claim=None,
            claimed_until=None,
            note="fell due while paused",
        ),
    )
