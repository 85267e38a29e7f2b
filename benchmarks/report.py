"""What a benchmark tells: a table for people, then one JSON object on the last line.

Memory and processor time are those of the measured process and of all that it
started, as Linux's /proc tells them; elsewhere they are absent.
"""

import json
import math
import os
import statistics
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

PROC = Path("/proc")
PAIRS = 5  # the median of so many interleaved pairs is the figure
LOOK_SECONDS = 0.05
MEGABYTE = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Result:
    """A figure. `yardstick` and `ratio` (value / yardstick) are None where nothing compares."""

    name: str
    value: float
    unit: str
    yardstick: float | None = None
    ratio: float | None = None
    cpu_us_per_item: float | None = None
    peak_mb: float | None = None


@dataclass(frozen=True)
class Line:
    """A line of the table: what was measured, how much, and the budget it is held against."""

    what: str
    figure: str
    budget: str = ""


def show(lines: Iterable[Line], result: Result, **more: float) -> None:
    """Print the table and the JSON object; `more` figures stand in it after the usual ones."""
    table = Table("measured", "figure", "budget", title=result.name)
    for line in lines:
        table.add_row(line.what, line.figure, line.budget)
    Console(width=100, highlight=False).print(table)
    print(json.dumps(asdict(result) | more), flush=True)


def median_pair(
    subject: Callable[[], float], yardstick: Callable[[], float], *, pairs: int = PAIRS
) -> tuple[float, float, float]:
    """Measure both in turn; return the median of each, and the median of the pairs' ratios.

    Neighbours in time share the machine's mood, so a ratio is taken within its pair.
    """
    measured = [(subject(), yardstick()) for _ in range(pairs)]
    return (
        statistics.median(ours for ours, _ in measured),
        statistics.median(theirs for _, theirs in measured),
        statistics.median(ours / theirs for ours, theirs in measured),
    )


@dataclass
class Usage:
    """What a stretch of work took: seconds of processor, and the largest memory seen in bytes."""

    cpu_seconds: float | None = None
    peak_bytes: int | None = None

    @property
    def peak_mb(self) -> float | None:
        return None if self.peak_bytes is None else round(self.peak_bytes / MEGABYTE, 1)

    def us_per_item(self, items: int) -> float | None:
        return None if self.cpu_seconds is None else round(self.cpu_seconds / items * 1e6, 1)


@contextmanager
def usage(process: int | None = None) -> Iterator[Usage]:
    """Yield what fills itself in at the end: of one process, or of this one, and its children."""
    roots = (os.getpid() if process is None else process,)
    found = Usage()
    stop = threading.Event()
    peak = 0

    def look() -> None:
        nonlocal peak
        while True:
            peak = max(peak, sum(map(memory_of, _family(roots))))
            if stop.wait(LOOK_SECONDS):
                return

    watcher = threading.Thread(target=look, daemon=True)
    before = _spent(roots)
    watcher.start()
    try:
        yield found
    finally:
        stop.set()
        watcher.join()
        if PROC.is_dir():
            found.cpu_seconds, found.peak_bytes = _spent(roots) - before, peak


def cpu_of(process: int) -> float:
    """Return the processor seconds that a living process has used; 0 for one that is gone."""
    try:
        fields = (PROC / str(process) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_of(process: int) -> int:
    """Return the bytes of memory that a living process holds; 0 for one that is gone."""
    try:
        resident = (PROC / str(process) / "statm").read_text().split()[1]
    except OSError:
        return 0
    return int(resident) * os.sysconf("SC_PAGE_SIZE")


def timed(work: Callable[[], object]) -> float:
    """Do `work`; return how many seconds that took."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def quantile(values: Sequence[float], share: float) -> float:
    """Return the smallest of `values` that at least `share` (0–1) of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]


def _spent(roots: Sequence[int]) -> float:
    """Return the processor seconds of the living, and of children of ours that ended."""
    times = os.times()
    ended = times.children_user + times.children_system if os.getpid() in roots else 0.0
    return ended + sum(map(cpu_of, _family(roots)))


def _family(roots: Sequence[int]) -> set[int]:
    """Return these processes, and all that they started and that still lives."""
    family = set(roots)
    ask = list(family)
    while ask:
        for tasks in (PROC / str(ask.pop()) / "task").glob("*/children"):
            try:
                children = {int(child) for child in tasks.read_text().split()}
            except OSError:
                continue
            ask += children - family
            family |= children
    return family
