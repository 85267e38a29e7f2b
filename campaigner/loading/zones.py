"""The time zone of whom only the country is known: the only one there is, or the capital's."""

from functools import cache
from importlib import resources

from campaigner.core.zones import CAPITALS


def zone_of_country(country: str) -> str:
    """Return the zone of an ISO 3166 code; empty where it is not clear."""
    return CAPITALS.get(country) or _only_zones().get(country, "")


@cache
def _only_zones() -> dict[str, str]:
    """Return the zone of each country that has one, from the table beside the zone data."""
    table = (resources.files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8")
    zones: dict[str, list[str]] = {}
    for line in table.splitlines():
        if not line.startswith("#"):
            country, _, zone, *_ = line.split("\t")
            zones.setdefault(country, []).append(zone)
    return {country: named[0] for country, named in zones.items() if len(named) == 1}
