"""Tables of ours for others' programs: CSV that any spreadsheet opens right, and XLSX."""

import csv
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TextIO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

MARK = "\ufeff"  # without it Excel takes UTF-8 for something else


class Rows(Protocol):
    def write(self, cells: Sequence[str]) -> None:
        """Append a row."""


class CsvRows:
    """Rows as CSV, with the mark that says UTF-8 before the first."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._writer = csv.writer(file, lineterminator="\r\n")
        self._begun = False

    def write(self, cells: Sequence[str]) -> None:
        if not self._begun:
            self._file.write(MARK)
            self._begun = True
        self._writer.writerow(cells)


class _SheetRows:
    def __init__(self, book: Workbook) -> None:
        self._sheet = book.create_sheet("subscribers")

    def write(self, cells: Sequence[str]) -> None:
        made = []
        for text in cells:
            cell = WriteOnlyCell(self._sheet, value=text)
            cell.data_type = "s"  # whatever it begins with: never a formula, number or date
            made.append(cell)
        self._sheet.append(made)


@contextmanager
def new_table(path: Path) -> Iterator[Rows]:
    """Write a table, by its name's ending as XLSX or CSV, into the place of what is there.

    The file appears when it is whole, and not at all if something goes wrong.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    try:
        if path.suffix.lower() == ".xlsx":
            book = Workbook(write_only=True)
            yield _SheetRows(book)
            book.save(draft)
        else:
            with open(draft, "w", encoding="utf-8", newline="") as file:
                yield CsvRows(file)
        os.chmod(draft, 0o600)  # addresses of people: for whoever asked for them
        os.replace(draft, path)
    finally:
        Path(draft).unlink(missing_ok=True)
