import pytest

from campaigner.core.locales import bcp47, chain, nearest, normalize


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("es", "es"),
        ("es-419", "es_419"),
        ("ES_419", "es_419"),
        ("pt-br", "pt_BR"),
        (" pt_BR ", "pt_BR"),
        ("pap", "pap"),
        ("qu-PE", "qu_PE"),
        ("zh-hant-tw", "zh_Hant_TW"),
    ],
)
def test_a_name_has_one_form(written: str, normal: str) -> None:
    assert normalize(written) == normal
    assert normalize(bcp47(normal)) == normal


@pytest.mark.parametrize(
    "name",
    ["", "español", "e", "es_", "es_Ñandu", "x-es", "es_4199", "ñe", "es_ÑA", "es_४१९", "es_UY_AR"],
)
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is not the name of a locale"):
        normalize(name)


def test_american_spanish_goes_through_es_419() -> None:
    assert chain("es_MX") == ("es_MX", "es_419", "es")
    assert chain("es_ES") == ("es_ES", "es")
    assert chain("es_419") == ("es_419", "es")
    assert chain("pt_BR") == ("pt_BR", "pt")
    assert chain("zh_Hant_TW") == ("zh_Hant_TW", "zh_Hant", "zh")


@pytest.mark.parametrize(
    ("reader", "gets"),
    [
        ("es_UY", "es"),
        ("pt_BR", "pt_BR"),
        ("pt", "pt_BR"),
        ("pt_PT", "pt_BR"),
        ("fr_HT", "fr"),
        ("en_TT", "en"),
        ("nl_SR", "en"),
    ],
)
def test_a_reader_gets_the_nearest_language_offered(reader: str, gets: str) -> None:
    assert nearest(reader, ["en", "es", "fr", "pt_BR"], otherwise="en") == gets
