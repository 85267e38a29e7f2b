"""`campaigner init`: an empty folder becomes a workspace in which everything works."""

from pathlib import Path
from typing import Annotated

import typer

from campaigner.app import App
from campaigner.db import schema
from campaigner.loading.subscribers import load_subscribers
from campaigner.services.import_processes import import_processes
from campaigner.services.import_subscribers import import_subscribers
from campaigner.services.init import init_workspace
from campaigner.settings import FILE, load_settings, sample_root

SAMPLE_PROCESSES = Path("campaigns", "data", "pdps.yaml")
SAMPLE_READERS = Path("campaigns", "data", "subscribers.csv")


def init(
    folder: Annotated[Path, typer.Argument(help="A new or empty folder.")] = Path(),
    if_missing: Annotated[
        bool, typer.Option("--if-missing", help="Do nothing if it is a workspace already.")
    ] = False,
) -> None:
    """Make a workspace in an empty folder, against the sandbox: nothing leaves this machine.

    It gets the sample campaigns with their translations, a database, the
    sample's policy processes and made-up readers.

    Example: campaigner init demo
    """
    if if_missing and (folder / FILE).is_file():
        print(f"{folder} is a workspace already.")
        return
    init_workspace(folder, sample_root())
    app = App(load_settings(folder))
    try:
        schema.upgrade(app.engine, lists=app.settings.lists)
        import_processes(app.sessions, folder / SAMPLE_PROCESSES, dry_run=False, now=app.clock())
        record = {"how": "import", "source": "sample, made up", "by": "campaigner init"}
        today = app.clock().date()
        readers = load_subscribers(folder / SAMPLE_READERS, record=record, today=today)
        for name in app.settings.lists:
            import_subscribers(
                app.sessions, readers, list=name, keyring=app.keyring, clock=app.clock
            )
    finally:
        app.close()
    where = "" if folder == Path() else f"  cd {folder}\n"
    print(
        f"{folder.resolve().name} is a workspace: {FILE}, campaigns/, locales/, templates/.\n"
        "Its accounts talk to the sandbox only. Next:\n\n"
        f"{where}"
        "  campaigner preview campaigns/dns-security-awareness.yaml --locale es\n"
        "  campaigner queue campaigns/dns-security-awareness.yaml --start now\n"
        "  campaigner approve dns-security-awareness --as somebody-else\n"
        "  campaigner run --sandbox"
    )
