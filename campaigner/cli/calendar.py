"""`campaigner calendar`: what goes out when."""

import json
from datetime import timedelta
from itertools import groupby
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from campaigner.cli.outbox import ON_SCREEN
from campaigner.cli.tables import locale_words
from campaigner.cli.workspace import JsonOption, WorkspaceOption, opened
from campaigner.services.calendar import Day, month_ahead


def calendar(
    days: Annotated[int, typer.Option(help="How many days from today.", min=1, max=3660)] = 60,
    campaign: Annotated[str | None, typer.Option(help="Only this campaign.")] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Show what goes out when, day by day, in the workspace's own zone.

    Example: campaigner calendar --days 14
    """
    with opened(workspace) as app:
        zone = app.settings.zone
        now = app.clock()
        entries = month_ahead(
            app.sessions,
            since=now - timedelta(days=1),
            until=now + timedelta(days=days),
            campaign=campaign,
            digests=[one for one in app.readable_campaigns() if one.digest is not None],
        )
    if as_json:
        print(json.dumps([_row(entry) for entry in entries], ensure_ascii=False, indent=2))
        return
    if not entries:
        print("Nothing is planned in that time.")
        return
    here = ZoneInfo(zone)
    for day, of_day in groupby(entries, key=lambda entry: entry.due_at.astimezone(here).date()):
        print(f"{day:%A %d %B %Y}")
        for entry in of_day:
            languages = ", ".join(locale_words(locale) for locale in entry.locales)
            count = f" ({entry.mails} mails)" if entry.mails else ""
            print(
                f"  {entry.due_at.astimezone(here):%H:%M}  {entry.campaign} · {entry.item} · "
                f"{entry.account}{count}  [{_state(entry)}]  {languages}"
            )
    print(f"Times are those of {zone.rpartition('/')[2].replace('_', ' ')}.")


def _state(entry: Day) -> str:
    return "to be composed" if entry.state is None else ON_SCREEN[entry.state]


def _row(entry: Day) -> dict[str, object]:
    return {
        "due_at": entry.due_at.isoformat(),
        "day": entry.day.isoformat(),
        "campaign": entry.campaign,
        "item": entry.item,
        "account": entry.account,
        "locales": list(entry.locales),
        "state": entry.state,
        "mails": entry.mails,
    }
