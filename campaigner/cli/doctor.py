"""`campaigner doctor`: is everything there, and does it work."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from campaigner.app import App
from campaigner.cli.workspace import JsonOption, WorkspaceOption, opened
from campaigner.core.checkup import Check, Verdict
from campaigner.db.processes import load_all
from campaigner.errors import UserError
from campaigner.services.doctor import Patient, any_failed, examine, unreadable_settings
from campaigner.services.translate import translation_status

STYLES = {Verdict.OK: "green", Verdict.WARN: "yellow", Verdict.FAIL: "bold red"}


def doctor(
    network: Annotated[
        bool,
        typer.Option("--network", help="Ask networks who we are, and DNS how mail accounts stand."),
    ] = False,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Look at settings, database, translations, accounts and daemon; exit with 1 if one fails.

    Nothing is changed, and nothing is sent.

    Example: campaigner doctor --network
    """
    try:
        with opened(workspace) as app:
            checks = examine(patient_of(app, network=network), clock=app.clock)
    except UserError as error:
        checks = unreadable_settings(error)
    if as_json:
        print(json.dumps([asdict(check) for check in checks], ensure_ascii=False, indent=2))
    else:
        show(checks)
    if any_failed(checks):
        raise typer.Exit(1)


def patient_of(app: App, *, network: bool) -> Patient:
    """Return a workspace as the doctor takes it: each part is made when it is looked at."""
    return Patient(
        settings=app.settings,
        engine=lambda: app.engine,
        strategy=lambda: app.strategy,
        untranslated=lambda: untranslated(app),
        channel_for=app.channel if network else None,
        sender_checks=app.sender_checks,
    )


def untranslated(app: App) -> Mapping[str, int]:
    """Count by locale the strings that would hold a message; `translate status` names them."""
    try:
        with app.sessions() as session:
            processes = load_all(session)
    except UserError:
        processes = ()  # no database yet: that is a finding of its own
    rows = translation_status(
        [app.load_campaign(path) for path in app.campaign_files],
        app.catalogs,
        app.template_folders,
        [
            (f"process/{process.id}", milestone.what)
            for process in processes
            for milestone in process.milestones
            if milestone.is_publishable
        ],
        sorted({locale for account in app.accounts.values() for locale in account.locales}),
    )
    counted = Counter({row.locale: 0 for row in rows})
    for row in rows:
        counted[row.locale] += len(row.untranslated)
    return counted


def show(checks: Sequence[Check]) -> None:
    """Print a line for each check, and under what is not right the way to put it right."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("")
    table.add_column("What")
    table.add_column("Found, and what to do", overflow="fold")
    for check in checks:
        style = STYLES[check.verdict]
        found = f"{check.found}\n→ {check.fix}" if check.fix else check.found
        table.add_row(f"[{style}]{check.verdict}[/]", escape(check.name), escape(found))
    Console().print(table)
    wrong = Counter(check.verdict for check in checks)
    if wrong[Verdict.FAIL]:
        print(f"{wrong[Verdict.FAIL]} of {len(checks)} checks failed.")
    elif wrong[Verdict.WARN]:
        print(f"It works; {wrong[Verdict.WARN]} of {len(checks)} checks ask for your attention.")
    else:
        print("All is well.")
