"""When a campaign speaks, as its file writes it; and lengths of time."""

import re
from collections.abc import Iterator
from datetime import date, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from campaigner.core.cadence import Cadence, Monthly, OnDates, Weekly, wall_times
from campaigner.core.campaign import Schedule
from campaigner.core.spelling import did_you_mean, listed
from campaigner.loading import shapes
from campaigner.loading.problems import Problems, quoted
from campaigner.loading.yaml import ListNode, MapNode, Node, ScalarNode

KINDS = ("weekly", "monthly", "dates")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LAST = -1  # core.cadence's day for the last of a month
LONGEST = timedelta(days=366)

_UNITS = {"minute": "minutes", "hour": "hours", "day": "days", "week": "weeks"}


def read_schedule(problems: Problems, node: Node | None) -> Schedule | None:
    """Return the schedule; None, and a problem, where it cannot be read."""
    if node is None:
        return None
    known = ("zone", *KINDS, "start", "end")
    found = shapes.fields(problems, node, "the schedule", known=known, required=("zone",))
    zone = _zone(problems, found.get("zone"))
    first = shapes.day(problems, found.get("start"), "start")
    last = shapes.day(problems, found.get("end"), "end")
    if first and last and last < first:
        wrong = f"`end` ({last}) is before `start` ({first})"
        problems.add(found["end"].line, wrong, "Exchange the two days.")
    if not isinstance(node, MapNode):
        return None
    cadence = _cadence(problems, node, {kind: found[kind] for kind in KINDS if kind in found})
    if zone is None or cadence is None:
        return None
    return Schedule(cadence=cadence, zone=zone, first_day=first, last_day=last)


def count_dates(schedule: Schedule) -> int | None:
    """Return how many dates there can ever be; None where it depends on when a run starts."""
    first, last = schedule.first_day, schedule.last_day
    if first and last and last < first:
        return None  # told already
    if not isinstance(schedule.cadence, OnDates) and not (first and last):
        return None
    return sum(1 for _ in wall_times(schedule.cadence, first or date.min, last or date.max))


def read_duration(problems: Problems, node: Node | None, name: str) -> timedelta | None:
    """Return a duration written as a number and a unit: `3 days`; up to a year."""
    if (value := shapes.text(problems, node, name)) is None:
        return None
    if match := re.fullmatch(r"([0-9]{1,6}) *(minute|hour|day|week)s?", value.text):
        number, unit = match.groups()
        duration = timedelta(**{_UNITS[unit]: int(number)})
        if timedelta(0) < duration <= LONGEST:
            return duration
        wrong = f"`{name}` is {value.text}, but must be more than nothing and at most a year"
        problems.add(value.line, wrong, "Write a shorter or longer time, like 3 days.")
        return None
    wrong = f"`{name}` is no length of time: {quoted(value.text)}"
    fix = "Write a whole number and minutes, hours, days or weeks, like 3 days."
    problems.add(value.line, wrong, fix)
    return None


def _zone(problems: Problems, node: Node | None) -> ZoneInfo | None:
    value = shapes.text(problems, node, "zone")
    if value is None:
        return None
    if value.text in known_zones():
        return ZoneInfo(value.text)
    otherwise = "Write a zone of the IANA list, like America/Montevideo."
    fix = did_you_mean(value.text, known_zones(), otherwise=otherwise)
    problems.add(value.line, f"there is no time zone {quoted(value.text)}", fix)
    return None


@cache
def known_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _cadence(problems: Problems, node: Node, kinds: dict[str, Node]) -> Cadence | None:
    match list(kinds.items()):
        case [("weekly", weekly)]:
            return _weekly(problems, weekly)
        case [("monthly", monthly)]:
            return _monthly(problems, monthly)
        case [("dates", dates)]:
            return _dates(problems, dates)
        case []:
            fix = f"Add one of {listed(KINDS, last='or')}."
            problems.add(node.line, "the schedule does not say when", fix)
        case [_, (second, extra), *_]:
            wrong = f"the schedule has {listed(kinds)}, but can follow one only"
            problems.add(extra.line, wrong, f"Remove `{second}`, or the other.")
    return None


def _weekly(problems: Problems, node: Node) -> Weekly | None:
    found = shapes.fields(problems, node, "`weekly`", known=("on", "at"), required=("on", "at"))
    weekdays = set[int]()
    for value in shapes.texts(problems, found.get("on"), "on"):
        name = ScalarNode(line=value.line, text=value.text.casefold())
        if shapes.one_of(problems, name, "the weekday", WEEKDAYS, where="a day of the week"):
            weekdays.add(WEEKDAYS.index(name.text))
    times = _times(problems, found.get("at"))
    return Weekly(weekdays=frozenset(weekdays), times=times) if weekdays and times else None


def _monthly(problems: Problems, node: Node) -> Monthly | None:
    found = shapes.fields(problems, node, "`monthly`", known=("day", "at"), required=("day", "at"))
    value = shapes.text(problems, found.get("day"), "day")
    times = _times(problems, found.get("at"))
    if value is None:
        return None
    if value.text == "last":
        day = LAST
    elif re.fullmatch(r"[0-9]{1,2}", value.text) and 1 <= int(value.text) <= 31:
        day = int(value.text)
    else:
        fix = "Write a number from 1 to 31 (a shorter month takes its last day), or last."
        problems.add(value.line, f"{quoted(value.text)} is no day of a month", fix)
        return None
    return Monthly(day=day, times=times) if times else None


def _dates(problems: Problems, node: Node) -> OnDates | None:
    dates = list[tuple[date, time]]()
    for value in _date_nodes(problems, node):
        day_text, _, time_text = value.text.partition(" ")
        day = shapes.day(problems, ScalarNode(line=value.line, text=day_text), "dates")
        at = _time(problems, ScalarNode(line=value.line, text=time_text.strip())) if day else None
        if day is None or at is None:
            continue
        if dates and (day, at) <= dates[-1]:
            wrong = f"{value.text} does not come after the date before it"
            problems.add(value.line, wrong, "Put the dates in order, each once.")
            continue
        dates.append((day, at))
    return OnDates(dates=tuple(dates)) if dates else None


def _date_nodes(problems: Problems, node: Node) -> Iterator[ScalarNode]:
    if not isinstance(node, ListNode):
        shapes.items(problems, node, "dates")
        return
    yield from shapes.texts(problems, node, "dates")


def _times(problems: Problems, node: Node | None) -> tuple[time, ...]:
    times = dict[time, None]()
    for value in shapes.texts(problems, node, "at"):
        if (at := _time(problems, value)) is None:
            continue
        if at in times:
            problems.add(value.line, f"the time {value.text} is given twice", "Keep one.")
        times[at] = None
    return tuple(sorted(times))


def _time(problems: Problems, value: ScalarNode) -> time | None:
    if re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", value.text):
        return time.fromisoformat(value.text)
    wrong = (
        f"{quoted(value.text)} is no time of day" if value.text else "the time of day is missing"
    )
    problems.add(value.line, wrong, "Write hours and minutes with two digits each, like 09:30.")
    return None
