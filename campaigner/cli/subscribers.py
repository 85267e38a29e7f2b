"""`campaigner subscribers`: who gets mail."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from campaigner.cli.tables import locale_words, show_table
from campaigner.cli.workspace import AsOption, JsonOption, WorkspaceOption, opened
from campaigner.db import subscribers
from campaigner.loading.subscribers import load_subscribers
from campaigner.services.import_subscribers import import_subscribers, remove_subscriber

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Take in, list and remove readers.\n\nExample: campaigner subscribers list",
)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV: address,name,locale,zone,country.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only print what would be done.")
    ] = False,
    by: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Take readers in from a CSV file. May be run again: nobody is added twice or brought back.

    Example: campaigner subscribers import campaigns/data/subscribers.csv
    """
    loaded = load_subscribers(file)
    with opened(workspace) as opened_app:
        taken = import_subscribers(
            opened_app.sessions,
            loaded.subscribers,
            source=file.name,
            by=by or opened_app.settings.user,
            now=opened_app.clock(),
            dry_run=dry_run,
        )
    print(
        f"{taken.added} new, {taken.corrected} corrected, {taken.unchanged} unchanged, "
        f"{taken.gone} left out because they unsubscribed."
    )
    for problem in loaded.problems:
        print(f"{file}:{problem.line}: {problem.found}. {problem.fix}", file=sys.stderr)
    if dry_run:
        print("Nothing was changed (--dry-run).")
    if loaded.problems:
        raise typer.Exit(1)


@app.command("list")
def list_(as_json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """List the readers: address, language, zone, state.

    Example: campaigner subscribers list --json
    """
    with opened(workspace) as opened_app, opened_app.sessions() as session:
        rows = subscribers.all_readers(session)
    if as_json:
        print(
            json.dumps(
                [
                    {
                        "address": row.address,
                        "name": row.name,
                        "locale": row.locale,
                        "zone": row.zone,
                        "country": row.country,
                        "state": row.state,
                    }
                    for row in rows
                ],
                ensure_ascii=False,
                indent=2,
            )
        )
        return
    show_table(
        ["address", "name", "language", "zone", "state"],
        [[row.address, row.name, locale_words(row.locale), row.zone, row.state] for row in rows],
    )


@app.command()
def remove(
    address: Annotated[str, typer.Argument(help="The address of who leaves.")],
    workspace: WorkspaceOption = None,
) -> None:
    """Let a reader go, at once: what was on its way to them is not sent.

    Example: campaigner subscribers remove ana@example.org
    """
    with opened(workspace) as opened_app:
        stopped = remove_subscriber(opened_app.sessions, address)
    print(f"{address} gets no more mail; {stopped} on their way were stopped.")
