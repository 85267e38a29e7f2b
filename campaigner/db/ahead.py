"""What comes next: the moments at which something in the tables asks to be done."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaigner.core.delivery import State
from campaigner.db import broadcasts, outbox
from campaigner.db.models import Delivery, Edition, Message


def next_moment(session: Session, *, after: datetime, until: datetime) -> datetime | None:
    """Return the first instant in ``after < t <= until`` at which something is to be done.

    Something falls due, or an unknown is to be looked for. None: nothing is.
    Counters are not among it: a look that comes late sees the same.
    """
    look_at = session.scalar(
        select(func.min(Delivery.look_at)).where(
            Delivery.state == State.UNKNOWN, Delivery.look_at > after, Delivery.look_at <= until
        )
    )
    dues = next_dues(session, after=after, until=until, limit=1)
    return min([moment for moment in (look_at, *dues) if moment is not None], default=None)


def next_dues(session: Session, *, after: datetime, until: datetime, limit: int) -> list[datetime]:
    """Return the distinct instants in ``after < t <= until`` at which a post or mails may leave."""
    posts = outbox.next_dues(session, after=after, until=until, limit=limit)
    mails = broadcasts.next_dues(session, after=after, until=until, limit=limit)
    return sorted({*posts, *mails})[:limit]


def quiet_editions(session: Session, campaign: str) -> list[Edition]:
    """Return the editions of a digest that were composed and told nobody anything, in order."""
    told = select(Message.edition_id).where(
        Message.campaign == campaign, Message.edition_id.is_not(None)
    )
    return list(
        session.scalars(
            select(Edition)
            .where(Edition.campaign == campaign, Edition.id.not_in(told))
            .order_by(Edition.day, Edition.slot)
        )
    )
