"""When whom an account speaks for: the times that messages hold, by account."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta

from sqlalchemy import select, text, union
from sqlalchemy.orm import Session

from campaigner.core.cadence import Slot, plan_slots
from campaigner.core.collisions import NEAR, Appointment, Collision, find_collisions
from campaigner.core.delivery import CURRENT, State
from campaigner.core.message import Identity
from campaigner.core.queueing import SlotQueue
from campaigner.db.models import Broadcast, Delivery, Message, is_post
from campaigner.db.standing import Standing

GONE = frozenset({State.CANCELED, State.EXPIRED, State.SUPPRESSED, State.REJECTED, State.EXHAUSTED})
"""What holds no time: nothing of it goes out, or did."""


def appointments(
    session: Session,
    *,
    accounts: Sequence[str],
    since: datetime,
    until: datetime | None = None,
    besides: str = "",
) -> list[Appointment]:
    """Return when which campaign speaks on these accounts, both edges included, in no order.

    Those of the campaign `besides` are left out. What a person moved stands
    where they put it.
    """
    whose = (
        Message.account.in_(accounts),
        Message.campaign != besides,
        Message.state.in_(CURRENT),
    )
    posts = (
        select(Message.account, Delivery.scheduled_at.label("at"), Message.campaign, Message.item)
        .join(Delivery, Delivery.message_id == Message.id)
        .where(is_post(), *whose, Delivery.state.not_in(GONE))
    )
    mails = (
        select(Message.account, Message.due_at.label("at"), Message.campaign, Message.item)
        .join(Broadcast, Broadcast.message_id == Message.id)
        .where(*whose)
    )
    held = union(posts, mails).subquery("held")
    query = select(held.c.account, held.c.at, held.c.campaign, held.c.item).where(
        held.c.at >= since
    )
    if until is not None:
        query = query.where(held.c.at <= until)
    return [
        Appointment(account=account, at=at, campaign=campaign, item=item)
        for account, at, campaign, item in session.execute(query)
    ]


def collisions(
    session: Session, ours: Iterable[Appointment], *, campaign: str, since: datetime
) -> list[Collision]:
    """Return where `campaign`, whose times are `ours`, and another are too close, from `since` on.

    One query, whatever the number.
    """
    to_come = [one for one in ours if one.at > since - NEAR]
    if not to_come:
        return []
    others = appointments(
        session,
        accounts=sorted({one.account for one in to_come}),
        since=min(one.at for one in to_come) - NEAR,
        until=max(one.at for one in to_come) + NEAR,
        besides=campaign,
    )
    return [
        found
        for found in find_collisions([*to_come, *others])
        if campaign in (found.first.campaign, found.second.campaign)
    ]


def lock_slots(session: Session, accounts: Sequence[str]) -> None:
    """Let one queueing at a time give away slots of these accounts. SQLite has one writer anyway.

    The locks are taken in one order, so that two queueings never wait for each other.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(
            text(
                "SELECT pg_advisory_xact_lock(key) FROM (SELECT DISTINCT hashtext('slots/' || name)"
                " AS key FROM unnest(CAST(:names AS text[])) AS name ORDER BY key) AS ordered"
            ),
            {"names": sorted(accounts)},
        )


def hold_slots(
    queues: Mapping[str, SlotQueue],
    *,
    campaign: str,
    run: str,
    held: Iterable[Appointment],
    known: Mapping[Identity, Standing],
    since: datetime,
    now: datetime,
) -> dict[str, SlotQueue]:
    """Fill in who holds which slot of each account: `queues` with `taken` and `kept`.

    Taken is what other campaigns hold from `now` on (`held`) and what a person
    moved there, and every slot from `since` (the run's start) to `now`:
    nothing new is queued for the past. Kept is what the run's own messages
    (among `known`) have, whatever became of them; one that nobody tried yet, on
    a time that the account's settings do not offer any more, takes a new one.
    """
    others = [one for one in held if one.campaign != campaign]
    by_hand = [one for one in known.values() if one.moved_to is not None and one.waiting]
    filled = {}
    for name, queue in queues.items():
        passed = plan_slots(queue.times, queue.zone, after=since - timedelta(days=1), until=now)
        taken = {one.at for one in others if one.account == name}
        taken |= {slot.due_at for slot in passed}
        taken |= {one.moved_to for one in by_hand if one.moved_to and one.message.account == name}
        kept = {
            (identity.item, identity.repetition, identity.locale): slot
            for identity, standing in known.items()
            if (identity.account, identity.campaign, identity.run) == (name, campaign, run)
            if (slot := _slot_of(standing, queue)) is not None
        }
        filled[name] = replace(queue, taken=frozenset(taken), kept=kept)
    return filled


def _slot_of(standing: Standing, queue: SlotQueue) -> Slot | None:
    """Return the slot that a message holds; None: it is to take another."""
    message = standing.message
    at = time.fromisoformat(message.wall_time)
    if not standing.fenced:
        if standing.is_dropped:
            return None
        offered = (message.day.weekday(), at) in queue.times.times
        if message.zone != queue.zone.key or not (offered or message.moved):
            return None
    return Slot(due_at=message.due_at, day=message.day, at=at, moved=message.moved)
