"""`campaigner sandbox`: local servers that play the networks, and a page to look at them."""

from typing import Annotated

import typer
from rich.console import Console

from campaigner.cli.workspace import WorkspaceOption
from campaigner.sandbox.faults import GRAMMAR, Kind, parse_fault
from campaigner.sandbox.server import Sandbox, serve
from campaigner.settings import load_settings


def sandbox(
    workspace: WorkspaceOption = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            help=f"Let a network fail: {GRAMMAR}. FAULT is one of {', '.join(Kind)}. "
            "May be given several times.",
            metavar="FAULT",
        ),
    ] = None,
) -> None:
    """Play X, Mastodon and a mail server on this machine, until Ctrl-C.

    What they receive is kept in state/sandbox, and is shown on a page.

    Example: campaigner sandbox --fault x:accept-and-drop:2
    """
    faults = [parse_fault(text) for text in fault or ()]
    settings = load_settings(workspace)
    stage = Sandbox(
        settings.sandbox,
        settings.workspace / "state" / "sandbox",
        accounts=settings.accounts,
        workspace=settings.workspace,
        faults=faults,
    )
    serve(stage, announce=_announce)


def _announce(stage: Sandbox) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"The sandbox is open: {stage.address}")
    for name, title in (("x", "X"), ("mastodon", "Mastodon"), ("email", "mail")):
        console.print(f"  {title} is played at {stage.ports.base(name)}")
    console.print("Nothing that is sent there leaves this machine. Stop with Ctrl-C.")
