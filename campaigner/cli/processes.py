"""`campaigner pdp`: the policy development processes that digests report on."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from campaigner.cli.tables import show_table
from campaigner.cli.workspace import JsonOption, WorkspaceOption, opened
from campaigner.core.processes import Process, publish
from campaigner.core.stages import describe
from campaigner.db.processes import load_all
from campaigner.services.import_processes import ImportDifference, import_processes

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Policy development processes.\n\nExample: campaigner pdp import campaigns/data/pdps.yaml",
)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A YAML file of processes.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")
    ] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Take in a file of processes: what differs from our records is said and written.

    The same file again changes nothing. A process that the file lacks stays.

    Example: campaigner pdp import campaigns/data/pdps.yaml --dry-run
    """
    with opened(workspace) as wired:
        found = import_processes(wired.sessions, file, dry_run=dry_run, now=wired.clock())
    for process in found.added:
        print(f"+ {process.short_name} ({process.id}), {len(process.milestones)} milestones")
    for change in found.changed:
        print(f"~ {change.short_name} ({change.id})")
        for line in change.differences:
            print(f"    {line}")
    print(summary(found, dry_run=dry_run))


@app.command("list")
def list_(as_json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """List the processes of our records, and what of each may be published.

    Example: campaigner pdp list --json
    """
    with opened(workspace) as wired, wired.reading_sessions() as session:
        processes = load_all(session)
    if as_json:
        print(json.dumps([as_object(each) for each in processes], ensure_ascii=False, indent=2))
    elif processes:
        rows = [(each.id, each.short_name, *where(each)) for each in processes]
        show_table(("Id", "Process", "Stage", "Confirmed"), rows)
    else:
        print("There are no processes yet. Take some in with `campaigner pdp import FILE`.")


def summary(found: ImportDifference, *, dry_run: bool) -> str:
    """Say in a line what an import did or, as a dry run, would do."""
    would = "would be " if dry_run else ""
    parts = [
        f"{len(found.added)} {would}added",
        f"{len(found.changed)} {would}changed",
        f"{len(found.unchanged)} unchanged",
    ]
    if found.absent:
        parts.append(f"{len(found.absent)} not in this file, left as they are")
    return f"Processes: {', '.join(parts)}."


def where(process: Process) -> tuple[str, str]:
    """Return stage and date for people; the stage says so where it may not be published."""
    stage = describe(process.kind, process.stage)
    standing = publish(process)
    confirmed = str(standing.confirmed or "—")
    return (stage if standing.stage else f"{stage} (not confirmed)"), confirmed


def as_object(process: Process) -> dict[str, Any]:
    """Return a process for programs; what may not be published says so."""
    standing = publish(process)
    return {
        "id": process.id,
        "short_name": process.short_name,
        "full_title": process.full_title,
        "organization": process.organization,
        "kind": process.kind,
        "stage": process.stage,
        "substate": process.substate or None,
        "stage_publishable": process.stage_is_publishable,
        "confirmed": str(standing.confirmed) if standing.confirmed else None,
        "url": process.url or None,
        "milestones": [
            {
                "date": str(each.date),
                "what": each.what,
                "source": each.source or None,
                "evidence": each.evidence or None,
                "publishable": each.is_publishable,
            }
            for each in process.milestones
        ],
        "comments": [
            {
                "opens": each.opens.isoformat(),
                "closes_at": each.closes_at.isoformat(),
                "url": each.url or None,
                "publishable": each.is_publishable,
            }
            for each in process.windows
        ],
    }
