"""Deliver: send what is due on one account, one post at a time, and record what became of it."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from campaigner.core.channel import (
    Channel,
    Disconnected,
    Handed,
    Outcome,
    Rate,
    Reject,
    Retry,
    Unknown,
)
from campaigner.core.delivery import State, Step, after_outcome
from campaigner.core.reach import next_sample
from campaigner.db import accounts, messages, outbox, rates, upkeep
from campaigner.db.engine import Sessions, durably
from campaigner.db.models import Delivery, Message
from campaigner.errors import UserError
from campaigner.failpoints import reach

log = structlog.get_logger()

AT_ONCE = 10  # reserved per look: few enough that another worker finds some too
LATE = timedelta(minutes=1)  # past this a sent post says why it was late


@dataclass(frozen=True, kw_only=True)
class Lane:
    """One account's way out: who it is, how it is reached, how fast it may speak.

    `wait` sleeps for a time and says True if the daemon is to stop. `since`
    is when the daemon started: what fell due before it was late because of that.
    """

    account: str
    channel_at: Callable[[str], Channel]
    rates: Sequence[Rate]
    claim: str
    wait: Callable[[timedelta], bool]
    since: datetime


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """How many were tried, and when to come back if there is more; None: when told."""

    tried: int
    come_back: datetime | None


def deliver_due(sessions: Sessions, lane: Lane, *, clock: Callable[[], datetime]) -> Delivered:
    """Send what is due on the lane's account.

    A crash leaves in doubt at most the one that is fenced: the fence is
    committed before the network is called, and the result before the next
    fence. What was only claimed goes back to the queue when its lease ends.
    Returns early when the account's rate is used up or the daemon stops. What
    breaks it off leaves nothing in hand: a living daemon would renew it for ever.
    """
    with sessions() as session:
        try:
            return _deliver(session, lane, clock=clock)
        except Exception:
            session.rollback()
            durably(session, lambda: outbox.abandon(session, claim=lane.claim, now=clock()))
            raise


def _deliver(session: Session, lane: Lane, *, clock: Callable[[], datetime]) -> Delivered:
    tried, now = 0, clock()
    tokens, free_at = rates.available(session, account=lane.account, rates=lane.rates, now=now)
    if tokens == 0:
        return Delivered(tried=0, come_back=free_at)
    limit = min(AT_ONCE, tokens)
    claimed = outbox.claim_due(
        session, account=lane.account, claim=lane.claim, now=now, limit=limit
    )
    session.commit()
    if not claimed:
        return Delivered(tried=0, come_back=None)
    reach("deliver.claimed")
    for id in claimed:
        if lane.wait(timedelta(0)):
            break
        channel = _open(session, id, lane, now=clock())
        if channel is None:
            break
        delivery = _fence(session, id, lane, now=clock())
        if delivery is None:
            break
        if isinstance(delivery, Delivery):
            reach("deliver.fenced")
            outcome = _send(session, delivery, lane, channel)
            reach("deliver.answered")
            _record(session, delivery, outcome, lane, clock=clock)
            tried += 1
    outbox.release(session, claim=lane.claim)
    session.commit()
    # Whether that was all is the next look's to find out; it costs one query.
    return Delivered(tried=tried, come_back=clock())


@dataclass(frozen=True)
class _Passed:
    """The row may not be sent any more; the next one may."""


def _fence(session: Session, id: int, lane: Lane, *, now: datetime) -> Delivery | _Passed | None:
    """Take a token and fence in one commit; None: the account has to be silent for now."""
    if rates.take(session, account=lane.account, rates=lane.rates, now=now) is not None:
        session.rollback()
        return None
    delivery = outbox.fence(session, id, claim=lane.claim, now=now)
    if delivery is None:
        session.rollback()  # the token is not used up
        return _Passed()
    session.commit()
    return delivery


def _open(session: Session, id: int, lane: Lane, *, now: datetime) -> Channel | None:
    """Open a claimed row's channel before the fence; None: the account lacks something."""
    base = messages.base_of(session, id)
    try:
        return lane.channel_at(base)
    except UserError as error:
        accounts.disconnect(session, lane.account, reason=str(error), now=now)
        outbox.release(session, claim=lane.claim)
        upkeep.hold_account(session, account=lane.account, reason=str(error), now=now)
        session.commit()
        log.warning("account cannot be used", account=lane.account, reason=str(error))
        return None


def _send(session: Session, delivery: Delivery, lane: Lane, channel: Channel) -> Outcome:
    try:
        message = session.get_one(Message, delivery.message_id)
        post = messages.outgoing(session, message, delivery)
        session.commit()  # no transaction is open while the network is called
    except SQLAlchemyError as error:
        session.rollback()
        log.error("the database does not tell what to send", error=str(error))
        return Retry("the database did not tell what to send", reached=False)
    except Exception as error:
        # Surely not sent, and the same post would fail again: the others go on.
        log.exception("post cannot be made", delivery=delivery.id, account=lane.account)
        return Reject(f"its post cannot be made: {type(error).__name__}")
    log.info("sending", delivery=delivery.id, account=lane.account, attempt=delivery.attempts)
    try:
        return channel.send(post)
    except Exception as error:
        # A bug of ours, and nobody knows how far it came: never try blindly.
        log.exception("channel failed", delivery=delivery.id, account=lane.account)
        return Unknown(f"a fault in campaigner itself: {type(error).__name__}")


def _record(
    session: Session,
    delivery: Delivery,
    outcome: Outcome,
    lane: Lane,
    *,
    clock: Callable[[], datetime],
) -> None:
    """Commit the result, however long the database refuses: until then this lane sends nothing."""
    # Kept apart: what the session has loaded is read anew when it has to try again.
    id, attempt, now = delivery.id, delivery.attempts, clock()
    step = after_outcome(outcome, attempt=attempt, now=now, jitter=random.random())
    step = explained(step, delivery, since=lane.since, now=now)
    durably(session, lambda: _store(session, id, attempt, outcome, step, lane, now=now))
    if isinstance(outcome, Handed):
        log.info("handed to a person", delivery=id, account=lane.account)  # its note has addresses
        return
    log.info(
        "delivered" if step.state is State.SENT else "not delivered",
        delivery=id,
        account=lane.account,
        state=str(step.state),
        reason=step.note,
    )


def _store(
    session: Session,
    id: int,
    attempt: int,
    outcome: Outcome,
    step: Step,
    lane: Lane,
    *,
    now: datetime,
) -> None:
    took = outbox.record(session, id, claim=lane.claim, attempt=attempt, step=step, now=now)
    if took and step.state is State.SENT:
        outbox.sample_first(session, id, at=next_sample(sent_at=now, steps_taken=0, now=now))
    match outcome:
        case Disconnected(reason):
            accounts.disconnect(session, lane.account, reason=reason, now=now)
            upkeep.hold_account(session, account=lane.account, reason=reason, now=now)
        case Retry(_, reset_at) if reset_at is not None:
            until = step.due_at or reset_at
            rates.block(session, account=lane.account, rates=lane.rates, until=until, now=now)


def explained(step: Step, delivery: Delivery, *, since: datetime, now: datetime) -> Step:
    """Return the step with the reason for a late sending, for whoever reads the outbox."""
    late = now - delivery.scheduled_at
    if step.state is not State.SENT or late <= LATE or step.note:
        return step
    if delivery.attempts > 1:
        why = "its earlier tries failed"
    elif delivery.scheduled_at < since:
        why = "no daemon was running when it was due"
    else:
        why = "it waited for its turn on this account, or for a person"
    return replace(step, note=f"sent {int(late / timedelta(minutes=1))} min late: {why}")
