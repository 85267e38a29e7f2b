"""How many occurrences a second the core lays on its dates."""

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from benchmarks.report import PAIRS, Line, Result, median_pair, show, timed, usage
from campaigner.core.cadence import Monthly, Slot, Weekly, plan_slots
from campaigner.core.campaign import ANY, Campaign, Item, Schedule, Wording
from campaigner.core.schedule import Start, plan_run

BUDGET = 50_000  # occurrences a second
ZONE = ZoneInfo("America/Montevideo")
ZONES = ("America/Montevideo", "America/Santiago", "America/Nuuk", "America/Havana", "UTC")
START = datetime(2026, 1, 5, 12, tzinfo=UTC)
LOCALES = ("en", "es", "pt_BR", "fr")
ACCOUNTS = tuple(f"account-{number}" for number in range(1, 6))
A_YEAR = timedelta(days=365)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=2_000, help="of the campaign")
    parser.add_argument("--years", type=int, default=10, help="for which dates are made")
    options = parser.parse_args(arguments)
    campaign = _campaign(options.items)
    serves = dict.fromkeys(ACCOUNTS, LOCALES)
    start = Start(at=START)
    with usage() as used:
        made = len(plan_run(campaign, run="1", start=start, serves=serves).scheduled)
    until = START + options.years * A_YEAR
    dates = len(_dates(until))
    ours, theirs, ratio = median_pair(
        lambda: made / timed(lambda: plan_run(campaign, run="1", start=start, serves=serves)),
        lambda: made / timed(lambda: _bare(made)),
    )
    slots = median(dates / timed(lambda: _dates(until)) for _ in range(PAIRS))
    show(
        [
            Line("occurrences of a run, planned", f"{made:,}"),
            Line("a second", f"{ours:,.0f}", f"≥ {BUDGET:,}"),
            Line("dates of cadences, in five zones", f"{dates:,}"),
            Line("a second", f"{slots:,.0f}", f"≥ {BUDGET:,}"),
            Line("yardstick: bare instants a second", f"{theirs:,.0f}"),
        ],
        Result(
            name="scheduling",
            value=round(ours),
            unit="occurrences/s",
            yardstick=round(theirs),
            ratio=round(ratio, 3),
            cpu_us_per_item=used.us_per_item(made),
            peak_mb=used.peak_mb,
        ),
        dates_per_second=round(slots),
    )


def _campaign(items: int) -> Campaign:
    cadence = Weekly(weekdays=frozenset(range(7)), times=(time(9), time(13), time(17, 30)))
    return Campaign(
        id="benchmark",
        title="Benchmark",
        owner="benchmark",
        projects=("1.1.3",),
        accounts=ACCOUNTS,
        locales=LOCALES,
        source_locale="en",
        schedule=Schedule(cadence=cadence, zone=ZONE),
        not_after=timedelta(days=1),
        items=tuple(
            Item(id=f"item-{n}", texts={ANY: Wording(context=f"item-{n}", source="Names matter.")})
            for n in range(items)
        ),
    )


def _dates(until: datetime) -> list[Slot]:
    """Return the dates of ordinary cadences in zones with and without summer time."""
    daily = Weekly(weekdays=frozenset(range(7)), times=(time(2, 30), time(9), time(23, 30)))
    monthly = Monthly(day=31, times=(time(9),))
    return [
        slot
        for name in ZONES
        for cadence in (daily, monthly)
        for slot in plan_slots(cadence, ZoneInfo(name), after=START, until=until)
    ]


def _bare(count: int) -> None:
    """Turn as many wall-clock times into instants, and do nothing else."""
    for number in range(count):
        local = datetime(2026, 1, 1, 9) + timedelta(hours=number)  # noqa: DTZ001 - a wall clock's
        local.replace(tzinfo=ZONE).astimezone(UTC)


if __name__ == "__main__":
    main()
