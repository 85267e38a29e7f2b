"""What came back for an account lately: by index, however many mails it sent."""

from datetime import datetime, timedelta

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import Session

from campaigner.core.broadcast import Stage
from campaigner.core.delivery import State
from campaigner.core.reputation import BURST_TIME, LIKE_POLICY, LIKE_THROTTLED, Events
from campaigner.db import broadcasts
from campaigner.db.models import Attempt, Bounce, Broadcast, Delivery, Message, Pause, is_mail

COMPLAINT = "complaint"


def events(session: Session, account: str, *, since: datetime, now: datetime) -> Events:
    """Count what came back for the mails of an account; what counts as what: core.reputation."""
    reported = (
        select(
            func.count().filter(Bounce.kind == COMPLAINT),
            func.count().filter(Bounce.hard),
        )
        .where(Bounce.account == account, Bounce.received_at > since)
        .where(Bounce.delivery_id.is_not(None))  # only what our own mark ties to a mail
    )
    complaints, bounced = session.execute(reported).one()
    policy = Attempt.reason.like(LIKE_POLICY)
    # What is in `bounce` already was judged there by its reason, and counts once.
    told = select(Bounce.id).where(Bounce.delivery_id == Attempt.delivery_id)
    answered = (
        select(
            func.count().filter(
                Attempt.outcome == State.REJECTED.value, policy, Attempt.at > now - BURST_TIME
            ),
            func.count().filter(Attempt.outcome == State.REJECTED.value, ~policy, ~exists(told)),
            func.count().filter(
                Attempt.outcome.in_([State.QUEUED.value, State.EXHAUSTED.value]),
                Attempt.reason.like(LIKE_THROTTLED),
            ),
        )
        .select_from(Attempt)
        .join(Delivery, Delivery.id == Attempt.delivery_id)
        .where(Attempt.at > since, Attempt.by == "", Delivery.account == account, is_mail())
    )
    refused, rejected, throttled = session.execute(answered).one()
    return Events(
        hard=bounced + rejected, complaints=complaints, refused=refused, throttled=throttled
    )


def sent(session: Session, account: str, *, since: datetime) -> int:
    """Return how many mails were taken of the broadcasts that are under way, or were due since."""
    lately = (
        select(Broadcast.message_id)
        .join(Message, Message.id == Broadcast.message_id)
        .where(
            Message.account == account,
            Broadcast.stage != Stage.FREEZING,
            or_(Broadcast.stage != Stage.CLOSED, Message.due_at > since),
            Message.not_after > since,
        )
    )
    counts = broadcasts.count_mails(session, list(session.scalars(lately)))
    return sum(each.sent for each in counts.values())


def looked_afresh(session: Session, account: str, *, now: datetime, window: timedelta) -> datetime:
    """Return since when events count: the window's begin, or when a person last resumed it."""
    resumed = session.scalar(
        select(func.max(Pause.lifted_at)).where(
            and_(Pause.scope == "account", Pause.target == account, Pause.lifted_at.is_not(None))
        )
    )
    return max(now - window, resumed) if resumed else now - window
