"""The outbox by hand: look at it, and decide what no machine may."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import update
from sqlalchemy.orm import Session

from campaigner.core.by_hand import bound_by_hand, in_city, may_be_out, why_not_at
from campaigner.core.delivery import UNSENT, Hold, MessageState, State, Step
from campaigner.core.reach import next_sample
from campaigner.db import accounts, changes, listing, outbox, pauses
from campaigner.db.engine import Sessions, change
from campaigner.db.listing import Listed
from campaigner.db.models import Account, Attempt, Delivery, Pause
from campaigner.errors import UserError

WAITING = {
    Hold.TRANSLATION: "waiting for a translation",
    Hold.LENGTH: "does not fit the network",
    Hold.RENDERING: "its text cannot be made",
    Hold.APPROVAL: "waiting for approval",
    Hold.RECONNECT: "its account has to be reconnected",
    Hold.MISSED: "fell due while paused: send it (retry), move it (move) or drop it (cancel)",
    Hold.RESTORED: "fell due after the backup was made: it may be out already",
    Hold.PERSON: "waiting for a person to publish it",
}

PERHAPS_OUT = (
    "was in doubt, then fell due while paused: it may be out. Look, then send it (retry), "
    "move it (move) or drop it (cancel)"
)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A row of the outbox with the reason for its state, in a sentence."""

    listed: Listed
    why: str


def list_outbox(
    sessions: Sessions,
    *,
    states: Sequence[State] = (),
    campaign: str | None = None,
    account: str | None = None,
    limit: int | None = None,
    now: datetime,
) -> list[Entry]:
    """Return the outbox in order of due time, each row with its reason."""
    with sessions() as session:
        rows = listing.list_deliveries(
            session, states=states, campaign=campaign, account=account, limit=limit
        )
        stops = pauses.open_pauses(session)
        known = accounts.states(session)
        return [Entry(listed=row, why=why(row, stops, known, now=now)) for row in rows]


def show(sessions: Sessions, id: int, *, now: datetime) -> tuple[Entry, Sequence[Attempt]]:
    """Return one row with its history. Raises UserError if there is none of that number."""
    with sessions() as session:
        row = listing.get_delivery(session, id)
        entry = Entry(
            listed=row,
            why=why(row, pauses.open_pauses(session), accounts.states(session), now=now),
        )
        attempts = listing.attempts_of(session, id)
        return entry, attempts


def retry(sessions: Sessions, id: int, *, by: str, now: datetime) -> None:
    """Send a held, failed or given-up delivery (again) now.

    Raises UserError for a row that is on its way, out, closed, unknown or
    under embargo.
    """
    with sessions() as session:
        row = listing.get_delivery(session, id, lock=True)
        delivery, message = row.delivery, row.message
        if delivery.state is State.UNKNOWN:
            raise UserError(
                f"delivery {id} may be out there: first `campaigner outbox resolve {id} "
                "--sent|--not-sent`"
            )
        if message.state is not MessageState.APPROVED:
            raise UserError(
                f"delivery {id} is not approved. `campaigner approve --message {message.id}` first"
            )
        if delivery.state not in (State.HELD, State.QUEUED, State.REJECTED, State.EXHAUSTED):
            raise UserError(f"delivery {id} is {delivery.state}: there is nothing to send again")
        if refused := why_not_at(
            now,
            not_after=message.not_after,
            embargo_until=message.embargo_until,
            zone=ZoneInfo(message.zone),
        ):
            raise UserError(f"delivery {id} cannot be sent: {refused}")
        took = change(
            session,
            update(Delivery)
            .where(Delivery.id == id, Delivery.state == delivery.state)
            .values(
                state=State.QUEUED,
                hold=None,
                due_at=now,
                resend_until=bound_by_hand(
                    delivery.resend_until, state=delivery.state, hold=delivery.hold, now=now
                ),
                note=f"sent by {by}",
            ),
        )
        _finish(session, took, id, outcome="retry", by=by, now=now)


def cancel(sessions: Sessions, id: int, *, by: str, reason: str, now: datetime) -> None:
    """Drop a delivery that has not left. Raises UserError for one that has."""
    with sessions() as session:
        row = listing.get_delivery(session, id)
        took = change(
            session,
            update(Delivery)
            .where(Delivery.id == id, Delivery.state.in_(UNSENT))
            .values(
                state=State.CANCELED,
                hold=None,
                claim=None,
                claimed_until=None,
                note=f"canceled by {by}: {reason}",
            ),
        )
        if not took:
            raise UserError(f"delivery {id} is {row.delivery.state}: it cannot be canceled")
        _finish(session, took, id, outcome="canceled", by=by, now=now, reason=reason)


def resolve(
    sessions: Sessions, id: int, *, sent: bool, remote_id: str, by: str, now: datetime
) -> None:
    """Say what became of an unknown: it is out (with its id, if known), or it is not.

    Not sent: the row is `rejected`; `retry` sends it again. Raises UserError
    for a row that is not unknown.
    """
    with sessions() as session:
        row = listing.get_delivery(session, id)
        if row.delivery.state is not State.UNKNOWN:
            raise UserError(f"delivery {id} is {row.delivery.state}, not unknown")
        step = (
            Step(state=State.SENT, remote_id=remote_id, note=f"{by} saw it on the network")
            if sent
            else Step(state=State.REJECTED, note=f"{by} saw that it is not on the network")
        )
        took = outbox.settle(session, id, attempt=row.delivery.attempts, step=step, now=now, by=by)
        if sent and remote_id:
            first = next_sample(sent_at=now, steps_taken=0, now=now)
            outbox.sample_first(session, id, at=first)
        _finish(session, took, id, outcome="", by=by, now=now)


def why(row: Listed, stops: Sequence[Pause], known: Mapping[str, Account], *, now: datetime) -> str:
    """Say in a sentence why a row is as it is, and what comes next."""
    delivery, message = row.delivery, row.message
    match delivery.state:
        case State.HELD if may_be_out(delivery.resend_until, hold=delivery.hold, now=now):
            return PERHAPS_OUT
        case State.HELD:
            hold = delivery.hold or message.hold
            reason = WAITING.get(hold, "held") if hold else "held"
            note = delivery.note or message.note
            told = note and hold not in (Hold.APPROVAL, Hold.MISSED, Hold.RESTORED)
            return f"{reason}: {note}" if told else reason
        case State.QUEUED:
            return _why_queued(row, stops, known, now=now)
        case State.CLAIMED:
            return "about to be sent"
        case State.SENDING:
            return "being sent"
        case State.UNKNOWN if delivery.look_at is None:
            return f"could not confirm, please look: {delivery.note}"
        case State.UNKNOWN:
            return f"could not confirm, will look again: {delivery.note}"
        case State.SENT:
            return delivery.note or "sent on time"
        case _:
            return delivery.note or message.note


def _why_queued(
    row: Listed, stops: Sequence[Pause], known: Mapping[str, Account], *, now: datetime
) -> str:
    delivery, message = row.delivery, row.message
    covered = {
        (pauses.ALL, ""),
        ("account", message.account),
        ("campaign", message.campaign),
        (pauses.COUNTRY, delivery.country),
    }
    for stop in stops:
        if (stop.scope, stop.target) in covered:
            return f"paused by {stop.by}: {stop.reason}"
    if message.embargo_until is not None and message.embargo_until > max(now, delivery.due_at):
        until = in_city(message.embargo_until, ZoneInfo(message.zone))
        return f"waits for the end of its embargo, {until}"
    account = known.get(delivery.account)
    if account is not None and account.disconnected_at is not None:
        return f"its account has to be reconnected: {account.reason}"
    if delivery.attempts:
        return f"tried {delivery.attempts} times, next at its due time: {delivery.note}"
    late = now - delivery.due_at
    if late > timedelta(0):
        return "due: waits for its turn on this account, spaced after the one before"
    return f"waits for its time; {message.moved}" if message.moved else "waits for its time"


def _finish(
    session: Session,
    took: int | bool,
    id: int,
    *,
    outcome: str,
    by: str,
    now: datetime,
    reason: str = "",
) -> None:
    if not took:
        raise UserError(f"delivery {id} changed in the meantime. Look at it again")
    if outcome:
        outbox.keep_attempt(session, id, number=0, outcome=outcome, reason=reason, now=now, by=by)
    changes.announce(session)
    session.commit()
