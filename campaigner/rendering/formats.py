"""Dates, times, numbers, lists and names, as a reader's locale writes them.

A time always names its city. Locales that Babel lacks or knows only hollowly
get what `supplement.toml` can say of them.
"""

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError, dates, lists, numbers
from babel.core import get_global

from campaigner.core.locales import chain

_MONTH_SKELETON = "yMMMM"
_DAY_ONE = re.compile(r"(?<!\d)1(?!\d)")


@cache
def _supplement() -> Mapping[str, Mapping[str, Any]]:
    text = (resources.files(__package__) / "supplement.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def display_locale(locale: str) -> str:
    """Return the locale whose data formats for `locale`: itself, an ancestor, or its stand-in.

    English stands in for a language that nothing is known of.
    """
    for candidate in chain(locale):
        if like := _supplement().get(candidate, {}).get("like"):
            return str(like)
        try:
            Locale.parse(candidate)
        except (UnknownLocaleError, ValueError):
            continue
        return candidate
    return "en"


def format_date(value: date | str, *, locale: str, width: str = "long") -> str:
    """Write a day, or a text `YYYY`, `YYYY-MM` or `YYYY-MM-DD`, as precisely as it is known.

    `width` is CLDR's: full (with the weekday), long, medium or short.
    Raises ValueError for a text that is no date.
    """
    if isinstance(value, str) and len(value) == len("YYYY"):
        return str(int(value))
    if isinstance(value, str) and len(value) == len("YYYY-MM"):
        return _format_month(date.fromisoformat(f"{value}-01"), locale)
    day = date.fromisoformat(value) if isinstance(value, str) else value
    own = (_of("dates", locale) or {}) if width != "short" else {}
    number = own.get("first", "1") if day.day == 1 else str(day.day)
    if "months" not in own:
        plain = dates.format_date(day, width, locale=display_locale(locale))
        return _DAY_ONE.sub(number, plain, count=1) if day.day == 1 else plain
    weekday = f"{own['weekdays'][day.weekday()]} " if width == "full" else ""
    named = own["long"].format(day=number, month=own["months"][day.month - 1], year=day.year)
    return weekday + str(named)


def format_time(moment: datetime, *, locale: str, zone: str) -> str:
    """Write the time of day in `zone` with the name of its city: 10:00 (Montevideo)."""
    return f"{_clock(moment, locale, zone)} ({city_name(zone, locale)})"


def format_moment(moment: datetime, *, locale: str, zone: str, width: str = "long") -> str:
    """Write day and time in `zone`, with its city: 1 December 2026, 10:00 (Montevideo)."""
    day = format_date(moment.astimezone(ZoneInfo(zone)).date(), locale=locale, width=width)
    return f"{day}, {format_time(moment, locale=locale, zone=zone)}"


def format_public_moment(
    moment: datetime, cities: Sequence[str], *, locale: str, width: str = "long"
) -> str:
    """Write a moment for readers anywhere: day and time in UTC, then the time in some cities.

    1 December 2026, 13:00 UTC (10:00 Montevideo, 09:00 Port of Spain). A city
    where it is another day has its day too.
    """
    utc_day = moment.astimezone(UTC).date()
    said = []
    for zone in cities:
        day = moment.astimezone(ZoneInfo(zone)).date()
        own_day = "" if day == utc_day else f"{format_date(day, locale=locale, width='medium')}, "
        said.append(f"{own_day}{_clock(moment, locale, zone)} {city_name(zone, locale)}")
    elsewhere = f" ({'; '.join(said)})" if said else ""
    utc = format_date(utc_day, locale=locale, width=width)
    return f"{utc}, {_clock(moment, locale, 'UTC')} UTC{elsewhere}"


def format_list(values: Iterable[object], *, locale: str) -> str:
    """Join with the language's own words: A, B y C."""
    texts = [str(value) for value in values]
    if (own_word := _of("and", locale)) and len(texts) > 1:
        return f"{', '.join(texts[:-1])} {own_word} {texts[-1]}"
    return lists.format_list(texts, locale=display_locale(locale))


def format_number(value: float, *, locale: str) -> str:
    return numbers.format_decimal(value, locale=display_locale(locale))


def format_percent(value: float, *, locale: str) -> str:
    """Write a share of 1 in percent: 0.36 → 36 %."""
    return numbers.format_percent(value, locale=display_locale(locale))


def city_name(zone: str, locale: str) -> str:
    """Return the city by which a zone is known: America/Port-au-Prince → Puerto Príncipe."""
    known = Locale.parse(display_locale(locale)).time_zones
    canonical = get_global("zone_aliases").get(zone, zone)
    return str(known.get(canonical, {}).get("city") or zone.rsplit("/", 1)[-1].replace("_", " "))


def territory_name(code: str, locale: str) -> str:
    """Return a country's name; its code if nobody has told us."""
    own = _of("territories", locale) or {}
    return str(own.get(code) or _names_of(locale).territories.get(code, code))


def locale_name(locale: str, in_locale: str) -> str:
    """Return what a locale is called: es_419 in French → espagnol (Amérique latine).

    The first letter is as the language writes it within a sentence.
    """
    language, *rest = locale.split("_")
    own = _of("languages", in_locale) or {}
    for reader in (Locale.parse(display_locale(in_locale)), _names_of(in_locale)):
        name = own.get(language) or reader.languages.get(language)
        if name:
            break
    if display_locale(language) != language and in_locale.split("_")[0] == language:
        name = _of("name", language)
    inner = [
        _names_of(in_locale).scripts.get(part, part)
        if len(part) == len("Latn")
        else territory_name(part, in_locale)
        for part in rest
    ]
    return f"{name or language} ({', '.join(inner)})" if inner else str(name or language)


def _names_of(locale: str) -> Locale:
    """Return the locale that names languages and territories for a reader of `locale`."""
    return Locale.parse(_of("names_like", locale) or display_locale(locale))


def _format_month(first: date, locale: str) -> str:
    if "months" in (own := (_of("dates", locale) or {})):
        return str(own["month"].format(month=own["months"][first.month - 1], year=first.year))
    return dates.format_skeleton(_MONTH_SKELETON, first, locale=display_locale(locale))


def _clock(moment: datetime, locale: str, zone: str) -> str:
    return dates.format_time(moment, "short", tzinfo=ZoneInfo(zone), locale=display_locale(locale))


def _of(key: str, locale: str) -> Any:
    """Return what the supplement says of the locale or the nearest of its ancestors, or None."""
    for candidate in chain(locale):
        if own := _supplement().get(candidate, {}).get(key):
            return own
    return None


def _with_locale_only(format: Callable[..., str]) -> Callable[..., str]:
    return lambda value, *args, locale, zone, **kwargs: format(
        value, *args, locale=locale, **kwargs
    )


FILTERS: Mapping[str, Callable[..., str]] = {
    "date": _with_locale_only(format_date),
    "time": format_time,
    "moment": format_moment,
    "public_moment": _with_locale_only(format_public_moment),
    "listed": _with_locale_only(format_list),
    "number": _with_locale_only(format_number),
    "percent": _with_locale_only(format_percent),
    "city": lambda value, *, locale, zone: city_name(value, locale),
    "territory": lambda value, *, locale, zone: territory_name(value, locale),
    "language": lambda value, *, locale, zone: locale_name(value, locale),
}
"""What templates call by name; each takes the value, its own arguments, locale and zone."""
