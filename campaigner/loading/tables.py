"""Tables that people saved somewhere: CSV in whatever encoding, with whatever delimiter, or XLSX.

A table is read row by row, so that a million rows take no more memory than ten.
"""

import codecs
import csv
import io
import itertools
import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TextIO

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from campaigner.errors import FileError, Problem

SAMPLE = 1 << 20  # bytes by which an encoding is guessed
LOOKED_AT = 20  # rows by which a delimiter is guessed
DELIMITERS = ",;\t|"
MOST_COLUMNS = 200
MOST_BYTES = 2_000_000_000  # of an XLSX file, unpacked
LONGEST_CELL = 100_000

Row = tuple[int, Sequence[str]]
"""The line on which a row ends, from 1, and its cells."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What names and cities of the Americas have beyond ASCII, in Spanish, Portuguese and French.
_LETTERS = frozenset("áéíóúüñçãõâêôàèìòùëïîûœ¿¡ªº’“”«»–—ÁÉÍÓÚÜÑÇÃÕÂÊÔÀÈÌÒÙËÏÎÛŒäöåøßæÄÖÅØÆ·€°")
_OLD = ("cp1252", "cp850")
_SEPARATOR_LINE = re.compile(r"sep=(.)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table that is open. `headings` is its first row; `rows` may be gone through once.

    `told` says how the file was understood, like ``windows-1252, semicolons``.
    """

    headings: tuple[str, ...]
    rows: Iterator[Row]
    told: str


@contextmanager
def open_table(path: Path, *, encoding: str | None = None) -> Iterator[Table]:
    """Open a CSV or XLSX file; `encoding` where a CSV's is known better than it can be guessed.

    Raises FileError for a file that is no table, also while its rows are gone through.
    """
    if _is_workbook(path):
        with _workbook(path) as table:
            yield table
        return
    file, table = _open_csv(path, encoding)
    with file:
        yield table


def _is_workbook(path: Path) -> bool:
    try:
        return zipfile.is_zipfile(path)
    except OSError:
        return False


def _open_csv(path: Path, encoding: str | None) -> tuple[TextIO, Table]:
    try:
        name = encoding or detect_encoding(path)
        file = path.open(encoding=name, newline="")
    except LookupError:
        found, fix = f"there is no encoding '{encoding}'", "Write one like utf-8 or windows-1252."
        raise FileError(path, [Problem(1, found, fix)]) from None
    except OSError as error:
        found = f"it cannot be read: {error.strerror or error}"
        raise FileError(path, [Problem(1, found, "Check its name and permissions.")]) from None
    try:
        return file, _csv(path, file, name)
    except UnicodeError:
        file.close()
        found = f"the file is not in {_encoding_words(name)}"
        fix = "Save it again as CSV UTF-8, or name its encoding with --encoding."
        raise FileError(path, [Problem(1, found, fix)]) from None


def detect_encoding(path: Path) -> str:
    """Return the encoding of a text file: by its mark, by what it can be, else by its letters."""
    with path.open("rb") as file:
        start = file.read(SAMPLE)
        for mark, name in _BOMS:
            if start.startswith(mark):
                return name
        if guess := _wide(start):
            return guess
        file.seek(0)
        if _is_utf8(file):
            return "utf-8"
    return _eight_bit(start)


def _wide(start: bytes) -> str:
    """Return which UTF-16 this is without a mark: half of its bytes are zero; else nothing."""
    if start.count(0) * 4 < len(start):
        return ""
    return "utf-16-le" if start[1::2].count(0) >= start[::2].count(0) else "utf-16-be"


def _is_utf8(file: io.BufferedReader) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while chunk := file.read(SAMPLE):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _eight_bit(start: bytes) -> str:
    """Return the old encoding in which most of what is not ASCII are letters of our region.

    Windows' wins where it is as good as any: nearly all such files come from
    there, and Latin-1 is the same in all letters. Where none of ours is good,
    statistics of all languages decide.
    """
    high = bytes(byte for byte in start if byte >= 0x80)
    scores = {name: sum(map(_fits, high.decode(name, errors="replace"))) for name in _OLD}
    best = max(_OLD, key=lambda name: scores[name])
    if scores[best] * 10 >= len(high) * 8:
        return best
    from charset_normalizer import from_bytes

    found = from_bytes(start).best()
    return found.encoding if found is not None else best


def _fits(character: str) -> int:
    """Return how much a character speaks for an encoding: a letter more than a mark."""
    return (1 + character.isalpha()) * (character in _LETTERS)


def _csv(path: Path, file: TextIO, encoding: str) -> Table:
    lines = iter(file)
    head = list(itertools.islice(lines, LOOKED_AT))
    skipped = 0
    stated = _SEPARATOR_LINE.fullmatch(head[0].strip().lstrip("\ufeff")) if head else None
    if stated:  # as Excel writes it for itself
        delimiter, head, skipped = stated[1], head[1:], 1
    else:
        delimiter = _delimiter(head)
    rows = _csv_rows(path, itertools.chain(head, lines), delimiter, skipped)
    headings = next(rows, (1, ()))[1]
    names = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
    told = f"{_encoding_words(encoding)}, {names.get(delimiter, repr(delimiter))}"
    return Table(headings=_headings(path, headings), rows=rows, told=told)


def _encoding_words(encoding: str) -> str:
    return {"cp1252": "windows-1252", "utf-8-sig": "utf-8"}.get(encoding, encoding)


def _delimiter(head: Sequence[str]) -> str:
    """Return what separates most cells, and in all rows as many; a comma where nothing does."""

    def rated(delimiter: str) -> tuple[int, int]:
        try:
            rows = [row for row in csv.reader(head, delimiter=delimiter) if row]
        except csv.Error:
            return (0, 0)
        width = len(rows[0]) if rows else 0
        return (sum(len(row) == width for row in rows) if width > 1 else 0, width)

    return max(DELIMITERS, key=rated)


def _csv_rows(path: Path, lines: Iterator[str], delimiter: str, skipped: int) -> Iterator[Row]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            if any(map(str.strip, cells)):
                yield skipped + reader.line_num, cells
    except csv.Error as error:
        fix = "Look for a quotation mark that is not closed, here or above."
        found = f"this is not CSV: {error}"
        raise FileError(path, [Problem(skipped + reader.line_num, found, fix)]) from None
    except UnicodeError:
        found = "from here on the file is in another encoding"
        fix = "Save it again as CSV UTF-8, or name its encoding with --encoding."
        raise FileError(path, [Problem(skipped + reader.line_num + 1, found, fix)]) from None


def _headings(path: Path, cells: Sequence[str]) -> tuple[str, ...]:
    if len(cells) > MOST_COLUMNS:
        found = f"it has {len(cells)} columns, more than {MOST_COLUMNS}"
        raise FileError(path, [Problem(1, found, "Take out those that are not needed.")])
    return tuple(cell.strip().lstrip("\ufeff") for cell in cells)


@contextmanager
def _workbook(path: Path) -> Iterator[Table]:
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(part.file_size for part in archive.infolist())
        if size > MOST_BYTES:
            found = "unpacked it is larger than 2 GB"
            raise FileError(path, [Problem(1, found, "Save it as CSV instead.")])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and validations that we do not need
            book = load_workbook(path, read_only=True, data_only=True)
    except (InvalidFileException, KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
        found = f"this is no spreadsheet that can be read: {error}"
        raise FileError(path, [Problem(1, found, "Save it again as .xlsx.")]) from None
    try:
        sheet = next((sheet for sheet in book.worksheets if sheet.sheet_state == "visible"), None)
        if sheet is None:
            raise FileError(path, [Problem(1, "it has no sheet", "Save it again as .xlsx.")])
        if hasattr(sheet, "reset_dimensions"):
            sheet.reset_dimensions()  # as stated they may be wrong
        rows = _sheet_rows(sheet.iter_rows(values_only=True))
        headings = next(rows, (1, ()))[1]
        told = f"sheet '{sheet.title}'"
        yield Table(headings=_headings(path, headings), rows=rows, told=told)
    finally:
        book.close()


def _sheet_rows(rows: Iterator[tuple[object, ...]]) -> Iterator[Row]:
    for number, values in enumerate(rows, start=1):
        cells = [_cell(value) for value in values[:MOST_COLUMNS]]
        if any(map(str.strip, cells)):
            yield number, cells


def _cell(value: object) -> str:
    """Return a cell of a sheet as text: a date as 2026-01-31, a whole number without a point."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.date().isoformat() if value.time() == _MIDNIGHT else value.isoformat(" ")
        case date():
            return value.isoformat()
        case float() if value.is_integer():
            return str(int(value))
        case _:
            return str(value)


_MIDNIGHT = datetime.min.time()


def rows_about(path: Path) -> int | None:
    """Return about how many rows a CSV has, for a progress bar; None for a spreadsheet."""
    if _is_workbook(path):
        return None
    try:
        with path.open("rb") as file:
            return max(
                0, sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(SAMPLE), b"")) - 1
            )
    except OSError:
        return None
