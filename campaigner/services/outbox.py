"""The outbox by hand: look at it, and decide what no machine may."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaigner.core.audience import mailbox_of
from campaigner.core.broadcast import Counts
from campaigner.core.by_hand import bound_by_hand, why_not_at
from campaigner.core.delivery import UNSENT, MessageState, State, Step
from campaigner.core.reach import next_sample
from campaigner.db import accounts, broadcasts, changes, closing, listing, outbox, pauses
from campaigner.db.engine import Sessions, change, make_reading_sessions
from campaigner.db.listing import Listed
from campaigner.db.models import Attempt, Delivery, Message, Subscriber
from campaigner.db.reasons import WAITING as WAITING
from campaigner.db.reasons import why, why_mails
from campaigner.errors import UserError

MOST_IN_DOUBT = 200  # mails that are shown one by one


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A row of the outbox with the reason for its state, in a sentence."""

    listed: Listed
    why: str


@dataclass(frozen=True, kw_only=True)
class Mails:
    """The mails of one edition in one state, with the reason for it, in a sentence."""

    message: Message
    state: State
    number: int
    at: datetime
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
    """Return posts, and mails that nobody could confirm, in order of due time with their reasons.

    All other mails are counted: see `count_mails`.
    """
    with sessions() as session:
        rows = listing.list_deliveries(
            session, states=states, campaign=campaign, account=account, limit=limit
        )
        if not states or State.UNKNOWN in states:
            rows += listing.list_mails(
                session,
                states=[State.UNKNOWN],
                campaign=campaign,
                account=account,
                limit=limit or MOST_IN_DOUBT,
            )
            rows.sort(key=lambda row: (row.delivery.due_at, row.delivery.id))
            rows = rows[:limit]
        stops = pauses.open_pauses(session)
        known = accounts.states(session)
        return [Entry(listed=row, why=why(row, stops, known, now=now)) for row in rows]


def count_mails(
    sessions: Sessions,
    *,
    states: Sequence[State] = (),
    campaign: str | None = None,
    account: str | None = None,
    every: bool = False,
    now: datetime,
) -> list[Mails]:
    """Return how many mails of each edition are in which state, in order of due time.

    Those in doubt are in `list_outbox`, one by one, unless there are very many;
    with `every` they are here all the same.
    """
    with make_reading_sessions(sessions.kw["bind"])() as session:
        found = broadcasts.list_standing(session, campaign=campaign, account=account)
        known = accounts.states(session)
    return [
        Mails(
            message=each.message,
            state=state,
            number=number,
            at=each.broadcast.started_at or each.broadcast.not_before or each.message.due_at,
            why=why_mails(each, state, known, now=now),
        )
        for each in reversed(found)
        for state, number in by_state(each.counts).items()
        if (not states or state in states)
        and (every or state is not State.UNKNOWN or number > MOST_IN_DOUBT)
    ]


def by_state(counts: Counts) -> dict[State, int]:
    """Return the counts that are not zero, by state; what is in hand counts as being sent."""
    named = {"claimed": State.SENDING}
    return {
        named.get(name) or State(name): number for name, number in asdict(counts).items() if number
    }


def mails_of(sessions: Sessions, address: str, *, limit: int | None, now: datetime) -> list[Entry]:
    """Return the mails to one address, by number. Raises UserError where nobody has it."""
    with make_reading_sessions(sessions.kw["bind"])() as session:
        try:
            mailbox = mailbox_of(address)
        except ValueError as error:
            raise UserError(f"'{address}' is no address: {error}") from None
        who = session.scalar(select(Subscriber.id).where(Subscriber.mailbox == mailbox))
        if who is None:
            raise UserError(f"nobody has the address {address}")
        rows = listing.list_mails(session, subscriber_id=who, limit=limit)
        stops = pauses.open_pauses(session)
        known = accounts.states(session)
        return [Entry(listed=row, why=why(row, stops, known, now=now)) for row in rows]


def failed_mails(sessions: Sessions, message_id: int, *, limit: int | None) -> list[Delivery]:
    """Return the mails of a broadcast that were refused, given up or are in doubt, by number."""
    with make_reading_sessions(sessions.kw["bind"])() as session:
        states = [State.REJECTED, State.EXHAUSTED, State.UNKNOWN]
        rows = listing.list_mails(session, message_id=message_id, states=states, limit=limit)
        return [row.delivery for row in rows]


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
        if delivery.recipient:
            closing.reopen(session, message.id)
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
