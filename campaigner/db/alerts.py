"""Alerts: which conditions hold now, and which of them somebody was told of."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    and_,
    case,
    exists,
    func,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.orm import Session, aliased

from campaigner.core.alerts import (
    ASK_BEFORE,
    OVERDUE_AFTER,
    SILENT_AFTER,
    Finding,
    asks_where,
    lapsed,
    silent_daemon,
    stopped_itself,
    to_approve,
    to_reconnect,
    unconfirmed,
    waits_for_a_word,
)
from campaigner.core.alerts import (
    overdue as overdue_finding,
)
from campaigner.core.broadcast import SENDABLE, STOPPED, Stop
from campaigner.core.delivery import LONGEST_WAIT, Hold, MessageState, State
from campaigner.db import broadcasts, handovers
from campaigner.db.engine import change
from campaigner.db.insertion import insert_new
from campaigner.db.models import (
    Account,
    Alert,
    Broadcast,
    Delivery,
    Heartbeat,
    Message,
    Pause,
    RateBucket,
    is_mail_aside,
    is_post,
)
from campaigner.db.outbox import is_disconnected, is_embargoed, is_paused

CAMPAIGNER = "campaigner"  # who pulled a stop that no person pulled
Spacings = Mapping[str, timedelta]
"""How far apart two posts of an account are, by account; one that is not in it: not at all."""


def find_conditions(session: Session, *, now: datetime, spacings: Spacings) -> list[Finding]:
    """Return everything that a person has to see now: nine queries, however much there is."""
    return [
        *_to_reconnect(session),
        *_unconfirmed(session),
        *_overdue(session, now=now, spacings=spacings),
        *_silent_daemons(session, now=now),
        *_to_approve(session, now=now),
        *_with_people(session, now=now),
        *_stopped(session),
        *_waiting_broadcasts(session),
    ]


def open_alerts(session: Session) -> list[Alert]:
    """Return what is open, oldest first."""
    return list(
        session.scalars(
            select(Alert).where(Alert.closed_at.is_(None)).order_by(Alert.opened_at, Alert.id)
        )
    )


def raise_alerts(session: Session, findings: Sequence[Finding], *, now: datetime) -> None:
    """Open an alert for each finding, unless another process just did."""
    rows = [
        {"kind": found.kind, "subject": found.subject, "text": found.text, "opened_at": now}
        for found in findings
    ]
    insert_new(session, Alert, rows)


def close_alerts(session: Session, ids: Sequence[int], *, now: datetime) -> int:
    """Close the alerts whose condition ended; return how many were open."""
    return change(
        session,
        update(Alert).where(Alert.id.in_(ids), Alert.closed_at.is_(None)).values(closed_at=now),
    )


def mark_told(session: Session, ids: Sequence[int], *, now: datetime) -> None:
    change(
        session, update(Alert).where(Alert.id.in_(ids), Alert.told_at.is_(None)).values(told_at=now)
    )


def overdue(*, now: datetime, spacings: Spacings) -> CompoundSelect[str, datetime]:
    """Select account and due time of each post and broadcast that should go out, and does not move.

    Left out is what waits as it should: under a pause or an embargo, for its account to be
    reconnected, or in an account that is sending, one after the other.
    """
    return union_all(
        _overdue_posts(now=now, spacings=spacings),
        broadcasts.not_begun(due_before=now - OVERDUE_AFTER, now=now),
    )


def _overdue_posts(*, now: datetime, spacings: Spacings) -> Select[str, datetime]:
    return (
        select(Delivery.account, Delivery.due_at)
        .join(Message, Message.id == Delivery.message_id)
        .where(
            is_post(),
            Delivery.state.in_([State.QUEUED, State.CLAIMED]),
            Delivery.due_at < now - OVERDUE_AFTER,
            ~is_paused(),
            ~is_embargoed(now - OVERDUE_AFTER),
            ~is_disconnected(),
            ~exists(_recent_turn(now=now, spacings=spacings)),
            ~exists(_living_claim(now=now)),
        )
    )


def _to_reconnect(session: Session) -> list[Finding]:
    found = session.execute(
        select(Account.name, Account.disconnected_at)
        .where(Account.disconnected_at.is_not(None))
        .order_by(Account.name)
    )
    return [to_reconnect(name, since=since) for name, since in found if since is not None]


def _unconfirmed(session: Session) -> list[Finding]:
    columns = (Delivery.message_id, func.min(Delivery.id).label("first"), func.count().label("n"))
    in_doubt = (Delivery.state == State.UNKNOWN, Delivery.look_at.is_(None))
    mailed = select(Broadcast.message_id)
    doubtful = (
        select(*columns)
        .where(is_post(), *in_doubt)
        .group_by(Delivery.message_id)
        .union_all(
            select(*columns)
            .where(is_mail_aside(), *in_doubt, Delivery.message_id.in_(mailed))
            .group_by(Delivery.message_id)
        )
        .subquery("doubtful")
    )
    found = session.execute(
        select(
            Message.key,
            Message.kind,
            Message.channel,
            Message.account,
            Message.campaign,
            Message.item,
            doubtful.c.first,
            doubtful.c.n,
        )
        .join(doubtful, doubtful.c.message_id == Message.id)
        .order_by(Message.key)
    )
    return [
        unconfirmed(
            key=key,
            kind=kind,
            account=account,
            campaign=campaign,
            item=item,
            delivery=first,
            number=number,
            by_hand=channel == handovers.MANUAL,
        )
        for key, kind, channel, account, campaign, item, first, number in found
    ]


def _overdue(session: Session, *, now: datetime, spacings: Spacings) -> list[Finding]:
    late = overdue(now=now, spacings=spacings).subquery("late")
    found = session.execute(
        select(late.c.account, func.count(), func.min(late.c.due_at))
        .group_by(late.c.account)
        .order_by(late.c.account)
    )
    return [
        overdue_finding(account, number=number, oldest=oldest) for account, number, oldest in found
    ]


def _silent_daemons(session: Session, *, now: datetime) -> list[Finding]:
    """One that was killed is forgotten once another, started later on its host, took its place."""
    later = aliased(Heartbeat)
    replaced = select(later.worker).where(
        later.host == Heartbeat.host,
        later.started_at > Heartbeat.seen_at,
        or_(later.stopped_at.is_not(None), later.seen_at >= now - SILENT_AFTER),
    )
    found = session.execute(
        select(Heartbeat.worker, Heartbeat.host, Heartbeat.seen_at)
        .where(
            Heartbeat.stopped_at.is_(None),
            Heartbeat.seen_at < now - SILENT_AFTER,
            ~exists(replaced),
        )
        .order_by(Heartbeat.worker)
    )
    return [silent_daemon(worker, host=host, seen_at=seen_at) for worker, host, seen_at in found]


def _to_approve(session: Session, *, now: datetime) -> list[Finding]:
    found = session.execute(
        select(Message.campaign, func.count(), func.min(Message.due_at))
        .where(
            Message.state == MessageState.HELD,
            Message.hold == Hold.APPROVAL,
            Message.due_at <= now + ASK_BEFORE,
            Message.not_after > now,
        )
        .group_by(Message.campaign)
        .order_by(Message.campaign)
    )
    return [
        to_approve(campaign, number=number, first_due=first) for campaign, number, first in found
    ]


def _waiting_broadcasts(session: Session) -> list[Finding]:
    """Return the broadcasts about which a person has to decide."""
    found = session.execute(
        select(Broadcast.message_id, Broadcast.hold, Message.campaign, Message.run)
        .join(Message, Message.id == Broadcast.message_id)
        .where(Broadcast.hold != Stop.NONE, Broadcast.stage.in_(SENDABLE))
        .order_by(Broadcast.message_id)
    )
    return [
        waits_for_a_word(id, campaign=campaign, run=run, why=STOPPED[Stop(hold)].format(id=id))
        for id, hold, campaign, run in found
    ]


def _with_people(session: Session, *, now: datetime) -> list[Finding]:
    """Return what was handed over to be published by hand, and is soon or already too late."""
    asked = [
        asks_where(
            key=post.key,
            account=post.account,
            campaign=post.campaign,
            item=post.item,
            delivery=post.delivery,
            due_at=post.due_at,
            not_after=post.not_after,
            now=now,
        )
        for post in handovers.soon_too_late(session, now=now)
    ]
    over = [
        lapsed(
            key=post.key,
            account=post.account,
            campaign=post.campaign,
            item=post.item,
            delivery=post.delivery,
            not_after=post.not_after,
        )
        for post in handovers.lapsed(session, now=now)
    ]
    return [*(found for found in asked if found is not None), *over]


def _stopped(session: Session) -> list[Finding]:
    """Return what campaigner paused by itself, and nobody has resumed."""
    found = session.scalars(
        select(Pause)
        .where(Pause.lifted_at.is_(None), Pause.by == CAMPAIGNER)
        .order_by(Pause.scope, Pause.target)
    )
    return [stopped_itself(stop.scope, stop.target, reason=stop.reason) for stop in found]


def _recent_turn(*, now: datetime, spacings: Spacings) -> Select[str]:
    """Select the buckets that tell that the account moves: it took a token lately, or is blocked.

    A bucket below zero was blocked by the network itself (core.rates). It
    excuses silence for LONGEST_WAIT; after that a person should know.
    """
    lately: ColumnElement[datetime] | datetime = now - OVERDUE_AFTER
    if spacings:
        turns = {account: now - OVERDUE_AFTER - gap for account, gap in spacings.items()}
        lately = case(turns, value=RateBucket.account, else_=now - OVERDUE_AFTER)
    return select(RateBucket.account).where(
        RateBucket.account == Delivery.account,
        or_(
            RateBucket.at > lately,
            and_(RateBucket.tokens < 0, RateBucket.at > now - LONGEST_WAIT),
        ),
    )


def _living_claim(*, now: datetime) -> Select[int]:
    """Select the rows that show that a worker has this account in hand and renews its lease."""
    other = aliased(Delivery)
    return select(other.id).where(
        other.account == Delivery.account,
        other.claimed_until.is_not(None),
        other.state.in_([State.CLAIMED, State.SENDING]),
        other.claimed_until > now,
    )
