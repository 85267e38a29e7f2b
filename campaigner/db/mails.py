"""Mails on their way: claimed in batches, fenced and recorded many at a time.

The same promise as db.outbox, for a million rows: one statement for whatever
is ready together. Nothing here costs a query for each mail.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple, cast

from sqlalchemy import (
    JSON,
    ColumnElement,
    CursorResult,
    Integer,
    Select,
    String,
    Table,
    Text,
    Update,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import TableValuedAlias

from campaigner.core.audience import Standing
from campaigner.core.delivery import MessageState, State, Step
from campaigner.db.broadcasts import is_stopped
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
    """A reserved mail. `attempt` is the number of the try that comes next, from 1."""

    id: int
    message_id: int
    recipient: str
    name: str
    zone: str
    attempt: int


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


def claim_mails(
    session: Session,
    *,
    message_id: int,
    claim: str,
    now: datetime,
    limit: int,
    lease: timedelta = LEASE,
) -> list[Mail]:
    """Reserve up to `limit` due mails of a message under `claim`; return them, the earliest first.

    That the message may leave is for the caller to know (db.broadcasts); a
    paused country's readers are left alone. Safe as `outbox.claim_due` is.
    """
    dialect = session.get_bind().dialect.name
    connection = session.connection()
    found = connection.execute(
        _due_statement(dialect), {"message": message_id, "now": now, "limit": limit}
    ).scalar_one()
    rows = found if isinstance(found, list) else json.loads(found or "[]")
    if rows:
        connection.execute(
            _claim_statement(dialect),
            {"ids": json.dumps([row[0] for row in rows]), "mine": claim, "until": now + lease},
        )
    return [
        Mail(
            id=id,
            message_id=message_id,
            recipient=recipient,
            name=name or "",
            zone=zone or "",
            attempt=attempts + 1,
        )
        for id, recipient, name, zone, attempts in rows
    ]


def fence_mails(session: Session, mails: Sequence[Mail], *, claim: str, now: datetime) -> set[int]:
    """Mark reserved mails as being sent, those that still may be; return their numbers.

    The others were meanwhile canceled, paused, embargoed or taken over, or are
    too late, their content is no longer what was approved, their account lost
    its connection, or their reader left or may not be mailed. The caller
    commits, and only then sends what is returned.
    """
    if not mails:
        return set()
    dialect = session.get_bind().dialect.name
    connection = session.connection()
    found = connection.execute(
        _open_statement(dialect),
        {
            "ids": json.dumps([mail.id for mail in mails]),
            "messages": json.dumps(list({mail.message_id for mail in mails})),
            "mine": claim,
            "now": now,
        },
    ).scalar_one()
    ids: list[int] = found if isinstance(found, list) else json.loads(found or "[]")
    if ids:
        values = {"ids": json.dumps(ids), "now": now}
        connection.execute(_fence_statement(dialect), values)
    return set(ids)


def hand_back(session: Session, ids: Collection[int], *, claim: str) -> int:
    """Give back reserved mails that the fence refused; return how many wait for something.

    Those whose reader left are closed: reserved again, they would be refused
    again, without an end. The rest waits for whatever keeps it. Not counted
    are those that somebody else canceled or took.
    """
    mine = and_(
        _deliveries.c.id.in_(list(ids)),
        _deliveries.c.state == State.CLAIMED,
        _deliveries.c.claim == claim,
    )
    connection = session.connection()
    connection.execute(update(_deliveries).where(mine, ~_may_be_mailed()).values(**SUPPRESSED))
    waits = update(_deliveries).where(mine).values(state=State.QUEUED, **_NO_CLAIM)
    return cast("CursorResult[Any]", connection.execute(waits)).rowcount


def put_off(session: Session, ids: Collection[int], *, claim: str, until: datetime) -> None:
    """Give back reserved mails whose domain takes no more for now; they come again at `until`."""
    session.connection().execute(
        update(_deliveries)
        .where(
            _deliveries.c.id.in_(list(ids)),
            _deliveries.c.state == State.CLAIMED,
            _deliveries.c.claim == claim,
        )
        .values(state=State.QUEUED, due_at=until, **_NO_CLAIM)
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
def _due_statement(dialect: str) -> Select[Any]:
    """Select the due mails of a message as one JSON list of lists, the earliest first.

    One row of all: to take a row from SQLite, Python's lock is given up and waited
    for again, and the loop that sends needs it all the time.
    """
    row, all_of = (
        (func.json_build_array, func.json_agg)
        if dialect == "postgresql"
        else (func.json_array, func.json_group_array)
    )
    due = (
        select(
            Delivery.id,
            Delivery.recipient,
            Delivery.slots["name"].as_string().label("name"),
            Delivery.slots["zone"].as_string().label("zone"),
            Delivery.attempts,
        )
        .where(
            Delivery.message_id == bindparam("message"),
            is_queued_mail(),
            Delivery.due_at <= bindparam("now", type_=Delivery.due_at.type),
            _country_is_open(),
        )
        .order_by(Delivery.due_at, Delivery.id)
        .limit(bindparam("limit", type_=Integer()))
        .with_for_update(skip_locked=True)
        .subquery("due")
    )
    fields = row(due.c.id, due.c.recipient, due.c.name, due.c.zone, due.c.attempts)
    return select(all_of(fields))


@cache
def _claim_statement(dialect: str) -> Update:
    return (
        update(_deliveries)
        .where(_deliveries.c.id.in_(_numbers("ids", dialect)))
        .values(
            state=State.CLAIMED,
            claim=bindparam("mine"),
            claimed_until=bindparam("until", type_=Delivery.claimed_until.type),
        )
    )


@cache
def _open_statement(dialect: str) -> Select[Any]:
    """Select which of the listed mails may leave, as one JSON list, and hold their rows.

    What concerns a whole message is asked once per message, not per mail;
    `messages` bounds it to those at hand: a plan must not read all that was
    ever approved. Lists come as JSON: a statement that is always the same costs
    half as much as one with as many places as there are mails.
    """
    now = bindparam("now", type_=Message.not_after.type)
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
    open_messages = select(Message.id).where(
        Message.id.in_(_numbers("messages", dialect)),
        # Not as it stands in an index: SQLite would go through all that was ever approved.
        sql_cast(Message.state, String) == MessageState.APPROVED.value,
        Message.approved_hash == Message.content_hash,
        Message.not_after > now,
        or_(Message.embargo_until.is_(None), Message.embargo_until <= now),
        ~exists(stopped.correlate(Message)),
        ~exists(disconnected.correlate(Message)),
        ~is_stopped(now),
    )
    paused = select(Pause.target).where(Pause.lifted_at.is_(None), Pause.scope == "country")
    may_leave = (
        select(_deliveries.c.id)
        .where(
            _deliveries.c.id.in_(_numbers("ids", dialect)),
            _deliveries.c.state == State.CLAIMED,
            _deliveries.c.claim == bindparam("mine"),
            _deliveries.c.message_id.in_(open_messages),
            _deliveries.c.country.not_in(paused),
            _may_be_mailed(),
        )
        .with_for_update(of=_deliveries)
        .subquery("open")
    )
    all_of = func.json_agg if dialect == "postgresql" else func.json_group_array
    return select(all_of(may_leave.c.id))


@cache
def _fence_statement(dialect: str) -> Update:
    """Mark the listed mails, which are held, as being sent."""
    now = bindparam("now", type_=Delivery.first_attempt_at.type)
    return (
        update(_deliveries)
        .where(_deliveries.c.id.in_(_numbers("ids", dialect)))
        .values(
            state=State.SENDING,
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


def _numbers(name: str, dialect: str) -> Select[int]:
    """Select the numbers of a JSON list that is bound to `name`."""
    given = bindparam(name, type_=Text())
    if dialect == "postgresql":
        each = func.json_array_elements_text(sql_cast(given, JSON)).table_valued("value", name=name)
        return select(sql_cast(each.c.value, Integer))
    return select(func.json_each(given).table_valued("value", name=name).c.value)
