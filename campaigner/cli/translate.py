"""`campaigner translate`: what is translated, and what is not yet."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from campaigner.cli.workspace import JsonOption, WorkspaceOption, opened
from campaigner.core.processes import Process
from campaigner.db.processes import load_all
from campaigner.loading.processes import load_processes
from campaigner.rendering.catalogs import Why
from campaigner.rendering.formats import locale_name
from campaigner.services.translate import TranslationStatus, translation_status

SPOKEN = "en"  # the language of this command's own words
NAMES = {"processes": "policy processes", "templates": "templates"}
HEADINGS = {
    Why.MISSING: "Missing",
    Why.CHECK_AGAIN: "To check",
    Why.PLACEHOLDER: "Faulty",
}

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="The translations.\n\nExample: campaigner translate status",
)


@app.callback()
def translate() -> None:
    """Keep `status` a subcommand: extracting and exchanging catalogs will stand beside it."""


@app.command()
def status(
    check: Annotated[
        bool, typer.Option("--check", help="Exit with 1 if a translation is missing.")
    ] = False,
    processes: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Policy processes of this file, not the imported ones."),
    ] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Show how far every language is, and each string that would hold a post.

    Example: campaigner translate status --check
    """
    with opened(workspace) as wired:
        if processes:
            known: Sequence[Process] = load_processes(processes)
        else:
            with wired.reading_sessions() as session:
                known = load_all(session)
        served = {name for account in wired.accounts.values() for name in account.locales}
        rows = translation_status(
            [wired.load_campaign(path) for path in wired.campaign_files],
            wired.catalogs,
            wired.template_folders,
            [
                (f"process/{process.id}", milestone.what)
                for process in known
                for milestone in process.milestones
                if milestone.is_publishable
            ],
            sorted(served),
        )
    if as_json:
        print(json.dumps([as_object(row) for row in rows], ensure_ascii=False, indent=2))
    else:
        show(rows, workspace=wired.settings.workspace)
    if check and not all(row.is_complete for row in rows):
        raise typer.Exit(1)


def as_object(row: TranslationStatus) -> dict[str, Any]:
    return {
        "locale": row.locale,
        "domain": row.domain,
        "campaign": row.campaign or None,
        "file": str(row.file),
        "total": row.total,
        "translated": row.translated,
        "missing": row.count(Why.MISSING),
        "check_again": row.count(Why.CHECK_AGAIN),
        "placeholders_differ": row.count(Why.PLACEHOLDER),
        "stale": row.stale,
        "faults": list(row.faults),
    }


def show(rows: Sequence[TranslationStatus], *, workspace: Path) -> None:
    """Print a line for each part and language, then what to translate, file by file."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("Language")
    table.add_column("What", overflow="fold")
    found = [why for why in Why if any(row.count(why) for row in rows)]
    for heading in ("Strings", "Done", *(HEADINGS[why] for why in found)):
        table.add_column(heading, justify="right")
    for row in sorted(rows, key=lambda row: (row.locale, row.domain, row.campaign)):
        table.add_row(
            locale_name(row.locale, SPOKEN),
            row.campaign or NAMES[row.domain],
            *(f"{count:,}" for count in (row.total, row.translated, *map(row.count, found))),
        )
    Console().print(table)
    for row in rows:
        if row.is_complete:
            continue
        file = row.file.relative_to(workspace) if row.file.is_relative_to(workspace) else row.file
        print(f"\nTranslate these in {file}, with an editor for .po files such as Poedit:")
        for fault in row.faults:
            print(f"  {fault}")
    if rows and all(row.is_complete for row in rows):
        print("Every string has its translation.")
