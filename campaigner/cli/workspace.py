"""Open the workspace that a command works in, and close it again."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from campaigner.app import App
from campaigner.db.engine import Sessions
from campaigner.errors import UserError
from campaigner.settings import load_settings

WorkspaceOption = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        "-w",
        help="The workspace's folder; otherwise the one above here.",
        show_default=False,
    ),
]
AsOption = Annotated[
    str | None,
    typer.Option("--as", help="Who you are, for the record.", show_default="your user name"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print a JSON array.")]
CampaignFilter = Annotated[str | None, typer.Option(help="Only this campaign.")]
AccountFilter = Annotated[str | None, typer.Option(help="Only this account.")]
LimitOption = Annotated[int | None, typer.Option(help="At most so many.", min=1)]


@contextmanager
def opened(workspace: Path | None) -> Iterator[App]:
    """Open the workspace named, or the nearest above; its database is opened when it is used."""
    app = App(load_settings(workspace))
    try:
        yield app
    finally:
        app.close()


def sessions_if_any(app: App) -> Sessions | None:
    """Return sessions for what is a help, not a need.

    None where there is no database yet, which is not made for it, or one to be upgraded.
    """
    file = app.settings.database_url.removeprefix("sqlite:///")
    if file != app.settings.database_url and not Path(file).is_file():
        return None
    try:
        return app.reading_sessions
    except UserError:
        return None
