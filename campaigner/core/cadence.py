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

FIRST_MONDAY = date(2024, 1, 1)  # from which is counted where nobody names a day


@dataclass(frozen=True, kw_only=True, order=True)
class Slot:
    """A date of a cadence: the instant it means, and the day and time it was written as.

    `day` and `at` are the nominal ones: they stay what they are when a gap in
    the clock, a holiday, a quiet time or a hand moves `due_at` to another.
    `moved` says why it was moved, and from when; empty: it was not.
    """

    due_at: datetime
    day: date
    at: time
    moved: str = ""

    def wall_clock(self, zone: ZoneInfo) -> tuple[date, time]:
        """Return the day and time for which it stands: as written, or where it was moved to.

        What is kept of a date, so that its instant can be derived again when
        the data of the zone changes.
        """
        if not self.moved:
            return self.day, self.at
        moved_to = slot_of(self.due_at, zone)
        return moved_to.day, moved_to.at

    def in_words(self, zone: ZoneInfo) -> str:
        """Return that time as people read it: ``2026-12-01 10:00 America/Montevideo``."""
        day, at = self.wall_clock(zone)
        return f"{day} {at:%H:%M} {zone.key}"


@dataclass(frozen=True, kw_only=True)
class OnDates:
    """Just these, each a day and a time."""

    dates: tuple[tuple[date, time], ...]


@dataclass(frozen=True, kw_only=True)
class EveryDays:
    """Every so many days, counted from an anchor, at one or more times of day."""

    times: tuple[time, ...]
    every: int = 1


@dataclass(frozen=True, kw_only=True)
class Weekly:
    """On chosen weekdays (Monday is 0) of every so many weeks, at one or more times of day.

    Weeks begin on Monday; they are counted from the one of an anchor.
    """

    weekdays: frozenset[int]
    times: tuple[time, ...]
    every: int = 1


@dataclass(frozen=True, kw_only=True)
class Monthly:
    """On a day of every so many months; a day that a month lacks is its last (31 → 30 April).

    -1 is the last day of every month. Months are counted from the one of an anchor.
    """

    day: int
    times: tuple[time, ...]
    every: int = 1


@dataclass(frozen=True, kw_only=True)
class MonthlyWeekday:
    """On the nth (1 to 5) of a weekday in every so many months; -1 is the last of a month.

    A month without a fifth one has no date.
    """

    nth: int
    weekday: int
    times: tuple[time, ...]
    every: int = 1


@dataclass(frozen=True, kw_only=True)
class Offset:
    """How far from an event, negative before it: `days` of the calendar, or `elapsed` time.

    Days keep the event's time of day, or are `at` another.
    """

    days: int = 0
    at: time | None = None
    elapsed: timedelta = timedelta(0)


@dataclass(frozen=True, kw_only=True)
class Event:
    """Before, at and after something that happens once."""

    name: str
    day: date
    at: time
    offsets: tuple[Offset, ...]


@dataclass(frozen=True, kw_only=True)
class Timetable:
    """Every week, each at its own time: weekdays (Monday is 0) with times of day, in order."""

    times: tuple[tuple[int, time], ...]


@dataclass(frozen=True, kw_only=True)
class AccountSlots:
    """The queue slots of each account: its settings know them, not the campaign."""


Cadence = OnDates | EveryDays | Weekly | Monthly | MonthlyWeekday | Event | Timetable | AccountSlots


def instant_of(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Return the UTC instant of a wall-clock time.

    A time skipped in spring is moved later by the length of the jump (02:30
    becomes 03:30). One repeated in autumn is used the first time.
    """
    return datetime.combine(day, at.replace(fold=0), zone).astimezone(UTC)


def slot_of(instant: datetime, zone: ZoneInfo) -> Slot:
    """Return an instant as a date of its own, on the day and minute that a clock there shows."""
    local = instant.astimezone(zone)
    return Slot(due_at=instant, day=local.date(), at=local.time().replace(second=0, microsecond=0))


def plan_slots(
    cadence: Cadence,
    zone: ZoneInfo,
    *,
    after: datetime,
    until: datetime,
    first_day: date | None = None,
    last_day: date | None = None,
    anchor: date | None = None,
) -> list[Slot]:
    """Return the dates of `cadence` in a window, earliest instant first.

    The window is ``after < t <= until``: consecutive windows that share an
    edge neither repeat a date nor lose one. Both edges must be aware.
    `first_day` and `last_day` bound the nominal day, inclusively. `anchor` is
    the day from which "every so many" is counted, before and after it; None:
    `first_day`, else FIRST_MONDAY. There is exactly one slot per nominal day
    and time of the cadence.
    """
    start = after.astimezone(zone).date() - BEFORE
    end = until.astimezone(zone).date() + AFTER
    slots = slots_between(
        cadence,
        zone,
        max(start, first_day) if first_day else start,
        min(end, last_day) if last_day else end,
        anchor=anchor or first_day or FIRST_MONDAY,
    )
    return sorted(slot for slot in slots if after < slot.due_at <= until)


def slots_between(
    cadence: Cadence, zone: ZoneInfo, start: date, end: date, *, anchor: date
) -> Iterator[Slot]:
    """Yield the dates whose nominal day is from `start` to `end`, both inclusive, in any order."""
    if isinstance(cadence, Event):
        yield from (slot for slot in _slots_around(cadence, zone) if start <= slot.day <= end)
        return
    for day, at in _wall_times(cadence, start, end, anchor):
        yield Slot(due_at=instant_of(day, at, zone), day=day, at=at)


def _slots_around(event: Event, zone: ZoneInfo) -> Iterator[Slot]:
    happens = instant_of(event.day, event.at, zone)
    for offset in event.offsets:
        if offset.elapsed:
            yield slot_of(happens + offset.elapsed, zone)
        else:
            day, at = event.day + offset.days * ONE_DAY, offset.at or event.at
            yield Slot(due_at=instant_of(day, at, zone), day=day, at=at)


def _wall_times(
    cadence: Cadence, start: date, end: date, anchor: date
) -> Iterator[tuple[date, time]]:
    match cadence:
        case OnDates(dates=dates):
            yield from ((day, at) for day, at in dates if start <= day <= end)
        case EveryDays(times=times, every=every):
            first = start + (anchor - start).days % every * ONE_DAY
            yield from ((day, at) for day in _days(first, end, every) for at in times)
        case Weekly(weekdays=weekdays, times=times, every=every):
            monday = anchor - anchor.weekday() * ONE_DAY
            for day in _days(start, end):
                if day.weekday() in weekdays and (day - monday).days // 7 % every == 0:
                    yield from ((day, at) for at in times)
        case Timetable(times=timetable):
            for day in _days(start, end):
                yield from ((day, at) for weekday, at in timetable if weekday == day.weekday())
        case Monthly(times=times) | MonthlyWeekday(times=times):
            for year, month in months_between(start, end):
                count = (year - anchor.year) * 12 + month - anchor.month
                number = _day_of_month(cadence, year, month) if count % cadence.every == 0 else None
                if number and start <= (day := date(year, month, number)) <= end:
                    yield from ((day, at) for at in times)
        case Event() | AccountSlots():
            return  # neither is told by days of the calendar alone


def _days(start: date, end: date, every: int = 1) -> Iterator[date]:
    return (start + number * ONE_DAY for number in range(0, (end - start).days + 1, every))


def _day_of_month(cadence: Monthly | MonthlyWeekday, year: int, month: int) -> int | None:
    first_weekday, length = calendar.monthrange(year, month)
    if isinstance(cadence, Monthly):
        return length if cadence.day == -1 else min(cadence.day, length)
    first = 1 + (cadence.weekday - first_weekday) % 7
    if cadence.nth == -1:
        return first + (length - first) // 7 * 7
    day = first + (cadence.nth - 1) * 7
    return day if day <= length else None


def months_between(start: date, end: date) -> Iterator[tuple[int, int]]:
    first, last = start.year * 12 + start.month - 1, end.year * 12 + end.month - 1
    for index in range(first, last + 1):
        yield index // 12, index % 12 + 1
