"""Editions that are public: what was sent to readers, and is under no embargo."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from campaigner.core.broadcast import Stage
from campaigner.core.delivery import MessageState
from campaigner.core.message import Kind
from campaigner.db.broadcasts import count_mails
from campaigner.db.models import Block, Broadcast, Message

Out = set[int]
"""The messages that are known to have gone out: what is out stays so, and is not asked again."""


@dataclass(frozen=True, kw_only=True)
class Published:
    """An edition in one language, by its `key`; it never changes.

    `edition_id` is shared by its languages; `corrects_id` is the edition that
    it sets right, or None.
    """

    id: int
    key: str
    list: str
    locale: str
    subject: str
    zone: str
    edition_id: int | None
    corrects_id: int | None
    published_at: datetime


def published(
    session: Session,
    *,
    out: Out,
    now: datetime,
    limit: int,
    list: str | None = None,
    locale: str | None = None,
    before: datetime | None = None,
) -> Sequence[Published]:
    """Return up to `limit` that are public, newest first; no corrections. `before` is exclusive."""
    query = _begun(now).where(Message.corrects_id.is_(None))
    if list is not None:
        query = query.where(Message.account == list)
    if locale is not None:
        query = query.where(Message.locale == locale)
    if before is not None:
        query = query.where(Broadcast.started_at < before)
    newest = query.order_by(Broadcast.started_at.desc(), Message.id.desc()).limit(limit)
    return _that_went_out(session, newest, out)


def find(session: Session, key: str, *, out: Out, now: datetime) -> Published | None:
    found = _that_went_out(session, _begun(now).where(Message.key == key), out)
    return found[0] if found else None


def in_other_languages(
    session: Session, edition_ids: Collection[int], *, out: Out, now: datetime
) -> Sequence[Published]:
    """Return these editions in all languages that are public, by locale."""
    query = _begun(now).where(Message.edition_id.in_(edition_ids), Message.corrects_id.is_(None))
    return _that_went_out(session, query.order_by(Message.locale, Message.id), out)


def corrections_of(
    session: Session, ids: Collection[int], *, out: Out, now: datetime
) -> Sequence[Published]:
    """Return what set these editions right, oldest first."""
    query = _begun(now).where(Message.corrects_id.in_(ids))
    return _that_went_out(session, query.order_by(Broadcast.started_at, Message.id), out)


def blocks_of(
    session: Session, messages: Collection[Published]
) -> dict[int, Sequence[tuple[str, str]]]:
    """Return the approved (HTML, text) of each, in order, as read in its campaign's own zone.

    Where no reader is in that zone it is UTC, or any other that it was approved in.
    """
    wanted = {message.id: message.zone for message in messages}
    rows = session.scalars(
        select(Block)
        .where(Block.message_id.in_(wanted))
        .order_by(Block.message_id, Block.position, Block.zone)
    )
    pieces: dict[int, dict[int, dict[str, tuple[str, str]]]] = {}
    for row in rows:
        places = pieces.setdefault(row.message_id, {})
        places.setdefault(row.position, {})[row.zone] = (row.html, row.text)
    return {
        id: [_of_zone(zones, wanted[id]) for zones in places.values()]
        for id, places in pieces.items()
    }


def _of_zone(zones: dict[str, tuple[str, str]], zone: str) -> tuple[str, str]:
    for candidate in ("", zone, "UTC"):
        if candidate in zones:
            return zones[candidate]
    return next(iter(zones.values()))


def _begun(now: datetime) -> Any:
    """Select the editions that have begun to go out to all, and are under no embargo."""
    return (
        select(
            Message.id,
            Message.key,
            Message.account,
            Message.locale,
            Message.text,
            Message.zone,
            Message.edition_id,
            Message.corrects_id,
            Broadcast.started_at.label("published_at"),
        )
        .join(Broadcast, Broadcast.message_id == Message.id)
        .where(
            Message.kind == Kind.MAIL,
            Message.state != MessageState.HELD,
            Broadcast.started_at <= now,
            Broadcast.stage != Stage.SAMPLE,  # it may be stopped still
            or_(Message.embargo_until.is_(None), Message.embargo_until <= now),
        )
    )


def _that_went_out(session: Session, query: Any, out: Out) -> Sequence[Published]:
    """Return those of which somebody got at least one mail.

    There is no index for what was sent: it is what is left of the recipients
    without all others. To count those takes a while where a million wait, so
    it is done until the first is out, and never again.
    """
    rows = [_published(row) for row in session.execute(query)]
    if unsure := {row.id for row in rows} - out:
        counts = count_mails(session, unsure)
        out |= {id for id, count in counts.items() if count.sent}
    return [row for row in rows if row.id in out]


def _published(row: Any) -> Published:
    return Published(
        id=row.id,
        key=row.key,
        list=row.account,
        locale=row.locale,
        subject=row.text,
        zone=row.zone,
        edition_id=row.edition_id,
        corrects_id=row.corrects_id,
        published_at=row.published_at,
    )
