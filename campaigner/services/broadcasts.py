"""Broadcasts by hand and by sweep: how they stand, stop them, send what waits, end what is over.

A stop is one row, and works from its commit on. The mails follow in ranges:
whoever is interrupted, the next sweep goes on.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.orm import Session

from campaigner.core.broadcast import RANGE, Stage, Stop
from campaigner.core.by_hand import Decision, in_city, why_not_at
from campaigner.core.delivery import CURRENT, MessageState
from campaigner.db import broadcasts, changes, closing, surroundings
from campaigner.db.broadcasts import Standing
from campaigner.db.engine import Sessions, make_reading_sessions
from campaigner.db.models import Broadcast, Message
from campaigner.errors import UserError
from campaigner.failpoints import reach

log = structlog.get_logger()

Heard = Callable[[int], object]
"""Told how many mails were changed by now, after each range."""


@dataclass(frozen=True, kw_only=True)
class Left:
    """A reader who does not get a broadcast, and why (core.audience.Exclusion)."""

    subscriber: int
    address: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Advanced:
    """What a sweep did: mails let go and closed, broadcasts that expired or ended."""

    released: int = 0
    closed: int = 0
    expired: int = 0
    ended: int = 0


def list_broadcasts(
    sessions: Sessions,
    *,
    campaign: str | None = None,
    account: str | None = None,
    limit: int | None = None,
) -> list[Standing]:
    """Return broadcasts with their counts, the latest first; without versions that were replaced.

    On SQLite nobody who writes waits for it.
    """
    with make_reading_sessions(sessions.kw["bind"])() as session:
        return broadcasts.list_standing(session, campaign=campaign, account=account, limit=limit)


def show(sessions: Sessions, id: int) -> tuple[Standing, Mapping[str, int]]:
    """Return one broadcast, and how many are left out of it by reason.

    Raises UserError if there is none of that number.
    """
    with make_reading_sessions(sessions.kw["bind"])() as session:
        found = broadcasts.list_standing(session, ids=[id])
        if not found:
            raise _none(id)
        return found[0], surroundings.exclusions_by_reason(session, id)


def exclusions(
    sessions: Sessions, id: int, *, reason: str | None = None, limit: int | None = None
) -> Sequence[Left]:
    """Return who does not get a broadcast. Raises UserError if there is none of that number."""
    with make_reading_sessions(sessions.kw["bind"])() as session:
        if broadcasts.find(session, id) is None:
            raise _none(id)
        return [
            Left(subscriber=subscriber, address=address or "", reason=why)
            for subscriber, address, why in surroundings.list_exclusions(
                session, id, reason=reason, limit=limit
            )
        ]


def cancel(
    sessions: Sessions,
    id: int,
    *,
    by: str,
    reason: str,
    now: datetime,
    heard: Heard = lambda number: None,
) -> Standing:
    """Let nothing more of a broadcast leave, whatever it was doing; return how it stands then.

    From the first commit on no fence lets a mail of it pass; what is being sent
    at that very moment is out. Raises UserError where nothing is left to stop.
    """
    with sessions() as session:
        message, broadcast = _both(session, id)
        if broadcast.stage in (Stage.CLOSING, Stage.CLOSED):
            raise UserError(f"broadcast {id} is over: nothing of it would leave any more")
        if message.state in CURRENT:
            message.state, message.hold = MessageState.CANCELED, None
            message.note = f"canceled by {by}: {reason}"
        broadcast.stage, broadcast.hold = Stage.CLOSING, Stop.NONE
        changes.announce(session)
        session.commit()
    reach("broadcast.canceled")
    _close(sessions, id, now=now, heard=heard, stops=lambda: False, size=RANGE)
    return show(sessions, id)[0]


def send(sessions: Sessions, id: int, *, now: datetime) -> None:
    """Send what fell due under a pause, or after the backup that was restored.

    Raises UserError where it does not wait for that word, or is too late.
    """
    with sessions() as session:
        message, broadcast = _both(session, id)
        _waits_for_a_word(id, broadcast)
        _must_be_possible(message, at=now)
        broadcast.hold, broadcast.not_before = Stop.NONE, None
        changes.announce(session)
        session.commit()


def move(
    sessions: Sessions, id: int, *, to: datetime, not_after: datetime | None = None, now: datetime
) -> datetime:
    """Let a broadcast leave at `to`, and no mail of it earlier; return its last date.

    It keeps its approval, and its mails their own times where those are later.
    Raises UserError for a time that has passed, is too late or under embargo,
    and for a broadcast that is over.
    """
    with sessions() as session:
        message, broadcast = _both(session, id)
        if broadcast.stage in (Stage.CLOSING, Stage.CLOSED):
            raise UserError(f"broadcast {id} is over: it cannot be moved")
        if to <= now:
            raise UserError("that has passed: give a time that is ahead")
        last = not_after or message.not_after
        _must_be_possible(message, at=to, not_after=last)
        broadcast.not_before, message.not_after = to, last
        if broadcast.hold in (Stop.MISSED, Stop.RESTORED):
            broadcast.hold = Stop.NONE
        changes.announce(session)
        session.commit()
        return last


def advance(
    sessions: Sessions,
    *,
    clock: Callable[[], datetime],
    stops: Callable[[], bool] = lambda: False,
    size: int = RANGE,
) -> Advanced:
    """Do what is to be done for all broadcasts: let go, close, expire, end. Safe to repeat."""
    with sessions() as session:
        expired = closing.expire(session, now=clock())
        ended = closing.end_finished(session, now=clock())
        if expired or ended:
            changes.announce(session)
        session.commit()
        releasing = broadcasts.in_stages(session, [Stage.RELEASING])
        over = broadcasts.in_stages(session, [Stage.CLOSING])
    released = sum(
        release_all(sessions, id, heard=lambda number: None, stops=stops, size=size)
        for id in releasing
    )
    closed = sum(
        _close(sessions, id, now=clock(), heard=lambda number: None, stops=stops, size=size)
        for id in over
    )
    if released or closed or expired or ended:
        log.info(
            "broadcasts advanced", released=released, closed=closed, expired=expired, ended=ended
        )
    return Advanced(released=released, closed=closed, expired=expired, ended=ended)


def release(sessions: Sessions, id: int, *, heard: Heard = lambda number: None) -> int:
    """Let the rest go after a sample was looked at; return how many mails that are.

    Raises UserError where nothing is held back.
    """
    with sessions() as session:
        _, broadcast = _both(session, id)
        if broadcast.stage not in (Stage.SAMPLE, Stage.RELEASING):
            raise UserError(f"broadcast {id} holds nobody back: there is nothing to release")
        broadcast.stage = Stage.RELEASING
        session.commit()
    return release_all(sessions, id, heard=heard, stops=lambda: False, size=RANGE)


def release_all(
    sessions: Sessions, id: int, *, heard: Heard, stops: Callable[[], bool], size: int
) -> int:
    """Queue what is held back, range by range; return how many."""
    done = 0
    while not stops():
        with sessions() as session:
            broadcast = broadcasts.find(session, id, lock=True)
            if broadcast is None or broadcast.stage != Stage.RELEASING:
                return done
            took = closing.release_range(session, id, limit=size)
            if not took:
                broadcast.stage = Stage.WHOLE
            changes.announce(session)
            session.commit()
        if not took:
            return done
        done += took
        heard(done)
        reach("broadcast.released")
    return done


def _close(
    sessions: Sessions,
    id: int,
    *,
    now: datetime,
    heard: Heard,
    stops: Callable[[], bool],
    size: int,
) -> int:
    """Close what did not leave, range by range; what is in hand comes back to the next sweep."""
    done = 0
    while not stops():
        with sessions() as session:
            broadcast = broadcasts.find(session, id, lock=True)
            if broadcast is None or broadcast.stage != Stage.CLOSING:
                return done
            message = session.get_one(Message, id)
            took = closing.close_range(session, message, limit=size, now=now)
            if not took and not closing.has_under_way(session, id):
                broadcast.stage, broadcast.ended_at = Stage.CLOSED, now
                changes.announce(session)
            session.commit()
        if not took:
            return done
        done += took
        heard(done)
        reach("broadcast.closed")
    return done


def _both(session: Session, id: int) -> tuple[Message, Broadcast]:
    broadcast = broadcasts.find(session, id, lock=True)
    if broadcast is None:
        raise _none(id)
    return session.get_one(Message, id), broadcast


def _none(id: int) -> UserError:
    return UserError(f"there is no broadcast {id}. `campaigner broadcast list` shows them")


def _waits_for_a_word(id: int, broadcast: Broadcast) -> None:
    if broadcast.hold not in (Stop.MISSED, Stop.RESTORED):
        raise UserError(f"broadcast {id} does not wait for a person's word")


def _must_be_possible(message: Message, *, at: datetime, not_after: datetime | None = None) -> None:
    zone = ZoneInfo(message.zone)
    refused = why_not_at(
        at,
        not_after=not_after or message.not_after,
        embargo_until=message.embargo_until,
        zone=zone,
    )
    if refused:
        raise UserError(f"broadcast {message.id} cannot be sent {in_city(at, zone)}: {refused}")


@dataclass(frozen=True, kw_only=True)
class Word:
    """What a person's word did to a broadcast that was missed. `why_not`: it still waits."""

    standing: Standing
    at: datetime | None = None
    why_not: str = ""


def decide_missed(
    sessions: Sessions,
    *,
    decision: Decision,
    at: Callable[[Message], datetime],
    campaign: str | None = None,
    account: str | None = None,
    by: str,
    reason: str,
    now: datetime,
    dry_run: bool = False,
) -> list[Word]:
    """Send, move or drop every broadcast that fell due under a pause and had not begun.

    `at` says when one that is moved goes out. One that cannot is left as it is.
    """
    words = []
    for each in list_broadcasts(sessions, campaign=campaign, account=account):
        if each.broadcast.hold != Stop.MISSED:
            continue
        id, to = each.message.id, at(each.message)
        if not dry_run:
            try:
                match decision:
                    case Decision.SEND:
                        send(sessions, id, now=now)
                    case Decision.MOVE:
                        move(sessions, id, to=to, now=now)
                    case Decision.DROP:
                        cancel(sessions, id, by=by, reason=reason, now=now)
            except UserError as error:
                words.append(Word(standing=each, why_not=str(error)))
                continue
        words.append(Word(standing=each, at=to if decision is Decision.MOVE else None))
    return words
