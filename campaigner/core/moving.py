"""Dates as they are kept: holidays, quiet times and embargoes move or skip what a cadence says.

A moved date keeps its nominal day and time, and so its identity.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from campaigner.core.cadence import ONE_DAY, Slot, instant_of, plan_slots, slot_of
from campaigner.core.campaign import Quiet, Schedule, Then

FARTHEST = timedelta(days=60)  # a date that would move farther is skipped
REACH = FARTHEST + 2 * ONE_DAY
WINDOW = timedelta(days=60)  # of the calendar looked at first
MOVES = 4 * FARTHEST.days  # a date passes a day in two moves at most
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """A date that does not exist this time, and why: ``Navidad (UY)``."""

    slot: Slot
    reason: str


def plan_dates(
    schedule: Schedule,
    *,
    after: datetime,
    until: datetime,
    anchor: date,
    begin: datetime | None = None,
) -> list[Slot | Skipped]:
    """Return the dates in a window, earliest first; those that are skipped, where they were.

    The window is ``after < t <= until`` over the instants to which dates
    were moved: windows that share an edge neither repeat nor lose. Nothing is
    written for, or moved to, `begin` or before it. Two dates that move to the
    same instant stay two.
    """
    rules = schedule.holidays is not None or schedule.quiet is not None
    forth = REACH if rules else timedelta(0)
    back = REACH if rules and schedule.on_holiday is Then.BACK else timedelta(0)
    written = plan_slots(
        schedule.cadence,
        schedule.zone,
        after=max(begin, after - forth) if begin else after - forth,
        until=until + back,
        first_day=schedule.first_day,
        last_day=schedule.last_day,
        anchor=schedule.first_day or anchor,
    )
    if not rules:
        return list(written)
    kept = (_not_before(begin, slot, settle(slot, schedule)) for slot in written)
    found = [date for date in kept if after < _instant(date) <= until]
    return sorted(found, key=lambda date: (_instant(date), _written(date)))


def upcoming(
    schedule: Schedule, *, begin: datetime, until: datetime, anchor: date
) -> Iterator[Slot | Skipped]:
    """Yield the dates after `begin` (not at it), earliest first, as many as are asked for."""
    after, window = begin, WINDOW
    while after < until:
        edge = min(after + window, until)
        yield from plan_dates(schedule, after=after, until=edge, anchor=anchor, begin=begin)
        after, window = edge, 2 * window


def settle(slot: Slot, schedule: Schedule) -> Slot | Skipped:
    """Return a date where holidays and quiet times of `schedule` leave it.

    A quiet time is left at its end; holidays and quiet weekdays are left by
    whole days, at the same time of day, in the direction of the first one.
    A date is skipped if it would move farther than FARTHEST, or over an end of the schedule.
    """
    return _freed(slot, slot, schedule)


def wait_for(embargo: datetime | None, slot: Slot, schedule: Schedule) -> Slot | Skipped:
    """Return a date where an embargo leaves it: not before its end, nor then in a quiet time."""
    if embargo is None or slot.due_at >= embargo:
        return slot
    ends = slot_of(embargo, schedule.zone)
    forth = replace(schedule, on_holiday=Then.MOVE, first_day=None, last_day=None)
    if forth.quiet is not None:
        forth = replace(forth, quiet=replace(forth.quiet, then=Then.MOVE))
    return _freed(slot, ends, forth, reason=f"embargo until {_in_words(ends)}")


def stands(slot: Slot, schedule: Schedule) -> bool:
    """Whether a date that was settled once is still free, and within the schedule's ends."""
    standing = slot_of(slot.due_at, schedule.zone)
    return _within(standing, schedule) and settle(standing, schedule) == standing


def is_quiet(quiet: Quiet, at: time) -> bool:
    """Whether nothing goes out at a time of day, whatever the weekday."""
    begins, ends = quiet.begins, quiet.ends
    if begins is None or ends is None:
        return False
    return at >= begins or at < ends if begins > ends else begins <= at < ends


@dataclass(frozen=True, kw_only=True)
class _Obstacle:
    """Why a moment is not free. `ends` is when it is over; None: the day is taken as a whole."""

    reason: str
    then: Then
    ends: datetime | None = None


def _freed(slot: Slot, begins: Slot, schedule: Schedule, *, reason: str = "") -> Slot | Skipped:
    """Move a date from where it `begins` until nothing is in its way."""
    due_at, at, step = begins.due_at, begins.at, timedelta(0)
    reasons = [reason] if reason else []
    for _ in range(MOVES):
        local = due_at.astimezone(schedule.zone)
        obstacle = _obstacle(schedule, local)
        if obstacle is None:
            break
        reasons.append(obstacle.reason)
        if obstacle.then is Then.SKIP:
            return _skipped(slot, reasons)
        if obstacle.ends is not None:
            due_at, at = obstacle.ends, obstacle.ends.astimezone(schedule.zone).time()
            continue
        step = step or (-ONE_DAY if obstacle.then is Then.BACK else ONE_DAY)
        if abs(local.date() + step - begins.day) > FARTHEST:
            return _skipped(slot, [*reasons, f"no day is free within {FARTHEST.days} days"])
        due_at = instant_of(local.date() + step, at, schedule.zone)
    else:
        return _skipped(slot, [*reasons, "no time is free"])
    if not reasons:
        return slot
    moved = replace(slot, due_at=due_at, moved=f"moved from {_in_words(slot)}: {_row(reasons)}")
    if not _within(slot_of(due_at, schedule.zone), schedule):
        return _skipped(slot, [*reasons, "the schedule has no free day on that side of it"])
    return moved


def _obstacle(schedule: Schedule, local: datetime) -> _Obstacle | None:
    """Return what is in the way at a local time: what skips before what moves."""
    found = list(_obstacles(schedule, local))
    return next((one for one in found if one.then is Then.SKIP), found[0] if found else None)


def _obstacles(schedule: Schedule, local: datetime) -> Iterator[_Obstacle]:
    quiet = schedule.quiet
    if quiet is not None and (ends := _end_of_quiet(quiet, local)) is not None:
        reason = f"quiet from {quiet.begins:%H:%M} to {quiet.ends:%H:%M}"
        yield _Obstacle(reason=reason, then=quiet.then, ends=ends)
    if schedule.holidays is not None and (name := schedule.holidays.name_on(local.date())):
        yield _Obstacle(reason=name, then=schedule.on_holiday)
    if quiet is not None and local.weekday() in quiet.weekdays:
        yield _Obstacle(reason=f"{WEEKDAYS[local.weekday()]} is quiet", then=quiet.then)


def _end_of_quiet(quiet: Quiet, local: datetime) -> datetime | None:
    """Return when the quiet time of day around a local time is over; None: it is not quiet."""
    begins, ends, at = quiet.begins, quiet.ends, local.time()
    if begins is None or ends is None or not is_quiet(quiet, at):
        return None
    day = local.date() + ONE_DAY if begins > ends and at >= begins else local.date()
    end = datetime.combine(day, ends, local.tzinfo).astimezone(UTC)
    if end <= local:  # in an hour that is repeated: its end comes a second time
        end = datetime.combine(day, ends.replace(fold=1), local.tzinfo).astimezone(UTC)
    return end


def _not_before(begin: datetime | None, written: Slot, kept: Slot | Skipped) -> Slot | Skipped:
    if begin is None or isinstance(kept, Skipped) or kept.due_at > begin:
        return kept
    why = kept.moved.partition(": ")[2]
    return _skipped(written, [why, "the day before it is over when the run starts"])


def _within(slot: Slot, schedule: Schedule) -> bool:
    first, last = schedule.first_day, schedule.last_day
    return not ((first and slot.day < first) or (last and slot.day > last))


def _skipped(slot: Slot, reasons: list[str]) -> Skipped:
    return Skipped(slot=slot, reason=_row(reasons))


def _row(reasons: list[str]) -> str:
    return "; ".join(dict.fromkeys(reasons))


def _in_words(slot: Slot) -> str:
    return f"{slot.day} {slot.at:%H:%M}"


def _instant(date: Slot | Skipped) -> datetime:
    return date.slot.due_at if isinstance(date, Skipped) else date.due_at


def _written(date: Slot | Skipped) -> tuple[date, time]:
    slot = date.slot if isinstance(date, Skipped) else date
    return slot.day, slot.at
