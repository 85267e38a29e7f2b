"""`campaigner daemon`: the process that publishes."""

from typing import Annotated

import typer

from campaigner.cli.logs import LogFormat, log_to_stderr
from campaigner.cli.workspace import WorkspaceOption, opened


def daemon(
    log_format: Annotated[
        LogFormat, typer.Option(help="For people, or one JSON object a line.")
    ] = LogFormat.AUTO,
    workspace: WorkspaceOption = None,
) -> None:
    """Publish what is due, until SIGINT or SIGTERM: then finish what is being sent, and end.

    Example: campaigner daemon --log-format json
    """
    from campaigner.daemon import run_daemon  # the clock is imported by whom it wakes

    log_to_stderr(log_format)
    with opened(workspace) as app:
        run_daemon(app)
