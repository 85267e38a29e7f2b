"""One edition of the policy digest, as data: what it tells, before any language.

The first tells where each process stands. A later one tells what changed
since the edition before it, so that nothing is told twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from campaigner.core.changes import (
    Change,
    CommentClosed,
    CommentOpened,
    MilestoneAdded,
    Snapshot,
    compare,
)
from campaigner.core.plain import from_plain, to_plain
from campaigner.core.processes import (
    INTERESTS,
    CommentWindow,
    PartialDate,
    Process,
    Standing,
    publish,
)
from campaigner.core.stages import FINISHED


@dataclass(frozen=True, kw_only=True)
class OpenComment:
    """A public comment that a reader can still send in."""

    process: str
    window: CommentWindow


@dataclass(frozen=True, kw_only=True)
class News:
    """What changed in one process; at least one change."""

    process: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, kw_only=True)
class EditionData:
    """Everything that an edition tells. Processes are named by id; `snapshot` holds them.

    `previous_day` is None for the first edition: then `active` and `finished`
    are filled, later `news` and `unchanged`. `comments` are the open ones,
    the one closing soonest first.
    """

    day: date
    previous_day: date | None
    comments: tuple[OpenComment, ...]
    active: tuple[str, ...]
    finished: tuple[str, ...]
    news: tuple[News, ...]
    unchanged: tuple[str, ...]
    snapshot: Snapshot

    @property
    def is_first(self) -> bool:
        return self.previous_day is None

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to write home about: such an edition is not sent."""
        return not (self.comments or self.active or self.finished or self.news)

    @property
    def confirmed(self) -> PartialDate | None:
        """The newest date at which any of our records was confirmed by a source."""
        dates = (standing.confirmed for standing in self.snapshot.standings)
        return max((each for each in dates if each), default=None)

    def standing(self, id: str) -> Standing:
        """Return what may be published of a process. Raises KeyError for one not in it."""
        found = self.snapshot.standing(id)
        if found is None:
            raise KeyError(id)
        return found

    def to_json(self) -> dict[str, Any]:
        plain: dict[str, Any] = to_plain(self)
        return plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> "EditionData":
        return from_plain(cls, plain)


def assemble(
    processes: Iterable[Process], *, previous: EditionData | None, day: date, now: datetime
) -> EditionData:
    """Compose the edition of `day` (the nominal one) from the records as they are at `now`.

    `previous` is the last edition that was composed, None for the first. The
    order is: open comments first (the one closing soonest), then by interest
    for the region, then what was confirmed latest.
    """
    snapshot = Snapshot(at=now, standings=tuple(publish(process) for process in processes))
    comments = open_comments(snapshot)
    ordered = in_order(snapshot.standings, comments)
    finished = {each.id for each in ordered if each.stage in FINISHED}
    news = news_since(previous.snapshot, snapshot) if previous else {}
    first = previous is None
    return EditionData(
        day=day,
        previous_day=previous.day if previous else None,
        comments=comments,
        active=tuple(s.id for s in ordered if first and s.id not in finished),
        finished=tuple(s.id for s in ordered if first and s.id in finished),
        news=tuple(News(process=s.id, changes=tuple(news[s.id])) for s in ordered if s.id in news),
        unchanged=tuple(
            s.id for s in ordered if not first and s.id not in news and s.id not in finished
        ),
        snapshot=snapshot,
    )


def open_comments(snapshot: Snapshot) -> tuple[OpenComment, ...]:
    """Return the comments open at the snapshot's time, the one closing soonest first."""
    found = (
        OpenComment(process=standing.id, window=window)
        for standing in snapshot.standings
        for window in standing.windows
        if window.is_open(snapshot.at)
    )
    return tuple(sorted(found, key=lambda each: (each.window.closes, each.process)))


def in_order(standings: Iterable[Standing], comments: Sequence[OpenComment]) -> list[Standing]:
    """Sort by what a reader can act on, then by interest, then the latest confirmed."""
    places = {comment.process: place for place, comment in reversed([*enumerate(comments)])}

    def rank(standing: Standing) -> tuple[int, int, tuple[int, int, int]]:
        latest = standing.confirmed or PartialDate(0)
        return (
            places.get(standing.id, len(places)),
            INTERESTS.index(standing.interest),
            (-latest.year, -latest.month, -latest.day),
        )

    return sorted(standings, key=rank)


def news_since(old: Snapshot, new: Snapshot) -> dict[str, list[Change]]:
    """Return the changes by process, without what another change of it tells better."""
    news: dict[str, list[Change]] = {}
    for change in compare(old, new):
        news.setdefault(change.process, []).append(change)
    return {process: _once(changes) for process, changes in news.items()}


def _once(changes: list[Change]) -> list[Change]:
    """Leave out that a comment opened or closed where a new milestone of that day says so.

    The milestone says more ("16 submissions"), and the window is in *do now*.
    """
    added = [change.fact for change in changes if isinstance(change, MilestoneAdded)]

    def is_said(change: Change) -> bool:
        match change:
            case CommentOpened(window=window):
                return any(f.date.full == window.opens and "comment" in f.what for f in added)
            case CommentClosed(window=window):
                return any(f.date.full == window.closes and "closes" in f.what for f in added)
        return False

    return [change for change in changes if not is_said(change)]
