"""Times as files write them: of day, of the week, of the calendar; and lengths of time."""

import re
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from campaigner.core.cadence import instant_of
from campaigner.loading import shapes
from campaigner.loading.problems import Problems, quoted
from campaigner.loading.yaml import Node, ScalarNode

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LONGEST = timedelta(days=366)
_WALL_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} +[0-9]{2}:[0-9]{2}")


def read_weekday(problems: Problems, value: ScalarNode) -> int | None:
    """Return a day of the week; Monday is 0."""
    name = ScalarNode(line=value.line, text=value.text.casefold())
    if shapes.one_of(problems, name, "the weekday", WEEKDAYS, where="a day of the week"):
        return WEEKDAYS.index(name.text)
    return None


def read_weekdays(problems: Problems, node: Node | None) -> frozenset[int]:
    """Return the days of the week that are named in `on`; Monday is 0."""
    weekdays = set[int]()
    for value in shapes.texts(problems, node, "on"):
        weekday = read_weekday(problems, value)
        if weekday in weekdays:
            problems.add(value.line, f"{quoted(value.text)} is given twice in `on`", "Keep one.")
        if weekday is not None:
            weekdays.add(weekday)
    return frozenset(weekdays)


def read_time(problems: Problems, value: ScalarNode) -> time | None:
    """Return a time of day with hours and minutes."""
    if (at := time_of(value.text)) is not None:
        return at
    wrong = f"{quoted(value.text)} is no time of day"
    problems.add(value.line, wrong, "Write hours and minutes with two digits each, like 09:30.")
    return None


def time_of(text: str) -> time | None:
    """Return the time of day that a text is: ``09:30``."""
    if re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", text):
        return time.fromisoformat(text)
    return None


def read_wall_time(problems: Problems, value: ScalarNode, name: str) -> tuple[date, time] | None:
    """Return a day and a time of day, written ``2026-12-01 10:00``."""
    if not _WALL_TIME.fullmatch(value.text):
        wrong = f"`{name}` needs a day and a time of day, but is {quoted(value.text)}"
        problems.add(value.line, wrong, 'Write both, in quotes, like "2026-12-01 10:00".')
        return None
    day_text, _, time_text = value.text.partition(" ")
    day = shapes.day(problems, ScalarNode(line=value.line, text=day_text), name)
    if day is None:
        return None
    at = read_time(problems, ScalarNode(line=value.line, text=time_text.strip()))
    return None if at is None else (day, at)


def read_duration(problems: Problems, node: Node | None, name: str) -> timedelta | None:
    """Return a duration written as a number and a unit: `3 days`; up to a year."""
    if (value := shapes.text(problems, node, name)) is None:
        return None
    if match := re.fullmatch(r"([0-9]{1,6}) *(minute|hour|day|week)s?", value.text):
        number, unit = match.groups()
        duration = timedelta(**{f"{unit}s": int(number)})
        if timedelta(0) < duration <= LONGEST:
            return duration
        wrong = f"`{name}` is {value.text}, but must be more than nothing and at most a year"
        problems.add(value.line, wrong, "Write a shorter or longer time, like 3 days.")
        return None
    wrong = f"`{name}` is no length of time: {quoted(value.text)}"
    fix = "Write a whole number and minutes, hours, days or weeks, like 3 days."
    problems.add(value.line, wrong, fix)
    return None


def read_moment(
    problems: Problems, node: Node | None, name: str, zone: ZoneInfo
) -> datetime | None:
    """Return the instant of a wall-clock time in `zone`, written ``2026-12-01 10:00``."""
    if (value := shapes.text(problems, node, name)) is None:
        return None
    wall = read_wall_time(problems, value, name)
    return instant_of(*wall, zone) if wall else None
