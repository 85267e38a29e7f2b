"""What a restored backup does not know: whatever fell due since may have gone out."""

from datetime import datetime

from sqlalchemy import Select, and_, or_, select, update
from sqlalchemy.orm import Session

from campaigner.core.delivery import UNSENT, Hold, MessageState, State
from campaigner.core.message import Kind
from campaigner.db import broadcasts
from campaigner.db.engine import change
from campaigner.db.models import Delivery, Message, is_post

NOTE = "fell due after the backup was made: it may be out already"


def doubt_past(session: Session, *, now: datetime) -> dict[str, int]:
    """Put every delivery due by now in doubt; return how many posts and mails.

    Also what still waits for approval here: the yes, too, may be younger than the backup.

    A post is looked for on its network, and a person decides; a broadcast waits
    whole, however many of its mails there are.
    """
    due = (
        is_post(),
        Delivery.state.in_(UNSENT),
        Delivery.due_at <= now,
    )
    posts = change(
        session,
        update(Delivery)
        .where(*due, Delivery.message_id.in_(_complete()))
        .values(
            state=State.UNKNOWN,
            hold=None,
            claim=None,
            claimed_until=None,
            look_at=now,
            # It counts as tried from here on: no edit makes it again while it may be out.
            attempts=Delivery.attempts + 1,
            first_attempt_at=Delivery.scheduled_at,
            note=NOTE,
        ),
    )
    return {"posts": posts, "mails": broadcasts.doubt_past(session, now=now)}


def _complete() -> Select[int]:
    return select(Message.id).where(
        Message.kind == Kind.POST,
        or_(
            Message.state == MessageState.APPROVED,
            and_(Message.state == MessageState.HELD, Message.hold == Hold.APPROVAL),
        ),
    )
