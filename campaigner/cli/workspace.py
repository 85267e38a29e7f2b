"""Open the workspace that a command works in, and close it again."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from campaigner.app import App
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


@contextmanager
def opened(workspace: Path | None) -> Iterator[App]:
    """Open the workspace named, or the nearest above; its database is opened when it is used."""
    app = App(load_settings(workspace))
    try:
        yield app
    finally:
        app.close()
