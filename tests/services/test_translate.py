from pathlib import Path

from campaigner.core.campaign import Wording
from campaigner.rendering.catalogs import Catalogs, Why
from campaigner.services.translate import translation_status
from tests.rendering.builders import campaign, item, po_entry, wording, write_po


def test_each_locale_tells_what_it_lacks_and_what_it_keeps_in_vain(tmp_path: Path) -> None:
    locales, templates = tmp_path / "locales", tmp_path / "templates"
    templates.mkdir()
    (templates / "a.txt").write_text("{{ _('Read on') }}\n{{ _('Read on') }}")
    write_po(
        locales,
        "es",
        po_entry("Hi", "Hola", context="demo/one text", flags="fuzzy")
        + po_entry("Gone", "Ido", context="demo/gone text")
        + po_entry("Other", "Otro", context="other/one text"),
    )
    write_po(locales, "es", po_entry("Read on", "Siga"), domain="templates")

    rows = translation_status(
        [campaign(item(wording("Hi", fr="Salut")))],
        Catalogs([locales]),
        [templates],
        [("process/a", "Chartered")],
        ["en", "es"],
    )

    seen = [(r.locale, r.domain, r.campaign, r.total, r.translated, r.stale) for r in rows]
    assert seen == [
        ("es", "campaigns", "demo", 1, 0, 1),
        ("fr", "campaigns", "demo", 0, 0, 0),
        ("es", "processes", "", 1, 0, 0),
        ("es", "templates", "", 1, 1, 0),
    ]
    assert rows[0].count(Why.CHECK_AGAIN) == 1
    assert rows[0].faults == (
        'campaigns/demo.yaml:7: es: "Hi" has a translation that is marked to be checked again '
        "(demo/one text)",
    )
    assert rows[0].file == locales / "es" / "LC_MESSAGES" / "campaigns.po"
    assert [row.is_complete for row in rows] == [False, True, False, True]


def test_an_item_in_another_language_waits_for_the_others(tmp_path: Path) -> None:
    locales = tmp_path / "locales"
    write_po(locales, "en", po_entry("Hola", "Hello", context="demo/one text"))
    spanish = Wording(context="demo/one text", source="Hola", locale="es", line=7)

    rows = translation_status([campaign(item(spanish))], Catalogs([locales]), [], [], [])

    seen = [(row.locale, row.total, row.translated) for row in rows]
    assert seen == [("en", 1, 1), ("es", 0, 0), ("fr", 1, 0)]


def test_a_translation_that_is_its_source_is_remarked_on(tmp_path: Path) -> None:
    locales = tmp_path / "locales"
    write_po(locales, "es", po_entry("Hi there", "Hi there", context="demo/one text"))
    spanish, french = translation_status(
        [campaign(item(wording("Hi there")))], Catalogs([locales]), [], [], []
    )
    ((name, remark),) = spanish.remarks
    assert (name, remark.found) == ("demo/one text", "is the same as its source")
    assert spanish.is_complete, "a remark holds nothing back"
    assert french.remarks == ()
