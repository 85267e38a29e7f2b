"""Messages and their deliveries as the queue makes, replaces and lists them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Select, and_, insert, or_, select, text, true, update
from sqlalchemy.orm import Session

from campaigner.core.broadcast import Stage
from campaigner.core.delivery import CURRENT, UNSENT, Hold, MessageState, State
from campaigner.core.message import Attachment, Identity, Origin, Outgoing
from campaigner.db.engine import change
from campaigner.db.models import (
    ApprovalRecord,
    Broadcast,
    Delivery,
    Medium,
    Message,
    MessageProject,
    is_post,
)

BATCH = 500  # ids a statement: below every database's limit on bound values


def identity_of(message: Message) -> Identity:
    return Identity(
        campaign=message.campaign,
        run=message.run,
        item=message.item,
        repetition=message.repetition,
        account=message.account,
        locale=message.locale,
    )


def lock_campaign(session: Session, campaign: str) -> None:
    """Let one queueing of a campaign happen at a time. SQLite has one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(
            text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": f"queue/{campaign}"}
        )


def lock_deliveries(session: Session, of: Select[Message]) -> None:
    """Let nobody else change the posts of these messages before the transaction ends.

    Mails are not locked: their message is what stops them, and they follow it.
    To be called before the messages themselves are locked: whoever changes both
    begins with the deliveries, so that two never wait for each other. SQLite
    has one writer anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(
            select(Delivery.id)
            .where(is_post(), Delivery.message_id.in_(of.with_only_columns(Message.id)))
            .order_by(Delivery.id)
            .with_for_update()
        )


def held_delivery(message: Message, *, country: str, due_at: datetime | None = None) -> Delivery:
    """Return the one delivery of a new post, or of a mail that cannot be made yet, as it waits.

    `due_at` is where a hand moved it, if not to the message's own time.
    """
    at = due_at or message.due_at
    return Delivery(
        message_id=message.id,
        account=message.account,
        country=country,
        state=State.HELD,
        hold=message.hold,
        note=message.note,
        scheduled_at=at,
        due_at=at,
    )


def add_messages(
    session: Session,
    messages: Sequence[Message],
    *,
    projects: Sequence[str],
) -> None:
    """Add new versions, each with the projects that it serves; their ids are set."""
    session.add_all(messages)
    session.flush()
    rows = [
        {"message_id": message.id, "project": project}
        for message in messages
        for project in projects
    ]
    if rows:
        session.execute(insert(MessageProject), rows)


def add_media(session: Session, media: Mapping[str, tuple[str, str, bytes]]) -> None:
    """Keep pictures by hash: {sha256: (mime, file name, bytes)}; known ones are left alone."""
    if not media:
        return
    known = set(session.scalars(select(Medium.sha256).where(Medium.sha256.in_(list(media)))))
    session.add_all(
        Medium(sha256=sha256, mime=mime, name=name, data=data)
        for sha256, (mime, name, data) in media.items()
        if sha256 not in known
    )


def close_messages(
    session: Session,
    ids: Iterable[int],
    *,
    state: MessageState,
    note: str,
    tried_too: bool = False,
) -> set[int]:
    """Replace, cancel or expire messages with what of them never left.

    A message whose delivery was fenced stays as it is: returns the ids of
    those. With `tried_too` nothing more of it leaves either: what is surely
    not out and waits for its next try is canceled. A broadcast's mails are
    closed afterwards, in ranges.
    """
    left_already: set[int] = set()
    for batch in _batches(ids):
        begun = select(Broadcast.message_id).where(
            Broadcast.message_id.in_(batch), Broadcast.started_at.is_not(None)
        )
        left = (
            select(Delivery.message_id)
            .where(is_post(), Delivery.message_id.in_(batch), Delivery.attempts > 0)
            .union_all(begun)
        )
        stopped = Broadcast.message_id.in_(batch)
        change(
            session,
            update(Broadcast)
            .where(
                stopped if tried_too else and_(stopped, Broadcast.started_at.is_(None)),
                Broadcast.stage != Stage.CLOSED,
            )
            .values(stage=Stage.CLOSING),
        )
        change(
            session,
            update(Delivery)
            .where(
                is_post(),
                Delivery.message_id.in_(batch),
                true() if tried_too else Delivery.message_id.not_in(left),
                Delivery.state.in_(UNSENT),
            )
            .values(state=State.CANCELED, hold=None, claim=None, claimed_until=None, note=note),
        )
        change(
            session,
            update(Message)
            .where(Message.id.in_(batch), Message.id.not_in(left), Message.state.in_(CURRENT))
            .values(state=state, hold=None, note=note),
        )
        left_already.update(session.scalars(left))
    return left_already


def approve(session: Session, ids: Sequence[int], *, by: str, now: datetime) -> None:
    """Write the approval of exactly the content that each message holds now.

    Of a broadcast that is one row, however many get it: its mails ask for their
    message.
    """
    for batch in _batches(ids):
        change(
            session,
            update(Message)
            .where(Message.id.in_(batch), Message.state == MessageState.HELD)
            .values(
                state=MessageState.APPROVED,
                hold=None,
                note="",
                approved_hash=Message.content_hash,
                approved_by=by,
                approved_at=now,
            ),
        )
        session.execute(
            insert(ApprovalRecord).from_select(
                ["message_id", "content_hash", "by", "at"],
                select(
                    Message.id,
                    Message.content_hash,
                    Message.approved_by,
                    Message.approved_at,
                ).where(Message.id.in_(batch), Message.state == MessageState.APPROVED),
            )
        )
        change(
            session,
            update(Delivery)
            .where(
                is_post(),
                Delivery.message_id.in_(batch),
                Delivery.state == State.HELD,
                Delivery.attempts == 0,
                # What may be out already needs a word of its own.
                or_(Delivery.hold.is_(None), Delivery.hold != Hold.RESTORED),
            )
            .values(state=State.QUEUED, hold=None, note=""),
        )


def base_of(session: Session, delivery_id: int) -> str:
    """Return the address that a delivery was queued for."""
    return session.scalars(
        select(Message.base).join(Delivery).where(Delivery.id == delivery_id)
    ).one()


def media_of(session: Session, hashes: Sequence[str]) -> dict[str, Medium]:
    """Return pictures by hash."""
    if not hashes:
        return {}
    return {
        medium.sha256: medium
        for medium in session.scalars(select(Medium).where(Medium.sha256.in_(hashes)))
    }


def outgoing(session: Session, message: Message, delivery: Delivery) -> Outgoing:
    """Return the post as it leaves, with its pictures' bytes as they were approved."""
    media = media_of(session, [medium["sha256"] for medium in message.media])
    assert delivery.first_attempt_at is not None
    return Outgoing(
        key=message.key,
        text=message.text,
        link=message.link,
        language=message.language,
        media=tuple(
            Attachment(
                name=media[medium["sha256"]].name,
                mime=medium["mime"],
                data=media[medium["sha256"]].data,
                alt=medium["alt"],
            )
            for medium in message.media
        ),
        first_attempt_at=delivery.first_attempt_at,
        attempt=delivery.attempts,
        reply_to=_answered(session, message),
        origin=Origin(
            delivery=delivery.id,
            campaign=message.campaign,
            item=message.item,
            locale=message.locale,
            not_after=message.not_after,
            zone=message.zone,
        ),
    )


def _answered(session: Session, message: Message) -> str:
    """Return the network's id of the post that a correction answers; empty for any other."""
    if message.corrects_id is None:
        return ""
    answered = select(Delivery.remote_id).where(
        Delivery.message_id == message.corrects_id, is_post()
    )
    return session.scalars(answered).one() or ""


def _batches(ids: Iterable[int]) -> Iterable[list[int]]:
    whole = list(ids)
    for start in range(0, len(whole), BATCH):
        yield whole[start : start + BATCH]
