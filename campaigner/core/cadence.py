"""When a campaign speaks: wall-clock rules turned into instants.

The only module that knows about daylight saving. It never asks the time.
"""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ONE_DAY = timedelta(days=1)

# A skipped time spills into a later day (a zone that changes sides of the date
# line skips a whole one); a repeated hour can straddle midnight.
BEFORE, AFTER = 2 * ONE_DAY, ONE_DAY


@dataclass(frozen=True, kw_only=True, order=True)
class Slot:
    """A date of a cadence: the instant it means, and the day and time it was written as.

    `day` is the nominal one: it stays what it is when a gap in the clock, a
    holiday or a hand moves `due_at` into another.
    """

    due_at: datetime
    day: date
    at: time

    def in_words(self, zone: ZoneInfo) -> str:
        """Return the wall-clock time as it was written: ``2026-12-01 10:00 America/Montevideo``."""
        return f"{self.day} {self.at:%H:%M} {zone.key}"


@dataclass(frozen=True, kw_only=True)
class OnDates:
    """Just these, each a day and a time."""

    dates: tuple[tuple[date, time], ...]


@dataclass(frozen=True, kw_only=True)
class Weekly:
    """Every week on chosen weekdays (Monday is 0), at one or more times of day."""

    weekdays: frozenset[int]
    times: tuple[time, ...]


@dataclass(frozen=True, kw_only=True)
class Monthly:
    """Every month on a day of it; a day that a month lacks is its last (31 → 30 April).

    -1 is the last day of every month.
    """

    day: int
    times: tuple[time, ...]


Cadence = OnDates | Weekly | Monthly


def instant_of(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Return the UTC instant of a wall-clock time.

    A time skipped in spring is moved later by the length of the jump (02:30
    becomes 03:30). One repeated in autumn is used the first time.
    """
    return datetime.combine(day, at.replace(fold=0), zone).astimezone(UTC)


def plan_slots(
    cadence: Cadence,
    zone: ZoneInfo,
    *,
    after: datetime,
    until: datetime,
    first_day: date | None = None,
    last_day: date | None = None,
) -> list[Slot]:
    """Return the dates of `cadence` in a window, earliest instant first.

    The window is ``after < t <= until``: consecutive windows that share an
    edge neither repeat a date nor lose one. Both edges must be aware.
    `first_day` and `last_day` bound the nominal day, inclusively. There is
    exactly one slot per nominal day and time of the cadence.
    """
    start = after.astimezone(zone).date() - BEFORE
    end = until.astimezone(zone).date() + AFTER
    start = max(start, first_day) if first_day else start
    end = min(end, last_day) if last_day else end
    slots = (
        Slot(due_at=instant_of(day, at, zone), day=day, at=at)
        for day, at in wall_times(cadence, start, end)
    )
    return sorted(slot for slot in slots if after < slot.due_at <= until)


def wall_times(cadence: Cadence, start: date, end: date) -> Iterator[tuple[date, time]]:
    """Yield the cadence's days and times from `start` to `end`, both inclusive."""
    match cadence:
        case OnDates(dates=dates):
            yield from ((day, at) for day, at in dates if start <= day <= end)
        case Weekly(weekdays=weekdays, times=times):
            for number in range((end - start).days + 1):
                day = start + number * ONE_DAY
                if day.weekday() in weekdays:
                    yield from ((day, at) for at in times)
        case Monthly(day=wanted, times=times):
            for year, month in months_between(start, end):
                length = calendar.monthrange(year, month)[1]
                day = date(year, month, length if wanted == -1 else min(wanted, length))
                if start <= day <= end:
                    yield from ((day, at) for at in times)


def months_between(start: date, end: date) -> Iterator[tuple[int, int]]:
    first, last = start.year * 12 + start.month - 1, end.year * 12 + end.month - 1
    for index in range(first, last + 1):
        yield index // 12, index % 12 + 1
