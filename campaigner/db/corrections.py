"""Corrections: which posts of an item are out, what they say by now, and what was done to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, exists, select, update
from sqlalchemy.orm import Session, aliased

from campaigner.core.correction import DOUBTFUL, CorrectionState, Ended, Way
from campaigner.core.delivery import UNSENT, State
from campaigner.core.message import Kind
from campaigner.db import broadcasts
from campaigner.db.engine import change
from campaigner.db.listing import Listed
from campaigner.db.models import Broadcast, Correction, Delivery, Message, is_post

NEWS = (Way.EDIT, Way.REPOINT)  # after these the post says something else


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a post says by now. `doubtful`: a later correction may have changed that."""

    text: str
    doubtful: bool = False


@dataclass(frozen=True, kw_only=True)
class Record:
    """A correction with the post that it is about.

    `settled`: a later one of that post was done, so that any doubt about this
    one is over. `answer` is the post that a reply made, and its delivery.
    """

    correction: Correction
    listed: Listed
    settled: bool
    answer: Listed | None


def posts_of_item(
    session: Session, *, campaign: str, item: str, locale: str | None = None
) -> list[Listed]:
    """Return the item's posts that are out, may be out or still wait, of all runs, by number.

    Without those that were taken off the network, and without answers to it.
    """
    query = (
        select(Delivery, Message)
        .join(Message, Message.id == Delivery.message_id)
        .where(
            is_post(),
            Message.campaign == campaign,
            Message.item == item,
            Message.kind == Kind.POST,
            Message.corrects_id.is_(None),
            Delivery.state.in_([*UNSENT, State.SENDING, State.UNKNOWN, State.SENT]),
            Delivery.deleted_at.is_(None),
        )
        .order_by(Delivery.id)
    )
    if locale is not None:
        query = query.where(Message.locale == locale)
    return [
        Listed(delivery=delivery, message=message) for delivery, message in session.execute(query)
    ]


def mails_out(session: Session, *, campaign: str, item: str) -> int:
    """Return how many mails of an item, or of an edition's slot, have left."""
    of_item = (
        select(Broadcast.message_id)
        .join(Message, Message.id == Broadcast.message_id)
        .where(
            Message.campaign == campaign,
            Message.item == item,
            Message.corrects_id.is_(None),
            Broadcast.started_at.is_not(None),
        )
    )
    counts = broadcasts.count_mails(session, list(session.scalars(of_item)))
    return sum(each.sent for each in counts.values())


def said_by_now(session: Session, posts: Sequence[Listed]) -> dict[int, Said]:
    """Return by delivery what each post says after all that was done to it.

    Of two corrections that were under way at once nobody knows which the
    network did last.
    """
    said = {post.delivery.id: Said(text=post.message.text) for post in posts}
    rows = session.execute(
        select(
            Correction.delivery_id,
            Correction.state,
            Correction.after,
            Correction.at,
            Correction.ended_at,
        )
        .where(Correction.delivery_id.in_(said), Correction.kind.in_(NEWS))
        .order_by(Correction.id)
    )
    busy_until: dict[int, datetime] = {}
    for delivery_id, state, after, at, ended_at in rows:
        before = busy_until.get(delivery_id, at)
        if state == CorrectionState.DONE:
            said[delivery_id] = Said(text=after, doubtful=before > at)
        elif state in DOUBTFUL:
            said[delivery_id] = Said(text=said[delivery_id].text, doubtful=True)
        else:
            continue
        busy_until[delivery_id] = max(before, ended_at or before)
    return said


def is_out(session: Session, delivery_id: int) -> bool:
    """Whether a post still is on the network, as far as we know; taken anew."""
    return (
        session.scalar(
            select(Delivery.id).where(
                Delivery.id == delivery_id,
                Delivery.state == State.SENT,
                Delivery.deleted_at.is_(None),
            )
        )
        is not None
    )


def ask(
    session: Session,
    delivery_id: int,
    *,
    way: Way,
    before: str,
    after: str,
    reason: str,
    by: str,
    now: datetime,
) -> int:
    """Note that a correction is asked for; return its number. The caller commits, then asks."""
    correction = Correction(
        delivery_id=delivery_id,
        kind=way,
        state=CorrectionState.ASKED,
        before=before,
        after=after,
        reason=reason,
        by=by,
        at=now,
    )
    session.add(correction)
    session.flush()
    return correction.id


def end(session: Session, id: int, ended: Ended, *, now: datetime) -> None:
    """Write what became of a correction."""
    change(
        session,
        update(Correction)
        .where(Correction.id == id)
        .values(state=ended.state, note=ended.note, ended_at=now),
    )


def note_on_post(session: Session, post: Listed, note: str, *, deleted_at: datetime | None) -> None:
    """Say on the post's own row what was done to it.

    One that was deleted stays sent, keeps what was counted and is not looked at
    any more.
    """
    before = post.delivery.note
    values: dict[str, object] = {"note": f"{before}; {note}" if before else note}
    if deleted_at is not None:
        values |= {"deleted_at": deleted_at, "sample_at": None}
    change(session, update(Delivery).where(Delivery.id == post.delivery.id).values(**values))


def list_corrections(
    session: Session,
    *,
    campaign: str | None = None,
    delivery_id: int | None = None,
    limit: int | None = None,
) -> list[Record]:
    """Return what was done, newest first, each with its post and, of a reply, the answer."""
    later = aliased(Correction)
    answer, answer_delivery = aliased(Message), aliased(Delivery)
    settled = exists(
        select(later.id).where(
            later.delivery_id == Correction.delivery_id,
            later.id > Correction.id,
            later.kind != Way.REPLY,
            later.state == CorrectionState.DONE,
        )
    )
    query = (
        select(Correction, Delivery, Message, settled, answer, answer_delivery)
        .join(Delivery, Delivery.id == Correction.delivery_id)
        .join(Message, Message.id == Delivery.message_id)
        # A reply and the message that it made are written together, with one time.
        .outerjoin(
            answer,
            and_(
                Correction.kind == Way.REPLY,
                answer.corrects_id == Message.id,
                answer.queued_at == Correction.at,
            ),
        )
        .outerjoin(answer_delivery, answer_delivery.message_id == answer.id)
        .order_by(Correction.id.desc())
    )
    if campaign is not None:
        query = query.where(Message.campaign == campaign)
    if delivery_id is not None:
        query = query.where(Correction.delivery_id == delivery_id)
    if limit is not None:
        query = query.limit(limit)
    return [
        Record(
            correction=correction,
            listed=Listed(delivery=delivery, message=message),
            settled=bool(is_settled),
            answer=Listed(delivery=sent, message=said) if said is not None else None,
        )
        for correction, delivery, message, is_settled, said, sent in session.execute(query)
    ]
