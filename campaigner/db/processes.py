"""The policy processes of our records: taken in whole, read back whole."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from campaigner.core.processes import CommentWindow, Milestone, PartialDate, Process
from campaigner.db import models

LAST = 2**31 - 1


def load_all(session: Session) -> tuple[Process, ...]:
    """Return every process with all its facts, in the order of the records; three queries."""
    milestones: dict[str, list[Milestone]] = defaultdict(list)
    windows: dict[str, list[CommentWindow]] = defaultdict(list)
    for row in session.scalars(select(models.Milestone).order_by(models.Milestone.position)):
        milestones[row.process_id].append(
            Milestone(
                date=PartialDate.parse(row.date),
                what=row.what,
                source=row.source,
                evidence=row.evidence,
            )
        )
    for window in session.scalars(
        select(models.CommentWindow).order_by(models.CommentWindow.opens)
    ):
        windows[window.process_id].append(
            CommentWindow(
                opens=window.opens,
                closes=window.closes,
                url=window.url,
                is_publishable=window.publishable,
            )
        )
    rows = session.scalars(
        select(models.Process).order_by(models.Process.position, models.Process.id)
    )
    return tuple(_process(row, tuple(milestones[row.id]), tuple(windows[row.id])) for row in rows)


def replace(session: Session, processes: Sequence[Process], *, source: str, now: datetime) -> None:
    """Write `processes` in the place of those of the same id; the others stay as they are.

    Six statements, however many processes. A new one stands last until
    `reorder` says otherwise.
    """
    ids = [process.id for process in processes]
    # Children first: SQLite cascades only where foreign keys are switched on.
    for child in (models.Milestone, models.CommentWindow):
        session.execute(delete(child).where(child.process_id.in_(ids)))
    kept = session.execute(
        delete(models.Process)
        .where(models.Process.id.in_(ids))
        .returning(models.Process.id, models.Process.position)
    )
    places = {row.id: row.position for row in kept}
    rows = (_row(process, places.get(process.id, LAST)) for process in processes)
    _insert(
        session,
        models.Process,
        ({**row, "imported_from": source, "imported_at": now} for row in rows),
    )
    _insert(session, models.Milestone, (row for process in processes for row in _facts(process)))
    _insert(
        session, models.CommentWindow, (row for process in processes for row in _windows(process))
    )


def reorder(session: Session, ids: Sequence[str]) -> None:
    """Give the processes the order of `ids`."""
    session.execute(
        update(models.Process), [{"id": id, "position": place} for place, id in enumerate(ids)]
    )


def _insert(session: Session, model: type[models.Base], rows: Iterable[dict[str, Any]]) -> None:
    if values := list(rows):
        session.execute(insert(model), values)


def _process(
    row: models.Process, milestones: tuple[Milestone, ...], windows: tuple[CommentWindow, ...]
) -> Process:
    return Process(
        id=row.id,
        short_name=row.short_name,
        full_title=row.full_title,
        organization=row.organization,
        kind=row.kind,
        working_group=row.working_group,
        interest=row.interest,
        url=row.url,
        stage=row.stage,
        substate=row.substate,
        stage_confirmed=PartialDate.parse(row.stage_confirmed),
        stage_is_publishable=row.stage_publishable,
        milestones=milestones,
        windows=windows,
    )


def _row(process: Process, position: int) -> dict[str, Any]:
    return {
        "id": process.id,
        "position": position,
        "short_name": process.short_name,
        "full_title": process.full_title,
        "organization": process.organization,
        "kind": process.kind,
        "working_group": process.working_group,
        "interest": process.interest,
        "url": process.url,
        "stage": process.stage,
        "substate": process.substate,
        "stage_confirmed": str(process.stage_confirmed),
        "stage_publishable": process.stage_is_publishable,
    }


def _facts(process: Process) -> Iterable[dict[str, Any]]:
    for position, milestone in enumerate(process.milestones):
        yield {
            "process_id": process.id,
            "position": position,
            "date": str(milestone.date),
            "what": milestone.what,
            "source": milestone.source,
            "evidence": milestone.evidence,
            "publishable": milestone.is_publishable,
        }


def _windows(process: Process) -> Iterable[dict[str, Any]]:
    for window in process.windows:
        yield {
            "process_id": process.id,
            "opens": window.opens,
            "closes": window.closes,
            "url": window.url,
            "publishable": window.is_publishable,
        }
