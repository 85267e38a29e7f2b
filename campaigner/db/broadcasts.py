"""Broadcasts: which may send now, how each stands, and their ends; never a query for each mail.

A broadcast's mails are found through three small indices: those that wait
(`delivery_mail_queue`), those in hand (`delivery_lease`) and those that went no
straight way (`delivery_mail_aside`). What is in none of them was sent.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    cast,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from campaigner.core.broadcast import SENDABLE, Counts, Stage, Stop
from campaigner.core.delivery import MessageState, State
from campaigner.db.engine import change
from campaigner.db.models import (
    Account,
    Broadcast,
    Delivery,
    Message,
    Pause,
    RelayHealth,
    is_mail,
    is_mail_aside,
    is_queued_mail,
)

EDITION = "edition"  # the scope of a pause of one broadcast; its target is the message's number


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A broadcast, the message that it carries, how its mails stand, and why it is stopped."""

    broadcast: Broadcast
    message: Message
    counts: Counts
    pauses: Sequence[Pause] = ()


def due_messages(session: Session, *, account: str, now: datetime) -> list[int]:
    """Return the messages of which mails may leave now on `account`, the earliest due first.

    Approved as they are, with all their readers decided on, and neither paused,
    stopped, embargoed nor too late; and at least one mail is due.
    """
    query = (
        select(Message.id)
        .join(Broadcast, Broadcast.message_id == Message.id)
        .where(Message.account == account, *_may_send(now), _has_due(now))
        .order_by(Message.due_at, Message.id)
    )
    return list(session.scalars(query))


def due_accounts(session: Session, *, now: datetime) -> list[str]:
    """Return the accounts on which mails may leave now."""
    query = (
        select(Message.account)
        .join(Broadcast, Broadcast.message_id == Message.id)
        .where(*_may_send(now), _has_due(now))
        .distinct()
    )
    return sorted(session.scalars(query))


def next_dues(session: Session, *, after: datetime, until: datetime, limit: int) -> list[datetime]:
    """Return when mails may leave next, ``after < t <= until``: one instant for each broadcast."""
    earliest = (
        select(func.min(Delivery.due_at))
        .where(Delivery.message_id == Message.id, is_queued_mail(), Delivery.due_at > after)
        .correlate(Message)
        .scalar_subquery()
    )
    rows = session.execute(
        select(earliest, Message.embargo_until, Broadcast.not_before)
        .join(Broadcast, Broadcast.message_id == Message.id)
        .where(*_is_open(after))
    )
    moments = {
        moment for row in rows for moment in row if moment is not None and after < moment <= until
    }
    return sorted(moments)[:limit]


def not_begun(*, due_before: datetime, now: datetime) -> Select[str, datetime]:
    """Select account and due time of each broadcast that may go, fell due and did not begin.

    Left out is what waits for another one of its account, or for a relay that
    takes no more for now.
    """
    account_moves = select(Delivery.id).where(
        Delivery.claimed_until > now, is_mail(), Delivery.account == Message.account
    )
    relay_rests = select(RelayHealth.name).where(
        RelayHealth.paused_until > now, RelayHealth.name.startswith(Message.account + "/")
    )
    return (
        select(Message.account, Message.due_at)
        .join(Broadcast, Broadcast.message_id == Message.id)
        .where(
            *_may_send(now),
            Broadcast.started_at.is_(None),
            _has_due(due_before),
            ~exists(account_moves.correlate(Message)),
            ~exists(relay_rests.correlate(Message)),
        )
    )


def mark_started(session: Session, message_id: int, *, now: datetime) -> None:
    """Note that the first mail of a broadcast is about to leave; later ones change nothing."""
    change(
        session,
        update(Broadcast)
        .where(Broadcast.message_id == message_id, Broadcast.started_at.is_(None))
        .values(started_at=now),
    )


def is_stopped(now: ColumnElement[datetime] | datetime) -> ColumnElement[bool]:
    """Whether nothing of the message's broadcast may leave: stopped, put off, or being closed."""
    return exists(
        select(Broadcast.message_id)
        .where(
            Broadcast.message_id == Message.id,
            or_(
                Broadcast.hold != Stop.NONE,
                # Not as NOT IN: the fence asks for every mail, and its statement stays the same.
                and_(*(Broadcast.stage != stage for stage in sorted(SENDABLE))),
                Broadcast.not_before > now,
            ),
        )
        .correlate(Message)
    )


def count_mails(session: Session, ids: Collection[int]) -> dict[int, Counts]:
    """Return how the mails of broadcasts stand: three queries, whatever the number."""
    wanted = list(ids)
    found: dict[int, dict[str, int]] = defaultdict(dict)
    queued = (
        select(Delivery.message_id, func.count())
        .where(Delivery.message_id.in_(wanted), is_queued_mail())
        .group_by(Delivery.message_id)
    )
    for id, number in session.execute(queued):
        found[id]["queued"] = number
    in_hand = (
        select(Delivery.message_id, func.count())
        .where(
            Delivery.claimed_until.is_not(None),
            is_mail(),
            Delivery.state.in_([State.CLAIMED, State.SENDING]),
        )
        .group_by(Delivery.message_id)
    )
    for id, number in session.execute(in_hand):
        found[id]["claimed"] = number
    aside = (
        select(Delivery.message_id, Delivery.state, func.count())
        .where(Delivery.message_id.in_(wanted), is_mail_aside())
        .group_by(Delivery.message_id, Delivery.state)
    )
    for id, state, number in session.execute(aside):
        found[id][str(state)] = number
    recipients = session.execute(
        select(Broadcast.message_id, Broadcast.recipients).where(Broadcast.message_id.in_(wanted))
    )
    return {id: _counts(found[id], recipients=number) for id, number in recipients}


def _counts(found: dict[str, int], *, recipients: int) -> Counts:
    return Counts(**found, sent=max(0, recipients - sum(found.values())))


def find(session: Session, message_id: int, *, lock: bool = False) -> Broadcast | None:
    query = select(Broadcast).where(Broadcast.message_id == message_id)
    return session.scalar(query.with_for_update() if lock else query)


def of_messages(session: Session, ids: Collection[int]) -> dict[int, Broadcast]:
    """Return the broadcasts among messages, by number; a post has none."""
    rows = session.scalars(select(Broadcast).where(Broadcast.message_id.in_(list(ids))))
    return {row.message_id: row for row in rows}


def list_standing(
    session: Session,
    *,
    ids: Collection[int] | None = None,
    campaign: str | None = None,
    account: str | None = None,
    limit: int | None = None,
) -> list[Standing]:
    """Return broadcasts, the latest due first, each with its counts and the pauses that cover it.

    Without those whose message was replaced by a newer version.
    """
    query = (
        select(Broadcast, Message)
        .join(Message, Message.id == Broadcast.message_id)
        .order_by(Message.due_at.desc(), Message.id.desc())
    )
    if ids is not None:
        query = query.where(Message.id.in_(list(ids)))
    else:
        query = query.where(Message.state != MessageState.REPLACED)
    if campaign is not None:
        query = query.where(Message.campaign == campaign)
    if account is not None:
        query = query.where(Message.account == account)
    if limit is not None:
        query = query.limit(limit)
    rows = session.execute(query).all()
    counts = count_mails(session, [message.id for _, message in rows])
    stops = session.scalars(select(Pause).where(Pause.lifted_at.is_(None)).order_by(Pause.id)).all()
    return [
        Standing(
            broadcast=broadcast,
            message=message,
            counts=counts[message.id],
            pauses=[stop for stop in stops if _covers(stop, message)],
        )
        for broadcast, message in rows
    ]


def in_stages(session: Session, stages: Iterable[Stage]) -> list[int]:
    """Return the broadcasts of which something is to be done, the earliest due first."""
    query = (
        select(Broadcast.message_id)
        .join(Message, Message.id == Broadcast.message_id)
        .where(Broadcast.stage.in_([*stages]))
        .order_by(Message.due_at, Message.id)
    )
    return list(session.scalars(query))


def hold_missed(session: Session, *, scope: str, target: str, now: datetime) -> int:
    """Stop the broadcasts that fell due under a pause and had not begun; return how many.

    What had begun goes on: half of its readers have it.
    """
    country = Delivery.country == target if scope == "country" else None
    query = (
        select(Message.id)
        .join(Broadcast, Broadcast.message_id == Message.id)
        .where(
            *_is_open(now),
            Broadcast.started_at.is_(None),
            Broadcast.hold == Stop.NONE,
            _has_due(now, country),
        )
    )
    if scope == "account":
        query = query.where(Message.account == target)
    elif scope == "campaign":
        query = query.where(Message.campaign == target)
    elif scope == EDITION:
        query = query.where(cast(Message.id, String) == target)
    missed = session.scalars(query).all()
    stop(session, missed, Stop.MISSED)
    return len(missed)


def doubt_past(session: Session, *, now: datetime) -> int:
    """Stop every broadcast of which mails fell due by now; return of how many mails it was all.

    Also one that still waits for approval here: the yes may be younger than the backup.
    """
    due = session.scalars(
        select(Message.id)
        .join(Broadcast, Broadcast.message_id == Message.id)
        .where(
            Message.state.in_([MessageState.HELD, MessageState.APPROVED]),
            Broadcast.stage.in_(SENDABLE),
            or_(_has_due(now), _in_hand()),
        )
    ).all()
    stop(session, due, Stop.RESTORED)
    counts = count_mails(session, due)
    return sum(each.queued + each.claimed for each in counts.values())


def stop(session: Session, ids: Sequence[int], why: Stop) -> None:
    """Let a person decide before anything more of these leaves."""
    if ids:
        change(session, update(Broadcast).where(Broadcast.message_id.in_(ids)).values(hold=why))


def _is_open(now: datetime) -> list[ColumnElement[bool]]:
    return [
        Message.state == MessageState.APPROVED,
        Message.approved_hash == Message.content_hash,
        Message.not_after > now,
        Broadcast.stage.in_(SENDABLE),
    ]


def _may_send(now: datetime) -> list[ColumnElement[bool]]:
    """Return what has to hold for a broadcast; the fence asks again (db.mails)."""
    return [
        *_is_open(now),
        Broadcast.hold == Stop.NONE,
        or_(Broadcast.not_before.is_(None), Broadcast.not_before <= now),
        or_(Message.embargo_until.is_(None), Message.embargo_until <= now),
        ~_is_paused(),
        ~exists(
            select(Account.name)
            .where(Account.name == Message.account, Account.disconnected_at.is_not(None))
            .correlate(Message)
        ),
    ]


def _is_paused() -> ColumnElement[bool]:
    """Whether an open pause covers all of the message; one of a country covers some readers."""
    return exists(
        select(Pause.id)
        .where(
            Pause.lifted_at.is_(None),
            or_(
                Pause.scope == "all",
                and_(Pause.scope == "account", Pause.target == Message.account),
                and_(Pause.scope == "campaign", Pause.target == Message.campaign),
                and_(Pause.scope == EDITION, Pause.target == cast(Message.id, String)),
            ),
        )
        .correlate(Message)
    )


def _has_due(now: datetime, condition: ColumnElement[bool] | None = None) -> ColumnElement[bool]:
    """Whether a mail of the message is due, to a reader whose country is not paused."""
    paused = select(Pause.target).where(Pause.lifted_at.is_(None), Pause.scope == "country")
    only = Delivery.country.not_in(paused) if condition is None else condition
    return exists(
        select(Delivery.id)
        .where(
            Delivery.message_id == Message.id,
            is_queued_mail(),
            Delivery.due_at <= now,
            only,
        )
        .correlate(Message)
    )


def _in_hand() -> ColumnElement[bool]:
    return Message.id.in_(
        select(Delivery.message_id).where(Delivery.claimed_until.is_not(None), is_mail())
    )


def _covers(stop: Pause, message: Message) -> bool:
    return (stop.scope, stop.target) in {
        ("all", ""),
        ("account", message.account),
        ("campaign", message.campaign),
        (EDITION, str(message.id)),
    }
