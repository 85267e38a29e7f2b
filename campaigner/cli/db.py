"""`campaigner db`: the database's shape."""

from typing import Annotated

import typer

from campaigner.cli.workspace import WorkspaceOption, opened
from campaigner.db import schema
from campaigner.errors import UserError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Bring the database up to date, or look whether it is.\n\nExample: campaigner db upgrade",
)


@app.command()
def upgrade(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only print what would be done.")
    ] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Apply the migrations that the database lacks. Safe to run twice.

    Example: campaigner db upgrade
    """
    with opened(workspace) as opened_app:
        missing = schema.pending(opened_app.engine)
        if not dry_run:
            schema.upgrade(opened_app.engine, lists=opened_app.settings.lists)
    for title in missing:
        print(f"{'would apply' if dry_run else 'applied'} {title}")
    print("The database is up to date." if not (dry_run and missing) else "Nothing was changed.")


@app.command()
def check(workspace: WorkspaceOption = None) -> None:
    """Look whether the database is up to date and whole; exit 1 if it is not.

    Example: campaigner db check
    """
    with opened(workspace) as opened_app:
        missing = schema.pending(opened_app.engine)
        damage = schema.damage(opened_app.engine)
    if damage:
        raise UserError(
            f"the database is damaged: {damage[0]}. Stop the daemon and restore a backup"
        )
    if missing:
        raise UserError(f"the database lacks: {', '.join(missing)}. Run `campaigner db upgrade`")
    print("The database is up to date and whole.")
