from datetime import UTC, date, datetime

import pytest
from babel import Locale

from campaigner.rendering import formats

DAY = date(2026, 11, 23)
MOMENT = datetime(2026, 12, 1, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    ("locale", "day", "month", "first"),
    [
        ("en", "November 23, 2026", "November 2026", "December 1, 2026"),
        ("en_TT", "23 November 2026", "November 2026", "1 December 2026"),
        ("es", "23 de noviembre de 2026", "noviembre de 2026", "1 de diciembre de 2026"),
        ("es_419", "23 de noviembre de 2026", "noviembre de 2026", "1 de diciembre de 2026"),
        ("pt_BR", "23 de novembro de 2026", "novembro de 2026", "1 de dezembro de 2026"),
        ("fr", "23 novembre 2026", "novembre 2026", "1er décembre 2026"),
        ("ht", "23 novanm 2026", "novanm 2026", "1ye desanm 2026"),
        ("gn", "23 Jasypateĩ 2026", "Jasypateĩ 2026", "1 Jasypakõi 2026"),
        ("ay", "23 de noviembre de 2026", "noviembre de 2026", "1 de diciembre de 2026"),
        ("srn", "23 november 2026", "november 2026", "1 december 2026"),
    ],
)
def test_days_are_written_as_the_locale_writes_them(
    locale: str, day: str, month: str, first: str
) -> None:
    assert formats.format_date(DAY, locale=locale) == day
    assert formats.format_date("2026-11", locale=locale) == month
    assert formats.format_date("2026-12-01", locale=locale) == first
    assert formats.format_date("2026", locale=locale) == "2026"


def test_a_weekday_is_in_the_full_width() -> None:
    assert formats.format_date(DAY, locale="es", width="full") == "lunes, 23 de noviembre de 2026"
    assert formats.format_date(DAY, locale="ht", width="full") == "lendi 23 novanm 2026"


def test_what_is_no_date_is_refused() -> None:
    with pytest.raises(ValueError, match="month must be in"):
        formats.format_date("2026-13-01", locale="es")


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("es", "1 de diciembre de 2026, 8:00 (Puerto Príncipe)"),
        ("pt_BR", "1 de dezembro de 2026, 08:00 (Porto Príncipe)"),
        ("fr", "1er décembre 2026, 08:00 (Port-au-Prince)"),
        ("gn", "1 Jasypakõi 2026, 08:00 (Port-au-Prince)"),
    ],
)
def test_a_time_names_its_city_in_the_readers_language(locale: str, said: str) -> None:
    zone = "America/Port-au-Prince"
    assert formats.format_moment(MOMENT, locale=locale, zone=zone) == said


def test_a_city_unknown_to_a_language_keeps_its_own_name() -> None:
    assert formats.city_name("America/Port_of_Spain", "gn") == "Port of Spain"
    assert formats.city_name("America/Buenos_Aires", "es") == "Buenos Aires", (
        "an old name of a zone"
    )


def test_a_public_moment_has_utc_and_two_cities() -> None:
    cities = ["America/Montevideo", "America/Port_of_Spain"]
    assert formats.format_public_moment(MOMENT, cities, locale="es") == (
        "1 de diciembre de 2026, 13:00 UTC (10:00 Montevideo; 9:00 Puerto España)"
    )


def test_a_city_where_it_is_another_day_says_so() -> None:
    late = datetime(2026, 12, 1, 1, tzinfo=UTC)
    said = formats.format_public_moment(late, ["America/Montevideo"], locale="fr")
    assert said == "1er décembre 2026, 01:00 UTC (30 nov. 2026, 22:00 Montevideo)"


def test_lists_and_numbers() -> None:
    assert formats.format_list(["a", "b", "c"], locale="es") == "a, b y c"
    assert formats.format_list(["a", "b", "c"], locale="ht") == "a, b ak c"
    assert formats.format_list(["a"], locale="ht") == "a"
    assert formats.format_number(1234567.5, locale="es_419") == "1,234,567.5"
    assert formats.format_number(1234567.5, locale="es_AR") == "1.234.567,5"


@pytest.mark.parametrize(
    ("locale", "reader", "name"),
    [
        ("es_419", "es", "español (Latinoamérica)"),
        ("es_419", "pt_BR", "espanhol (América Latina)"),
        ("fr_HT", "ht", "franse (Ayiti)"),
        ("ht", "ht", "kreyòl ayisyen"),
        ("ay", "ay", "Aymar aru"),
        ("ay", "es", "aimara"),
        ("srn", "srn", "Sranantongo"),
        ("gn", "gn", "avañe’ẽ"),
        ("es", "gn", "español"),
        ("xx", "en", "xx"),
    ],
)
def test_a_locale_is_shown_by_its_name(locale: str, reader: str, name: str) -> None:
    assert formats.locale_name(locale, reader) == name


@pytest.mark.parametrize(
    ("code", "reader", "name"),
    [
        ("BR", "ht", "Brezil"),
        ("DO", "gn", "República Dominicana"),
        ("HT", "fr", "Haïti"),
        ("QQ", "es", "QQ"),
    ],
)
def test_a_country_is_shown_by_its_name(code: str, reader: str, name: str) -> None:
    assert formats.territory_name(code, reader) == name


def test_guarani_months_are_still_those_of_cldr() -> None:
    cldr = Locale("gn").months["format"]["wide"]
    assert [
        formats.format_date(f"2026-{month:02}", locale="gn").split()[0] for month in range(1, 13)
    ] == [cldr[month] for month in range(1, 13)]
