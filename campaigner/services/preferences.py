"""Preferences: what readers set themselves, by the link in any mail or one that was asked for."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from campaigner.core.audience import mailbox_of
from campaigner.core.signup import Answer, SignupState, is_valid
from campaigner.core.tokens import Keyring, Purpose, read
from campaigner.db import changes, memberships, subscribers
from campaigner.db.engine import Sessions
from campaigner.db.memberships import Membership, Wishes
from campaigner.db.models import Signup


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Who holds a link to their preferences: by a mail that they got, or by a request."""

    delivery: int | None = None
    signup: int | None = None


def holder_of(keyring: Keyring, token: str) -> Holder:
    """Read a token of either kind; one that is none holds nothing."""
    return Holder(
        delivery=read(keyring, Purpose.PREFERENCES, token),
        signup=read(keyring, Purpose.CONFIRM, token),
    )


def look(sessions: Sessions, holder: Holder, *, now: datetime) -> Membership | None:
    """Return whose preferences these are. Changes nothing.

    None for a link that is too old, and for someone whom we have forgotten.
    """
    with sessions() as session:
        return _member(session, holder, now=now)


def save(sessions: Sessions, holder: Holder, wishes: Wishes, *, now: datetime) -> Membership | None:
    """Write what a reader wishes; return how it is now, None as `look`."""
    with sessions() as session:
        member = _member(session, holder, now=now)
        if member is None:
            return None
        memberships.set_wishes(
            session, subscriber_id=member.subscriber_id, list=member.list, wishes=wishes, now=now
        )
        return _finish(session, member)


def leave(sessions: Sessions, holder: Holder, *, all: bool, now: datetime) -> Membership | None:
    """Let a reader leave this list, or `all` of theirs, and stop what was on its way to them."""
    with sessions() as session:
        member = _member(session, holder, now=now)
        if member is None:
            return None
        for list in (member.list, *(member.others if all else ())):
            subscribers.leave(
                session, subscriber_id=member.subscriber_id, list=list, why="preferences", now=now
            )
        return _finish(session, member)


def _finish(session: Session, member: Membership) -> Membership | None:
    changes.announce(session)
    after = memberships.find(session, list=member.list, subscriber_id=member.subscriber_id)
    session.commit()
    return after


def _member(session: Session, holder: Holder, *, now: datetime) -> Membership | None:
    if holder.delivery is not None:
        found = memberships.addressee(session, holder.delivery)
        if found is None or found.subscriber_id is None:
            return None
        return memberships.find(session, list=found.list, subscriber_id=found.subscriber_id)
    row = session.get(Signup, holder.signup) if holder.signup is not None else None
    usable = (SignupState.MAILING, SignupState.MAILED, SignupState.CONFIRMED)
    if row is None or row.state not in usable or not is_valid(row.at, now=now):
        return None
    # The link of a confirmation leads to the preferences once it was confirmed.
    if row.answer == Answer.CONFIRM and row.state != SignupState.CONFIRMED:
        return None
    member = memberships.find_by_mailbox(session, list=row.list, mailbox=mailbox_of(row.address))
    return member if member is not None and member.standing is not None else None
