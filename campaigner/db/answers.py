"""Answers to posts that are out: messages of their own, which say what is right."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, insert, literal, select
from sqlalchemy.orm import Session

from campaigner.core.approval import Pinned, content_hash
from campaigner.core.delivery import Hold, MessageState
from campaigner.core.message import Kind, key_of
from campaigner.db import messages
from campaigner.db.listing import Listed
from campaigner.db.models import Message, MessageProject

WITHIN = timedelta(days=1)  # an answer that comes later corrects nobody


def add(session: Session, post: Listed, text: str, *, by: str, now: datetime) -> int:
    """Queue `text` as an answer to `post`; return the new message's id.

    It is due now, waits for approval as the wrong one did, and serves the same
    projects. To be called with the campaign locked (see db.messages), so that
    two people who answer at once do not get the same identity.
    """
    wrong = post.message
    made = select(func.count()).select_from(Message).where(Message.corrects_id == wrong.id)
    number = session.scalars(made).one() + 1
    answer = _message(wrong, text, number=number, by=by, now=now)
    session.add(answer)
    session.flush()
    session.execute(
        insert(MessageProject).from_select(
            ["message_id", "project"],
            select(literal(answer.id), MessageProject.project).where(
                MessageProject.message_id == wrong.id
            ),
        )
    )
    session.add(messages.held_delivery(answer, country=post.delivery.country))
    session.flush()
    return answer.id


def _message(wrong: Message, text: str, *, number: int, by: str, now: datetime) -> Message:
    """Return the message that answers `wrong`: due now, on the same account, in its language."""
    identity = replace(messages.identity_of(wrong), item=f"{wrong.item}.correction-{number}")
    local = now.astimezone(ZoneInfo(wrong.zone))
    pinned = Pinned(
        account=wrong.account,
        base=wrong.base,
        when=f"{local:%Y-%m-%d %H:%M} {wrong.zone}",
        text=text,
        link="",
        language=wrong.language,
    )
    return Message(
        key=key_of(identity, 1),
        kind=Kind.POST,
        campaign=identity.campaign,
        run=identity.run,
        item=identity.item,
        repetition=identity.repetition,
        account=identity.account,
        locale=identity.locale,
        channel=wrong.channel,
        state=MessageState.HELD,
        hold=Hold.APPROVAL,
        day=local.date(),
        wall_time=f"{local:%H:%M}",
        zone=wrong.zone,
        due_at=now,
        not_after=now + WITHIN,
        text=text,
        language=wrong.language,
        corrects_id=wrong.id,
        four_eyes=wrong.four_eyes,
        base=wrong.base,
        content_hash=content_hash(pinned),
        queued_by=by,
        queued_at=now,
    )
