"""Hear within half a second that another process changed the database.

SQLite counts commits of others in `PRAGMA data_version`; PostgreSQL is told
by NOTIFY, so whoever makes work for the daemon says so in its transaction.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

CHANNEL = "campaigner"
POLL_SECONDS = 0.2


def announce(session: Session) -> None:
    """Tell the daemons, once the transaction commits. On SQLite the commit itself tells."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})


@contextmanager
def watch(engine: Engine) -> Iterator[Callable[[], bool]]:
    """Yield a function that waits up to POLL_SECONDS and says whether somebody changed something.

    It holds one connection of its own. On SQLite commits of this process count
    too, if made on another connection: a look for nothing, and harmless.
    """
    if engine.dialect.name == "postgresql":
        raw = engine.raw_connection()
        try:
            connection = raw.driver_connection
            assert connection is not None
            connection.rollback()
            connection.autocommit = True
            connection.execute(f"LISTEN {CHANNEL}")

            def heard() -> bool:
                return any(True for _ in connection.notifies(timeout=POLL_SECONDS, stop_after=1))

            yield heard
        finally:
            raw.invalidate()
        return
    raw = engine.raw_connection()
    try:
        cursor = raw.cursor()

        def version() -> int:
            return int(cursor.execute("PRAGMA data_version").fetchone()[0])

        last = version()

        def moved() -> bool:
            nonlocal last
            time.sleep(POLL_SECONDS)
            last, before = version(), last
            return last != before

        yield moved
    finally:
        raw.close()
