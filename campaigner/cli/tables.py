"""How lists look on a terminal: one shape of table, one way to write a time or a language."""

import sys
from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from rich import box
from rich.console import Console
from rich.table import Table

from campaigner.rendering.formats import locale_name


def show_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; on no terminal it is as wide as it needs to be, so that nothing is cut."""
    table = Table(box=box.SIMPLE, pad_edge=False)
    for title in titles:
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*row)
    width = None if sys.stdout.isatty() else 220
    Console(width=width, markup=False, highlight=False).print(table)


def stamp(moment: datetime, zone: str) -> str:
    """Return a time as people write it, with its city: 2026-12-01 10:00 Montevideo."""
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} {city_of(zone)}"


def city_of(zone: str) -> str:
    """Return what people call a zone: Montevideo."""
    return zone.rpartition("/")[2].replace("_", " ")


def locale_words(locale: str) -> str:
    """Return a locale by its own name: español (América Latina)."""
    return locale_name(locale, locale)


def no_text_yet(title: str, owner: str, due: date | None, *, overdue: bool) -> str:
    """Return a placeholder in words: no text yet: Phishing, maria, due 2026-11-20, overdue."""
    words = [title, owner, f"due {due}" if due else "", "overdue" if overdue else ""]
    return f"no text yet: {', '.join(filter(None, words))}"
