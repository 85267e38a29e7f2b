"""How many readers a second are decided on: a mail each, or a reason why not.

Each range is a transaction that reaches the disk. The yardstick is one bare
INSERT … SELECT of the same rows into a table without an index, in turn with it.
"""

import argparse
import itertools
import logging
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Engine, insert, text

from benchmarks.report import PAIRS, Line, Result, median_pair, show, timed, usage
from benchmarks.workspace import Database, database, real_folder
from campaigner.core.broadcast import RANGE, Stage
from campaigner.core.delivery import Hold, MessageState
from campaigner.core.message import Kind, key_of_text
from campaigner.db.engine import Sessions, make_sessions, open_engine
from campaigner.db.models import Broadcast, Message, Subscriber, Subscription
from campaigner.db.schema import upgrade
from campaigner.services.freeze import Progress, freeze_waiting

FLOORS = {Database.SQLITE: 300_000, Database.POSTGRESQL: 100_000}
LONGEST = 0.05  # seconds that a range may hold SQLite
LIST = "newsletter"
LOCALES = ("en", "es_419", "pt_BR", "fr_HT")
ZONES = ("America/Bogota", "America/Sao_Paulo", "America/Montevideo", "America/Mexico_City")
COUNTRIES = ("CO", "BR", "UY", "")
ONE_IN = 50  # is not on the list any more
BATCH = 20_000
BARE = (
    "INSERT INTO yardstick SELECT subscriber.id, :message, '{list}', address, country, name,"
    " 'queued', subscriber.added_at, subscriber.added_at, 0 FROM subscriber"
)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, default=200_000)
    parser.add_argument("--range", type=int, default=RANGE, help="readers a transaction")
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--database", type=Database, choices=Database, default=Database.SQLITE)
    options = parser.parse_args(arguments)
    with (
        real_folder() as folder,
        database(options.database, folder) as address,
        _quiet(),
    ):
        engine = open_engine(address)
        upgrade(engine)
        try:
            measure(engine, options)
        finally:
            engine.dispose()


@contextmanager
def _quiet() -> Iterator[None]:
    """Make and write events as in the product, but keep none."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        structlog.configure(
            logger_factory=structlog.WriteLoggerFactory(nowhere),
            wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
            processors=[structlog.processors.JSONRenderer()],
        )
        yield
    structlog.reset_defaults()


def measure(engine: Engine, options: argparse.Namespace) -> None:
    """Freeze and insert in turn, and show what was seen."""
    sessions, count = make_sessions(engine), int(options.readers)
    _fill(sessions, count)
    _prepare_yardstick(engine)
    numbers = itertools.count(1)
    ranges: list[float] = []
    with usage() as used:
        ours, theirs, ratio = median_pair(
            lambda: count / _freeze(sessions, count, next(numbers), options.range, ranges),
            lambda: count / timed(lambda: _insert(engine, next(numbers))),
            pairs=options.pairs,
        )
    show(
        [
            Line("readers a second", f"{ours:,.0f}", f"≥ {FLOORS[options.database]:,}"),
            Line("yardstick: bare INSERT … SELECT, rows a second", f"{theirs:,.0f}"),
            Line("freezing to yardstick", f"{ratio:.3f}"),
            Line("longest range", f"{max(ranges) * 1000:.0f} ms", f"< {LONGEST * 1000:.0f} ms"),
        ],
        Result(
            name=f"freezing-{options.database}",
            value=round(ours, 1),
            unit="rows/s",
            yardstick=round(theirs, 1),
            ratio=round(ratio, 3),
            cpu_us_per_item=used.us_per_item(count * int(options.pairs)),
            peak_mb=used.peak_mb,
        ),
        longest_range_ms=round(max(ranges) * 1000, 1),
    )


def _freeze(sessions: Sessions, count: int, number: int, size: int, ranges: list[float]) -> float:
    """Freeze one edition to all readers; return how long it took. Notes each range's time.

    Raises RuntimeError if not every reader was decided on.
    """
    _add_edition(sessions, number)
    before = time.perf_counter()

    def heard(progress: Progress) -> None:
        nonlocal before
        now = time.perf_counter()
        if progress.done > size:  # the first one also builds its statements
            ranges.append(now - before)
        before = now

    started = time.perf_counter()
    (done,) = freeze_waiting(sessions, clock=lambda: datetime.now(UTC), heard=heard, size=size)
    seconds = time.perf_counter() - started
    _has_gone_out(sessions, done.message)
    if done.candidates != count or done.recipients + done.excluded != count:
        raise RuntimeError(f"{done} of {count} readers")
    return seconds


def _has_gone_out(sessions: Sessions, message_id: int) -> None:
    """Make the list one that was mailed before."""
    with sessions.begin() as session:
        session.get_one(Broadcast, message_id).started_at = datetime.now(UTC)


def _insert(engine: Engine, number: int) -> None:
    with engine.begin() as connection:
        connection.execute(text(BARE.format(list=LIST)), {"message": number})


def _prepare_yardstick(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "CREATE TABLE yardstick (subscriber INTEGER, message INTEGER, account TEXT,"
                " recipient TEXT, country TEXT, name TEXT, state TEXT, scheduled_at TIMESTAMP,"
                " due_at TIMESTAMP, attempts INTEGER)"
            )
        )


def _fill(sessions: Sessions, count: int) -> None:
    now = datetime.now(UTC)
    for start in range(1, count + 1, BATCH):
        ids = range(start, min(start + BATCH, count + 1))
        with sessions.begin() as session:
            session.execute(insert(Subscriber), [_subscriber(id, now) for id in ids])
            session.execute(insert(Subscription), [_subscription(id, now) for id in ids])


def _subscriber(id: int, now: datetime) -> dict[str, Any]:
    address = f"reader.number{id}@example.org"
    return {
        "id": id,
        "address": address,
        "mailbox": address,
        "name": f"Reader {id}",
        "locale": LOCALES[id % len(LOCALES)],
        "zone": ZONES[id % len(ZONES)],
        "country": COUNTRIES[id % len(COUNTRIES)],
        "added_at": now,
    }


def _subscription(id: int, now: datetime) -> dict[str, Any]:
    return {
        "subscriber_id": id,
        "list": LIST,
        "state": "left" if id % ONE_IN == 0 else "active",
        "consent": {"how": "form", "at": now.isoformat()},
        "added_at": now,
        "changed_at": now,
    }


def _add_edition(sessions: Sessions, number: int) -> None:
    now = datetime.now(UTC)
    with sessions.begin() as session:
        message = Message(
            key=key_of_text(f"edition-{number}"),
            kind=Kind.MAIL,
            campaign="benchmark",
            run=f"run-{number}",
            item="1000",
            account=LIST,
            channel="email",
            locale="en",
            language="en",
            state=MessageState.HELD,
            hold=Hold.FREEZING,
            day=now.date(),
            wall_time="10:00",
            zone="UTC",
            due_at=now + timedelta(days=1),
            not_after=now + timedelta(days=3),
            text="News",
            base="smtp://127.0.0.1:9",
            content_hash="0" * 64,
            queued_by="author",
            queued_at=now,
        )
        session.add(message)
        session.flush()
        session.add(Broadcast(message_id=message.id, locales=list(LOCALES), stage=Stage.FREEZING))


if __name__ == "__main__":
    main()
