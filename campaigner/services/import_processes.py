"""Take a file of policy processes into our records, and say what that changes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from campaigner.core.processes import CommentWindow, Milestone, Process
from campaigner.core.stages import describe
from campaigner.db import processes as records
from campaigner.db.engine import Sessions
from campaigner.loading.processes import load_processes


@dataclass(frozen=True, kw_only=True)
class ProcessChange:
    """What an import does to one process: a sentence for each difference."""

    id: str
    short_name: str
    differences: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ImportDifference:
    """What an import changes, or would. `absent` are in the records, not in the file: they stay."""

    added: tuple[Process, ...]
    changed: tuple[ProcessChange, ...]
    unchanged: tuple[Process, ...]
    absent: tuple[Process, ...]

    @property
    def is_empty(self) -> bool:
        return not (self.added or self.changed)


def import_processes(
    sessions: Sessions, path: Path, *, dry_run: bool, now: datetime
) -> ImportDifference:
    """Read `path`, write what differs in one transaction (nothing if `dry_run`), and return it.

    The same file again changes nothing. Raises FileError with every problem
    of the file; nothing is written then.
    """
    processes = load_processes(path)
    with sessions.begin() as session:
        known = records.load_all(session)
        found = difference(known, processes)
        if not dry_run:
            differing = {process.id for process in found.added}
            differing |= {change.id for change in found.changed}
            records.replace(
                session,
                [process for process in processes if process.id in differing],
                source=path.name,
                now=now,
            )
            order = [*(process.id for process in processes), *(p.id for p in found.absent)]
            if order != [process.id for process in known]:
                records.reorder(session, order)
    return found


def difference(known: Iterable[Process], processes: Sequence[Process]) -> ImportDifference:
    """Compare the records with what a file says."""
    before = {process.id: process for process in known}
    ids = {process.id for process in processes}
    return ImportDifference(
        added=tuple(process for process in processes if process.id not in before),
        changed=tuple(
            ProcessChange(
                id=process.id,
                short_name=process.short_name,
                differences=tuple(differences(before[process.id], process)),
            )
            for process in processes
            if process.id in before and before[process.id] != process
        ),
        unchanged=tuple(process for process in processes if before.get(process.id) == process),
        absent=tuple(process for id, process in before.items() if id not in ids),
    )


_NAMED = {
    "short_name": "short name",
    "full_title": "full title",
    "organization": "organization",
    "kind": "kind",
    "working_group": "working group",
    "interest": "interest",
    "url": "address",
    "stage_confirmed": "last confirmed",
}


def differences(old: Process, new: Process) -> Iterator[str]:
    """Yield a sentence for each difference between two records of one process."""
    for name, words in _NAMED.items():
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield f"{words}: {before or 'none'} → {after or 'none'}"
    if (was := _stage(old)) != (now := _stage(new)):
        yield f"stage: {was} → {now}"
    yield from _milestones(old, new)
    yield from _windows(old, new)


def _stage(process: Process) -> str:
    stage = describe(process.kind, process.stage)
    substate = f", {process.substate.replace('_', ' ')}" if process.substate else ""
    return f"{stage}{substate}{'' if process.stage_is_publishable else ' (not confirmed)'}"


def _milestones(old: Process, new: Process) -> Iterator[str]:
    def told(milestone: Milestone) -> tuple[str, str]:
        return str(milestone.date), milestone.what

    before = {told(each): each for each in old.milestones}
    after = {told(each): each for each in new.milestones}
    for key, milestone in after.items():
        if key not in before:
            secret = "" if milestone.is_publishable else " (not to be published)"
            yield f"milestone added: {' '.join(key)}{secret}"
        elif before[key] != milestone:
            yield f"source or evidence changed: {' '.join(key)}"
    yield from (f"milestone removed: {' '.join(key)}" for key in before if key not in after)


def _windows(old: Process, new: Process) -> Iterator[str]:
    before = {window.opens: window for window in old.windows}
    after = {window.opens: window for window in new.windows}
    for opens, window in after.items():
        if opens not in before:
            yield f"public comment added: {_days(window)}"
        elif before[opens] != window:
            yield f"public comment changed: {_days(before[opens])} → {_days(window)}"
    yield from (
        f"public comment removed: {_days(window)}"
        for opens, window in before.items()
        if opens not in after
    )


def _days(window: CommentWindow) -> str:
    secret = "" if window.is_publishable else " (not to be published)"
    return f"{window.opens} to {window.closes}{secret}"
