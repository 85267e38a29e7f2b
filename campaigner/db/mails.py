"""Mails on their way: fenced and recorded many at a time.

The same promise as db.outbox, for a million rows: one statement for whatever
is ready together, and nothing that costs a query for each mail. A mail is not
claimed ahead: what is due is found, held and fenced in one transaction.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple, cast

from sqlalchemy import (
    JSON,
    ColumnElement,
    DateTime,
    Integer,
    Select,
    String,
    Table,
    Text,
    Update,
    and_,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import TableValuedAlias

from campaigner.core.audience import Standing
from campaigner.core.delivery import MessageState, State, Step
from campaigner.db.broadcasts import is_stopped
from campaigner.db.engine import change
from campaigner.db.models import (
    Account,
    Delivery,
    Message,
    Pause,
    Subscriber,
    Subscription,
    is_queued_mail,
)
from campaigner.db.outbox import LEASE, record
from campaigner.db.upkeep import SUPPRESSED

_deliveries = cast(Table, Delivery.__table__)
_NO_CLAIM = {"claim": None, "claimed_until": None}


class Mail(NamedTuple):
    """A mail that may be sent now. `attempt` is the number of this try, from 1.

    `planned_at` and `due_at` are as the database writes them: when it was to leave
    at first, which its date says, and now. `slots` is what it is filled with: name, zone
    and, where several are tried, the number of its subject.
    """

    id: int
    message_id: int
    recipient: str
    slots: Mapping[str, Any]
    attempt: int
    planned_at: str
    due_at: str


class Accepted(NamedTuple):
    """A mail's `attempt`-th try was accepted; `remote_id` is how the relay names it."""

    id: int
    attempt: int
    remote_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What else became of a mail's `attempt`-th try."""

    id: int
    attempt: int
    step: Step


def fence_mails(
    session: Session,
    *,
    message_id: int,
    claim: str,
    now: datetime,
    limit: int,
    after: Mail | None = None,
    lease: timedelta = LEASE,
) -> list[Mail]:
    """Mark up to `limit` due mails of a message as being sent, and return them, the earliest first.

    Those behind `after`, if it is given: so what was sent before is not gone
    through again. Left out is who left or may not be mailed, and a paused
    country. None where the message is not approved as it is, or is canceled,
    paused, embargoed or too late, or where its account lost its connection.

    The caller commits, and only then sends. On PostgreSQL what another worker
    is about to take is passed over; SQLite has one writer.
    """
    values: dict[str, object] = {
        "message": message_id,
        "now": now,
        "limit": limit,
        "mine": claim,
        "until": now + lease,
    }
    if after is not None:
        values |= {"last_due": after.due_at, "last_id": after.id}
    connection, behind = session.connection(), after is not None
    if connection.dialect.name == "postgresql":
        rows = connection.execute(_fence_due(behind), values).scalar_one() or []
    else:
        found = connection.execute(_find_due(behind), values).scalar_one()
        rows = json.loads(found)
        values["ids"] = json.dumps([row[0] for row in rows])
        if not rows or not connection.execute(_fence_listed(), values).rowcount:
            return []
    return [
        Mail(id, message_id, recipient, slots, attempts + 1, planned_at, due_at)
        for id, recipient, slots, attempts, planned_at, due_at in rows
    ]


def count_due(session: Session, *, message_id: int, now: datetime, limit: int) -> int:
    """Return how many mails are due to readers who may have them; `limit` if there are more."""
    due = _due(message_id, now).limit(limit).subquery("due")
    return session.scalars(select(func.count()).select_from(due)).one()


def close_left(session: Session, message_id: int, *, now: datetime) -> int:
    """Close the due mails whose reader is not there any more; return how many.

    Who leaves takes what is queued along; this is for what slipped through, which
    would be looked for again without an end.
    """
    return change(
        session,
        update(_deliveries)
        .where(
            _deliveries.c.message_id == message_id,
            is_queued_mail(),
            _deliveries.c.due_at <= now,
            ~_may_be_mailed(),
        )
        .values(**SUPPRESSED),
    )


def put_off(session: Session, mails: Sequence[Mail], *, until: datetime) -> None:
    """Undo the fence of mails whose domain takes no more for now: they come again at `until`.

    In the transaction that fenced them: nobody ever saw it.
    """
    row = _deliveries.c
    session.connection().execute(
        update(_deliveries)
        .where(row.id.in_([mail.id for mail in mails]))
        .values(
            state=State.QUEUED,
            due_at=until,
            attempts=row.attempts - 1,
            first_attempt_at=case((row.attempts > 1, row.first_attempt_at), else_=None),
            **_NO_CLAIM,
        )
    )


def record_mails(
    session: Session,
    accepted: Sequence[Accepted],
    others: Sequence[Result],
    *,
    claim: str,
    now: datetime,
) -> None:
    """Write what became of tries: all that were accepted at once, the few others one by one.

    A row that was given up as lost meanwhile is settled as `outbox.record` does.
    """
    tries = {each.attempt for each in accepted}
    for attempt in tries:  # nearly always the first alone
        some = [each for each in accepted if each.attempt == attempt]
        done = session.connection().execute(
            _sent_statement(session.get_bind().dialect.name),
            {
                "results": json.dumps({each.id: each.remote_id for each in some}),
                "attempt": attempt,
                "mine": claim,
                "now": now,
            },
        )
        if done.rowcount != len(some):
            others = [*others, *_missed(session, some)]
    for each in others:
        record(session, each.id, claim=claim, attempt=each.attempt, step=each.step, now=now)


def _missed(session: Session, accepted: Sequence[Accepted]) -> list[Result]:
    """Return the results that found another row than the one they were for."""
    rows = session.connection().execute(
        select(_deliveries.c.id, _deliveries.c.attempts).where(
            _deliveries.c.id.in_([each.id for each in accepted]), _deliveries.c.state == State.SENT
        )
    )
    taken = {row.id: row.attempts for row in rows}
    return [
        Result(
            id=each.id,
            attempt=each.attempt,
            step=Step(state=State.SENT, remote_id=each.remote_id),
        )
        for each in accepted
        if taken.get(each.id) != each.attempt
    ]


def _country_is_open() -> ColumnElement[bool]:
    """Whether no open pause covers the reader's country."""
    paused = select(Pause.target).where(Pause.lifted_at.is_(None), Pause.scope == "country")
    return Delivery.country.not_in(paused)


def _may_be_mailed() -> ColumnElement[bool]:
    """Whether the mail's reader is on its list, and may be mailed at all."""
    return exists(
        select(Subscription.id)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(
            Subscription.list == _deliveries.c.account,
            Subscription.subscriber_id == _deliveries.c.subscriber_id,
            Subscription.state == Standing.ACTIVE.value,
            Subscriber.suppressed_at.is_(None),
        )
        .correlate(_deliveries)
    )


@cache
def _find_due(behind: bool) -> Select[Any]:
    """Select due mails on SQLite as one JSON list of lists, the earliest first.

    One row of all: to take a row from SQLite, Python's lock is given up and waited
    for again, and the loop that sends needs it all the time.
    """
    found = _next_due(behind, "sqlite").subquery("due").c
    fields = [func.json(each) if each.name == "slots" else each for each in found]
    return select(func.json_group_array(func.json_array(*fields)))


@cache
def _fence_listed() -> Update:
    """Mark the listed mails as being sent, if their message may leave."""
    ids = func.json_each(bindparam("ids", type_=Text())).table_valued("value", name="ids")
    return _fence().where(_deliveries.c.id.in_(select(ids.c.value)))


@cache
def _fence_due(behind: bool) -> Select[Any]:
    """Find, hold and mark due mails on PostgreSQL; select them as one JSON list of lists."""
    due = _next_due(behind, "postgresql").with_for_update(skip_locked=True, of=Delivery).cte("due")
    fenced = _fence().where(_deliveries.c.id == due.c.id).returning(*due.c).cte("fenced").c
    each = func.json_build_array(*fenced)
    return select(func.json_agg(aggregate_order_by(each, fenced.due_at, fenced.id)))


def _next_due(behind: bool, dialect: str) -> Select[Any]:
    moment = bindparam("now", type_=Delivery.due_at.type)
    query = _due(bindparam("message", type_=Integer()), moment)
    if behind:
        due: ColumnElement[Any] = bindparam("last_due", type_=Text())
        if dialect == "postgresql":
            due = sql_cast(due, DateTime(timezone=True))
        place = tuple_(due, bindparam("last_id", type_=Integer()))
        query = query.where(tuple_(Delivery.due_at, Delivery.id) > place)
    limit = bindparam("limit", type_=Integer())
    return query.order_by(Delivery.due_at, Delivery.id).limit(limit)


def _due(
    message_id: ColumnElement[int] | int, now: ColumnElement[datetime] | datetime
) -> Select[Any]:
    """Select the due mails of a message whose readers may have them."""
    return select(
        Delivery.id,
        Delivery.recipient,
        Delivery.slots,
        Delivery.attempts,
        Delivery.scheduled_at,
        Delivery.due_at,
    ).where(
        Delivery.message_id == message_id,
        is_queued_mail(),
        Delivery.due_at <= now,
        _country_is_open(),
        _may_be_mailed(),
    )


def _may_leave(
    message_id: ColumnElement[int] | int, now: ColumnElement[datetime] | datetime
) -> ColumnElement[bool]:
    """Whether mails of a message may leave: nothing in it depends on a mail."""
    stopped = select(Pause.id).where(
        Pause.lifted_at.is_(None),
        or_(
            Pause.scope == "all",
            and_(Pause.scope == "account", Pause.target == Message.account),
            and_(Pause.scope == "campaign", Pause.target == Message.campaign),
            and_(Pause.scope == "edition", Pause.target == sql_cast(Message.id, String)),
        ),
    )
    disconnected = select(Account.name).where(
        Account.name == Message.account, Account.disconnected_at.is_not(None)
    )
    return exists(
        select(Message.id)
        .where(
            Message.id == message_id,
            # Not as it stands in an index: SQLite would go through all that was ever approved.
            sql_cast(Message.state, String) == MessageState.APPROVED.value,
            Message.approved_hash == Message.content_hash,
            Message.not_after > now,
            or_(Message.embargo_until.is_(None), Message.embargo_until <= now),
            ~exists(stopped.correlate(Message)),
            ~exists(disconnected.correlate(Message)),
            ~is_stopped(now),
        )
        .correlate(None)
    )


def _fence() -> Update:
    now = bindparam("now", type_=Delivery.first_attempt_at.type)
    return (
        update(_deliveries)
        .where(_may_leave(bindparam("message", type_=Integer()), now))
        .values(
            state=State.SENDING,
            claim=bindparam("mine"),
            claimed_until=bindparam("until", type_=Delivery.claimed_until.type),
            attempts=_deliveries.c.attempts + 1,
            first_attempt_at=func.coalesce(_deliveries.c.first_attempt_at, now),
            hold=None,
        )
    )


@cache
def _sent_statement(dialect: str) -> Update:
    """Build the statement that records accepted mails, given as JSON: their remote ids by number.

    One step of the database for all of them: row by row, SQLite's every step
    would wait for Python's turn.
    """
    each = _pairs("results", dialect)
    return (
        update(_deliveries)
        .where(
            _deliveries.c.id == sql_cast(each.c.key, Integer),
            _deliveries.c.attempts == bindparam("attempt"),
            _deliveries.c.state == State.SENDING,
            _deliveries.c.claim == bindparam("mine"),
        )
        .values(
            state=State.SENT,
            remote_id=each.c.value,
            sent_at=bindparam("now", type_=Delivery.sent_at.type),
            note="",
            **_NO_CLAIM,
        )
    )


def _pairs(name: str, dialect: str) -> TableValuedAlias:
    """Select from a JSON object that is bound to `name`: its keys and values, as text."""
    given = bindparam(name, type_=Text())
    if dialect == "postgresql":
        return func.json_each_text(sql_cast(given, JSON)).table_valued("key", "value", name="pair")
    return func.json_each(given).table_valued("key", "value", name="pair")
