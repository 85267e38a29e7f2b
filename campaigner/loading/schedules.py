"""When a campaign speaks, as its file writes it, and as an account's queue slots do."""

from collections.abc import Iterable, Mapping
from datetime import date, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from campaigner.core.cadence import (
    AccountSlots,
    Event,
    EveryDays,
    Monthly,
    MonthlyWeekday,
    OnDates,
    Timetable,
    Weekly,
    slots_between,
)
from campaigner.core.campaign import Rotation, Schedule, Then
from campaigner.core.moving import Skipped, is_quiet, settle
from campaigner.core.spelling import did_you_mean
from campaigner.errors import UserError
from campaigner.loading import shapes
from campaigner.loading.cadences import KINDS, read_cadence
from campaigner.loading.moving import read_holidays, read_quiet
from campaigner.loading.problems import Problems, quoted
from campaigner.loading.times import WEEKDAYS, read_duration, time_of
from campaigner.loading.yaml import MapNode, Node
from campaigner.settings import AccountSettings, known_zones

RULES = ("holidays", "quiet", "rotation")
MOST_TIMES = 1_000
MOST_DATES = 10_000  # are counted; no file has as many items
MOST_COUNTED = 1_000  # where rules have to be asked for each
LONGEST_COUNTED = timedelta(days=3_660)


def read_schedule(
    problems: Problems, node: Node | None, *, has_editions: bool = False
) -> Schedule | None:
    """Return the schedule; None, and a problem, where it cannot be read.

    That of editions has dates of its own, once each.
    """
    if node is None:
        return None
    known = ("zone", *KINDS, "start", "end", *RULES)
    found = shapes.fields(problems, node, "the schedule", known=known, required=("zone",))
    zone = _zone(problems, found.get("zone"))
    first = shapes.day(problems, found.get("start"), "start")
    last = shapes.day(problems, found.get("end"), "end")
    if first and last and last < first:
        wrong = f"`end` ({last}) is before `start` ({first})"
        problems.add(found["end"].line, wrong, "Exchange the two days.")
    if not isinstance(node, MapNode):
        return None
    kinds = {kind: found[kind] for kind in KINDS if kind in found}
    cadence = read_cadence(problems, node, kinds, zone or ZoneInfo("UTC"))
    holidays, on_holiday = read_holidays(problems, found.get("holidays"))
    quiet = read_quiet(problems, found.get("quiet"))
    rotation = _rotation(problems, found.get("rotation"))
    if has_editions:
        _refuse_for_editions(problems, found)
    if zone is None or cadence is None:
        return None
    schedule = Schedule(
        cadence=cadence,
        zone=zone,
        first_day=first,
        last_day=last,
        holidays=holidays,
        on_holiday=on_holiday,
        quiet=quiet,
        rotation=rotation,
    )
    _check_rules(problems, found, schedule)
    return schedule


def count_dates(schedule: Schedule) -> int | None:
    """Return how many dates there can ever be.

    None where it depends on when a run starts or on the accounts, where items
    are repeated, and where there are too many to count.
    """
    first, last, cadence = schedule.first_day, schedule.last_day, schedule.cadence
    if first and last and last < first:
        return None  # told already
    if schedule.rotation or isinstance(cadence, AccountSlots):
        return None
    if not isinstance(cadence, OnDates | Event) and not (first and last):
        return None
    start, end = first or date.min, last or date.max
    slots = slots_between(cadence, schedule.zone, start, end, anchor=start)
    if schedule.holidays is None and schedule.quiet is None:
        number = sum(1 for _ in islice(slots, MOST_DATES + 1))
        return number if number <= MOST_DATES else None
    few = list(islice(slots, MOST_COUNTED + 1))
    if len(few) > MOST_COUNTED or (few and few[-1].day - few[0].day > LONGEST_COUNTED):
        return None
    return sum(not isinstance(settle(slot, schedule), Skipped) for slot in few)


def check_slots(
    problems: Problems,
    node: Node | None,
    schedule: Schedule | None,
    accounts: Mapping[str, AccountSettings],
) -> None:
    """Tell of accounts whose queue slots a schedule at `node` needs, and that have none."""
    if schedule is None or node is None or not isinstance(schedule.cadence, AccountSlots):
        return
    for name, account in accounts.items():
        if account.channel == "email":
            continue  # told already: mail has no queue slots
        if not account.slots:
            fix = "Give it `slots` in campaigner.toml, or write another schedule."
            problems.add(node.line, f"account {quoted(name)} has no slots", fix)
            continue
        try:
            read_slots(account.slots, account=name)
        except UserError as error:
            found, _, fix = str(error).partition(". ")
            problems.add(node.line, found, f"{fix}.")


def read_slots(texts: Iterable[str], *, account: str) -> Timetable:
    """Return the queue slots of an account's setting, each like ``monday 09:00``.

    Raises UserError for one that is none, or is there twice.
    """
    times = set[tuple[int, time]]()
    where = "in campaigner.toml"
    for text in texts:
        weekday, _, clock = text.casefold().partition(" ")
        at = time_of(clock.strip())
        if weekday not in WEEKDAYS or at is None:
            raise UserError(
                f"account {account}: {quoted(text)} is no slot. Write a day of the week and a "
                f"time of day {where}, like monday 09:00"
            )
        slot = (WEEKDAYS.index(weekday), at)
        if slot in times:
            raise UserError(
                f"account {account}: the slot {quoted(text)} is there twice. Keep one {where}"
            )
        times.add(slot)
    return Timetable(times=tuple(sorted(times)))


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


def _rotation(problems: Problems, node: Node | None) -> Rotation | None:
    if node is None:
        return None
    known = ("gap", "times")
    found = shapes.fields(problems, node, "`rotation`", known=known, required=("gap",))
    gap = read_duration(problems, found.get("gap"), "gap")
    fix = "Write how often each item is said, or remove it."
    times = shapes.number(problems, found.get("times"), "times", most=MOST_TIMES, fix=fix)
    return None if gap is None else Rotation(gap=gap, times=times)


def _check_rules(problems: Problems, found: Mapping[str, Node], schedule: Schedule) -> None:
    """Tell of rules under which a schedule does not say what its author means."""
    first, last, rotation = schedule.first_day, schedule.last_day, schedule.rotation
    if rotation and first and last and first <= last and rotation.gap > last - first:
        wrong = "`gap` is longer than the schedule lasts: nothing would be said twice"
        problems.add(found["rotation"].line, wrong, "Shorten it, or remove `rotation`.")
    if _is_silent(schedule):
        wrong = "every date falls into the quiet time, and is skipped"
        problems.add(found["quiet"].line, wrong, "Write another time or day, or `then: move`.")


def _is_silent(schedule: Schedule) -> bool:
    quiet, cadence = schedule.quiet, schedule.cadence
    if quiet is None or quiet.then is not Then.SKIP:
        return False
    match cadence:
        case Weekly(weekdays=weekdays):
            days = weekdays
        case MonthlyWeekday(weekday=weekday):
            days = frozenset({weekday})
        case EveryDays() | Monthly():
            days = frozenset(range(7))
        case _:
            return False
    return days <= quiet.weekdays or all(is_quiet(quiet, at) for at in cadence.times)


def _refuse_for_editions(problems: Problems, found: Mapping[str, Node]) -> None:
    for name, wrong in (
        ("slots", "editions have no queue slots"),
        ("rotation", "an edition is not said again"),
    ):
        if name in found:
            fix = f"Remove `{name}`." if name == "rotation" else "Write `weekly` or another."
            problems.add(found[name].line, wrong, fix)
