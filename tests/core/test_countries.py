import pytest
from babel import Locale

from campaigner.core.countries import COUNTRIES, country_code, country_of
from campaigner.errors import UserError

# What CLDR names beside the officially assigned codes of ISO 3166-1.
NOT_ASSIGNED = {
    *("AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC"),
    *("QO", "TA", "UN", "XA", "XB", "XK", "ZZ"),
}


def test_the_countries_are_those_of_iso_3166() -> None:
    known = {code for code in map(str, Locale("en").territories) if len(code) == 2}
    assert set(COUNTRIES) == known - NOT_ASSIGNED
    assert len(COUNTRIES) == 249
    assert len(set(COUNTRIES.values())) == 249


@pytest.mark.parametrize(
    ("written", "code"),
    [("BR", "BR"), ("br", "BR"), ("Brazil", "BR"), (" puerto  rico ", "PR"), ("haiti", "HT")],
)
def test_a_country_is_written_as_code_or_english_name(written: str, code: str) -> None:
    assert country_code(written) == code


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("Brasil", r"Did you mean BR \(Brazil\)\?"),
        ("Urugay", r"Did you mean UY \(Uruguay\)\?"),
        ("XX", "two letters"),
        ("", "two letters"),
    ],
)
def test_what_is_no_country_is_told_with_what_was_meant(written: str, hint: str) -> None:
    with pytest.raises(UserError, match=hint):
        country_code(written)


@pytest.mark.parametrize(
    ("locale", "country"),
    [
        ("pt_BR", "BR"),
        ("fr_HT", "HT"),
        ("zh_Hant_TW", "TW"),
        ("es_419", ""),
        ("es", ""),
        ("ht", ""),
    ],
)
def test_a_locale_speaks_to_the_country_that_it_names(locale: str, country: str) -> None:
    assert country_of(locale) == country
