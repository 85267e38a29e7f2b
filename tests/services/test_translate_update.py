import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from campaigner.core.glossary import Glossary
from campaigner.rendering.briefs import Brief
from campaigner.rendering.catalogs import Catalogs, Translated
from campaigner.rendering.extraction import Extracted
from campaigner.rendering.merging import Edit
from campaigner.services.translate_extract import extract_strings
from campaigner.services.translate_update import Updated, update_catalogs
from tests.rendering.builders import po_entry, write_po

NOW = datetime(2026, 12, 1, 10, tzinfo=UTC)
LATER = datetime(2027, 1, 1, 10, tzinfo=UTC)


def brief(message: str, *locales: str, context: str = "demo/one text") -> Brief:
    string = Extracted(
        file="campaigns/demo.yaml",
        line=7,
        message=message,
        context=context,
        source_locale="en",
        locales=locales or ("es", "fr"),
    )
    return Brief(domain="campaigns", string=string, where="post", references=("demo.yaml:7",))


def update(
    folders: Sequence[Path],
    *briefs: Brief,
    kept: bool = False,
    locales: Sequence[str] = ("en", "es", "fr"),
    dry_run: bool = False,
    asked: list[Edit] | None = None,
    campaigns: Sequence[str] | None = None,
) -> list[Updated]:
    def answer(edit: Edit) -> bool:
        if asked is not None:
            asked.append(edit)
        return kept

    return update_catalogs(
        folders,
        "campaigns",
        briefs,
        Glossary(),
        locales=locales,
        campaigns=campaigns,
        kept=answer,
        now=NOW,
        dry_run=dry_run,
    )


def said(folder: Path, locale: str, message: str) -> object:
    return Catalogs([folder]).look_up(
        "campaigns", message, context="demo/one text", locale=locale, source_locale="en"
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "locales"


def test_every_language_that_waits_gets_a_catalog(folder: Path) -> None:
    done = update([folder], brief("Hi"))
    assert [(row.locale, row.changes.added) for row in done] == [
        ("es", ["demo/one text"]),
        ("fr", ["demo/one text"]),
    ]
    text = (folder / "fr/LC_MESSAGES/campaigns.po").read_text(encoding="utf-8")
    assert '"Language: fr\\n"' in text
    assert "nplurals=3" in text
    assert Catalogs([folder]).file("campaigns", "fr")


def test_an_edit_is_asked_about_once_for_all_languages(folder: Path) -> None:
    for locale, text in (("es", "Hola"), ("fr", "Salut")):
        write_po(folder, locale, po_entry("Helo", text, context="demo/one text"))
    asked: list[Edit] = []

    update([folder], brief("Hello"), kept=True, asked=asked)

    assert asked == [Edit(context="demo/one text", before="Helo", after="Hello")]
    assert said(folder, "es", "Hello") == Translated("Hola", "es")
    assert said(folder, "fr", "Hello") == Translated("Salut", "fr")


def test_what_is_interrupted_is_completed_by_running_it_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for locale, text in (("es", "Hola"), ("fr", "Salut")):
        write_po(folder, locale, po_entry("Helo", text, context="demo/one text"))
    replace = os.replace

    def once(source: str, target: Path) -> None:
        replace(source, target)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", once)
    with pytest.raises(KeyboardInterrupt):
        update([folder], brief("Hello"), kept=True)
    monkeypatch.undo()
    assert said(folder, "es", "Hello") == Translated("Hola", "es")
    assert said(folder, "fr", "Helo") == Translated("Salut", "fr")

    update([folder], brief("Hello"), kept=True)
    assert said(folder, "fr", "Hello") == Translated("Salut", "fr")
    assert [path.name for path in (folder / "fr/LC_MESSAGES").iterdir()] == ["campaigns.po"]


def test_a_dry_run_writes_nothing(folder: Path) -> None:
    path = write_po(folder, "es", po_entry("Helo", "Hola", context="demo/one text"))
    before = path.read_bytes()
    (spanish, french) = update([folder], brief("Hello"), dry_run=True)
    assert (spanish.differs, spanish.written, french.written) == (True, False, False)
    assert path.read_bytes() == before
    assert not (folder / "fr").exists()


def test_a_new_catalog_begins_with_the_packaged_translations(tmp_path: Path) -> None:
    own, packaged = tmp_path / "own", tmp_path / "packaged"
    write_po(
        packaged,
        "es",
        po_entry("Hi", "Hola", context="demo/one text")
        + po_entry("Other", "Otro", context="other/one text"),
    )
    two = brief("Bye", "es", context="demo/two text")

    update([own, packaged], brief("Hi", "es"), two, locales=["es"])

    assert said(own, "es", "Hi") == Translated("Hola", "es")
    assert "Otro" not in (own / "es/LC_MESSAGES/campaigns.po").read_text(encoding="utf-8")


def test_a_packaged_catalog_that_has_everything_is_left_to_stand_in(tmp_path: Path) -> None:
    own, packaged = tmp_path / "own", tmp_path / "packaged"
    write_po(packaged, "es", po_entry("Hi", "Hola", context="demo/one text"))
    assert update([own, packaged], brief("Hi", "es"), locales=["es"]) == []


def test_a_variant_keeps_its_own_words_and_needs_no_more(folder: Path) -> None:
    write_po(folder, "es", po_entry("Hi", "Hola", context="demo/one text"))
    write_po(folder, "es_MX", po_entry("Hi", "Qué onda", context="demo/one text"))
    two = brief("Bye", "es", "es_MX", context="demo/two text")
    update([folder], brief("Hi", "es", "es_MX"), locales=["es", "es_MX"])
    spanish, mexican = update(
        [folder], brief("Hi", "es", "es_MX"), two, locales=["es", "es_MX"], dry_run=True
    )
    assert spanish.changes.added == ["demo/two text"]
    assert not mexican.changes.gone
    assert said(folder, "es_MX", "Hi") == Translated("Qué onda", "es_MX")


def test_strings_of_other_campaigns_stay_if_only_one_is_updated(folder: Path) -> None:
    write_po(folder, "es", po_entry("Other", "Otro", context="other/one text"))
    (spanish,) = update([folder], brief("Hi", "es"), locales=["es"], campaigns=["demo"])
    assert (spanish.changes.added, spanish.changes.gone) == (["demo/one text"], [])

    (spanish,) = update([folder], brief("Hi", "es"), locales=["es"])
    assert spanish.changes.gone == ["other/one text"]


def test_a_template_for_new_languages_is_written_only_where_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "campaigns.pot"
    assert extract_strings(path, [brief("Hi")], Glossary(), title="Ours.", now=NOW)
    first = path.read_text(encoding="utf-8")
    assert 'msgctxt "demo/one text"\nmsgid "Hi"\nmsgstr ""' in first
    assert "#. Post.\n#: demo.yaml:7\n" in first

    assert not extract_strings(path, [brief("Hi")], Glossary(), title="Ours.", now=LATER)
    assert path.read_text(encoding="utf-8") == first
    assert extract_strings(path, [brief("Bye")], Glossary(), title="Ours.", now=LATER)
