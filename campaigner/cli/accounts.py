"""`campaigner accounts`: what is configured, where it sends to, and whether it answers."""

import json
from typing import Annotated

import typer

from campaigner.cli.dkim import dkim
from campaigner.cli.tables import locale_words, show_table
from campaigner.cli.workspace import AsOption, JsonOption, WorkspaceOption, opened
from campaigner.services import accounts
from campaigner.services.accounts import Standing

app = typer.Typer(
    no_args_is_help=False,
    invoke_without_command=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Show accounts; make one live; reconnect one.\n\nExample: campaigner accounts list",
)

Name = Annotated[str, typer.Argument(help="An account's name in campaigner.toml.")]


@app.callback()
def default(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        list_()


@app.command("list")
def list_(as_json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """List the accounts: channel, languages, where each sends to, and its state.

    Example: campaigner accounts list
    """
    with opened(workspace) as opened_app:
        rows = accounts.list_accounts(opened_app.sessions, opened_app.settings)
    if as_json:
        print(json.dumps([_row(row) for row in rows], ensure_ascii=False, indent=2))
        return
    show_table(
        ["account", "channel", "name", "languages", "sends to", "state"],
        [
            [
                row.name,
                row.settings.channel,
                row.settings.title,
                ", ".join(locale_words(locale) for locale in row.settings.locales),
                ("live: " if row.live else "sandbox: ") + row.base,
                f"needs reconnecting: {row.reason}" if row.disconnected_at else "connected",
            ]
            for row in rows
        ],
    )


@app.command("go-live")
def go_live(
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    by: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Let an account publish on its real network. What is queued already stays in the sandbox.

    A mail account needs DKIM and DMARC of its own domain, unsubscribing with one
    click over HTTPS, and somebody who reads what bounces: what lacks is said.

    Example: campaigner accounts go-live x-es
    """
    with opened(workspace) as opened_app:
        base = accounts.live_base(opened_app.settings, name)
        if not yes:
            typer.confirm(f"From now on '{name}' publishes at {base}, for everybody. Go on?",
                          abort=True)  # fmt: skip
        accounts.go_live(
            opened_app.sessions,
            opened_app.settings,
            name,
            live=True,
            by=by or opened_app.settings.user,
            now=opened_app.clock(),
            checks=opened_app.sender_checks,
        )
    print(f"{name} is live. Queue its campaigns again, so that they are approved for {base}.")


@app.command("go-sandbox")
def go_sandbox(name: Name, by: AsOption = None, workspace: WorkspaceOption = None) -> None:
    """Take an account back to the sandbox. What was queued for its network stays so.

    Example: campaigner accounts go-sandbox x-es
    """
    with opened(workspace) as opened_app:
        accounts.go_live(
            opened_app.sessions,
            opened_app.settings,
            name,
            live=False,
            by=by or opened_app.settings.user,
            now=opened_app.clock(),
        )
    print(f"{name} talks to the sandbox. Queue its campaigns again to take effect.")


@app.command()
def reconnect(name: Name, workspace: WorkspaceOption = None) -> None:
    """Ask the network whether the account's credentials work; if so, let its posts go out again.

    Example: campaigner accounts reconnect x-es
    """
    with opened(workspace) as opened_app:
        who, freed = accounts.reconnect(
            opened_app.sessions,
            opened_app.settings,
            name,
            channel_at=opened_app.channel,
            now=opened_app.clock(),
        )
    print(f"{name} is connected{f' as {who}' if who else ''}; {freed} that waited go out again.")


app.command("dkim")(dkim)


def _row(row: Standing) -> dict[str, object]:
    return {
        "account": row.name,
        "channel": row.settings.channel,
        "title": row.settings.title,
        "locales": list(row.settings.locales),
        "live": row.live,
        "base": row.base,
        "disconnected_at": row.disconnected_at.isoformat() if row.disconnected_at else None,
        "reason": row.reason,
    }
