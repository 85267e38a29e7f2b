"""Derive due times again when the time zone data changed: a wall-clock time keeps its meaning."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

import structlog

from campaigner.core.cadence import instant_of
from campaigner.db import changes, instance, retiming
from campaigner.db.engine import Sessions
from campaigner.db.retiming import Moved, WallTime

log = structlog.get_logger()


def retime(sessions: Sessions, *, tzdata: str, now: datetime) -> int:
    """Move what is unsent and not yet due to the instant that its wall-clock time means now.

    Does nothing unless `tzdata`, the version of the packaged data, is another
    than at the last time. Returns how many messages moved. What a person
    moved by hand stays where they put it; approvals stay: they pin the
    wall-clock time.
    """
    with sessions() as session:
        if instance.tzdata_of(session) == tzdata:
            return 0
        moved = [
            Moved(
                message=wall.message,
                before=wall.due_at,
                due_at=due_at,
                not_after=_last_date(wall, due_at),
            )
            for wall in retiming.planned(session, after=now)
            if (due_at := instant_of(wall.day, time.fromisoformat(wall.at), ZoneInfo(wall.zone)))
            != wall.due_at
        ]
        retiming.move(session, moved)
        instance.set_tzdata(session, tzdata)
        if moved:
            changes.announce(session)
            log.info("due times moved", messages=len(moved), tzdata=tzdata)
        session.commit()
        return len(moved)


def _last_date(wall: WallTime, due_at: datetime) -> datetime:
    shifted = wall.not_after + (due_at - wall.due_at)
    # The hand's own time may be close to the last date: that is not taken from it.
    return max(shifted, wall.not_after) if wall.by_hand else shifted
