"""Move by hand: give a post or mail that has not gone out another time."""

from datetime import datetime
from zoneinfo import ZoneInfo

from campaigner.core.by_hand import bound_by_hand, in_city, why_not_at
from campaigner.core.delivery import CURRENT, Hold, State
from campaigner.db import changes, listing, moves
from campaigner.db.engine import Sessions
from campaigner.db.listing import Listed
from campaigner.db.moves import Move
from campaigner.errors import UserError

MOVABLE = (State.HELD, State.QUEUED, State.REJECTED, State.EXHAUSTED)


def move(
    sessions: Sessions,
    id: int,
    *,
    to: datetime,
    not_after: datetime | None = None,
    reason: str,
    by: str,
    now: datetime,
) -> datetime:
    """Let delivery `id` go out at `to`; return its last date, later if `not_after` says so.

    Its identity, its content and its approval stay; who moved it, and why, is
    in its history. Queueing the campaign again leaves it there (services.queue).
    Raises UserError for a time that has passed, is before its embargo or past
    its last date, and for a delivery that is on its way, out, closed or unknown.
    """
    with sessions() as session:
        row = listing.get_delivery(session, id, lock=True)
        if refused := _why_not(row):
            raise UserError(f"delivery {id} {refused}")
        message, delivery = row.message, row.delivery
        zone = ZoneInfo(message.zone)
        if to <= now:
            raise UserError(
                f"{in_city(to, zone)} has passed. `campaigner outbox retry {id}` sends it now"
            )
        last = max(message.not_after, not_after or message.not_after)
        bound = bound_by_hand(
            delivery.resend_until, state=delivery.state, hold=delivery.hold, now=now
        )
        if refused := why_not_at(
            to,
            not_after=last,
            embargo_until=message.embargo_until,
            resend_until=bound,
            zone=zone,
        ):
            raise UserError(f"delivery {id} cannot go out {in_city(to, zone)}: {refused}")
        words = f"moved by {by} to {in_city(to, zone)}"
        step = Move(row=row, to=to, not_after=last, words=words, resend_until=bound)
        moves.move_all(session, [step], by=by, reason=reason, now=now)
        changes.announce(session)
        session.commit()
        return last


def _why_not(row: Listed) -> str:
    delivery, message = row.delivery, row.message
    if delivery.state is State.UNKNOWN:
        return (
            f"may be out there: first `campaigner outbox resolve {delivery.id} --sent|--not-sent`"
        )
    if delivery.hold is Hold.PERSON:
        return "is with a person already, who publishes it"
    if delivery.state not in MOVABLE:
        return f"is {delivery.state}: there is nothing to move"
    if message.state not in CURRENT:
        return f"is {message.state}: give its campaign another date and queue it again"
    return ""
