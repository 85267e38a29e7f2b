"""What a schedule repeats by: one kind of cadence, with its days and times of day."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

from campaigner.core.cadence import (
    AccountSlots,
    Cadence,
    Event,
    EveryDays,
    Monthly,
    MonthlyWeekday,
    Offset,
    OnDates,
    Weekly,
    slots_between,
)
from campaigner.core.spelling import listed
from campaigner.loading import shapes
from campaigner.loading.problems import Problems, quoted
from campaigner.loading.times import read_time, read_wall_time, read_weekday, read_weekdays
from campaigner.loading.yaml import ListNode, MapNode, Node, ScalarNode

KINDS = ("daily", "weekly", "monthly", "dates", "event", "slots")
LAST = -1  # core.cadence's number for the last of a month
MOST_DAYS, MOST_WEEKS, MOST_MONTHS = 366, 52, 24
AT_THE_EVENT = "at the event"
FARTHEST = timedelta(days=366)  # from an event

_OFFSET = re.compile(
    r"([0-9]{1,6}) (minute|hour|day|week)s? (before|after)(?: at ([0-9]{2}:[0-9]{2}))?"
)


def read_cadence(
    problems: Problems, node: Node, kinds: Mapping[str, Node], zone: ZoneInfo
) -> Cadence | None:
    """Return the one of `kinds` that a schedule at `node` follows."""
    match list(kinds.items()):
        case [(kind, written)]:
            return _read(problems, kind, written, zone)
        case []:
            fix = f"Add one of {listed(KINDS, last='or')}."
            problems.add(node.line, "the schedule does not say when", fix)
        case [_, (second, extra), *_]:
            wrong = f"the schedule has {listed(kinds)}, but can follow one only"
            problems.add(extra.line, wrong, f"Remove `{second}`, or the other.")
    return None


def _read(problems: Problems, kind: str, node: Node, zone: ZoneInfo) -> Cadence | None:
    match kind:
        case "daily":
            return _daily(problems, node)
        case "weekly":
            return _weekly(problems, node)
        case "monthly":
            return _monthly(problems, node)
        case "dates":
            return _dates(problems, node)
        case "event":
            return _event(problems, node, zone)
        case _:
            return _slots(problems, node)


def _daily(problems: Problems, node: Node) -> EveryDays | None:
    found = shapes.fields(problems, node, "`daily`", known=("every", "at"), required=("at",))
    every = _every(problems, found.get("every"), MOST_DAYS, "days")
    times = _times(problems, found.get("at"))
    return EveryDays(times=times, every=every) if times and every else None


def _weekly(problems: Problems, node: Node) -> Weekly | None:
    known = ("on", "at", "every")
    found = shapes.fields(problems, node, "`weekly`", known=known, required=("on", "at"))
    weekdays = read_weekdays(problems, found.get("on"))
    times = _times(problems, found.get("at"))
    every = _every(problems, found.get("every"), MOST_WEEKS, "weeks")
    return (
        Weekly(weekdays=weekdays, times=times, every=every)
        if weekdays and times and every
        else None
    )


def _monthly(problems: Problems, node: Node) -> Monthly | MonthlyWeekday | None:
    known = ("day", "nth", "on", "at", "every")
    found = shapes.fields(problems, node, "`monthly`", known=known, required=("at",))
    times = _times(problems, found.get("at"))
    every = _every(problems, found.get("every"), MOST_MONTHS, "months")
    if not isinstance(node, MapNode):
        return None
    by_weekday = [name for name in ("nth", "on") if name in found]
    if "day" in found and by_weekday:
        wrong = f"`monthly` has 'day' and {listed(by_weekday)}, but can follow one only"
        fix = "Keep `day: 15`, or `nth: 2` with `on: tuesday`."
        problems.add(found[by_weekday[0]].line, wrong, fix)
        return None
    if "day" in found:
        day = _day_of_month(problems, found["day"])
        return Monthly(day=day, times=times, every=every) if day and times and every else None
    if len(by_weekday) < 2:
        named = {key.text for key, _ in node.entries}
        if named.isdisjoint(known[:3]) or by_weekday:
            wrong = "`monthly` does not say on which day"
            fix = "Add `day: 15`, or both `nth: 2` and `on: tuesday`."
            problems.add(node.line, wrong, fix)
        return None
    nth = _nth(problems, found["nth"])
    value = shapes.text(problems, found["on"], "on")
    weekday = read_weekday(problems, value) if value else None
    if nth is None or weekday is None or not times or not every:
        return None
    return MonthlyWeekday(nth=nth, weekday=weekday, times=times, every=every)


def _day_of_month(problems: Problems, node: Node) -> int | None:
    if (value := shapes.text(problems, node, "day")) is None:
        return None
    if value.text == "last":
        return LAST
    if re.fullmatch(r"[0-9]{1,2}", value.text) and 1 <= int(value.text) <= 31:
        return int(value.text)
    fix = "Write a number from 1 to 31 (a shorter month takes its last day), or last."
    problems.add(value.line, f"{quoted(value.text)} is no day of a month", fix)
    return None


def _nth(problems: Problems, node: Node) -> int | None:
    if (value := shapes.text(problems, node, "nth")) is None:
        return None
    if value.text == "last":
        return LAST
    if re.fullmatch(r"[1-5]", value.text):
        return int(value.text)
    fix = "Write a number from 1 to 5 (a month without a fifth one has no date), or last."
    problems.add(value.line, f"`nth` cannot be {quoted(value.text)}", fix)
    return None


def _dates(problems: Problems, node: Node) -> OnDates | None:
    dates = list[tuple[date, time]]()
    for value in _date_nodes(problems, node):
        if (wall := read_wall_time(problems, value, "dates")) is None:
            continue
        if dates and wall <= dates[-1]:
            wrong = f"{value.text} does not come after the date before it"
            problems.add(value.line, wrong, "Put the dates in order, each once.")
            continue
        dates.append(wall)
    return OnDates(dates=tuple(dates)) if dates else None


def _date_nodes(problems: Problems, node: Node) -> Iterator[ScalarNode]:
    if not isinstance(node, ListNode):
        shapes.items(problems, node, "dates")
        return
    yield from shapes.texts(problems, node, "dates")


def _event(problems: Problems, node: Node, zone: ZoneInfo) -> Event | None:
    known = ("name", "at", "when")
    found = shapes.fields(problems, node, "`event`", known=known, required=("at", "when"))
    name = shapes.text(problems, found.get("name"), "name")
    at = shapes.text(problems, found.get("at"), "at")
    wall = read_wall_time(problems, at, "at") if at else None
    offsets = list[Offset]()
    there = dict[tuple[date, time], str]()
    for value in shapes.texts(problems, found.get("when"), "when"):
        if (offset := _offset(problems, value)) is None or wall is None:
            continue
        one = Event(name="", day=wall[0], at=wall[1], offsets=(offset,))
        [slot] = slots_between(one, zone, date.min, date.max, anchor=wall[0])
        if (twin := there.get((slot.day, slot.at))) is not None:
            wrong = f"{quoted(value.text)} is the same date as {quoted(twin)}"
            problems.add(value.line, wrong, "Keep one of the two.")
            continue
        there[slot.day, slot.at] = value.text
        offsets.append(offset)
    if wall is None or not offsets:
        return None
    return Event(
        name=name.text if name else "the event",
        day=wall[0],
        at=wall[1],
        offsets=tuple(offsets),
    )


def _offset(problems: Problems, value: ScalarNode) -> Offset | None:
    """Return what one entry of `when` says."""
    text = " ".join(value.text.split())
    if text == AT_THE_EVENT:
        return Offset()
    fix = "Write like 14 days before, 1 hour before, 2 days after at 10:00, or at the event."
    match = _OFFSET.fullmatch(text)
    if match is None:
        problems.add(value.line, f"{quoted(value.text)} does not say how far from the event", fix)
        return None
    number, unit, side, at_text = match.groups()
    length = timedelta(**{f"{unit}s": int(number)})
    if not timedelta(0) < length <= FARTHEST:
        wrong = f"{quoted(value.text)} is not between a minute and a year from the event"
        problems.add(value.line, wrong, f"{fix} The moment itself is `{AT_THE_EVENT}`.")
        return None
    sign = -1 if side == "before" else 1
    if unit in ("minute", "hour"):
        if at_text:
            wrong = f"{quoted(value.text)} counts {unit}s and names a time of day"
            problems.add(value.line, wrong, "Leave the time out, or count days.")
            return None
        return Offset(elapsed=sign * length)
    at = read_time(problems, ScalarNode(line=value.line, text=at_text)) if at_text else None
    return None if at_text and at is None else Offset(days=sign * length.days, at=at)


def _slots(problems: Problems, node: Node) -> AccountSlots | None:
    value = shapes.text(problems, node, "slots")
    if value is None:
        return None
    if value.text == "account":
        return AccountSlots()
    fix = "Write `slots: account`: the times are each account's own, in campaigner.toml."
    problems.add(value.line, f"`slots` cannot be {quoted(value.text)}", fix)
    return None


def _every(problems: Problems, node: Node | None, most: int, unit: str) -> int | None:
    if node is None:
        return 1
    fix = f"Write 1 for all {unit}, 2 for every other, and so on."
    return shapes.number(problems, node, "every", most=most, fix=fix)


def _times(problems: Problems, node: Node | None) -> tuple[time, ...]:
    times = dict[time, None]()
    for value in shapes.texts(problems, node, "at"):
        if (at := read_time(problems, value)) is None:
            continue
        if at in times:
            problems.add(value.line, f"the time {value.text} is given twice", "Keep one.")
        times[at] = None
    return tuple(sorted(times))
