"""Rows for a translator as an .xlsx workbook, and back from one that an office program rewrote.

A column is found by its heading, wherever it stands now. Every text is
written as text: nothing is taken for a formula, a number or a date.
"""

import io
import re
import warnings
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.styles import Alignment, Font, PatternFill, Protection
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.datavalidation import DataValidation

from campaigner.core.exchange import Offer, Row, State
from campaigner.core.locales import normalize
from campaigner.core.spelling import did_you_mean
from campaigner.errors import FileError, Problem

LONGEST_CELL = 32_767  # characters; Excel takes no more
MOST_BYTES = 50_000_000  # unpacked
MOST_COLUMNS = 100
WIDTHS = {
    "context": 30, "where": 28, "form": 8, "source": 60, "previous source": 40, "translation": 60,
    "room left": 10, "limit": 16, "glossary": 40, "due": 12, "state": 13, "note": 30, "id": 45,
}  # fmt: skip
NEEDED = ("context", "source", "translation")
OPEN = ("translation", "state", "note")  # what a translator may change
_HEADING = re.compile(r"translation\s*[(\[]\s*([\w-]+)\s*[)\]]", re.IGNORECASE)
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0d\x0e-\x1f\ufffe\uffff]")
_FORMULA = ("=", "+", "-", "@", "\t")


@dataclass(frozen=True, kw_only=True)
class Returned:
    """What a workbook holds. `locale` is that of its heading; empty if it does not say."""

    locale: str
    offers: tuple[Offer, ...]
    problems: tuple[Problem, ...]


def fits(row: Row) -> bool:
    """Whether a spreadsheet takes all of a row's texts."""
    return max(len(escaped(text)) for text in (row.source, row.previous, row.translation)) < (
        LONGEST_CELL
    )


def write_workbook(rows: Sequence[Row], *, locale: str, title: str) -> bytes:
    """Return the rows as an .xlsx file. Only translation, state and note can be typed into.

    Every row must fit (see `fits`).
    """
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = re.sub(r"[\[\]:*?/\\]", " ", title)[:31]
    headings = [f"translation ({locale})" if name == "translation" else name for name in WIDTHS]
    for column, (heading, width) in enumerate(zip(headings, WIDTHS.values(), strict=True), start=1):
        cell = sheet.cell(row=1, column=column, value=heading)
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", start_color="FFE8EEF4")
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        sheet.column_dimensions[get_column_letter(column)].width = width
    for line, row in enumerate(rows, start=2):
        for column, (name, value) in enumerate(_cells(row).items(), start=1):
            _put(sheet.cell(row=line, column=column), name, value)
    sheet.column_dimensions[get_column_letter(len(WIDTHS))].hidden = True
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(WIDTHS))}{len(rows) + 1}"
    sheet.protection.sheet = True
    sheet.protection.formatColumns = False
    sheet.protection.formatRows = False
    sheet.protection.autoFilter = False
    sheet.protection.sort = False
    if rows:
        states = ",".join((State.NEW, State.CHECK, State.DONE))
        choice = DataValidation(type="list", formula1=f'"{states}"', allow_blank=True)
        states_in = get_column_letter(list(WIDTHS).index("state") + 1)
        choice.add(f"{states_in}2:{states_in}{len(rows) + 1}")
        sheet.add_data_validation(choice)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def read_workbook(path: Path) -> Returned:
    """Read the first sheet that has the columns; rows without anything are passed over.

    Raises FileError for a file that is no such workbook, or lacks a column.
    """
    rows = _rows(path)
    headings = _headings(path, rows[0] if rows else ())
    columns = {name: place for name, place in headings.items() if not _HEADING.fullmatch(name)}
    translation, locale = _translation_column(path, headings)
    columns["translation"] = translation
    offers, problems = [], []
    for line, cells in enumerate(rows[1:], start=2):
        values = {
            name: cells[place] if place < len(cells) else None for name, place in columns.items()
        }
        if all(value is None or str(value).strip() == "" for value in values.values()):
            continue
        offer = _offer(values, line)
        if isinstance(offer, Problem):
            problems.append(offer)
        else:
            offers.append(offer)
    return Returned(locale=locale, offers=tuple(offers), problems=tuple(problems))


def escaped(text: str) -> str:
    """Return a text as a cell holds it: what XML cannot carry as `_x000B_` (ECMA-376, 22.4.2.4)."""
    literal = _ESCAPE.sub(lambda found: f"_x005F{found[0]}", text)
    return _NO_XML.sub(lambda found: f"_x{ord(found[0]):04X}_", literal)


def unescaped(text: str) -> str:
    """Return what a cell's text stands for; line ends are plain."""
    plain = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    return plain.replace("\r\n", "\n").replace("\r", "\n")


def _cells(row: Row) -> Mapping[str, str | int | None]:
    return {
        "context": row.context,
        "where": row.where,
        "form": row.form,
        "source": row.source,
        "previous source": row.previous,
        "translation": row.translation,
        "room left": row.left,
        "limit": row.limit,
        "glossary": row.glossary,
        "due": row.due,
        "state": row.state.value,
        "note": row.note,
        "id": f"{row.key}-{row.stamp}",
    }


def _put(cell: Any, name: str, value: str | int | None) -> None:
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    cell.protection = Protection(locked=name not in OPEN)
    if isinstance(value, int):
        cell.value = value
        return
    cell.number_format = "@"
    if value:
        text = escaped(value)[:LONGEST_CELL]
        cell.value = text
        cell.data_type = "s"  # whatever it looks like
        cell.quotePrefix = text.startswith(_FORMULA)


def _rows(path: Path) -> list[list[Any]]:
    """Return the cells of the sheet with our columns; of the first one if none has them."""
    unreadable = FileError(
        path,
        [Problem(1, "this is no .xlsx workbook", "Save it as Excel 2007-365 (.xlsx), or as .po.")],
    )
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MOST_BYTES:
                fix = "Export fewer strings, with --campaign or --missing."
                raise FileError(path, [Problem(1, "the workbook is too large", fix)])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions that it does not know
            # Row by row: a format on a whole column makes a million empty rows.
            book = load_workbook(path, read_only=True, keep_links=False)
            sheets = [_cells_in(sheet) for sheet in book.worksheets]
            book.close()
    except OSError as error:
        found = f"it cannot be read: {error.strerror or error}"
        raise FileError(path, [Problem(1, found, "Check its name and permissions.")]) from None
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, SyntaxError, TypeError):
        raise unreadable from None
    ours = (rows for rows in sheets if rows and "source" in map(_heading, rows[0]))
    return next(ours, sheets[0] if sheets else [])


def _cells_in(sheet: Any) -> list[list[Any]]:
    """Return the rows of a sheet up to the last one with anything in it."""
    sheet.reset_dimensions()  # as stated they may be wrong
    rows: list[list[Any]] = []
    empty = 0
    for cells in sheet.iter_rows():
        values = [_value(cell) for cell in cells[:MOST_COLUMNS]]
        if all(value is None or value == "" for value in values):
            empty += 1
            continue
        rows += [[] for _ in range(empty)]
        rows.append(values)
        empty = 0
    return rows


@dataclass(frozen=True)
class _Formula:
    """A cell that holds a formula, or what came of one that failed."""

    text: str


def _value(cell: Any) -> Any:
    return _Formula(str(cell.value)) if cell.data_type in ("f", "e") else cell.value


def _heading(value: object) -> str:
    return " ".join(unescaped(value).split()).casefold() if isinstance(value, str) else ""


def _headings(path: Path, cells: Iterable[object]) -> Mapping[str, int]:
    """Return where each column stands. Raises FileError for one that is missing or double."""
    named = [_heading(cell) for cell in cells]
    known = {
        name: place
        for place, name in enumerate(named)
        if name in WIDTHS or _HEADING.fullmatch(name)
    }
    problems = []
    for name in dict.fromkeys(named):
        if name in known and named.count(name) > 1:
            found = f"there are two columns '{name}'"
            problems.append(Problem(1, found, "Keep the one that was exported."))
    strange = [name for name in named if name and name not in known]
    for name in NEEDED:
        there = name in known or (name == "translation" and any(map(_HEADING.fullmatch, known)))
        if not there:
            fix = did_you_mean(name, strange, otherwise="").replace("Did you mean", "Is it")
            found = f"there is no column '{name}'"
            problems.append(
                Problem(1, found, f"{fix} Write '{name}' over it, in the first row.".strip())
            )
    if problems:
        raise FileError(path, problems)
    return known


def _translation_column(path: Path, headings: Mapping[str, int]) -> tuple[int, str]:
    named = [name for name in headings if _HEADING.fullmatch(name)]
    if len(named) > 1:
        found = f"there are {len(named)} columns of translations"
        raise FileError(path, [Problem(1, found, "Keep one language in a file.")])
    if not named:
        return headings["translation"], ""
    stated = _HEADING.sub(r"\1", named[0])
    try:
        return headings[named[0]], normalize(stated)
    except ValueError as error:
        fix = "Write it as it was exported, like 'translation (es)'."
        raise FileError(path, [Problem(1, str(error), fix)]) from None


def _offer(values: Mapping[str, Any], line: int) -> Offer | Problem:
    context = _text(values.get("context"))
    key, _, stamp = _text(values.get("id")).strip().partition("-")
    if not key and not context:
        found = "there is no context in this row"
        return Problem(line, found, "Export again, and copy the translation over.")
    translation = values.get("translation")
    stated = _text(values.get("state")).strip().casefold()
    return Offer(
        place=f"row {line}",
        key=key,
        stamp=stamp,
        context=context or None,
        form=_text(values.get("form")).strip(),
        source=_text(values.get("source")),
        translation=_text(translation),
        written=_written(translation),
        state=State(stated) if stated in set(State) else None,
        note=_text(values["note"]) if "note" in values else None,
        fault=_fault(translation),
    )


def _text(value: object) -> str:
    """Return a cell's value as a text; a number as it was typed, as far as that can be told."""
    return unescaped(_written(value))


def _written(value: object) -> str:
    match value:
        case None:
            return ""
        case _Formula(text):
            return text
        case bool():
            return "TRUE" if value else "FALSE"
        case float() if value.is_integer():
            return str(int(value))
        case _:
            return str(value)


def _fault(value: object) -> str:
    """Say why a cell of the translations cannot be what was typed; empty if it can."""
    match value:
        case _Formula():
            return "the cell holds a formula, not a text"
        case bool():
            return "the cell was turned into true or false"
        case datetime() | date() | time():
            return "the cell was turned into a date"
        case _:
            return ""
