"""Lists of subscribers as people have them: whatever the program, the language, the columns."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from campaigner.core.intake import Entry, Refused
from campaigner.errors import FileError, UserError
from campaigner.loading.headings import read_mapping
from campaigner.loading.subscribers import Defaults, open_subscribers, read_day

HEADER = "address,name,locale,zone,country\n"
LUCIA = "lucia@example.org,Lucía Pereira,es-UY,America/Montevideo,uy\n"
TODAY = date(2026, 6, 1)
AGREED = Defaults(consent="on paper", consent_day=date(2026, 5, 4), known_topics=("policy", "dns"))


def read(path: Path, defaults: Defaults = AGREED, **options: Any) -> list[Entry | Refused]:
    with open_subscribers(path, defaults=defaults, today=TODAY, **options) as source:
        return [*source.entries]


def load(
    folder: Path, text: str, encoding: str = "utf-8", defaults: Defaults = AGREED, **options: Any
) -> list[Entry | Refused]:
    path = folder / "subscribers.csv"
    path.write_bytes(text.encode(encoding))
    return read(path, defaults, **options)


def entry(rows: list[Entry | Refused]) -> Entry:
    [row] = rows
    assert isinstance(row, Entry), row
    return row


def refused(rows: list[Entry | Refused]) -> Refused:
    [row] = rows
    assert isinstance(row, Refused), row
    return row


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252", "latin-1", "cp850"],
)
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_a_table_is_read_however_it_was_saved(
    encoding: str, separator: str, tmp_path: Path
) -> None:
    text = (HEADER + LUCIA).replace(",", separator).replace("\n", "\r\n")
    lucia = entry(load(tmp_path, text, encoding))
    assert lucia[:7] == (
        2, "lucia@example.org", "lucia@example.org", "Lucía Pereira", "es_UY",
        "America/Montevideo", "UY",
    )  # fmt: skip


def test_excel_says_itself_what_separates(tmp_path: Path) -> None:
    assert entry(load(tmp_path, "sep=;\n" + (HEADER + LUCIA).replace(",", ";"))).line == 3


def test_a_spreadsheet_is_read_with_its_dates_and_numbers(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(
        ["Correo electrónico", "Idioma", "País", "consent", "consent_date", "attributes.n"]
    )
    sheet.append(["ana@example.org", "es", "UY", "stand", date(2026, 3, 2), 7.0])
    sheet.append([])
    sheet.append(["bea@example.org", "es", "PY", "stand", "2026-03-02", "=1+1"])
    path = tmp_path / "list.xlsx"
    book.save(path)
    ana, bea = read(path, Defaults())
    assert isinstance(ana, Entry)
    assert isinstance(bea, Entry)
    assert (ana.zone, bea.zone, bea.line) == ("America/Montevideo", "America/Asuncion", 4)
    assert json.loads(ana.attributes) == {"n": "7"}
    assert json.loads(ana.consent) == {"when": "2026-03-02", "evidence": "stand"}


@pytest.mark.parametrize(
    "header",
    [
        "E-mail;Nombre completo;Idioma;Zona horaria;País",
        "Adresse e-mail;Nom;Langue;Fuseau;Pays",
        "Endereço de e-mail;Nome;Idioma;Fuso horário;País",
        "EMAIL;Full  Name;Language;Timezone;Country",
    ],
)
def test_headings_are_known_in_four_languages(header: str, tmp_path: Path) -> None:
    row = LUCIA.replace(",", ";")
    assert entry(load(tmp_path, f"{header}\n{row}")).name == "Lucía Pereira"


def test_a_column_can_be_named_by_hand(tmp_path: Path) -> None:
    text = "Contacto,Rol,Notas,locale,zone\nana@example.org,engineer,secret,es,UTC\n"
    mapping = read_mapping(["contacto = address", "Rol=attributes.role", "Notas=-"])
    ana = entry(load(tmp_path, text, mapping=mapping))
    assert (ana.address, json.loads(ana.attributes)) == ("ana@example.org", {"role": "engineer"})


@pytest.mark.parametrize("pair", ["address", "=address", "Correo=adress", "Rol=attributes."])
def test_what_maps_nothing_is_told(pair: str) -> None:
    with pytest.raises(UserError, match=r"maps nothing|no column"):
        read_mapping([pair])


def test_first_and_last_names_are_put_together(tmp_path: Path) -> None:
    text = "email,Nombres,Apellidos,locale,zone\nana@example.org,Ana María,Núñez,es,UTC\n"
    assert entry(load(tmp_path, text)).name == "Ana María Núñez"


def test_other_columns_are_not_taken_and_told(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("address,locale,zone,Observaciones\nana@example.org,es,UTC,x\n")
    with open_subscribers(path, defaults=AGREED, today=TODAY) as source:
        assert source.ignored == ("Observaciones",)
        assert source.told == "utf-8, commas"
        assert len([*source.entries]) == 1


def test_what_a_row_does_not_say_is_what_all_of_them_are(tmp_path: Path) -> None:
    defaults = Defaults(
        locale="pt_BR", topics=("dns",), consent="form", consent_day=TODAY, known_topics=("dns",)
    )
    ana = entry(load(tmp_path, "address,country\nana@example.org,Brazil\n", defaults=defaults))
    assert (ana.locale, ana.zone, ana.topics) == ("pt_BR", "America/Sao_Paulo", ",dns,")


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("nobody,A,es,UTC,", "'nobody' is no e-mail address: it has no @"),
        (",A,es,UTC,", "'' is no e-mail address: it has no @"),
        ("a@example.org,A,spanish,UTC,", "'spanish' is not a locale"),
        ("a@example.org,A,es,Lima,", "there is no time zone 'Lima'"),
        ("a@example.org,A,es,,", "it says neither time zone nor country"),
        ("a@example.org,A,es,,AQ", "it says no time zone, and AQ does not tell"),
        ("a@example.org,A,es,UTC,URU", "'URU' is no country"),
        ('a@example.org,"A\nB",es,UTC,', "'A B' cannot be a name"),
        ("a@example.org", "'' is not a locale"),
        ("LUCIA@EXAMPLE.ORG,A,es,UTC,", "'LUCIA@EXAMPLE.ORG' is the mailbox of line 2 again"),
    ],
)
def test_a_wrong_row_is_told_and_the_others_are_taken(row: str, told: str, tmp_path: Path) -> None:
    rows = load(tmp_path, f"{HEADER}{LUCIA}{row}\nana@example.org,Ana,pt,UTC,BR\n")
    first, wrong, last = rows
    assert isinstance(wrong, Refused)
    if "locale" in told and "," not in row:
        assert wrong.found in (told, "it says neither time zone nor country")
    else:
        assert wrong.found == told
    assert [each.name for each in (first, last) if isinstance(each, Entry)] == [
        "Lucía Pereira",
        "Ana",
    ]
    assert wrong.line == (4 if "\n" in row else 3)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("x,", "does not say when"),
        (",2026-01-01", "no evidence"),
        ("x,2026-06-02", "that is to come"),
        ("x,03/04/2026", "not clearly a day"),
        ("x,yesterday", "not clearly a day"),
    ],
)
def test_nobody_is_taken_without_evidence_that_they_agreed(
    row: str, told: str, tmp_path: Path
) -> None:
    text = f"address,locale,zone,consent,consent_date\nana@example.org,es,UTC,{row}\n"
    assert told in refused(load(tmp_path, text, defaults=Defaults())).found


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-01-31", date(2026, 1, 31)),
        ("2026-01-31T10:00:00Z", date(2026, 1, 31)),
        ("31/01/2026", date(2026, 1, 31)),
        ("01/31/2026", date(2026, 1, 31)),
        ("05.05.2026", date(2026, 5, 5)),
        ("01/02/2026", None),
        ("2026-02-30", None),
        ("", None),
    ],
)
def test_a_day_is_read_where_it_can_be_but_one(text: str, day: date | None) -> None:
    assert read_day(text) == day


@pytest.mark.parametrize(
    ("written", "code"),
    [("UY", "UY"), ("brasil", "BR"), ("México", "MX"), ("États-Unis", "US"), ("Haïti", "HT"),
     ("Panamá", "PA"), ("Trinidad y Tobago", "TT"), ("República Dominicana", "DO")],
)  # fmt: skip
def test_a_country_is_read_as_its_people_write_it(written: str, code: str, tmp_path: Path) -> None:
    text = f"address,locale,zone,country\nana@example.org,es,UTC,{written}\n"
    assert entry(load(tmp_path, text)).country == code


def test_a_topic_has_to_be_one(tmp_path: Path) -> None:
    head = "address,locale,zone,topics\n"
    row = "ana@example.org,es,UTC,"
    assert entry(load(tmp_path, f'{head}{row}"policy, dns"\n')).topics == ",policy,dns,"
    assert "no topic 'polcy'" in refused(load(tmp_path, f"{head}{row}polcy\n")).found


def test_what_was_made_harmless_for_a_spreadsheet_is_read_as_meant(tmp_path: Path) -> None:
    text = "address,name,locale,zone,attributes.phone\n+ana@example.org,'=Ana,es,UTC,'+598 2\n"
    ana = entry(load(tmp_path, text))
    assert (ana.address, ana.name) == ("+ana@example.org", "=Ana")
    assert json.loads(ana.attributes) == {"phone": "+598 2"}
    dutch = entry(load(tmp_path, "address,name,locale,zone\na@b.nl,'t Hooft,nl,UTC\n"))
    assert dutch.name == "'t Hooft"


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("", 1, "there is no column `address`"),
        ("locale,zone\n", 1, "there is no column `address`"),
        ("address,locale,zone,conutry\n", 1, "the column 'conutry' is not known"),
        ("address,locale,zone,zone\n", 1, "the column `zone` comes twice"),
        ("address,e-mail\n", 1, "the column `address` comes twice"),
        (HEADER + LUCIA + 'a@example.org,"open,es,UTC,\n', 3, "this is not CSV"),
    ],
)
def test_what_is_no_such_table_is_refused(text: str, line: int, told: str, tmp_path: Path) -> None:
    with pytest.raises(FileError) as caught:
        load(tmp_path, text)
    assert any(problem.line == line and told in problem.found for problem in caught.value.problems)


def test_a_file_that_is_not_there_or_no_table_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be read"):
        read(tmp_path / "none.csv")
    with pytest.raises(FileError, match="no encoding 'utf-7x'"):
        _read_as(tmp_path, "utf-7x")
    with pytest.raises(FileError, match=r"not in ascii|another encoding"):
        _read_as(tmp_path, "ascii")
    broken = tmp_path / "broken.xlsx"
    book = Workbook()
    book.save(broken)
    broken.write_bytes(broken.read_bytes()[:200] + broken.read_bytes()[-200:])
    with pytest.raises(FileError):
        read(broken)


def _read_as(folder: Path, encoding: str) -> list[Entry | Refused]:
    path = folder / "list.csv"
    path.write_text(HEADER + LUCIA, encoding="utf-8")
    return read(path, encoding=encoding)
