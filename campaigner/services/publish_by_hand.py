"""Publish by hand: a person says where a post is that they were asked for, or that it is not."""

from datetime import datetime

from sqlalchemy.orm import Session

from campaigner.core.delivery import State
from campaigner.db import changes, handovers, listing, outbox
from campaigner.db.engine import Sessions
from campaigner.db.listing import Listed
from campaigner.errors import UserError
from campaigner.loading.links import link_fault


def done(sessions: Sessions, id: int, *, url: str, at: datetime, by: str, now: datetime) -> None:
    """Take a person's word that the post is out at `url` since `at`; from then on it counts.

    Raises UserError for an address that is none, for a time that cannot be, and
    for a post that nobody was asked to publish.
    """
    if fault := link_fault(url):
        found, fix = fault
        raise UserError(f"{found}. {fix} Give the address at which the post can be seen")
    if at > now:
        raise UserError(f"{at:%Y-%m-%d %H:%M %Z} is still to come. Say when it was published")
    with sessions() as session:
        row = _by_hand(session, id)
        if at < row.message.queued_at:
            raise UserError(
                f"{at:%Y-%m-%d %H:%M %Z} is before the post was queued. Look at the date again"
            )
        match row.delivery.state:
            case State.SENT:
                raise UserError(
                    f"delivery {id} is out already, at {row.delivery.remote_url}. If that is "
                    f"wrong, run `campaigner outbox done {id} --undo` first"
                )
            case State.SENDING:
                raise UserError(f"delivery {id} is being handed over right now. Try again soon")
            case _ if not row.delivery.attempts:
                raise UserError(
                    f"nobody was asked to publish delivery {id} yet. `campaigner outbox show {id}` "
                    "says what it waits for"
                )
        took = handovers.publish(session, id, url=url, note=f"published by hand, says {by}", at=at)
        _finish(session, took, id, outcome="published", reason=url, by=by, now=now)


def undo(sessions: Sessions, id: int, *, by: str, now: datetime) -> bool:
    """Take that word back: the post waits for a person again; False if it is too late for that.

    Raises UserError for one that does not count as published, or of which
    figures were entered.
    """
    with sessions() as session:
        row = _by_hand(session, id)
        if row.delivery.state is not State.SENT:
            raise UserError(f"delivery {id} does not count as published: there is nothing to undo")
        took = handovers.take_back(session, id, note=f"{by} says that it is not out", now=now)
        if not took:
            raise UserError(
                f"figures were entered for delivery {id}, so it was seen. It stays published"
            )
        url = row.delivery.remote_url
        _finish(session, took, id, outcome="taken back", reason=url, by=by, now=now)
        return row.message.not_after > now


def _by_hand(session: Session, id: int) -> Listed:
    row = listing.get_delivery(session, id)
    if row.message.channel != handovers.MANUAL:
        raise UserError(
            f"delivery {id} is published by campaigner itself, on '{row.message.account}'. If "
            f"nobody could confirm it, run `campaigner outbox resolve {id} --sent`"
        )
    return row


def _finish(
    session: Session, took: bool, id: int, *, outcome: str, reason: str, by: str, now: datetime
) -> None:
    if not took:
        raise UserError(f"delivery {id} changed in the meantime. Look at it again")
    outbox.keep_attempt(session, id, number=0, outcome=outcome, reason=reason, now=now, by=by)
    changes.announce(session)
    session.commit()
