"""What queueing changes, or would change: a list that a person reads before saying yes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from campaigner.core.delivery import Hold
from campaigner.core.message import Identity
from campaigner.core.schedule import ScheduledEdition


@dataclass(frozen=True, kw_only=True)
class Change:
    """One line of the difference.

    `what` is new, changed, moved, canceled, unchanged, sent or expired.
    """

    what: str
    identity: Identity
    due_at: datetime
    note: str = ""
    hold: Hold | None = None


@dataclass(frozen=True, kw_only=True)
class Queued:
    """What queueing did, or would do. `run` is the run's name, `start_at` its fixed start.

    `next_edition` is a digest's next one, not composed yet.
    """

    run: str
    start_at: datetime
    first_time: bool
    changes: Sequence[Change]
    unscheduled: Sequence[str]
    next_edition: ScheduledEdition | None = None

    def count(self, what: str) -> int:
        return sum(change.what == what for change in self.changes)
