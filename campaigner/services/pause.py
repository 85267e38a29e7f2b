"""Pause and resume: a stop that works at once, and a start that sends nothing by itself."""

from dataclasses import dataclass
from datetime import datetime

from campaigner.core.countries import COUNTRIES
from campaigner.db import broadcasts, changes, pauses
from campaigner.db.engine import Sessions
from campaigner.errors import UserError


@dataclass(frozen=True, kw_only=True)
class Resumed:
    """How many posts, and how many broadcasts that had not begun, fell due meanwhile.

    Each waits for a person: send, move or drop.
    """

    missed: int
    broadcasts: int = 0


def pause(
    sessions: Sessions, *, scope: str, target: str, reason: str, by: str, now: datetime
) -> bool:
    """Stop everything, an account, a campaign, a broadcast or a country; False if it is already.

    From the commit on no fence lets anything of it pass, claimed or not. What
    is being sent at that very moment is already out. `target` names what of
    the scope; a country by its code, a broadcast by its number.
    """
    with sessions() as session:
        new = pauses.add_pause(session, scope=scope, target=target, reason=reason, by=by, now=now)
        changes.announce(session)
        session.commit()
        return new


def resume(sessions: Sessions, *, scope: str, target: str, by: str, now: datetime) -> Resumed:
    """Lift a stop. What fell due under it is held, and goes out only if a person says so.

    A broadcast that had begun goes on: some have it.

    Raises UserError if there is no such stop.
    """
    with sessions() as session:
        missed = pauses.hold_missed(session, scope=scope, target=target, now=now)
        stopped = broadcasts.hold_missed(session, scope=scope, target=target, now=now)
        if not pauses.lift(session, scope=scope, target=target, by=by, now=now):
            session.rollback()
            raise UserError(
                f"{in_words(scope, target)} is not paused. `campaigner pause --list` shows what is"
            )
        changes.announce(session)
        session.commit()
        return Resumed(missed=missed, broadcasts=stopped)


def in_words(scope: str, target: str) -> str:
    """Return what a stop covers, as people say it: country BR (Brazil)."""
    if scope == pauses.ALL:
        return "everything"
    if scope == pauses.COUNTRY:
        return f"country {target} ({COUNTRIES.get(target, target)})"
    if scope == pauses.EDITION:
        return f"broadcast {target}"
    return f"{scope} '{target}'"
