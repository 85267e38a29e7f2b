"""Take subscribers in from a list: again and again without a duplicate, nobody brought back."""

import gc
import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from campaigner.core.intake import GONE, Became, Entry, Refused
from campaigner.core.tokens import Keyring
from campaigner.db import changes, intake
from campaigner.db.engine import Sessions
from campaigner.failpoints import reach

FEWEST, FIRST, MOST = 200, 1_000, 10_000  # rows of a transaction
SORTED = 20_000  # rows that are put in order before they are taken

Rows = Iterable[Entry | Refused]


@dataclass(frozen=True, kw_only=True)
class Left:
    """A row that was not taken, and why; `cells` are as the file had them."""

    line: int
    found: str
    fix: str
    cells: Sequence[str]
    refused: bool
    """Whether it is wrong; else it is right, and whoever it names is not brought back."""


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What became of all rows: how many of each, and how many were wrong."""

    became: Mapping[Became, int]
    refused: int

    @property
    def rows(self) -> int:
        return sum(self.became.values()) + self.refused

    @property
    def gone(self) -> int:
        """How many are not brought back."""
        return sum(self.became.get(each, 0) for each in GONE)


def import_subscribers(
    sessions: Sessions,
    rows: Rows,
    *,
    list: str,
    keyring: Keyring,
    clock: Callable[[], datetime],
    dry_run: bool = False,
    leave: Callable[[Left], None] = lambda left: None,
    progress: Callable[[int], None] = lambda rows: None,
    timer: Callable[[], float] = time.perf_counter,
) -> Taken:
    """Make subscribers of a list out of rows, each batch in a transaction of its own.

    Cut off at any place, it may be run again: what is in is left as it is.
    `leave` is called with each row that is not taken, `progress` with how many
    are done. A dry run rolls every batch back.
    """
    became: Counter[Became] = Counter()
    refused = 0
    with sessions() as session:
        engine = session.get_bind().engine
    gc.freeze()  # a million rows come and go: what was there before need not be looked through
    with engine.connect() as connection:
        pace = Pace(timer, patience=intake.patience(connection))
        work = _Import(sessions, list, keyring, clock, dry_run, pace)
        intake.prepare(connection)
        try:
            source = iter(rows)
            while chunk := [*itertools.islice(source, SORTED)]:
                wrong = [row for row in chunk if isinstance(row, Refused)]
                done: dict[int, Became] = {}
                # Neighbours in the index of mailboxes lie on the same pages: a batch of them
                # writes a few, one of any rows nearly all that there are.
                entries = sorted(
                    (row for row in chunk if isinstance(row, Entry)), key=lambda row: row.mailbox
                )
                for batch in work.batches(entries):
                    done.update(work.take(connection, batch))
                became.update(done.values())
                became[Became.ADDED] += len(entries) - len(done)
                refused += len(wrong)
                for left in _left(chunk, done) if done or wrong else ():
                    leave(left)
                progress(became.total() + refused)
        finally:
            intake.dispose(connection)
            gc.unfreeze()
    return Taken(became=became, refused=refused)


@dataclass(frozen=True)
class _Import:
    sessions: Sessions
    list: str
    keyring: Keyring
    clock: Callable[[], datetime]
    dry_run: bool
    pace: "Pace"

    def batches(self, entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
        place = 0
        while batch := entries[place : place + self.pace.rows]:
            place += len(batch)
            yield batch

    def take(self, connection: Connection, batch: Sequence[Entry]) -> Mapping[int, Became]:
        """Take one batch in, in its own transaction; return what is not simply new in it."""
        intake.lay(connection, batch)
        with self.sessions(bind=connection) as session:
            with self.pace.timed():
                done = intake.take(
                    session, batch, list=self.list, keyring=self.keyring, now=self.clock()
                )
            if not self.dry_run:
                reach("import.batch")
                changes.announce(session)
                session.commit()
        return done


class Pace:
    """How many rows to take at once, so that their statements take as long as `patience` says."""

    def __init__(self, timer: Callable[[], float], *, patience: timedelta) -> None:
        self.rows = FIRST
        self._timer, self._patience = timer, patience.total_seconds()

    @contextmanager
    def timed(self) -> Iterator[None]:
        start = self._timer()
        yield
        took = max(self._timer() - start, 1e-6)
        self.rows = max(FEWEST, min(MOST, int(self.rows * self._patience / took)))


def _left(batch: Sequence[Entry | Refused], done: Mapping[int, Became]) -> Iterator[Left]:
    """Yield the rows of a batch that were not taken, in order."""
    for row in batch:
        if isinstance(row, Refused):
            yield Left(line=row.line, found=row.found, fix=row.fix, cells=row.cells, refused=True)
        elif (what := done.get(row.line)) in GONE:
            found = f"whose mailbox this is {GONE[what]}"
            fix = "Only they themselves come back, by subscribing."
            yield Left(line=row.line, found=found, fix=fix, cells=row.cells, refused=False)
