"""How many posts a second leave the outbox, to a channel that answers at once.

Each post costs two commits that reach the disk: the fence and its result. The
yardstick is the bare commits a second of the same database, in turn with it.
"""

import argparse
import itertools
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import Engine, text

from benchmarks.report import PAIRS, Line, Result, median_pair, show, timed, usage
from benchmarks.workspace import Database, Post, database, fill, real_folder
from campaigner.core.channel import Absent, Counters, Done, Rate, Recovery, Sent
from campaigner.core.message import Outgoing
from campaigner.db.engine import Sessions, make_sessions, open_engine
from campaigner.db.schema import upgrade
from campaigner.services.deliver import Lane, deliver_due

FLOOR = 20  # posts a second: far above what all networks together allow one installation
BASE = "http://127.0.0.1:9"
ACCOUNT = "x-en"
NO_RECOVERY = Recovery()
RATE = Rate(
    name="posts", limit=1_000_000, per=timedelta(hours=1)
)  # read and written, never used up


@dataclass(frozen=True, kw_only=True)
class Instant:
    """A channel that takes everything at once."""

    name: str = "instant"
    recovery: Recovery = NO_RECOVERY
    rates: Sequence[Rate] = (RATE,)

    def send(self, post: Outgoing) -> Sent:
        return Sent(remote_id=post.key)

    def find(self, post: Outgoing) -> Absent:
        return Absent()

    def edit(self, remote_id: str, text: str) -> Done:
        return Done()

    def delete(self, remote_id: str) -> Done:
        return Done()

    def sample(self, remote_ids: Sequence[str]) -> Mapping[str, Counters]:
        return {}

    def whoami(self) -> Sent:
        return Sent(remote_id="me")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=1_000, help="in each of the pairs")
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--database", type=Database, choices=Database, default=Database.SQLITE)
    options = parser.parse_args(arguments)
    with (
        real_folder() as folder,
        database(options.database, folder) as address,
        open(os.devnull, "w", encoding="utf-8") as nowhere,
    ):
        # Events are made and written as in the product, but not kept.
        structlog.configure(
            logger_factory=structlog.WriteLoggerFactory(nowhere),
            wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
            processors=[structlog.processors.JSONRenderer()],
        )
        engine = open_engine(address)
        upgrade(engine)
        try:
            measure(engine, options)
        finally:
            engine.dispose()
            structlog.reset_defaults()


def measure(engine: Engine, options: argparse.Namespace) -> None:
    """Send and commit in turn, and show what was seen."""
    sessions, count = make_sessions(engine), int(options.posts)
    _prepare_commits(engine)
    batches = itertools.count()
    with usage() as used:
        ours, theirs, ratio = median_pair(
            lambda: count / _send(sessions, count, batch=next(batches)),
            lambda: count / timed(lambda: _commit(engine, count)),
            pairs=options.pairs,
        )
    show(
        [
            Line("posts a second", f"{ours:,.0f}", f"≥ {FLOOR}"),
            Line("yardstick: bare commits a second", f"{theirs:,.0f}"),
            Line("posts to commits", f"{ratio:.3f}"),
        ],
        Result(
            name=f"delivery-{options.database}",
            value=round(ours, 1),
            unit="posts/s",
            yardstick=round(theirs, 1),
            ratio=round(ratio, 3),
            cpu_us_per_item=used.us_per_item(count * int(options.pairs)),
            peak_mb=used.peak_mb,
        ),
    )


def _send(sessions: Sessions, count: int, *, batch: int) -> float:
    """Queue `count` posts, then send them; return how long the sending alone took.

    Raises RuntimeError if not every one of them was sent.
    """
    now = datetime.now(UTC)
    posts = [
        Post(item=f"{batch}-{n}", account=ACCOUNT, channel="x", due_at=now, base=BASE)
        for n in range(count)
    ]
    fill(sessions, posts, now=now)
    lane = Lane(
        account=ACCOUNT,
        channel_at=lambda base: Instant(),
        rates=(RATE,),
        claim="benchmark/x-en",
        wait=lambda time: False,
        since=now,
    )
    sent = 0

    def all_of_them() -> None:
        nonlocal sent
        while tried := deliver_due(sessions, lane, clock=_now).tried:
            sent += tried

    seconds = timed(all_of_them)
    if sent != count:
        raise RuntimeError(f"{sent} of {count} posts were sent")
    return seconds


def _prepare_commits(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE yardstick (id INTEGER PRIMARY KEY, n INTEGER)"))
        connection.execute(text("INSERT INTO yardstick VALUES (1, 0)"))


def _commit(engine: Engine, count: int) -> None:
    """Change one row and commit, `count` times."""
    change = text("UPDATE yardstick SET n = n + 1 WHERE id = 1")
    with engine.connect() as connection:
        for _ in range(count):
            connection.execute(change)
            connection.commit()


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    main()
