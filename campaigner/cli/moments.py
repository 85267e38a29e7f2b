"""Times as people write them on the command line: wall-clock in a post's own zone."""

from datetime import datetime
from zoneinfo import ZoneInfo

from campaigner.core.cadence import instant_of
from campaigner.errors import UserError


def read_moment(text: str, zone: str) -> datetime:
    """Read `2026-12-01 10:00` in an IANA zone; return the instant in UTC. Raises UserError."""
    try:
        wall = datetime.strptime(text.strip(), "%Y-%m-%d %H:%M")  # noqa: DTZ007 - its zone comes next
    except ValueError:
        raise UserError(f"'{text}' is no time. Write it like '2026-12-01 10:00'") from None
    return instant_of(wall.date(), wall.time(), ZoneInfo(zone))
