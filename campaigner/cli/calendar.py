"""`campaigner calendar`: what goes out when, and what is still to be written."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import groupby
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from campaigner.cli.outbox import ON_SCREEN
from campaigner.cli.tables import city_of, locale_words, no_text_yet
from campaigner.cli.workspace import CampaignFilter, JsonOption, WorkspaceOption, opened
from campaigner.core.icalendar import Event, write_calendar
from campaigner.services.calendar import Day, What, month_ahead


def calendar(
    days: Annotated[int, typer.Option(help="How many days from today.", min=1, max=3660)] = 60,
    campaign: CampaignFilter = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also dates that holidays or quiet times skip.")
    ] = False,
    ics: Annotated[
        bool, typer.Option("--ics", help="Print it as iCalendar, for another calendar program.")
    ] = False,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Show what goes out when, day by day, in the workspace's own zone.

    With it come texts that are still to be written, why a date was moved, and
    where two campaigns are too close on one account.

    Example: campaigner calendar --days 14
    """
    with opened(workspace) as app:
        zone, title = app.settings.zone, app.settings.title
        now = app.clock()
        entries = month_ahead(
            app.sessions,
            app.desk(),
            since=now - timedelta(days=1),
            until=now + timedelta(days=days),
            campaign=campaign,
            campaigns=app.readable_campaigns(),
            skipped=everything,
            now=now,
        )
    if as_json:
        print(json.dumps([_row(entry) for entry in entries], ensure_ascii=False, indent=2))
        return
    if ics:
        events = [_event(entry) for entry in entries if entry.what is not What.SKIPPED]
        print(write_calendar(events, name=title, now=now), end="")
        return
    if not entries:
        print("Nothing is planned in that time.")
        return
    here = ZoneInfo(zone)
    for day, of_day in groupby(entries, key=lambda entry: _local_day(entry, here)):
        print(f"{day:%A %d %B %Y}")
        for entry in of_day:
            for line in _lines(entry, here):
                print(line)
    print(f"Times are those of {city_of(zone)}.")


def _local_day(entry: Day, here: ZoneInfo) -> date:
    return entry.due_at.astimezone(here).date()


def _lines(entry: Day, here: ZoneInfo) -> Iterator[str]:
    head = f"  {entry.due_at.astimezone(here):%H:%M}  "
    if entry.what is What.SKIPPED:
        yield f"{head}{entry.campaign}  [skipped: {entry.moved}]"
        return
    place = " · ".join(filter(None, (entry.campaign, entry.item, entry.account)))
    count = f" ({entry.mails} mails)" if entry.mails else ""
    languages = ", ".join(locale_words(locale) for locale in entry.locales)
    yield f"{head}{place}{count}  [{_state(entry)}]  {languages}"
    if entry.moved:
        yield f"{' ' * len(head)}{entry.moved}"
    for other in entry.near:
        at = other.at.astimezone(here)
        yield f"{' ' * len(head)}close to {other.campaign} · {other.item} at {at:%H:%M}"


def _event(entry: Day) -> Event:
    languages = ", ".join(locale_words(locale) for locale in entry.locales)
    place = " · ".join(filter(None, (entry.campaign, entry.title or entry.item, entry.account)))
    lines = (_state(entry), languages, entry.moved)
    return Event(
        uid=f"{entry.uid}@campaigner",
        at=entry.due_at,
        summary=place,
        description="\n".join(filter(None, lines)),
    )


def _state(entry: Day) -> str:
    if entry.what is What.PLACEHOLDER:
        return no_text_yet(entry.title, entry.owner, entry.due, overdue=entry.overdue)
    return "to be composed" if entry.state is None else ON_SCREEN[entry.state]


def _row(entry: Day) -> dict[str, object]:
    return {
        "what": entry.what,
        "due_at": entry.due_at.isoformat(),
        "day": entry.day.isoformat(),
        "campaign": entry.campaign,
        "item": entry.item,
        "account": entry.account,
        "locales": list(entry.locales),
        "state": entry.state,
        "mails": entry.mails,
        "moved": entry.moved,
        "title": entry.title,
        "owner": entry.owner,
        "due": entry.due.isoformat() if entry.due else None,
        "overdue": entry.overdue,
        "near": [
            {"campaign": other.campaign, "item": other.item, "at": other.at.isoformat()}
            for other in entry.near
        ],
    }
