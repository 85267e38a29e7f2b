from pathlib import Path

import pytest

from campaigner.errors import FileError
from campaigner.loading.subscribers import Loaded, load_subscribers

HEADER = "address,name,locale,zone,country\n"
LUCIA = "lucia@example.org,Lucía Pereira,es-UY,America/Montevideo,uy\n"


def load(folder: Path, text: str, encoding: str = "utf-8") -> Loaded:
    path = folder / "subscribers.csv"
    path.write_text(text, encoding=encoding, newline="")
    return load_subscribers(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_table_is_read_however_it_was_saved(
    encoding: str, separator: str, newline: str, tmp_path: Path
) -> None:
    text = (HEADER + LUCIA).replace(",", separator).replace("\n", newline)
    loaded = load(tmp_path, text, encoding)
    [lucia] = loaded.subscribers
    assert loaded.problems == ()
    assert (lucia.address, lucia.name, lucia.locale) == (
        "lucia@example.org",
        "Lucía Pereira",
        "es_UY",
    )
    assert (lucia.zone, lucia.country) == ("America/Montevideo", "UY")


def test_columns_may_come_in_any_order_and_two_may_be_absent(tmp_path: Path) -> None:
    loaded = load(tmp_path, "zone,Address,locale\nUTC,ana@example.org,pt_BR\n\n,,\n")
    [ana] = loaded.subscribers
    assert (ana.address, ana.name, ana.country) == ("ana@example.org", "", "")
    assert loaded.problems == ()


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("nobody,A,es,UTC,", "'nobody' is no e-mail address: it has no @"),
        (",A,es,UTC,", "'' is no e-mail address: it has no @"),
        ("a@example.org,A,spanish,UTC,", "'spanish' is not a locale"),
        ("a@example.org,A,es,Lima,", "there is no time zone 'Lima'"),
        ("a@example.org,A,es,UTC,URU", "'URU' is no country code"),
        ('a@example.org,"A\nB",es,UTC,', "'A B' cannot be a name"),
        ("a@example.org", "'' is not a locale"),
        ("LUCIA@EXAMPLE.ORG,A,es,UTC,", "'LUCIA@EXAMPLE.ORG' is the mailbox of line 2 again"),
    ],
)
def test_a_wrong_row_is_told_and_the_others_are_taken(row: str, told: str, tmp_path: Path) -> None:
    loaded = load(tmp_path, f"{HEADER}{LUCIA}{row}\nana@example.org,Ana,pt,UTC,BR\n")
    assert [each.name for each in loaded.subscribers] == ["Lucía Pereira", "Ana"]
    [problem] = loaded.problems
    assert problem.found == told
    assert problem.line == (4 if "\n" in row else 3)


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("", 1, "there is no column `address`"),
        ("address,locale\n", 1, "there is no column `zone`"),
        ("address,locale,zone,naem\n", 1, "the column 'naem' is not known"),
        ("address,locale,zone,zone\n", 1, "the column `zone` comes twice"),
        (HEADER + LUCIA + 'a@example.org,"open,es,UTC,\n', 3, "this is not CSV"),
    ],
)
def test_what_is_no_such_table_is_refused(text: str, line: int, told: str, tmp_path: Path) -> None:
    with pytest.raises(FileError) as caught:
        load(tmp_path, text)
    assert any(problem.line == line and told in problem.found for problem in caught.value.problems)


def test_a_wrong_encoding_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r":2: the file is not UTF-8. Save it again as CSV UTF-8\."):
        load(tmp_path, HEADER + LUCIA, "latin-1")
    with pytest.raises(FileError, match="cannot be read"):
        load_subscribers(tmp_path / "none.csv")
