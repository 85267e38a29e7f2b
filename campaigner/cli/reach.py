"""`campaigner reach`: what was reached, along the strategy or by what campaigns are made of."""

import json
from dataclasses import replace
from datetime import datetime, time
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from campaigner.cli.moments import read_moment
from campaigner.cli.tables import locale_words, stamp
from campaigner.cli.workspace import AsOption, JsonOption, WorkspaceOption, opened
from campaigner.core.cadence import ONE_DAY, instant_of
from campaigner.core.reach import COUNTERS, By, Report, Row
from campaigner.errors import UserError
from campaigner.services import outbox
from campaigner.services.enter import enter as enter_figures
from campaigner.services.report import LEVELS
from campaigner.services.report import report as make_report

ABSENT = "—"
HAND = "*"  # beside a figure that a person entered
WIDEST = 1000  # characters; wider than any table here

HEADINGS = {
    By.PROJECT: "Project",
    By.OBJECTIVE: "Objective",
    By.KEY_AREA: "Key area",
    By.CAMPAIGN: "Campaign",
    By.CHANNEL: "Channel",
    By.LOCALE: "Language",
}

DAY, DAYS = "YYYY-MM-DD", ["%Y-%m-%d"]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="What was reached, and figures that only you can see.\n\n"
    "Example: campaigner reach report --by objective",
)


@app.command()
def report(
    by: Annotated[By, typer.Option(help="What a row stands for.")] = By.PROJECT,
    since: Annotated[
        datetime | None, typer.Option(formats=DAYS, metavar=DAY, help="The first day.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=DAYS, metavar=DAY, help="The last day.")
    ] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Show what was published and what it reached; — where a network tells nothing.

    Both days are inclusive, in the workspace's time zone. A message that
    serves two projects counts in both: rows are not to be added up.

    Example: campaigner reach report --by objective --since 2026-07-01 --until 2026-12-31
    """
    if since and until and until < since:
        raise UserError(f"--until {until:%Y-%m-%d} is before --since. Exchange the two days")
    with opened(workspace) as wired:
        zone = ZoneInfo(wired.settings.zone)
        with wired.reading_sessions() as session:
            found = make_report(
                session,
                wired.strategy,
                by=by,
                since=_midnight(since, zone),
                until=_midnight(until + ONE_DAY, zone) if until else None,
            )
    if by is By.LOCALE:
        rows = (replace(row, title=locale_words(row.key)) for row in found.rows)
        found = replace(found, rows=tuple(rows))
    if as_json:
        print(json.dumps([as_object(row) for row in found.rows], ensure_ascii=False, indent=2))
    elif found.rows:
        show(found, zone)
    else:
        print("Nothing was published in this period, so there is nothing to show yet.")


@app.command()
def enter(
    number: Annotated[int, typer.Argument(help="A post's number, from `outbox list`.")],
    figures: Annotated[list[str], typer.Argument(help="Like impressions=1200 reactions=30.")],
    at: Annotated[
        str | None,
        typer.Option(
            help="When they stood so, like '2026-12-01 10:00' in the post's zone; or now."
        ),
    ] = None,
    source: Annotated[str, typer.Option(help="Where you read them, for the record.")] = "",
    by: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Enter what a published post reached, as its network shows it to you: running totals.

    It replaces what was entered before. A network that tells campaigner itself
    is asked again all the same, and its newer figures win.

    Example: campaigner reach enter 12 impressions=1200 reactions=30 --source "LinkedIn analytics"
    """
    values = dict(_figure(text) for text in figures)
    with opened(workspace) as wired:
        now = wired.clock()
        entry, _ = outbox.show(wired.sessions, number, now=now)
        entered = enter_figures(
            wired.sessions,
            number,
            values,
            source=source,
            at=read_moment(at, entry.listed.message.zone) if at else now,
            by=by or wired.settings.user,
            now=now,
        )
    for one in entered:
        before = ABSENT if one.before is None else f"{one.before:,}"
        note = "  (the network said so later: reports keep that)" if one.outdated else ""
        print(f"{one.counter.replace('_', ' ')}: {before} → {one.after:,}{note}")


def _figure(text: str) -> tuple[str, int]:
    word, _, figure = text.partition("=")
    if not (figure.isascii() and figure.isdigit()):
        raise UserError(f"'{text}' is no figure. Write it like impressions=1200, without points")
    return word.strip().replace("-", "_"), int(figure)


def as_object(row: Row) -> dict[str, Any]:
    """Return a row as JSON has it: every counter there is, null where it is absent."""
    return {
        "key": row.key,
        "title": row.title,
        "messages": row.messages,
        "unknown": row.unknown,
        "locales": list(row.locales),
        **{word: row.counters.get(word) for word in COUNTERS},
        "by_hand": [word for word in COUNTERS if word in row.by_hand],
        "sampled_at": row.sampled_at.isoformat() if row.sampled_at else None,
    }


def show(report: Report, zone: ZoneInfo) -> None:
    """Print the report for a person, side by side if the terminal is wide enough for it."""
    console = Console()
    table = as_table(report)
    unbounded = console.options.update_width(WIDEST)
    needs = console.measure(table, options=unbounded).minimum
    console.print(table if needs <= console.width else as_list(report))
    counted = [row.sampled_at for row in report.rows if row.sampled_at]
    if counted:
        print(f"The networks were last asked at {stamp(max(counted), zone.key)}.")
    if any(row.by_hand for row in report.rows):
        print(f"{HAND} entered by hand, at least in part.")


def as_table(report: Report) -> Table:
    """Return a row for each group; only the counters that some group has."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column(HEADINGS[report.by], min_width=26)
    for word, _ in _figures(report.rows[0], report):
        table.add_column(word.capitalize(), justify="right", no_wrap=True, min_width=len(word))
    for row in report.rows:
        table.add_row(_name(row, report.by), *(figure for _, figure in _figures(row, report)))
    return table


def as_list(report: Report) -> Table:
    """Return the same for a narrow terminal: each group's figures below one another."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column(HEADINGS[report.by])
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("Reached", no_wrap=True)
    for number, row in enumerate(report.rows):
        if number:
            table.add_row()
        figures = _figures(row, report)
        table.add_row(
            _name(row, report.by),
            "\n".join(figure for _, figure in figures),
            "\n".join(word for word, _ in figures),
        )
    return table


def _figures(row: Row, report: Report) -> list[tuple[str, str]]:
    """Return what a row has to show, in words and figures; the same words for every row."""
    shown = [("messages", f"{row.messages:,}")]
    for word in report.counters:
        value = row.counters.get(word)
        mark = HAND if word in row.by_hand else ""
        shown.append((word.replace("_", " "), ABSENT if value is None else f"{value:,}{mark}"))
    if any(other.unknown for other in report.rows):
        shown.append(("not confirmed", f"{row.unknown:,}"))
    return shown


def _name(row: Row, by: By) -> str:
    """Return what a group is called, and under it the languages that it was published in."""
    name = row.title or row.key
    if by in LEVELS:
        name = f"{row.key}  {row.title or '(of another strategy)'}"
    languages = ", ".join(locale_words(locale) for locale in row.locales)
    if by is By.LOCALE or not languages:
        return escape(name)
    return f"{escape(name)}\n[dim]{escape(languages)}[/]"


def _midnight(day: datetime | None, zone: ZoneInfo) -> datetime | None:
    return instant_of(day.date(), time(0), zone) if day else None
