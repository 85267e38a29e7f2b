"""What fell due under a pause: send, move or drop it, many at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from campaigner.core.by_hand import Decision, in_city, is_forgotten, why_not_at
from campaigner.core.cadence import instant_of
from campaigner.core.delivery import Hold, MessageState, State
from campaigner.db import changes, listing, moves
from campaigner.db.engine import Sessions
from campaigner.db.listing import Listed
from campaigner.db.moves import Move


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A missed delivery and when it goes out; None: it was dropped."""

    row: Listed
    at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Decided:
    """What was decided, in order of due time; and what could not be, with the reason."""

    taken: Sequence[Taken]
    refused: Sequence[tuple[Listed, str]]


def decide_missed(
    sessions: Sessions,
    *,
    decision: Decision,
    move_by: timedelta = timedelta(0),
    campaign: str | None = None,
    account: str | None = None,
    country: str | None = None,
    reason: str,
    by: str,
    now: datetime,
    dry_run: bool = False,
) -> Decided:
    """Send, move or drop everything that fell due under a pause, or just that of one kind.

    To move is to go out `move_by` later than it was to: whole days keep the
    time on the clock there, hours and minutes are elapsed time. What would
    still be in the past, past its last date or under embargo, or was in doubt
    and is not protected by its network's key any more, is left as it is and in
    the result. One that a person answered for meanwhile is not in it. Broadcasts:
    see services.broadcasts.
    """
    with sessions() as session:
        rows = listing.list_deliveries(
            session,
            states=[State.HELD],
            hold=Hold.MISSED,
            campaign=campaign,
            account=account,
            country=country,
            lock=True,
        )
        taken, refused = list[Taken](), list[tuple[Listed, str]]()
        for row in rows:
            at = _when(row, decision, move_by, now=now)
            if why := _why_not(row, at, now=now):
                refused.append((row, why))
            else:
                taken.append(Taken(row=row, at=at))
        if taken and not dry_run:
            match decision:
                case Decision.SEND:
                    moves.send_all(session, [one.row for one in taken], by=by, now=now)
                case Decision.MOVE:
                    moves.move_all(
                        session, [_move(one, by=by) for one in taken], by=by, reason=reason, now=now
                    )
                case Decision.DROP:
                    moves.drop_all(
                        session, [one.row for one in taken], by=by, reason=reason, now=now
                    )
            changes.announce(session)
            session.commit()
        return Decided(taken=taken, refused=refused)


def _when(row: Listed, decision: Decision, move_by: timedelta, *, now: datetime) -> datetime | None:
    match decision:
        case Decision.SEND:
            return now
        case Decision.MOVE:
            return later(row.delivery.scheduled_at, move_by, ZoneInfo(row.message.zone))
        case Decision.DROP:
            return None


def later(moment: datetime, by: timedelta, zone: ZoneInfo) -> datetime:
    """Return a moment so much later: days on the calendar of `zone`, the rest as elapsed time."""
    local = moment.astimezone(zone)
    day = local.date() + timedelta(days=by.days)
    return instant_of(day, local.time(), zone) + timedelta(seconds=by.seconds)


def _why_not(row: Listed, at: datetime | None, *, now: datetime) -> str:
    message = row.message
    zone = ZoneInfo(message.zone)
    if at is None:
        return ""
    if message.state is not MessageState.APPROVED:
        return "it is not approved any more"
    if at < now:
        return f"{in_city(at, zone)} has passed too: move it by more"
    if is_forgotten(row.delivery.resend_until, at=at):
        return (
            "it was in doubt before it was paused, and its network would not recognize a second "
            f"try any more. Look whether it is out; `campaigner outbox retry {row.delivery.id}` "
            "sends it"
        )
    return why_not_at(
        at, not_after=message.not_after, embargo_until=message.embargo_until, zone=zone
    )


def _move(one: Taken, *, by: str) -> Move:
    assert one.at is not None
    message = one.row.message
    words = f"moved by {by} to {in_city(one.at, ZoneInfo(message.zone))}"
    return Move(
        row=one.row,
        to=one.at,
        not_after=message.not_after,
        words=words,
        resend_until=one.row.delivery.resend_until,
    )
