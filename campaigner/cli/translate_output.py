"""What the commands of `campaigner translate` print: lists for people, objects for programs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from campaigner.rendering.catalogs import Why, quoted
from campaigner.rendering.formats import locale_name
from campaigner.rendering.returning import Taken
from campaigner.services.translate import TranslationStatus
from campaigner.services.translate_import import Imported
from campaigner.services.translate_update import Updated

SPOKEN = "en"  # the language of this command's own words
NAMES = {"processes": "policy processes", "templates": "templates"}
HEADINGS = {
    Why.MISSING: "Missing",
    Why.CHECK_AGAIN: "To check",
    Why.PLACEHOLDER: "Faulty",
}
DONE_WORDS = (
    ("added", "new"),
    ("moved", "moved with its translation"),
    ("back", "back with its translation"),
    ("kept", "edited, still good"),
    ("to_check", "edited, to be checked again"),
    ("gone", "gone"),
)


def as_object(row: TranslationStatus) -> dict[str, Any]:
    return {
        "locale": row.locale,
        "domain": row.domain,
        "campaign": row.campaign or None,
        "file": str(row.file),
        "total": row.total,
        "translated": row.translated,
        "missing": row.count(Why.MISSING),
        "check_again": row.count(Why.CHECK_AGAIN),
        "placeholders_differ": row.count(Why.PLACEHOLDER),
        "stale": row.stale,
        "faults": list(row.faults),
        "warnings": [
            {"string": name, "kind": remark.kind, "found": remark.found}
            for name, remark in row.remarks
        ],
    }


def updated_object(row: Updated) -> dict[str, Any]:
    changes = {name: getattr(row.changes, name) for name, _ in DONE_WORDS}
    return {
        "file": str(row.path),
        "locale": row.locale,
        "domain": row.domain,
        "written": row.written,
        **changes,
    }


def taken_object(taken: Taken) -> dict[str, Any]:
    return {
        "domain": taken.brief.domain,
        "context": taken.brief.string.context,
        "form": taken.form or None,
        "source": taken.source,
        "before": taken.before,
        "after": taken.after,
        "state": taken.state,
    }


def show(rows: Sequence[TranslationStatus], *, workspace: Path) -> None:
    """Print a line for each part and language, then what to translate, and what to look at."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("Language")
    table.add_column("What", overflow="fold")
    found = [why for why in Why if any(row.count(why) for row in rows)]
    odd = any(row.remarks for row in rows)
    headings = ["Strings", "Done", *(HEADINGS[why] for why in found), *(["To look at"] * odd)]
    for heading in headings:
        table.add_column(heading, justify="right")
    for row in sorted(rows, key=lambda row: (row.locale, row.domain, row.campaign)):
        counts = [row.total, row.translated, *map(row.count, found)]
        counts += [len(row.remarks)] * odd
        table.add_row(
            locale_name(row.locale, SPOKEN),
            row.campaign or NAMES[row.domain],
            *(f"{count:,}" for count in counts),
        )
    Console().print(table)
    for row in rows:
        if row.is_complete:
            continue
        file = shown(row.file, workspace)
        print(f"\nTranslate these in {file}, with an editor for .po files such as Poedit:")
        for fault in row.faults:
            print(f"  {fault}")
    for row in rows:
        if row.remarks:
            print(f"\nLook at these in {shown(row.file, workspace)}; they hold nothing back:")
        for name, remark in row.remarks:
            print(f"  {row.locale}: {name} {remark.found}")
    if rows and all(row.is_complete for row in rows):
        print("Every string has its translation.")


def shown(path: Path, workspace: Path) -> Path:
    return path.relative_to(workspace) if path.is_relative_to(workspace) else path


def told(row: Updated) -> str:
    counted: list[tuple[int, str]] = [
        (len(getattr(row.changes, name)), words) for name, words in DONE_WORDS
    ]
    said = ", ".join(f"{count} {words}" for count, words in counted if count)
    return said or ("only comments are newer" if row.differs else "up to date")


def show_import(done: Imported) -> None:
    for taken in done.comparison.taken:
        form = f" ({taken.form})" if taken.form else ""
        name = taken.brief.string.context or quoted(taken.source)
        print(f"{name}{form}: {taken.state}")
        if taken.before != taken.after:
            if taken.before:
                print(f"  - {taken.before}")
            print(f"  + {taken.after}")
    for remark in done.remarks:
        print(f"Look at this: {remark}.")
    count = len(done.comparison.taken)
    print(f"{count} texts in {locale_name(done.locale, SPOKEN)} are new or changed.")


def tell_dry(dry_run: bool) -> None:
    if dry_run:
        print("Nothing was changed (--dry-run).")
