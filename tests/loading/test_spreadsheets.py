from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigner.core.exchange import Offer, Row, State, key_of, plain
from campaigner.errors import FileError
from campaigner.loading.spreadsheets import (
    Returned,
    escaped,
    fits,
    read_workbook,
    unescaped,
    write_workbook,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def row(translation: str = "Hola", **changes: object) -> Row:
    values: dict[str, object] = {
        "key": key_of("campaigns", "demo/one text", "Hello"),
        "context": "demo/one text",
        "where": "post on X",
        "source": "Hello",
        "translation": translation,
        "left": 35,
        "limit": "234 of 280 on X",
        "due": "2026-12-01",
        "state": State.DONE,
        **changes,
    }
    return Row(**values)  # type: ignore[arg-type]


def written(folder: Path, *rows: Row) -> Path:
    path = folder / "es.xlsx"
    path.write_bytes(write_workbook(rows, locale="es", title="Spanish"))
    return path


def changed(path: Path, **cells: Any) -> Path:
    """Type into cells (F2=…) as a person would, and save."""
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    for place, value in cells.items():
        sheet[place] = value
    book.save(path)
    return path


def offer(path: Path) -> Offer:
    returned = read_workbook(path)
    assert not returned.problems
    (one,) = returned.offers
    return one


def test_a_translator_can_type_only_where_it_is_wanted(tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(written(tmp_path, row())).worksheets[0]
    headings = [cell.value for cell in sheet[1]]
    open_cells = {
        headings[(cell.column or 0) - 1] for cell in sheet[2] if not cell.protection.locked
    }
    assert open_cells == {"translation (es)", "state", "note"}
    assert sheet.protection.sheet
    assert not sheet.protection.password
    assert sheet.freeze_panes == "A2"
    assert all(cell.alignment.wrap_text for cell in sheet[2])
    assert sheet.column_dimensions["M"].hidden


@pytest.mark.parametrize("text", ["=1+1", "+1", "-5", "@here", "1e5", "2026-12-01", "TRUE", "007"])
def test_nothing_is_taken_for_a_formula_a_number_or_a_date(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, row(text))
    cell = openpyxl.load_workbook(path).worksheets[0]["F2"]
    assert (cell.data_type, cell.value, cell.number_format) == ("s", text, "@")
    assert cell.quotePrefix == text.startswith(("=", "+", "-", "@"))
    assert offer(path).translation == text


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS), max_size=4))
def test_what_comes_back_untouched_is_known_as_such(
    tmp_path: Path, texts: list[tuple[str, str, str]]
) -> None:
    rows = [
        row(translation, key=f"id{number:016}", source=f"x{source}", note=note)
        for number, (translation, source, note) in enumerate(texts)
    ]
    returned = read_workbook(written(tmp_path, *rows))
    assert (returned.locale, returned.problems) == ("es", ())
    assert [one.key for one in returned.offers] == [one.key for one in rows]
    for one in returned.offers:
        assert one.untouched("anything else")
        assert (one.new_state, one.new_note, one.fault) == (None, None, "")


@given(TEXTS)
def test_what_xml_cannot_carry_is_escaped(text: str) -> None:
    plain_ends = text.replace("\r\n", "\n").replace("\r", "\n")
    assert unescaped(escaped(text)) == plain_ends or "_x" in text
    assert not set(escaped(text)) & set("\x00\x0b\r\uffff")


def test_a_number_is_what_was_typed_and_a_date_is_a_fault(tmp_path: Path) -> None:
    path = written(tmp_path, row())
    assert offer(changed(path, F2=2026)).translation == "2026"
    assert offer(changed(path, F2=1.5)).translation == "1.5"
    assert offer(changed(path, F2=date(2026, 12, 1))).fault == "the cell was turned into a date"
    assert offer(changed(path, F2=True)).fault == "the cell was turned into true or false"
    assert offer(changed(path, F2="=A1")).fault == "the cell holds a formula, not a text"


def test_a_text_longer_than_a_cell_does_not_fit() -> None:
    assert fits(row("a" * 32_000))
    assert not fits(row("a" * 33_000))


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ({"F1": "traducción"}, "there is no column 'translation'"),
        ({"F1": "translation (es) old"}, "there is no column 'translation'"),
        ({"D1": "sourse"}, "there is no column 'source'. Is it 'sourse'?"),
        ({"A1": None}, "there is no column 'context'"),
        ({"G1": "translation (es)"}, "there are two columns 'translation (es)'"),
        ({"G1": "translation (fr)"}, "there are 2 columns of translations"),
        ({"F1": "translation (español)"}, "'español' is not the name of a locale"),
    ],
)
def test_a_wrong_column_is_told_in_one_line(
    tmp_path: Path, cells: dict[str, object], told: str
) -> None:
    path = changed(written(tmp_path, row()), **cells)
    with pytest.raises(FileError) as raised:
        read_workbook(path)
    assert told in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04nonsense", b"context,source,translation\n"])
def test_what_is_no_workbook_is_told(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "es.xlsx"
    path.write_bytes(data)
    with pytest.raises(FileError, match=r"this is no .xlsx workbook"):
        read_workbook(path)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be read"):
        read_workbook(tmp_path / "es.xlsx")


def test_a_heading_without_a_language_leaves_it_open(tmp_path: Path) -> None:
    path = changed(written(tmp_path, row()), F1="Translation ")
    assert read_workbook(path) == Returned(
        locale="", offers=read_workbook(path).offers, problems=()
    )


def test_what_office_programs_change_by_themselves_is_no_change() -> None:
    assert plain("“Don’t” – wait…\u00a0now") == plain('"Don\'t" - wait... now')
