"""Guard against copies: a restored or copied database must not speak a second time."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import structlog

from campaigner.db import guard, instance, pauses
from campaigner.db.engine import Sessions
from campaigner.db.instance import Seen, Standing

log = structlog.get_logger()

REASONS = {
    Standing.COPIED: "this database has run elsewhere: on another machine, or as another user",
    Standing.RESTORED: "this database is older than what last ran here: a restored backup",
}


def bind(sessions: Sessions, state_dir: Path, *, clock: Callable[[], datetime]) -> Seen:
    """Compare the database with this user's memory, and stop everything where they disagree.

    A copy starts paused. So does a restored backup, and what fell due since it
    was made waits for a person: posts as `unknown`, mails as `held`, because
    it may be out already. Then the database is bound to this user.
    """
    now = clock()
    with sessions() as session:
        seen = instance.look(session, state_dir)
        if seen.standing is Standing.NEW:
            # Before the commit: a crash in between must not make our own look like a copy.
            instance.remember(state_dir, seen.instance, seen.sequence)
        if seen.standing in REASONS:
            pauses.add_pause(
                session,
                scope=pauses.ALL,
                target="",
                reason=REASONS[seen.standing],
                by="guard",
                now=now,
            )
            log.warning("everything is paused", reason=REASONS[seen.standing])
        if seen.standing is Standing.RESTORED:
            doubtful = guard.doubt_past(session, now=now)
            log.warning("may be out already", **doubtful)
        name, sequence = instance.advance(session, at_least=seen.remembered or 0)
        session.commit()
    instance.remember(state_dir, name, sequence)
    return seen
