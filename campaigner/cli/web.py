"""`campaigner web`: the HTTP server."""

from typing import Annotated

import typer

from campaigner.cli.logs import LogFormat, log_to_stderr
from campaigner.cli.workspace import WorkspaceOption, opened


def web(
    log_format: Annotated[
        LogFormat, typer.Option(help="For people, or one JSON object a line.")
    ] = LogFormat.AUTO,
    workspace: WorkspaceOption = None,
) -> None:
    """Answer /healthz on this machine, until SIGINT or SIGTERM.

    Example: campaigner web
    """
    from campaigner.web.server import serve

    log_to_stderr(log_format)
    with opened(workspace) as app:
        serve(app, host=app.settings.web.host, port=app.settings.web.port)
