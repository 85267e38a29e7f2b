"""Out to a translator and back: what programs do to a file on the way changes nothing."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigner.app import App
from campaigner.core.exchange import State
from campaigner.core.glossary import Glossary, Term, Words
from campaigner.errors import UserError
from campaigner.loading.spreadsheets import write_workbook
from campaigner.rendering.briefs import Brief, brief_campaign
from campaigner.rendering.catalogs import Catalogs
from campaigner.rendering.drafts import Desk
from campaigner.rendering.extraction import Extracted
from campaigner.rendering.podocuments import (
    PoDocument,
    PoEntry,
    new_podocument,
    parse_podocument,
)
from campaigner.services.translate_export import strings_of, to_catalog, to_rows
from campaigner.services.translate_import import Imported, import_translations
from campaigner.settings import load_settings
from tests.rendering.builders import campaign, item, wording
from tests.rewriters import (
    PLURAL_FORMS,
    rewrite_in,
    rewrite_like_libreoffice,
    rewrite_like_poedit,
    rewrite_with_openpyxl,
)

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 12, 1, 10, tzinfo=UTC)
GLOSSARY = Glossary(
    (
        Term(
            words={
                "en": Words(words=("phishing",)),
                "fr": Words(words=("hameçonnage",), source="https://example.org"),
                "es": Words(words=("phishing",), source="https://example.org"),
            }
        ),
    )
)
LONG = (
    'Phishing "deceives" people into giving away their data, in {{ year }} as before... '
    "That's why we repeat it, here and there.\n\nLook before you click."
)
TRANSLATED = {
    "demo/long text": LONG.replace("people", "personas").replace("Look", "Mire"),
    "demo/short text": "=cmd|' /C calc'!A0",
    "demo/number text": "2026",
    "demo/check text": "Por comprobar",
}


@cache
def desk() -> Desk:
    return App(load_settings(ROOT)).dry_desk()


@dataclass(frozen=True)
class Shop:
    """A workspace's catalogs in Spanish, and what was handed to a translator."""

    folder: Path
    briefs: list[Brief]

    @property
    def catalog(self) -> Path:
        return self.folder / "locales" / "es" / "LC_MESSAGES" / "campaigns.po"

    @property
    def document(self) -> PoDocument:
        return parse_podocument(self.catalog.read_text(encoding="utf-8"))

    def strings(self, context: str) -> tuple[str, ...]:
        return next(e for e in self.document.entries if e.context == context).strings

    def hand_out(self, kind: str) -> Path:
        path = self.folder / f"es.{kind}"
        strings = strings_of(
            self.briefs, Catalogs([self.folder / "locales"]), locale="es", missing=False
        )
        if kind == "po":
            text = to_catalog(strings, GLOSSARY, locale="es", now=NOW)
            path.write_text(text, encoding="utf-8")
        else:
            rows = to_rows(strings, GLOSSARY, desk(), locale="es")
            path.write_bytes(write_workbook(rows, locale="es", title="Spanish"))
        return path

    def take_in(self, path: Path, *, dry_run: bool = False, locale: str | None = None) -> Imported:
        return import_translations(
            path,
            [self.folder / "locales"],
            self.briefs,
            GLOSSARY,
            desk(),
            locale=locale,
            now=NOW,
            dry_run=dry_run,
        )


def brief(context: str, message: str, *, plural: str = "") -> Brief:
    string = Extracted(
        file="campaigns/demo.yaml",
        line=7,
        message=message,
        plural=plural,
        context=context,
        source_locale="en",
        locales=("es",),
    )
    return Brief(domain="campaigns", string=string, where="post", references=("demo.yaml:7",))


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    briefs = [
        brief("demo/long text", LONG),
        brief("demo/short text", "Short"),
        brief("demo/number text", "This year"),
        brief("demo/check text", "To check"),
        brief("demo/new text", "New"),
        brief("demo/rows text", "%(n)s row", plural="%(n)s rows"),
    ]
    entries = [
        PoEntry(context=context, message=each.string.message, strings=(TRANSLATED[context],))
        for each in briefs
        if (context := each.string.context or "") in TRANSLATED
    ]
    entries[0] = entries[0].changed(notes=('by "Ana"', "twice"))
    entries[3] = entries[3].to_check(previous="To be checked")
    entries.append(
        PoEntry(
            context="demo/rows text",
            message="%(n)s row",
            plural="%(n)s rows",
            strings=("%(n)s fila", "%(n)s de filas", "%(n)s filas"),
        )
    )
    entries.append(
        PoEntry(context="demo/old text", message="Old", strings=("Viejo",), obsolete=True)
    )
    shop = Shop(tmp_path, briefs)
    shop.catalog.parent.mkdir(parents=True)
    head = new_podocument("es", title="Ours.", stamp="2026-12-01 10:00+0000").head
    shop.catalog.write_text(PoDocument(head=head, entries=tuple(entries)).text(), encoding="utf-8")
    return shop


REWRITERS: list[tuple[str, Callable[[Path], None]]] = [
    ("po", lambda path: None),
    ("po", partial(rewrite_like_poedit, plural_forms=PLURAL_FORMS["es"])),
    ("po", partial(rewrite_like_poedit, plural_forms=PLURAL_FORMS["es"], crlf=True)),
    ("po", partial(rewrite_in, encoding="utf-8-sig")),
    ("po", partial(rewrite_in, encoding="utf-16")),
    ("xlsx", lambda path: None),
    ("xlsx", rewrite_with_openpyxl),
    ("xlsx", rewrite_like_libreoffice),
    ("xlsx", partial(rewrite_like_libreoffice, inline=True)),
]


@pytest.mark.parametrize(("kind", "rewrite"), REWRITERS)
def test_what_a_program_rewrites_changes_nothing(
    shop: Shop, kind: str, rewrite: Callable[[Path], None]
) -> None:
    before = shop.catalog.read_bytes()
    path = shop.hand_out(kind)
    rewrite(path)

    done = shop.take_in(path)

    assert (done.comparison.taken, done.comparison.refused, done.problems) == ([], [], ())
    assert shop.catalog.read_bytes() == before


@pytest.mark.parametrize("crlf", [False, True])
def test_what_a_translator_writes_in_poedit_is_taken(shop: Shop, crlf: bool) -> None:
    path = shop.hand_out("po")
    text = path.read_text(encoding="utf-8")
    text = text.replace('msgid "New"\nmsgstr ""', 'msgid "New"\nmsgstr "Nuevo"')
    text = text.replace('#, fuzzy\n#| msgid "To be checked"\n', "")
    path.write_text(text.replace("Por comprobar", "Comprobado"), encoding="utf-8")
    rewrite_like_poedit(path, plural_forms=PLURAL_FORMS["es"], crlf=crlf)

    done = shop.take_in(path)

    taken = {(t.brief.string.context, t.after, t.state) for t in done.comparison.taken}
    assert taken == {
        ("demo/new text", "Nuevo", State.DONE),
        ("demo/check text", "Comprobado", State.DONE),
    }
    assert not done.comparison.refused
    document = shop.document
    assert shop.strings("demo/new text") == ("Nuevo",)
    assert document.head[0] == "# Ours."
    assert document.entries[0].notes == ('by "Ana"', "twice")
    assert document.entries[-1].obsolete
    assert not any(entry.check_again for entry in document.entries)


def typed(path: Path, context: str, *, form: str = "", **cells: Any) -> Path:
    """Type into the columns of a row as a translator would; `row=None` deletes it."""
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    titles = [str(value).split(" (")[0] for value in next(sheet.iter_rows(values_only=True))]
    for number, values in enumerate(sheet.iter_rows(min_row=2, values_only=True), start=2):
        said = dict(zip(titles, values, strict=True))
        if (said["context"], said["form"] or "") != (context, form):
            continue
        if "row" in cells:
            sheet.delete_rows(number)
            break
        for name, value in cells.items():
            sheet.cell(row=number, column=titles.index(name) + 1).value = value
    book.save(path)
    return path


@pytest.mark.parametrize("rewrite", [rewrite_with_openpyxl, rewrite_like_libreoffice])
def test_what_a_translator_writes_in_a_spreadsheet_is_taken(
    shop: Shop, rewrite: Callable[[Path], None]
) -> None:
    path = typed(shop.hand_out("xlsx"), "demo/new text", translation="Nuevo", note="¡al fin!")
    typed(path, "demo/check text", state="done")
    typed(path, "demo/rows text", form="many", translation="%(n)s millones de filas")
    rewrite(path)

    done = shop.take_in(path)

    assert not done.comparison.refused
    assert len(done.comparison.taken) == 3
    assert shop.strings("demo/new text") == ("Nuevo",)
    assert shop.strings("demo/rows text")[1] == "%(n)s millones de filas"
    new = next(e for e in shop.document.entries if e.message == "New")
    check = next(e for e in shop.document.entries if e.message == "To check")
    assert (new.notes, check.check_again, check.previous) == (("¡al fin!",), False, {})


def refused(done: Imported) -> str:
    """What was left out: it must be just one line."""
    (one,) = done.comparison.refused
    assert "\n" not in one.sentence
    return one.sentence


def test_a_dropped_placeholder_is_told_and_the_rest_is_taken(shop: Shop) -> None:
    path = typed(shop.hand_out("xlsx"), "demo/long text", translation="Sin el año")
    typed(path, "demo/new text", translation="Nuevo {{ x }}")
    typed(path, "demo/short text", translation="Corto")

    done = shop.take_in(path)

    assert [r.sentence for r in done.comparison.refused] == [
        "demo/long text: it lacks {{ year }}: not taken",
        "demo/new text: it has {{ x }}: not taken",
    ]
    assert shop.strings("demo/short text") == ("Corto",)
    assert shop.strings("demo/long text") == (TRANSLATED["demo/long text"],)


def test_a_plural_form_lost_in_a_spreadsheet_is_told(shop: Shop) -> None:
    path = typed(shop.hand_out("xlsx"), "demo/rows text", form="many", row=None)
    said = refused(shop.take_in(path))
    assert said == "demo/rows text (many): this plural form is lost: it stays as it was"
    assert shop.strings("demo/rows text")[1] == "%(n)s de filas"


def test_a_plural_form_lost_in_a_catalog_is_told_and_the_others_are_taken(shop: Shop) -> None:
    path = shop.hand_out("po")
    text = path.read_text(encoding="utf-8").replace('"%(n)s filas"', '"%(n)s líneas"')
    path.write_text(text, encoding="utf-8")
    rewrite_like_poedit(path, plural_forms=PLURAL_FORMS["customary"])

    done = shop.take_in(path)

    assert refused(done) == ("demo/rows text (many): this plural form is lost: it stays as it was")
    assert shop.strings("demo/rows text") == ("%(n)s fila", "%(n)s de filas", "%(n)s líneas")


def test_a_text_in_the_wrong_column_is_told(shop: Shop) -> None:
    path = typed(shop.hand_out("xlsx"), "demo/new text", source="Nuevo")
    assert refused(shop.take_in(path)) == (
        "demo/new text: its source text was typed over. Write into the column 'translation'"
    )


def test_a_string_that_nobody_knows_is_told(shop: Shop) -> None:
    path = shop.hand_out("po")
    gone = replace(shop, briefs=shop.briefs[1:])
    assert refused(gone.take_in(path)) == (
        "'demo/long text' is no string of this workspace: not taken"
    )


@pytest.mark.parametrize("kind", ["po", "xlsx"])
def test_a_translation_of_an_edited_text_is_to_be_checked_again(shop: Shop, kind: str) -> None:
    path = shop.hand_out(kind)
    if kind == "po":
        text = path.read_text(encoding="utf-8")
        filled = text.replace('msgid "New"\nmsgstr ""', 'msgid "New"\nmsgstr "Nuevo"')
        path.write_text(filled, encoding="utf-8")
    else:
        typed(path, "demo/new text", translation="Nuevo")
    edited = [
        brief("demo/new text", "Brand new") if b.string.message == "New" else b for b in shop.briefs
    ]

    done = replace(shop, briefs=edited).take_in(path)

    (taken,) = done.comparison.taken
    assert (taken.source, taken.after, taken.state) == ("Brand new", "Nuevo", State.CHECK)
    entry = next(e for e in shop.document.entries if e.message == "Brand new")
    assert (entry.check_again, entry.previous) == (True, {"msgid": "New"})


def test_a_row_that_comes_twice_is_told(shop: Shop) -> None:
    path = typed(shop.hand_out("xlsx"), "demo/new text", translation="Nuevo")
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    again = [cell.value for cell in sheet[6]]
    sheet.append(["Novedad" if value == "Nuevo" else value for value in again])
    book.save(path)

    said = refused(shop.take_in(path))

    assert said.startswith("demo/new text comes twice, also in row 6, and differs")
    assert shop.strings("demo/new text") == ("Nuevo",)


def test_an_old_file_does_not_undo_what_others_did_since(shop: Shop) -> None:
    theirs = shop.hand_out("xlsx").rename(shop.folder / "theirs.xlsx")
    shop.take_in(typed(shop.hand_out("xlsx"), "demo/short text", translation="Breve"))
    typed(theirs, "demo/new text", translation="Nuevo")

    done = shop.take_in(theirs)

    assert [taken.after for taken in done.comparison.taken] == ["Nuevo"]
    assert shop.strings("demo/short text") == ("Breve",)


def test_a_dry_run_tells_and_writes_nothing(shop: Shop) -> None:
    before = shop.catalog.read_bytes()
    path = typed(shop.hand_out("xlsx"), "demo/new text", translation="Nuevo")
    done = shop.take_in(path, dry_run=True)
    assert (len(done.comparison.taken), done.written) == (1, [])
    assert shop.catalog.read_bytes() == before


def test_an_empty_cell_is_no_change(shop: Shop) -> None:
    path = typed(shop.hand_out("xlsx"), "demo/short text", translation=None)
    assert shop.take_in(path).comparison.taken == []


def test_a_file_of_another_language_is_refused(shop: Shop) -> None:
    with pytest.raises(UserError, match="is in es, not in fr"):
        shop.take_in(shop.hand_out("xlsx"), locale="fr")
    with pytest.raises(UserError, match=r"only .xlsx and .po"):
        shop.take_in(shop.folder / "es.csv")


def test_what_was_taken_is_looked_at(tmp_path: Path) -> None:
    said = item(wording("Phishing hurts"), links={"all": "https://www.icann.org/"})
    briefs = brief_campaign(
        campaign(said, accounts=("mastodon",)), desk(), file="campaigns/demo.yaml", dues={}
    )
    path = tmp_path / "fr.po"
    french = new_podocument("fr", title="Test.", stamp="2026-12-01 10:00+0000").head
    entry = PoEntry(context="demo/one text", message="Phishing hurts", strings=("a" * 500,))
    path.write_text(PoDocument(head=french, entries=(entry,)).text(), encoding="utf-8")

    done = Shop(tmp_path, briefs).take_in(path)

    assert done.remarks[0] == (
        "demo/one text lacks 'hameçonnage', the official words for 'phishing'"
    )
    assert done.remarks[1].endswith("characters too long on mastodon, with its hashtags")


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="{}%"), max_size=30)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(st.tuples(TEXTS, TEXTS, st.booleans()), max_size=3),
    kind=st.sampled_from(["po", "xlsx"]),
)
def test_import_of_an_export_changes_nothing(
    tmp_path: Path, texts: list[tuple[str, str, bool]], kind: str
) -> None:
    briefs = [
        brief(f"demo/{number} text", f"Source {number} {source}")
        for number, (source, _, _) in enumerate(texts)
    ]
    entries = [
        PoEntry(context=each.string.context, message=each.string.message, strings=(said,))
        for each, (_, said, _) in zip(briefs, texts, strict=True)
    ]
    entries = [
        entry.to_check(previous="before") if fuzzy and entry.strings[0] else entry
        for entry, (_, _, fuzzy) in zip(entries, texts, strict=True)
    ]
    shop = Shop(tmp_path, briefs)
    shop.catalog.parent.mkdir(parents=True, exist_ok=True)
    head = new_podocument("es", title="Test.", stamp="2026-12-01 10:00+0000").head
    text = PoDocument(head=head, entries=tuple(entries)).text()
    shop.catalog.write_bytes(text.encode())

    done = shop.take_in(shop.hand_out(kind))

    assert (done.comparison.taken, done.comparison.refused) == ([], [])
    assert shop.catalog.read_bytes() == text.encode()
