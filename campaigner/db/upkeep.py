"""Rows that time closes, and what waits for an account: set-based, and safe to repeat."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy import and_, exists, select, update
from sqlalchemy.orm import Session

from campaigner.core.broadcast import Stage
from campaigner.core.delivery import UNSENT, Hold, MessageState, State
from campaigner.db.engine import change
from campaigner.db.models import Broadcast, Delivery, Message, is_mail_aside, is_post

JUST_ENDED = timedelta(days=2)  # messages whose last date passed so lately are looked at again

SUPPRESSED: Mapping[str, object] = {
    "state": State.SUPPRESSED,
    "hold": None,
    "claim": None,
    "claimed_until": None,
    "note": "not sent: the reader is no longer subscribed",
}
"""What a mail becomes whose reader left."""


def expire(session: Session, *, now: datetime) -> int:
    """Close the posts that are past their last date and never left; return how many.

    Mails are closed in ranges, after their message: see db.broadcasts.
    """
    over = select(Message.id).where(
        Message.state.in_([MessageState.HELD, MessageState.APPROVED]), Message.not_after <= now
    )
    note = "past its last date, not sent"
    # Nothing is planned for after its last date, but PostgreSQL sees a delivery that a person
    # moves at this moment without the later last date of its message.
    planned_by_now = Delivery.scheduled_at <= now
    handed = change(
        session,
        update(Delivery)
        .where(
            is_post(),
            Delivery.state == State.HELD,
            Delivery.hold == Hold.PERSON,
            Delivery.message_id.in_(over),
        )
        .values(
            state=State.EXPIRED, hold=None, note="nobody published it in time; " + Delivery.note
        ),
    )
    done = change(
        session,
        update(Delivery)
        .where(
            is_post(),
            Delivery.state.in_(UNSENT),
            Delivery.attempts == 0,
            Delivery.message_id.in_(over),
            planned_by_now,
        )
        .values(state=State.EXPIRED, hold=None, claim=None, claimed_until=None, note=note),
    )
    tried = change(
        session,
        update(Delivery)
        .where(
            is_post(),
            Delivery.state.in_(UNSENT),
            Delivery.attempts > 0,
            Delivery.message_id.in_(over),
            planned_by_now,
        )
        .values(
            state=State.EXPIRED,
            hold=None,
            claim=None,
            claimed_until=None,
            note=note + "; its tries failed: " + Delivery.note,
        ),
    )
    going = select(Delivery.id).where(
        is_post(),
        Delivery.message_id == Message.id,
        Delivery.state.in_([*UNSENT, State.SENDING, State.SENT, State.UNKNOWN]),
    )
    a_broadcast = select(Broadcast.message_id).where(Broadcast.message_id == Message.id)
    # What was sent stays approved for ever. Unless something expired just now, which may be
    # old, only what ended lately is looked at: a sweep must not read all of history.
    oldest = datetime.min.replace(tzinfo=UTC) if done or tried or handed else now - JUST_ENDED
    for state, since in (
        (MessageState.HELD, datetime.min.replace(tzinfo=UTC)),
        (MessageState.APPROVED, oldest),
    ):
        change(
            session,
            update(Message)
            .where(
                Message.state == state,
                Message.not_after > since,
                Message.not_after <= now,
                ~exists(going),
                ~exists(a_broadcast),
            )
            .values(state=MessageState.EXPIRED),
        )
    return done + tried + handed


def give_up_resending(session: Session, *, now: datetime) -> int:
    """Return rows whose network has forgotten their key to a person, as `unknown`."""
    done = change(
        session,
        update(Delivery)
        .where(
            is_post(),  # no network would know a mail again
            Delivery.state == State.QUEUED,
            Delivery.resend_until.is_not(None),
            Delivery.resend_until <= now,
        )
        .values(
            state=State.UNKNOWN,
            look_at=None,
            note="could not be sent again in time: a person decides",
        ),
    )
    return done


def hold_account(session: Session, *, account: str, reason: str, now: datetime) -> None:
    """Hold every post queued, or reserved, on an account that has to be reconnected.

    Mails stay queued, and wait all the same: their fence asks for the account.
    """
    change(
        session,
        update(Delivery)
        .where(
            is_post(),
            Delivery.account == account,
            Delivery.state.in_([State.QUEUED, State.CLAIMED]),
        )
        .values(
            state=State.HELD,
            hold=Hold.RECONNECT,
            claim=None,
            claimed_until=None,
            note=reason,
        ),
    )


def unhold_account(session: Session, *, account: str) -> int:
    """Queue again what waited for its account to be reconnected; return how many."""
    posts = and_(is_post(), Delivery.account == account)
    under_way = select(Broadcast.message_id).where(Broadcast.stage != Stage.CLOSED)
    mails = and_(is_mail_aside(), Delivery.message_id.in_(under_way), Delivery.account == account)
    return sum(
        change(
            session,
            update(Delivery)
            .where(theirs, Delivery.state == State.HELD, Delivery.hold == Hold.RECONNECT)
            .values(state=State.QUEUED, hold=None, note=""),
        )
        for theirs in (posts, mails)
    )
