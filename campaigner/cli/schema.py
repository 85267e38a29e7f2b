"""`campaigner schema`: what a campaign file may look like, for editors."""

import json
from pathlib import Path
from typing import Annotated

import typer

from campaigner.app import App
from campaigner.cli.workspace import WorkspaceOption
from campaigner.errors import UserError
from campaigner.loading.files import write_whole
from campaigner.loading.schema import SCHEMAS, campaign_schema
from campaigner.services.new import SCHEMA
from campaigner.settings import find_workspace, load_settings


def schema(
    of: Annotated[
        str, typer.Option("--for", help=f"Which file: {', '.join(SCHEMAS)}.", metavar="FILE")
    ] = "campaign",
    write: Annotated[
        bool, typer.Option("--write", help=f"Put it into campaigns/{SCHEMA} of the workspace.")
    ] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Print the JSON Schema of campaign files, so that an editor completes and checks them.

    In a workspace it names its accounts and projects; elsewhere any are taken.

    Example: campaigner schema --write
    """
    if of not in SCHEMAS:
        raise UserError(f"there is no schema for '{of}'. Choose among {', '.join(SCHEMAS)}")
    if write and of != "campaign":
        raise UserError("--write is for campaign files. Send the output of others to a file")
    if (folder := _workspace(workspace, needed=write)) is None or of != "campaign":
        print(_text(SCHEMAS[of]()))
        return
    app = App(load_settings(folder))
    text = _text(campaign_schema(app.strategy, app.accounts))
    if not write:
        print(text)
        return
    path = app.settings.workspace / "campaigns" / SCHEMA
    write_whole(path, f"{text}\n".encode())
    print(
        f"{path} is written. As the first line of a campaign file, this ties it to the file:\n\n"
        f"# yaml-language-server: $schema={SCHEMA}\n\n"
        "Write it again when accounts or the strategy change."
    )


def _workspace(named: Path | None, *, needed: bool) -> Path | None:
    """Return the workspace to take names from; None outside of any, unless one is needed."""
    if named is not None or needed:
        return named or find_workspace(Path.cwd())
    try:
        return find_workspace(Path.cwd())
    except UserError:
        return None


def _text(schema: object) -> str:
    return json.dumps(schema, ensure_ascii=False, indent=2)
