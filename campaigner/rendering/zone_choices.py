"""Time zones as people choose them: by country and city, in their own language.

From the table that comes with the time zone data (`zone.tab`), which has for
every country the zones that differ there.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

from campaigner.rendering.formats import city_name, territory_name


@dataclass(frozen=True, kw_only=True)
class Choice:
    """An option of a form: what is sent, and what is read. `lang` is BCP 47, or empty."""

    value: str
    label: str
    lang: str = ""


@lru_cache(maxsize=16)
def zone_choices(locale: str) -> tuple[Choice, ...]:
    """Return every zone as "country – city", in the order of the reader's words; UTC is last."""
    found = [
        Choice(value=zone, label=f"{territory_name(country, locale)} – {city_name(zone, locale)}")
        for zone, country in zone_countries().items()
    ]
    found.sort(key=lambda choice: _plain(choice.label))
    return (*found, Choice(value="UTC", label="UTC"))


@cache
def zone_countries() -> Mapping[str, str]:
    """Return the country of each zone, by ISO 3166 code: {"America/Montevideo": "UY"}."""
    text = (resources.files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
    return {columns[2]: columns[0] for columns in rows}


def _plain(text: str) -> str:
    """Return a text for sorting: Åland stands with A, El Salvador before España."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in folded if not unicodedata.combining(letter))
