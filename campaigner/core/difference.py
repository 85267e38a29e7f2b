"""What queueing changes, or would change: a list that a person reads before saying yes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from campaigner.core.collisions import Collision
from campaigner.core.delivery import Hold
from campaigner.core.editions import ScheduledEdition
from campaigner.core.message import Identity
from campaigner.core.moving import Skipped
from campaigner.core.schedule import PlannedPlaceholder, Undated


@dataclass(frozen=True, kw_only=True)
class Change:
    """One line of the difference.

    `what` is new, changed, moved, canceled, unchanged, sent or expired.
    `moved` is why its time is not the schedule's own, in words; empty: it is.
    """

    what: str
    identity: Identity
    due_at: datetime
    note: str = ""
    hold: Hold | None = None
    moved: str = ""


def is_overdue(placeholder: PlannedPlaceholder, *, now: datetime) -> bool:
    """Whether its text was to be written by now, on the calendar of its zone."""
    due = placeholder.item.due
    return due is not None and due < now.astimezone(placeholder.zone).date()


@dataclass(frozen=True, kw_only=True)
class Queued:
    """What queueing did, or would do. `run` is the run's name, `start_at` its fixed start.

    Beside the messages: items on whose date there is no text yet, items without
    a date, dates that do not exist, and where another campaign speaks on the
    same account at nearly the same time. `next_edition` is a digest's next
    one, not composed yet.
    """

    run: str
    start_at: datetime
    first_time: bool
    changes: Sequence[Change]
    placeholders: Sequence[PlannedPlaceholder] = ()
    undated: Sequence[Undated] = ()
    skipped: Sequence[Skipped] = ()
    collisions: Sequence[Collision] = ()
    next_edition: ScheduledEdition | None = None

    def count(self, what: str) -> int:
        return sum(change.what == what for change in self.changes)

    @property
    def unscheduled(self) -> list[str]:
        """The items without a date, in order of the file, each once."""
        return list(dict.fromkeys(one.item.id for one in self.undated))
