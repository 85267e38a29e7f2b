"""Freeze: decide, in ranges, who gets a message, with a reason for each who does not.

Then the message asks for approval with its count. A range is one transaction
and moves on in it, so that a freeze goes on wherever it was killed, and two at
once share the work.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime, time

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from campaigner.core.broadcast import (
    RANGE,
    Stage,
    Stop,
    first_of_import,
    frozen_hash,
    longer_not_after,
    read_share,
)
from campaigner.core.delivery import Hold, MessageState
from campaigner.core.local_time import local_dues
from campaigner.core.segments import parse
from campaigner.db import broadcasts, changes, closing, freezing, surroundings
from campaigner.db.engine import Sessions, make_reading_sessions
from campaigner.db.freezing import Freezer, Plan
from campaigner.db.models import Broadcast, Message
from campaigner.db.segments import condition
from campaigner.failpoints import reach

log = structlog.get_logger()

MOST_TRIES = 20  # times that a range may lose a race on PostgreSQL
NOBODY = "it has no readers: whoever could get it is left out (`campaigner broadcast exclusions`)"


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far freezing one message is: candidates decided on, and of how many at most."""

    message: int
    done: int
    of: int


@dataclass(frozen=True, kw_only=True)
class Frozen:
    """A message whose readers are all decided on."""

    message: int
    candidates: int
    recipients: int
    excluded: int


def freeze_waiting(
    sessions: Sessions,
    *,
    clock: Callable[[], datetime],
    ids: Collection[int] | None = None,
    heard: Callable[[Progress], object] = lambda progress: None,
    stops: Callable[[], bool] = lambda: False,
    size: int = RANGE,
) -> list[Frozen]:
    """Freeze the readers of every message that waits for it, or of `ids`; return what was done.

    `heard` is told after each range. Ends early, between two ranges, when
    `stops` says so: the next call goes on there.
    """
    done: list[Frozen] = []
    with make_reading_sessions(sessions.kw["bind"])() as session:
        waiting = broadcasts.in_stages(session, [Stage.FREEZING])
    for id in waiting:
        if ids is not None and id not in ids:
            continue
        freeze = _Freeze(sessions, id, clock=clock, size=size)
        for progress in freeze.ranges():
            heard(progress)
            if stops():
                return done
        if (frozen := freeze.finish()) is not None:
            done.append(frozen)
    return done


class _Freeze:
    """One message whose readers are being decided on."""

    def __init__(
        self, sessions: Sessions, message_id: int, *, clock: Callable[[], datetime], size: int
    ) -> None:
        self.sessions = sessions
        self.reading = make_reading_sessions(sessions.kw["bind"])
        self.message_id = message_id
        self.clock = clock
        self.size = size

    def ranges(self) -> Iterator[Progress]:
        """Freeze range by range, from where the last one ended."""
        with self.reading() as session:
            found = _waiting(session, self.message_id)
            if found is None:
                return
            message, broadcast = found
            last = broadcast.last or surroundings.highest_reader(session, list=message.account)
            plan = _plan(session, message, broadcast, now=self.clock())
            # A bound for whoever watches: to count candidates takes as long as to judge them.
            about = surroundings.count_list(session, list=message.account)
            freezer = Freezer(session, plan)
        while True:
            with self.sessions() as session:
                current = self._range(session, freezer, last=last)
            if current is None:
                return
            reach("freeze.range")
            done = current.candidates
            over = current.upto >= current.last
            yield Progress(message=self.message_id, done=done, of=done if over else about)

    def _range(self, session: Session, freezer: Freezer, *, last: int) -> Broadcast | None:
        """Freeze one range and commit; None: there is none left.

        Done again where it lost a race.
        """
        for tries in range(1, MOST_TRIES + 1):
            try:
                return self._try(session, freezer, last=last)
            except DBAPIError as error:
                session.rollback()
                if tries == MOST_TRIES or not surroundings.lost_a_race(error):
                    raise
        raise AssertionError("the last try either returned or raised")

    def _try(self, session: Session, freezer: Freezer, *, last: int) -> Broadcast | None:
        broadcast = freezing.lock(session, self.message_id)
        if broadcast is None or broadcast.stage != Stage.FREEZING:
            return None
        broadcast.last = broadcast.last or last
        after = broadcast.upto
        if after >= broadcast.last:
            return None
        until = freezer.end_of_range(session, after=after, last=broadcast.last, size=self.size)
        if freezer.plan.joined:
            again = freezing.forget_left(session, freezer.plan, after=after, until=until)
            broadcast.excluded -= again
            broadcast.candidates -= again
        frozen = freezer.freeze(session, after=after, until=until)
        broadcast.candidates += frozen.candidates
        broadcast.recipients += frozen.recipients
        broadcast.excluded += frozen.excluded
        broadcast.upto = until
        session.flush()
        reach("freeze.written")
        session.commit()
        return broadcast

    def finish(self) -> Frozen | None:
        """Ask for approval of what is frozen, if all are decided on and the counts agree."""
        with self.reading() as session:
            found = _waiting(session, self.message_id)
            if found is None or found[1].upto < found[1].last:
                return None
            fault = _fault(session, found[1])
        with self.sessions() as session:
            found = _waiting(session, self.message_id, lock=True)
            if found is None or found[1].upto < found[1].last:
                return None
            message, broadcast = found
            _ask_for_approval(session, message, broadcast, fault=fault, now=self.clock())
            changes.announce(session)
            session.commit()
        log.info(
            "readers frozen",
            message=message.id,
            recipients=broadcast.recipients,
            excluded=broadcast.excluded,
        )
        return Frozen(
            message=message.id,
            candidates=broadcast.candidates,
            recipients=broadcast.recipients,
            excluded=broadcast.excluded,
        )


def _waiting(
    session: Session, message_id: int, *, lock: bool = False
) -> tuple[Message, Broadcast] | None:
    """Return a message that is being frozen; None: it is not, any more."""
    broadcast = broadcasts.find(session, message_id, lock=lock)
    if broadcast is None or broadcast.stage != Stage.FREEZING:
        return None
    return session.get_one(Message, message_id), broadcast


def _plan(session: Session, message: Message, broadcast: Broadcast, *, now: datetime) -> Plan:
    """Decide what holds for every candidate of the message. Reads whole lists."""
    joined = broadcast.started_at is not None
    plan = Plan(
        message=message,
        locales=tuple(broadcast.locales),
        topics=tuple(broadcast.topics),
        segment=condition(parse(broadcast.segment)) if broadcast.segment else None,
        zones=surroundings.zones_of_blocks(session, message.id),
        dues={},
        due_at=max(message.due_at, now) if joined else message.due_at,
        begun=surroundings.begun_siblings(session, message),
        periods=surroundings.periods_of(session, message),
        joined=joined,
    )
    if broadcast.local and not joined:
        zones = freezing.find_zones(session, plan)
        at = time.fromisoformat(message.wall_time)
        plan = replace(plan, dues=local_dues(message.day, at, zones, otherwise=message.due_at))
    if message.corrects_id is not None or joined:
        return plan
    if (share := read_share(broadcast.sample)) is not None:
        candidates = freezing.count_candidates(session, plan) if share.number else 0
        return replace(plan, share=share.among(candidates))
    since = surroundings.mailed_until(session, message)
    newcomers = surroundings.count_newcomers(session, message, since=since)
    return replace(plan, newcomers_since=since, newcomers_share=first_of_import(newcomers))


def _fault(session: Session, broadcast: Broadcast) -> str:
    """Return in which way the rows do not agree with what was counted; empty: they do."""
    excluded = surroundings.count_exclusions(session, broadcast.message_id)
    counts = broadcasts.count_mails(session, [broadcast.message_id])[broadcast.message_id]
    mails = sum(asdict(counts).values())
    agree = (
        broadcast.candidates == broadcast.recipients + broadcast.excluded
        and excluded == broadcast.excluded
        # What was sent is counted as the rest: it cannot disagree.
        and mails == broadcast.recipients
        and (broadcast.started_at is not None or counts.sent == 0)
    )
    if agree:
        return ""
    return (
        f"of {broadcast.candidates} candidates {broadcast.recipients} became mails and "
        f"{broadcast.excluded} were left out; there are {mails - counts.sent} mails and "
        f"{excluded} exclusions. Nothing is sent: queue the edition again, which counts anew"
    )


def _ask_for_approval(
    session: Session, message: Message, broadcast: Broadcast, *, fault: str, now: datetime
) -> None:
    broadcast.frozen_at = now
    if broadcast.started_at is not None and not closing.has_under_way(session, message.id):
        # Nobody joined: it stays what it was.
        message.state, message.hold = MessageState.APPROVED, None
        broadcast.stage = Stage.CLOSED
        return
    if fault:
        broadcast.hold, message.note = Stop.COUNTS, fault
    held_back = closing.has_held_back(session, message.id)
    broadcast.stage = Stage.SAMPLE if held_back else Stage.READY
    last_due = surroundings.last_due(session, message.id)
    if last_due is not None:
        message.not_after = longer_not_after(message.due_at, message.not_after, last_due=last_due)
    # An approval says yes to the content, and to how many it goes.
    message.content_hash = frozen_hash(message.content_hash, recipients=broadcast.recipients)
    if message.hold is Hold.FREEZING:
        message.hold = Hold.APPROVAL
    if not broadcast.recipients:
        message.state, message.hold, message.note = MessageState.CANCELED, None, NOBODY
        broadcast.stage, broadcast.ended_at = Stage.CLOSED, now
