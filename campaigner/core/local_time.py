"""The same time on every reader's own clock."""

from collections.abc import Iterable
from datetime import date, datetime, time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from campaigner.core.cadence import instant_of


def local_dues(
    day: date, at: time, zones: Iterable[str], *, otherwise: datetime
) -> dict[str, datetime]:
    """Return when a clock shows that day and time in each zone; `otherwise` for no zone of ours.

    As everywhere (core.cadence), a time that is skipped there comes later by
    the length of the jump, and one that is repeated is the first.
    """
    return {zone: _due(day, at, zone, otherwise) for zone in zones}


def _due(day: date, at: time, zone: str, otherwise: datetime) -> datetime:
    try:
        return instant_of(day, at, ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):  # imported by hand, or not known any more
        return otherwise
