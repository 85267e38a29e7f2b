"""List what came back, and show one of it."""

from collections.abc import Sequence

from campaigner.db import bounces
from campaigner.db.bounces import Handled
from campaigner.db.engine import Sessions
from campaigner.db.models import Bounce
from campaigner.errors import UserError


def listed(
    sessions: Sessions, *, state: Handled | None = None, limit: int | None = None
) -> Sequence[Bounce]:
    """Return reports, newest first, without the mails themselves."""
    with sessions() as session:
        return bounces.listed(session, state=state, limit=limit)


def shown(sessions: Sessions, number: int) -> Bounce:
    """Return a report with its mail. Raises UserError where there is none of that number."""
    with sessions() as session:
        row = bounces.find(session, number)
    if row is None:
        raise UserError(f"there is no report {number}. See `campaigner bounces list`")
    return row
