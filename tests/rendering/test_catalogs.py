import os
from pathlib import Path

import pytest

from campaigner.errors import FileError
from campaigner.rendering.catalogs import Catalogs, Translated, Untranslated, Why
from campaigner.rendering.pofiles import plural_forms, plural_names, read_checked
from tests.rendering.builders import po_entry, write_po


def look_up(
    catalogs: Catalogs,
    message: str,
    locale: str,
    *,
    source: str = "en",
    context: str | None = None,
    domain: str = "campaigns",
) -> Translated | Untranslated:
    return catalogs.look_up(domain, message, context=context, locale=locale, source_locale=source)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "locales"


@pytest.fixture
def catalogs(folder: Path) -> Catalogs:
    return Catalogs([folder])


def test_the_nearest_locale_of_the_chain_translates(folder: Path, catalogs: Catalogs) -> None:
    write_po(folder, "es", po_entry("a", "es") + po_entry("b", "es") + po_entry("c", "es"))
    write_po(folder, "es_419", po_entry("a", "americano") + po_entry("b", "americano"))
    write_po(folder, "es_MX", po_entry("a", "mexicano"))

    found = [look_up(catalogs, message, "es_MX") for message in "abc"]

    assert found == [
        Translated("mexicano", "es_MX"),
        Translated("americano", "es_419"),
        Translated("es", "es"),
    ]


@pytest.mark.parametrize(
    ("locale", "source", "found_in"),
    [
        ("en", "en", "en"),
        ("en_TT", "en", "en"),
        ("es_MX", "es_419", "es_419"),
        ("es", "es_419", "es"),
        ("es_ES", "es_419", "es"),
    ],
)
def test_a_chain_that_meets_the_source_language_needs_no_catalog(
    catalogs: Catalogs, locale: str, source: str, found_in: str
) -> None:
    assert look_up(catalogs, "a", locale, source=source) == Translated("a", found_in)


def test_a_string_that_nobody_translated_is_told_with_its_context(catalogs: Catalogs) -> None:
    found = look_up(catalogs, "Phishing steals " * 9, "fr", context="dns/phishing text.x")

    assert isinstance(found, Untranslated)
    assert found.why is Why.MISSING
    assert found.sentence() == (
        'fr: "Phishing steals Phishing steals Phishing steals Phishing st…" '
        "has no translation (dns/phishing text.x)"
    )


def test_an_empty_translation_is_missing(folder: Path, catalogs: Catalogs) -> None:
    write_po(folder, "fr", po_entry("a", ""))
    found = look_up(catalogs, "a", "fr")
    assert isinstance(found, Untranslated)
    assert found.why is Why.MISSING


def test_a_translation_of_another_context_is_none(folder: Path, catalogs: Catalogs) -> None:
    write_po(folder, "fr", po_entry("a", "b", context="demo/one text"))
    assert isinstance(look_up(catalogs, "a", "fr", context="demo/two text"), Untranslated)
    assert isinstance(look_up(catalogs, "a", "fr"), Untranslated)
    assert look_up(catalogs, "a", "fr", context="demo/one text") == Translated("b", "fr")


def test_a_fuzzy_translation_holds_even_if_an_ancestor_has_one(
    folder: Path, catalogs: Catalogs
) -> None:
    write_po(folder, "es", po_entry("a", "b"))
    write_po(folder, "es_MX", po_entry("a", "c", flags="fuzzy"))

    found = look_up(catalogs, "a", "es_MX")

    assert isinstance(found, Untranslated)
    assert found.why is Why.CHECK_AGAIN
    assert "checked again" in found.sentence()


@pytest.mark.parametrize(
    ("source", "translation", "detail"),
    [
        ("in {{ year }}", "en", "it lacks {{ year }}"),
        ("in {{ year }}", "en {{ yaer }}", "it lacks {{ year }} and it has {{ yaer }}"),
        ("in {{ year }}", "en {{ year }", "it lacks {{ year }} and it has {{"),
        ("now", "en {{ year }}", "it has {{ year }}"),
        ("now", "{% if x %}", "it has {%"),
        ("in {{year}}", "en {{  year  }}", ""),
        ("100 %", "100 %", ""),
    ],
)
def test_a_translation_asks_for_what_its_source_asks_for(
    folder: Path, catalogs: Catalogs, source: str, translation: str, detail: str
) -> None:
    write_po(folder, "es", po_entry(source, translation))

    found = look_up(catalogs, source, "es")

    if not detail:
        assert found == Translated(translation, "es")
    else:
        assert isinstance(found, Untranslated)
        assert (found.why, found.detail) == (Why.PLACEHOLDER, detail)


@pytest.mark.parametrize("translation", ["de %(name)", "de %s", "50 % de %(name)s", "de %(nom)s"])
def test_a_string_of_a_template_keeps_its_percent_signs_in_order(
    folder: Path, catalogs: Catalogs, translation: str
) -> None:
    write_po(folder, "fr", po_entry("of %(name)s", translation), domain="templates")
    found = look_up(catalogs, "of %(name)s", "fr", domain="templates")
    assert isinstance(found, Untranslated)
    assert found.why is Why.PLACEHOLDER


def test_the_first_folder_that_has_a_file_wins_whole(tmp_path: Path) -> None:
    own, packaged = tmp_path / "own", tmp_path / "packaged"
    write_po(packaged, "es", po_entry("a", "packaged") + po_entry("b", "packaged"))
    write_po(packaged, "fr", po_entry("a", "packaged"))
    write_po(own, "es", po_entry("a", "own"))
    catalogs = Catalogs([own, packaged])

    assert look_up(catalogs, "a", "es") == Translated("own", "es")
    assert isinstance(look_up(catalogs, "b", "es"), Untranslated)
    assert look_up(catalogs, "a", "fr") == Translated("packaged", "fr")
    assert catalogs.path("campaigns", "ht") == own / "ht" / "LC_MESSAGES" / "campaigns.po"


def test_an_edited_catalog_is_read_again(folder: Path, catalogs: Catalogs) -> None:
    path = write_po(folder, "es", po_entry("a", "uno"))
    assert look_up(catalogs, "a", "es") == Translated("uno", "es")

    write_po(folder, "es", po_entry("a", "dos"))
    os.utime(path, ns=(1, 1))

    assert look_up(catalogs, "a", "es") == Translated("dos", "es")


@pytest.mark.parametrize(
    ("damage", "line", "found"),
    [
        ('msgid "a"\nmsgstr "b\n', 7, "is not a line of a .po file"),
        ('<<<<<<< HEAD\nmsgid "a"\nmsgstr "b"\n', 6, "is not a line of a .po file"),
        ("msgid 'a'\n", 6, "is not a line of a .po file"),
        ('msgstr "b"\n', 6, "msgstr stands in the wrong place"),
        ('msgid "a"\n', 6, "the file ends within an entry"),
        ('msgid "a"\nmsgid "b"\nmsgstr "c"\n', 7, "msgid stands in the wrong place"),
    ],
)
def test_a_broken_catalog_is_told_with_its_line(
    folder: Path, catalogs: Catalogs, damage: str, line: int, found: str
) -> None:
    path = write_po(folder, "es", "")
    path.write_text(path.read_text() + damage)

    with pytest.raises(FileError) as raised:
        look_up(catalogs, "a", "es")

    problem = raised.value.problems[0]
    assert found in problem.found
    assert problem.line == line or not line
    assert problem.fix


def test_a_catalog_in_another_encoding_is_told_with_its_line(
    folder: Path, catalogs: Catalogs
) -> None:
    path = write_po(folder, "es", po_entry("a", "b"))
    path.write_bytes(path.read_bytes().replace(b'"b"', b'"\xf1"'))
    with pytest.raises(FileError, match=r"campaigns.po:7: this is not UTF-8. Save"):
        look_up(catalogs, "a", "es")


def test_a_header_that_cannot_count_is_told(folder: Path, catalogs: Catalogs) -> None:
    path = write_po(folder, "es", po_entry("a", "b"))
    path.write_text(path.read_text().replace("nplurals=3", "nplurals=many"))
    with pytest.raises(FileError, match="the header cannot be read"):
        look_up(catalogs, "a", "es")


def test_only_line_feeds_end_a_line(folder: Path, catalogs: Catalogs) -> None:
    path = write_po(folder, "es", po_entry("a", "b\u2028c\x85d"))
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert look_up(catalogs, "a", "es") == Translated("b\u2028c\x85d", "es")


def test_a_byte_order_mark_does_no_harm(folder: Path, catalogs: Catalogs) -> None:
    path = write_po(folder, "es", po_entry("a", "b"))
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert look_up(catalogs, "a", "es") == Translated("b", "es")


VOTES = 'msgid "%(num)d vote"\nmsgid_plural "%(num)d votes"\n'


def test_each_plural_form_is_used_where_its_language_uses_it(
    folder: Path, catalogs: Catalogs
) -> None:
    forms = "%(num)d voto", "%(num)d de votos", "%(num)d votos"
    write_po(
        folder,
        "es",
        VOTES + "".join(f'msgstr[{i}] "{form}"\n' for i, form in enumerate(forms)),
        domain="templates",
    )
    translator = catalogs.translations("templates", "es")

    said = [
        translator.ngettext("%(num)d vote", "%(num)d votes", number)
        for number in (0, 1, 2, 1_000_000, 1_000_001)
    ]

    one, many, other = forms
    assert said == [other, one, other, many, other]
    assert not translator.untranslated


def test_a_catalog_without_the_form_for_millions_is_incomplete(
    folder: Path, catalogs: Catalogs
) -> None:
    write_po(
        folder,
        "fr",
        VOTES + 'msgstr[0] "%(num)d voix"\nmsgstr[1] ""\nmsgstr[2] "%(num)d voix"\n',
        domain="templates",
    )
    translator = catalogs.translations("templates", "fr")

    translator.ngettext("%(num)d vote", "%(num)d votes", 2)

    (fault,) = translator.untranslated
    assert fault.why is Why.MISSING
    assert fault.detail == "2 of the 3 plural forms of this language are there"


def test_a_header_without_the_form_for_millions_is_told(folder: Path, catalogs: Catalogs) -> None:
    forms = 'msgstr[0] "%(num)d voto"\nmsgstr[1] "%(num)d votos"\n'
    path = write_po(folder, "es", VOTES + forms, domain="templates")
    header = f"Plural-Forms: {plural_forms('es')}"
    customary = 'Plural-Forms: nplurals=2; "\n"plural=(n != 1);'  # as GNU gettext wraps long ones
    path.write_text(path.read_text().replace(header, customary))
    translator = catalogs.translations("templates", "es")

    translator.ngettext("%(num)d vote", "%(num)d votes", 2)

    (fault,) = translator.untranslated
    assert fault.detail.startswith("its catalog's header has 2 plural forms and must have 3")


def test_plural_forms_are_those_of_cldr() -> None:
    assert plural_forms("es").startswith("nplurals=3;")
    assert plural_forms("pt_BR").startswith("nplurals=3;")
    assert plural_forms("en").startswith("nplurals=2;")
    assert plural_forms("ay") == "nplurals=2; plural=(n != 1)", "unknown to CLDR"


def test_each_form_has_cldrs_name_and_a_number_that_takes_it() -> None:
    assert plural_names("es") == (("one", 1), ("many", 1_000_000), ("other", 0))
    assert plural_names("fr") == (("one", 0), ("many", 1_000_000), ("other", 2))
    assert plural_names("ja") == (("other", 0),)
    assert plural_names("ay") == (("one", 1), ("other", 0)), "unknown to CLDR"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
def test_a_catalog_that_somebody_sent_may_be_in_another_encoding(
    folder: Path, encoding: str
) -> None:
    path = write_po(folder, "es", po_entry("a", "ñ"))
    stated = "iso-8859-1" if encoding == "iso-8859-1" else "utf-8"
    text = path.read_text(encoding="utf-8").replace("charset=utf-8", f"charset={stated}")
    path.write_text(text, encoding=encoding)
    assert 'msgstr "ñ"' in read_checked(path, foreign=True)


def test_a_catalog_in_no_encoding_that_it_says_is_told(folder: Path) -> None:
    path = write_po(folder, "es", po_entry("a", "b"))
    path.write_text(path.read_text().replace("charset=utf-8", "charset=klingon"))
    with pytest.raises(FileError, match="this is not klingon"):
        read_checked(path, foreign=True)


def test_a_translator_answers_with_the_source_and_remembers_each_string_once(
    catalogs: Catalogs,
) -> None:
    translator = catalogs.translations("templates", "fr")

    assert translator.gettext("Read more") == "Read more"
    assert translator.gettext("Read more") == "Read more"
    assert translator.ngettext("a vote", "votes", 2) == "votes"
    assert translator.pgettext("menu", "Open") == "Open"

    assert [string.message for string in translator.untranslated] == ["Read more", "a vote", "Open"]
    assert translator.untranslated[0].sentence("mail/x.html") == (
        'fr: "Read more" has no translation (mail/x.html)'
    )


def test_a_locale_unknown_to_babel_can_have_a_catalog(folder: Path, catalogs: Catalogs) -> None:
    write_po(folder, "ay", po_entry("a", "b"))
    assert look_up(catalogs, "a", "ay") == Translated("b", "ay")
