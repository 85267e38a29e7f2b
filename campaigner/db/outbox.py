"""The outbox: claim, fence, record. Every post that leaves does so through here; mails: db.mails.

The promise (docs/delivery.md) rests on three commits: the fence before the
network is called, the result before the next fence, and nothing in between.

There are a thousand mails to a post. Nothing here goes through them: posts are
asked for as their indices have it (`is_post`), mails by their message or lease.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    case,
    cast,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from campaigner.core.delivery import (
    Hold,
    MessageState,
    State,
    Step,
    after_lost_claim,
)
from campaigner.core.message import Kind
from campaigner.db.engine import change
from campaigner.db.models import Account, Attempt, Delivery, Message, Pause, is_post

LEASE = timedelta(seconds=30)

T = TypeVar("T")


def claim_due(
    session: Session,
    *,
    account: str,
    claim: str,
    now: datetime,
    limit: int,
    lease: timedelta = LEASE,
) -> list[int]:
    """Reserve up to `limit` due posts of `account` under `claim`; return ids, oldest first.

    What the fence would refuse is left alone: else it would be claimed, given
    back and claimed again without an end. Safe with many workers on PostgreSQL; SQLite
    ignores SKIP LOCKED and is safe because it has one writer. The CTE keeps
    PostgreSQL from evaluating LIMIT more than once and so claiming too many.
    """
    due = (
        select(Delivery.id)
        .join(Message)
        .where(
            is_post(),
            Delivery.account == account,
            Delivery.state == State.QUEUED,
            Delivery.due_at <= now,
            *_may_leave(now),
        )
        .order_by(Delivery.due_at, Delivery.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=Delivery)
        .cte("due")
    )
    reserve = (
        update(Delivery)
        .where(Delivery.id.in_(select(due.c.id)))
        .values(state=State.CLAIMED, claim=claim, claimed_until=now + lease)
        .returning(Delivery)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    claimed = session.scalars(reserve).all()
    return [row.id for row in sorted(claimed, key=lambda row: (row.due_at, row.id))]


def fence(session: Session, id: int, *, claim: str, now: datetime) -> Delivery | None:
    """Mark one reserved post as being sent, if it still may be; the caller commits first.

    None where since the claim it was canceled, replaced, paused, embargoed, expired or
    taken over, where its content is no longer the one that was approved, its
    account lost its connection, or a network's key would no longer protect a
    second try: then nothing may be sent.
    """
    open_message = select(Message.id).where(Message.id == Delivery.message_id, *_may_leave(now))
    mark = (
        update(Delivery)
        .where(
            Delivery.id == id,
            is_post(),
            Delivery.state == State.CLAIMED,
            Delivery.claim == claim,
            exists(open_message),
        )
        .values(
            state=State.SENDING,
            attempts=Delivery.attempts + 1,
            first_attempt_at=func.coalesce(Delivery.first_attempt_at, now),
            hold=None,
        )
        .returning(Delivery)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    return session.scalars(mark).one_or_none()


def record(
    session: Session, id: int, *, claim: str, attempt: int, step: Step, now: datetime
) -> bool:
    """Write what became of the `attempt`-th try; True if the row took it.

    A row that was given up as lost meanwhile is `unknown`, or already waits to
    be sent again, or was closed as one that is not out there: "it is sent"
    settles it, before it goes out twice or is told wrongly. Another late
    result that tells settles an `unknown` only; any is kept, as an attempt.
    """
    mine = and_(Delivery.state == State.SENDING, Delivery.claim == claim)
    settled_by = {
        State.SENT: [state for state in State if state not in (State.SENT, State.SENDING)],
        State.UNKNOWN: [],
    }
    lost = Delivery.state.in_(settled_by.get(step.state, [State.UNKNOWN]))
    took = change(
        session,
        update(Delivery)
        .where(Delivery.id == id, Delivery.attempts == attempt, or_(mine, lost))
        .values(**values_of(step, now=now)),
    )
    if step.state is not State.SENT or not took:
        keep_attempt(session, id, number=attempt, outcome=step.state, reason=step.note, now=now)
    return bool(took)


def sample_first(session: Session, id: int, *, at: datetime | None) -> None:
    """Set when a sent post's counters are looked at for the first time."""
    change(session, update(Delivery).where(Delivery.id == id).values(sample_at=at))


def settle(
    session: Session, id: int, *, attempt: int, step: Step, now: datetime, by: str = ""
) -> bool:
    """Write what a look, or a person, found out about an `unknown`; True if it still was that one.

    `attempt` is the try that they looked for: one that was made and became
    unknown since then is another doubt.
    """
    took = change(
        session,
        update(Delivery)
        .where(Delivery.id == id, Delivery.state == State.UNKNOWN, Delivery.attempts == attempt)
        .values(**values_of(step, now=now)),
    )
    if took and (step.state is not State.UNKNOWN or by):
        keep_attempt(session, id, number=0, outcome=step.state, reason=step.note, now=now, by=by)
    return bool(took)


def values_of(step: Step, *, now: datetime) -> dict[str, object]:
    """Return the columns that a step sets.

    Until when a network's key protects a second try stays what it is, whatever
    becomes of that try.
    """
    values: dict[str, object] = {
        "state": step.state,
        "hold": step.hold,
        "note": step.note,
        "look_at": step.look_at,
        "absent_since": step.absent_since,
        "accepted": step.accepted,
        "claim": None,
        "claimed_until": None,
    }
    if step.due_at is not None:
        values["due_at"] = step.due_at
    if step.resend_until is not None:
        values["resend_until"] = step.resend_until
    if step.remote_id is not None:
        values |= {"remote_id": step.remote_id, "remote_url": step.remote_url}
    if step.state is State.SENT:
        values["sent_at"] = now
    if step.hold is Hold.PERSON:
        # The person was told. Telling them again later is another mail, under another key.
        values |= {"first_attempt_at": None, "resend_until": None}
    if not step.counts:
        values["attempts"] = Delivery.attempts - 1
        values["first_attempt_at"] = case(
            (Delivery.attempts > 1, Delivery.first_attempt_at), else_=None
        )
    return values


def keep_attempt(
    session: Session,
    delivery_id: int,
    *,
    number: int,
    outcome: str,
    reason: str,
    now: datetime,
    by: str = "",
) -> None:
    """Add a line to a delivery's history."""
    session.execute(
        insert(Attempt).values(
            delivery_id=delivery_id, number=number, at=now, outcome=outcome, reason=reason, by=by
        )
    )


def release(session: Session, *, claim: str) -> int:
    """Give back what was claimed and not fenced; return how many."""
    return change(
        session,
        update(Delivery)
        .where(
            Delivery.claimed_until.is_not(None),
            Delivery.state == State.CLAIMED,
            Delivery.claim == claim,
        )
        .values(state=State.QUEUED, claim=None, claimed_until=None),
    )


def renew(session: Session, *, claims: Sequence[str], until: datetime) -> None:
    """Extend the leases of a living worker."""
    change(
        session,
        update(Delivery)
        .where(
            Delivery.claimed_until.is_not(None),
            Delivery.state.in_([State.CLAIMED, State.SENDING]),
            Delivery.claim.in_(claims),
        )
        .values(claimed_until=until),
    )


def recover_lost(session: Session, *, now: datetime) -> dict[State, int]:
    """Take back rows whose worker stopped renewing: claimed → queued, sending → unknown."""
    return _take_back(session, Delivery.claimed_until < now, now=now)


def abandon(session: Session, *, claim: str, now: datetime) -> dict[State, int]:
    """Take back what a worker that broke off has in hand, though its process lives and renews."""
    mine = and_(Delivery.claimed_until.is_not(None), Delivery.claim == claim)
    return _take_back(session, mine, now=now)


def _take_back(session: Session, lost: ColumnElement[bool], *, now: datetime) -> dict[State, int]:
    moved = {}
    for state in (State.CLAIMED, State.SENDING):
        step = after_lost_claim(state, attempt=0, now=now)
        values = values_of(step, now=now)
        if state is State.CLAIMED:
            # Nothing happened to it: neither its due time nor its protection changes.
            values = {"state": step.state, "claim": None, "claimed_until": None}
        else:
            # There is no network to look for a mail: a person decides.
            values["look_at"] = case((Delivery.recipient == "", step.look_at), else_=None)
        moved[step.state] = change(
            session, update(Delivery).where(Delivery.state == state, lost).values(**values)
        )
    return moved


def due_accounts(session: Session, *, now: datetime) -> list[str]:
    """Return the accounts that have a post to send now and may."""
    return list(
        session.scalars(
            _open_rows(select(Delivery.account).distinct())
            .where(Delivery.due_at <= now, ~is_embargoed(now))
            .order_by(Delivery.account)
        )
    )


def next_dues(session: Session, *, after: datetime, until: datetime, limit: int) -> list[datetime]:
    """Return the distinct instants in ``after < t <= until`` at which a post may leave.

    That is when it is due, or when its embargo ends if that is later.
    """
    leaves = case(
        (Message.embargo_until > Delivery.due_at, Message.embargo_until), else_=Delivery.due_at
    )
    return list(
        session.scalars(
            _open_rows(select(leaves).select_from(Delivery).distinct())
            # The last bound follows from the one before it, but has an index.
            .where(leaves > after, leaves <= until, Delivery.due_at <= until)
            .order_by(leaves)
            .limit(limit)
        )
    )


def unknown_to_look_for(
    session: Session, *, now: datetime, limit: int
) -> list[tuple[Delivery, Message]]:
    """Return the unknown posts whose time to be looked for has come, oldest first."""
    rows = session.execute(
        select(Delivery, Message)
        .join(Message)
        .where(Delivery.state == State.UNKNOWN, Delivery.look_at <= now, Message.kind == Kind.POST)
        .order_by(Delivery.look_at, Delivery.id)
        .limit(limit)
    )
    return [(delivery, message) for delivery, message in rows]


def has_other_with_text(session: Session, *, delivery: Delivery, text: str) -> bool:
    """Whether another delivery of this account, sent or possibly so, says the very same."""
    other = (
        select(Delivery.id)
        .join(Message)
        .where(
            is_post(),
            Delivery.id != delivery.id,
            Delivery.account == delivery.account,
            Delivery.state.in_([State.SENDING, State.SENT, State.UNKNOWN]),
            Message.text == text,
        )
        .limit(1)
    )
    return session.scalar(other) is not None


def _open_rows(query: Select[T]) -> Select[T]:
    return query.join(Message, Message.id == Delivery.message_id).where(
        is_post(),
        Delivery.state == State.QUEUED,
        ~is_disconnected(),
        ~is_paused(),
    )


def _may_leave(now: datetime) -> list[ColumnElement[bool]]:
    """Return what has to hold for a delivery beside its message, when reserved and at the fence."""
    return [
        Message.state == MessageState.APPROVED,
        Message.approved_hash == Message.content_hash,
        Message.not_after > now,
        ~is_embargoed(now),
        ~is_paused(),
        ~is_disconnected(),
        or_(Delivery.resend_until.is_(None), Delivery.resend_until > now),
    ]


def is_disconnected() -> ColumnElement[bool]:
    """Whether the delivery's account has to be reconnected."""
    return exists(
        select(Account.name)
        .where(Account.name == Delivery.account, Account.disconnected_at.is_not(None))
        .correlate(Delivery)
    )


def is_embargoed(now: datetime) -> ColumnElement[bool]:
    """Whether nothing of the message may be public yet, whoever says that it is to go out."""
    return and_(Message.embargo_until.is_not(None), Message.embargo_until > now)


def is_paused() -> ColumnElement[bool]:
    """Whether an open pause covers the delivery: all, its account, campaign, edition or country."""
    return exists(
        select(Pause.id)
        .where(
            Pause.lifted_at.is_(None),
            or_(
                Pause.scope == "all",
                and_(Pause.scope == "account", Pause.target == Message.account),
                and_(Pause.scope == "campaign", Pause.target == Message.campaign),
                and_(Pause.scope == "edition", Pause.target == cast(Message.id, String)),
                and_(Pause.scope == "country", Pause.target == Delivery.country),
            ),
        )
        .correlate(Delivery, Message)
    )
