"""Resend: a broadcast once more, to whom it did not reach, or to those who joined since.

Nobody gets it twice but who asks for it: what is in doubt is sent again only
where the operator names it.
"""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from campaigner.core.broadcast import Again, Stage, Stop
from campaigner.core.delivery import Hold, MessageState, State
from campaigner.db import broadcasts, changes, closing
from campaigner.db.engine import Sessions
from campaigner.db.models import Broadcast, Message
from campaigner.errors import UserError
from campaigner.failpoints import reach

SOME = 2_000  # mails a transaction: each gets a line of history too
AT_LEAST = timedelta(days=1)


def resend_failed(
    sessions: Sessions,
    id: int,
    *,
    which: Collection[Again],
    by: str,
    now: datetime,
    heard: Callable[[int], object] = lambda number: None,
    size: int = SOME,
) -> int:
    """Queue what was refused, given up or in doubt once more; return how many mails.

    The same content to the same people needs no new approval. Its last date is
    as far from now as it was from its time, a day at least. Raises UserError
    for a broadcast that is not approved, was canceled, or waits for a word.
    """
    states = {State(each.value) for each in which}
    with sessions() as session:
        message, broadcast = _resendable(session, id)
        message.not_after = _last_date(message, now=now)
        if broadcast.stage == Stage.CLOSED:
            broadcast.stage, broadcast.ended_at = Stage.WHOLE, None
        session.commit()
    done, after = 0, 0
    while True:
        with sessions() as session:
            some = closing.failed_range(session, id, states=states, after=after, limit=size)
            if not some:
                return done
            closing.queue_again(session, some, by=by, now=now)
            changes.announce(session)
            session.commit()
        done, after = done + len(some), some[-1]
        heard(done)
        reach("resend.range")


def resend_to_joined(sessions: Sessions, id: int, *, now: datetime) -> None:
    """Let those be frozen who became readers since; the rest keep what they have.

    Afterwards it asks for approval again: a yes is one for a number of readers.
    Raises UserError while anything of it is still on its way.
    """
    with sessions() as session:
        message, broadcast = _resendable(session, id)
        if broadcast.started_at is None or closing.has_under_way(session, id):
            raise UserError(
                f"broadcast {id} is still on its way: wait until it has ended, or cancel it"
            )
        message.state, message.hold, message.note = MessageState.HELD, Hold.FREEZING, ""
        message.not_after = _last_date(message, now=now)
        broadcast.stage, broadcast.ended_at = Stage.FREEZING, None
        broadcast.upto, broadcast.last = 0, 0
        changes.announce(session)
        session.commit()


def _resendable(session: Session, id: int) -> tuple[Message, Broadcast]:
    broadcast = broadcasts.find(session, id, lock=True)
    if broadcast is None:
        raise UserError(f"there is no broadcast {id}. `campaigner broadcast list` shows them")
    message = session.get_one(Message, id)
    if message.state is not MessageState.APPROVED:
        raise UserError(f"broadcast {id} is {message.state}: only one that went out is sent again")
    if broadcast.stage in (Stage.FREEZING, Stage.CLOSING):
        raise UserError(f"broadcast {id} is just being {broadcast.stage}. Try again afterwards")
    if broadcast.hold != Stop.NONE:
        raise UserError(f"broadcast {id} waits for a person's word first ({broadcast.hold})")
    return message, broadcast


def _last_date(message: Message, *, now: datetime) -> datetime:
    return max(message.not_after, now + max(message.not_after - message.due_at, AT_LEAST))
