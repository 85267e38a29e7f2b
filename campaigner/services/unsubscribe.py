"""Unsubscribe: a reader leaves a list, and nothing that waits goes out to them any more.

The answer is the same for everyone who has a token of ours: also for one who
left before, and for one whom we have forgotten.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy.orm import Session

from campaigner.core.audience import Standing
from campaigner.core.signup import masked
from campaigner.db import changes, memberships, subscribers
from campaigner.db.engine import Sessions
from campaigner.db.memberships import Addressee

UNDO_WITHIN = timedelta(days=1)


class Reason(StrEnum):
    """Why somebody leaves, if they say so."""

    TOO_MANY = "too_many"
    NOT_FOR_ME = "not_for_me"
    NEVER_ASKED = "never_asked"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Who holds a token, as a page shows it: all of it is empty for one whom nobody knows.

    `address` is masked; `locale` is the language that they read.
    """

    list: str = ""
    locale: str = ""
    address: str = ""
    is_subscribed: bool = False
    may_undo: bool = False


def look(sessions: Sessions, id: int | None, *, now: datetime) -> Reader:
    """Return who got mail `id`; None is the number of none. Changes nothing."""
    with sessions() as session:
        found = _addressee(session, id)
        return _reader(session, found, now=now) if found else Reader()


def unsubscribe(sessions: Sessions, id: int | None, *, how: str, now: datetime) -> Reader:
    """Let the reader of mail `id` leave its list, and stop what was on its way to them.

    Both in one transaction: what is not being sent at that moment is not sent.
    """
    return _act(
        sessions,
        id,
        lambda session, subscriber_id, list: subscribers.leave(
            session, subscriber_id=subscriber_id, list=list, why=how, now=now
        ),
        now=now,
    )


def undo(sessions: Sessions, id: int | None, *, now: datetime) -> Reader:
    """Take back that the reader of mail `id` left, if that was within UNDO_WITHIN.

    What was stopped meanwhile stays so.
    """

    def bring_back(session: Session, subscriber_id: int, list: str) -> None:
        since = now - UNDO_WITHIN
        if memberships.bring_back(
            session, subscriber_id=subscriber_id, list=list, left_since=since, now=now
        ):
            entries = {"undone_at": now.isoformat()}
            memberships.note_consent(
                session, subscriber_id=subscriber_id, list=list, entries=entries
            )

    return _act(sessions, id, bring_back, now=now)


def give_reason(sessions: Sessions, id: int | None, *, reason: Reason, now: datetime) -> Reader:
    """Keep why the reader of mail `id` left."""
    entries = {"left_because": reason.value, "left_because_at": now.isoformat()}
    return _act(
        sessions,
        id,
        lambda session, subscriber_id, list: memberships.note_consent(
            session, subscriber_id=subscriber_id, list=list, entries=entries
        ),
        now=now,
    )


def _act(
    sessions: Sessions,
    id: int | None,
    work: Callable[[Session, int, str], object],
    *,
    now: datetime,
) -> Reader:
    with sessions() as session:
        found = _addressee(session, id)
        if found is None:
            return Reader()
        if found.subscriber_id is not None:
            work(session, found.subscriber_id, found.list)
            changes.announce(session)
        reader = _reader(session, found, now=now)
        session.commit()
        return reader


def _addressee(session: Session, id: int | None) -> Addressee | None:
    return memberships.addressee(session, id) if id is not None else None


def _reader(session: Session, found: Addressee, *, now: datetime) -> Reader:
    member = (
        memberships.find(session, list=found.list, subscriber_id=found.subscriber_id)
        if found.subscriber_id is not None
        else None
    )
    if member is None:
        return Reader(list=found.list, locale=found.locale)
    since = member.changed_at
    return Reader(
        list=found.list,
        locale=member.locale,
        address=masked(member.address),
        is_subscribed=member.standing is Standing.ACTIVE,
        may_undo=member.standing is Standing.LEFT
        and since is not None
        and now - since < UNDO_WITHIN,
    )
