"""The public holidays of countries, as python-holidays knows them.

https://holidays.readthedocs.io/
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache


@dataclass(frozen=True, kw_only=True)
class PublicHolidays:
    """What is kept in the whole of some countries, by their ISO 3166 codes.

    Holidays of single provinces are not among them. Names are in the
    country's own language, whatever that of the machine is.
    """

    countries: tuple[str, ...]

    def name_on(self, day: date) -> str:
        """Return what is kept on `day`: ``Natal (BR), Navidad (MX)``; empty: nothing is."""
        names = (
            f"{name} ({country})"
            for country in self.countries
            if (name := _of_year(country, day.year).get(day))
        )
        return ", ".join(names)


@lru_cache(maxsize=1_024)
def _of_year(country: str, year: int) -> Mapping[date, str]:
    # Imported on use: only campaigns that name countries pay for it.
    entity = getattr(importlib.import_module("holidays"), country)
    # Left to itself it takes the language of the machine's environment.
    return dict(entity(years=year, language=entity.default_language, expand=False))
