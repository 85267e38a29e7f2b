"""The command line: arguments → one service call → printed result. The only place that prints.

Every command is a file that is imported when it is used: `--help` answers at once.
"""

import importlib
import os
import sys
from typing import Annotated, Any

import typer
import typer.main
from typer.core import TyperGroup

from campaigner import __version__
from campaigner.errors import CampaignerError

# name → (module of this package, attribute, one line for --help), in the order of a day's work
COMMANDS = {
    "init": ("init", "init", "Make a workspace in an empty folder."),
    "check": ("check", "check", "Check campaign files, and say every problem at once."),
    "schema": ("schema", "schema", "Print the JSON Schema of campaign files, for editors."),
    "new": ("new", "new", "Make a campaign's first file from a few questions."),
    "strategy": ("strategy", "strategy", "Show the strategic plan that campaigns serve."),
    "preview": ("preview", "preview", "Show what a campaign would say, per network and language."),
    "count": ("count", "count", "Count a text as a network counts it."),
    "rehearse": ("rehearse", "rehearse", "Play a campaign's whole life in seconds, in a sandbox."),
    "kit": ("kit", "kit", "Make a page for partners: texts and pictures in all languages."),
    "queue": ("queue", "queue", "Put a campaign into the outbox, or take up its changes."),
    "approve": ("approve", "approve", "Say yes to what waits, exactly as it is."),
    "pause": ("pause", "pause", "Stop everything, an account or a campaign, at once."),
    "resume": ("pause", "resume", "Lift a pause; what was missed waits for you."),
    "broadcast": ("broadcast", "app", "Look at mails on their way to many; stop or resend them."),
    "correct": ("correct", "app", "Edit, delete or set right what is out there."),
    "calendar": ("calendar", "calendar", "Show what goes out when."),
    "outbox": ("outbox", "app", "Look at every post and mail, and decide what no machine may."),
    "run": ("run", "run", "Run daemon and web server, and start them again if they end."),
    "daemon": ("daemon", "daemon", "Publish what is due, until stopped."),
    "web": ("web", "web", "Answer /healthz on this machine, until stopped."),
    "sandbox": ("sandbox", "sandbox", "Play the networks on this machine, to see what goes out."),
    "accounts": ("accounts", "app", "Show accounts; make one live; reconnect one."),
    "subscribers": ("subscribers", "app", "Take in, list and remove readers."),
    "bounces": ("bounces", "app", "Look at what came back, and decide what no machine may."),
    "pdp": ("processes", "app", "Take in and list policy development processes."),
    "translate": ("translate", "app", "Extract, exchange and check translations."),
    "reach": ("reach", "app", "Report reach along the plan."),
    "db": ("db", "app", "Bring the database up to date, or look whether it is."),
    "doctor": ("doctor", "doctor", "Look at everything, and say what is wrong."),
}


STYLE: dict[str, Any] = {"add_completion": False, "rich_markup_mode": None}


class Commands(TyperGroup):
    """Imports a command's file when it is called."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        found = getattr(importlib.import_module(f"campaigner.cli.{module}"), attribute)
        if not isinstance(found, typer.Typer):
            alone = typer.Typer(**STYLE)
            alone.command(cmd_name)(found)
            found = alone
        command = typer.main.get_command(found)
        command.name = cmd_name
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands for --help, which needs the file of none of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, help) for name, (_, _, help) in COMMANDS.items()])


def show_version(wanted: bool) -> None:
    if wanted:
        print(f"campaigner {__version__}")
        raise typer.Exit


root = typer.Typer(cls=Commands, no_args_is_help=True, **STYLE)


@root.callback()
def campaigner(
    version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Show it.")
    ] = False,
) -> None:
    """Schedule localized campaigns: written once, published on time, never twice in silence.

    Example: campaigner init demo
    """


def main(arguments: list[str] | None = None) -> None:
    """Run a command. Exit 0: done; 1: a problem of the user's, told on stderr; 2: usage."""
    try:
        typer.main.get_command(root)(args=arguments, prog_name="campaigner")
    except CampaignerError as error:
        print(str(error), file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:
        # Whoever read our output has enough (`campaigner … | head`).
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if (trouble := _database_trouble(error)) is None:
            raise
        print(trouble, file=sys.stderr)
        sys.exit(1)


def _database_trouble(error: Exception) -> str | None:
    """Say what is wrong with the database, if that is what an error is about."""
    if "sqlalchemy" not in sys.modules:
        return None
    from sqlalchemy.exc import DatabaseError

    if not isinstance(error, DatabaseError):
        return None
    # The statement and the address are left out: they may hold texts and passwords.
    reason = str(error.orig).strip().splitlines()[0]
    return f"the database does not do it: {reason}. See `campaigner doctor`"
