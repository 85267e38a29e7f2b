"""Approve: a person says yes to exactly the content that waits, and it may go out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from campaigner.core.approval import why_not
from campaigner.core.broadcast import Stop
from campaigner.core.delivery import Hold, MessageState
from campaigner.db import broadcasts, changes, messages
from campaigner.db.engine import Sessions
from campaigner.db.models import Broadcast, Message


@dataclass(frozen=True, kw_only=True)
class Approved:
    """What was approved, and what was not and why: (message, reason).

    `broadcasts` tells of each message that is a mail to how many it goes, and to
    how many it does not.
    """

    approved: Sequence[Message]
    refused: Sequence[tuple[Message, str]]
    broadcasts: Mapping[int, Broadcast] = field(default_factory=dict)


def approve(
    sessions: Sessions,
    *,
    campaign: str | None = None,
    ids: Sequence[int] = (),
    by: str,
    now: datetime,
    dry_run: bool = False,
) -> Approved:
    """Approve the messages of a campaign, or those with `ids`, that wait for nothing else.

    What is held for another reason (a missing translation, a length) is not
    touched and not in the result, unless it was named by id. The approval pins
    the content's hash: what changes afterwards has to be approved again.
    """
    with sessions() as session:
        waiting = select(Message).where(Message.state == MessageState.HELD)
        if campaign is not None:
            waiting = waiting.where(Message.campaign == campaign)
        if ids:
            waiting = waiting.where(Message.id.in_(ids))
        elif campaign is None:
            return Approved(approved=[], refused=[])
        approved, refused = list[Message](), list[tuple[Message, str]]()
        # Locked, so that of two people who say yes at once the second finds nothing that waits.
        messages.lock_deliveries(session, waiting)
        rows = session.scalars(waiting.order_by(Message.due_at, Message.id).with_for_update())
        waiting_ones = rows.all()
        mailed = broadcasts.of_messages(session, [message.id for message in waiting_ones])
        for message in waiting_ones:
            if message.hold is not Hold.APPROVAL:
                if ids:
                    refused.append((message, message.note or f"held: {message.hold}"))
            elif message.id in mailed and mailed[message.id].hold == Stop.COUNTS:
                refused.append((message, message.note))
            elif message.not_after <= now:
                refused.append((message, "it is past its last date"))
            elif reason := why_not(by=by, queued_by=message.queued_by, four_eyes=message.four_eyes):
                refused.append((message, reason))
            else:
                approved.append(message)
        if approved and not dry_run:
            messages.approve(session, [message.id for message in approved], by=by, now=now)
            changes.announce(session)
            session.commit()
        return Approved(approved=approved, refused=refused, broadcasts=mailed)
