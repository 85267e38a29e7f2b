"""What changed in the policy processes from one time to another, of what may be published."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from campaigner.core.processes import CommentWindow, Fact, PartialDate, Standing


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """All that could be published at one time, in the order of the records."""

    at: datetime
    standings: tuple[Standing, ...]

    def standing(self, id: str) -> Standing | None:
        return next((each for each in self.standings if each.id == id), None)


@dataclass(frozen=True, kw_only=True)
class ProcessAdded:
    process: str


@dataclass(frozen=True, kw_only=True)
class StageEntered:
    """It is at a stage (or substate) other than the one last told; `before` empty: none was."""

    process: str
    before: str
    stage: str
    substate: str
    confirmed: PartialDate | None


@dataclass(frozen=True, kw_only=True)
class MilestoneAdded:
    process: str
    fact: Fact


@dataclass(frozen=True, kw_only=True)
class MilestoneMoved:
    process: str
    fact: Fact
    before: PartialDate


@dataclass(frozen=True, kw_only=True)
class MilestoneReworded:
    """The same date and source tell it in other words: a correction."""

    process: str
    fact: Fact
    before: str


@dataclass(frozen=True, kw_only=True)
class CommentOpened:
    process: str
    window: CommentWindow


@dataclass(frozen=True, kw_only=True)
class CommentMoved:
    """The closing day was changed: mostly an extension."""

    process: str
    window: CommentWindow
    before: date


@dataclass(frozen=True, kw_only=True)
class CommentClosing:
    process: str
    window: CommentWindow


@dataclass(frozen=True, kw_only=True)
class CommentClosed:
    process: str
    window: CommentWindow


Change = (
    ProcessAdded
    | StageEntered
    | MilestoneAdded
    | MilestoneMoved
    | MilestoneReworded
    | CommentOpened
    | CommentMoved
    | CommentClosing
    | CommentClosed
)


def compare(old: Snapshot, new: Snapshot) -> list[Change]:
    """Return what can be told at `new` and could not at `old`, by process in the order of `new`.

    A process that `old` lacks is one change, whatever it holds. What has
    vanished from the records is none.
    """
    changes: list[Change] = []
    for standing in new.standings:
        before = old.standing(standing.id)
        if before is None:
            changes.append(ProcessAdded(process=standing.id))
            continue
        changes.extend(_stage_changes(before, standing))
        changes.extend(_milestone_changes(before, standing))
        changes.extend(_comment_changes(before, standing, was=old.at, now=new.at))
    return changes


def _stage_changes(old: Standing, new: Standing) -> Iterator[Change]:
    if new.stage and (new.stage, new.substate) != (old.stage, old.substate):
        yield StageEntered(
            process=new.id,
            before=old.stage,
            stage=new.stage,
            substate=new.substate,
            confirmed=new.confirmed,
        )


def _milestone_changes(old: Standing, new: Standing) -> Iterator[Change]:
    known = {(fact.date, fact.what) for fact in old.facts}
    kept = {(fact.date, fact.what) for fact in new.facts}
    gone = [fact for fact in old.facts if (fact.date, fact.what) not in kept]
    for fact in new.facts:
        if (fact.date, fact.what) in known:
            continue
        if moved := _take(gone, [each for each in gone if each.what == fact.what]):
            yield MilestoneMoved(process=new.id, fact=fact, before=moved.date)
        elif reworded := _take(gone, [each for each in gone if _told_by(each) == _told_by(fact)]):
            yield MilestoneReworded(process=new.id, fact=fact, before=reworded.what)
        else:
            yield MilestoneAdded(process=new.id, fact=fact)


def _take(facts: list[Fact], candidates: Sequence[Fact]) -> Fact | None:
    """Remove the first candidate from `facts` and return it: each is the past of one only."""
    if not candidates:
        return None
    facts.remove(candidates[0])
    return candidates[0]


def _told_by(fact: Fact) -> tuple[PartialDate, str]:
    return fact.date, fact.source


def _comment_changes(
    old: Standing, new: Standing, *, was: datetime, now: datetime
) -> Iterator[Change]:
    known = {window.opens: window for window in old.windows}
    for window in new.windows:
        before = known.get(window.opens)
        was_open = before is not None and before.is_open(was)
        if window.closes_at < now:
            if was_open:
                yield CommentClosed(process=new.id, window=window)
        elif not window.is_open(now):
            continue  # still to come: told when it opens
        elif before and before.has_begun(was) and before.closes != window.closes:
            yield CommentMoved(process=new.id, window=window, before=before.closes)
        elif not was_open:
            yield CommentOpened(process=new.id, window=window)
        elif window.is_closing(now) and not (before and before.is_closing(was)):
            yield CommentClosing(process=new.id, window=window)
