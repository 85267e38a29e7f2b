"""`campaigner subscribers export` and `erase`: what is held, for others; and nothing any more."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from campaigner.cli.workspace import JsonOption, WorkspaceOption, opened
from campaigner.errors import UserError
from campaigner.loading.table_files import CsvRows, Rows, new_table
from campaigner.services.erase import erase_subscriber
from campaigner.services.export_subscribers import (
    COLUMNS,
    attribute_columns,
    export_subscribers,
)
from campaigner.services.subscribers import dossier_of


def export(
    file: Annotated[
        Path | None,
        typer.Argument(help="Where to, .csv or .xlsx; otherwise CSV is printed."),
    ] = None,
    list: Annotated[
        str | None, typer.Option("--list", help="Which mailing list.", show_default=False)
    ] = None,
    segment: Annotated[
        str | None, typer.Option(help="Only whom this rule holds for.", show_default=False)
    ] = None,
    subscriber: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="Instead: all that is held of one.", show_default=False
        ),
    ] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Write who gets a list into a table that `import` takes, and no spreadsheet is harmed by.

    With --subscriber: everything that is held of one person, as JSON, to be handed to them.

    Example: campaigner subscribers export members.xlsx --segment "country = BR"
    """
    from campaigner.cli.subscribers import chosen_list, rule_of

    with opened(workspace) as app:
        if subscriber is not None:
            if segment is not None or list is not None:
                raise typer.BadParameter("--subscriber goes without --list and --segment")
            held = dossier_of(app.reading_sessions, subscriber, keyring=app.keyring)
            text = json.dumps(held, ensure_ascii=False, indent=2)
            if file is None:
                print(text)
            else:
                file.touch(mode=0o600)
                file.write_text(text + "\n", encoding="utf-8")
                print(f"{file} has all that is held of {subscriber}.")
            return
        name, rule = chosen_list(app, list), rule_of(app, segment)
        sessions = app.reading_sessions
        columns = (*COLUMNS, *attribute_columns(sessions, list=name, rule=rule))
        rows = export_subscribers(sessions, list=name, rule=rule)
        if as_json:
            print(json.dumps([*rows], ensure_ascii=False, indent=2))
            return

        def write(into: Rows) -> int:
            into.write(columns)
            written = 0
            for row in rows:
                into.write([row.get(column, "") for column in columns])
                written += 1
            return written

        if file is None:
            write(CsvRows(sys.stdout))
            return
        if file.suffix.lower() not in (".csv", ".xlsx"):
            raise UserError(f"'{file.name}' says no format. End it with .csv or .xlsx")
        with new_table(file) as table:
            number = write(table)
    print(f"{file} has {number:,} subscribers of {name}.")


def erase(
    address: Annotated[str, typer.Argument(help="The address of who is to be forgotten.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only print what would be erased.")
    ] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Forget a person: nothing that names them stays. Cannot be undone.

    What waits for them is not sent. A keyed hash of their address is kept, so
    that no import brings them back, and so that it is done again should a
    backup from before be restored.

    Example: campaigner subscribers erase ana@example.org
    """
    with opened(workspace) as app:
        found = erase_subscriber(
            app.sessions,
            address,
            keyring=app.keyring,
            state_dir=app.settings.state_dir,
            clock=app.clock,
            dry_run=dry_run,
        )
    words = "would be erased" if dry_run else "erased"
    if found.is_empty:
        known = "Nothing is held of that address"
        print(f"{known}." if dry_run else f"{known}; it is kept from being mailed.")
    else:
        print(
            f"1 subscriber {words}, " if found.subscriber else f"No subscriber {words}, ",
            f"from {found.mails:,} mails ({found.stopped:,} of them stopped), "
            f"{found.attempts:,} notes on tries, {found.bounces:,} reports and "
            f"{found.signups:,} requests by form.",
            sep="",
        )
    if dry_run:
        print("Nothing was changed (--dry-run).")
