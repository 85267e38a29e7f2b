"""Open a database, SQLite or PostgreSQL, so that a commit is on the disk when it returns."""

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import structlog
from sqlalchemy import Connection, CursorResult, Engine, Insert, UpdateBase, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from campaigner.errors import UserError

BUSY_SECONDS = 20  # how long one writer waits for another before it gives up

AGAIN_SECONDS = 2.0

Sessions = sessionmaker[Session]
T = TypeVar("T")
log = structlog.get_logger()


def open_engine(url: str) -> Engine:
    """Return an engine for a SQLAlchemy address; makes the folder of a SQLite file.

    Errors do not quote the values of a statement: they are texts and addresses.
    Raises UserError for an address that cannot be read or a kind of database
    that is neither SQLite nor PostgreSQL.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise UserError(
            "the database's address cannot be read. Write sqlite:///FILE or "
            "postgresql://USER@HOST/NAME in `database`"
        ) from None
    if parsed.get_backend_name() == "postgresql":
        return create_engine(parsed, pool_pre_ping=True, hide_parameters=True)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        raise UserError(
            f"a database of kind '{parsed.get_backend_name()}' is not supported. "
            "Use a SQLite file or PostgreSQL"
        )
    Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, connect_args={"timeout": BUSY_SECONDS}, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def make_sessions(engine: Engine) -> Sessions:
    """Return the factory of sessions; what was loaded stays readable after a commit."""
    return sessionmaker(engine, expire_on_commit=False)


def make_reading_sessions(engine: Engine) -> Sessions:
    """Return a factory for reports: on SQLite they take no write lock, and may not write."""
    return sessionmaker(engine.execution_options(read_only=True), expire_on_commit=False)


def change(session: Session, statement: UpdateBase) -> int:
    """Execute an UPDATE, DELETE or INSERT in the database alone; return how many rows it touched.

    Objects that the session has loaded keep what they had: nothing re-reads them.
    """
    options = {"synchronize_session": False} if not isinstance(statement, Insert) else {}
    result = session.execute(statement, execution_options=options)
    return cast("CursorResult[Any]", result).rowcount


def durably(session: Session, work: Callable[[], T]) -> T:
    """Do `work` and commit, again and again until the database takes it; return its result.

    For what must not be forgotten: what a network answered. Only a database
    that is locked, full or gone is waited for; any other error is a bug.
    """
    while True:
        try:
            result = work()
            session.commit()
            return result
        except OperationalError as error:
            log.error("the database does not take a result, trying again", error=str(error.orig))
            with contextlib.suppress(OperationalError):
                session.rollback()
            time.sleep(AGAIN_SECONDS)


def _prepare_sqlite(connection: Any, record: object) -> None:
    connection.isolation_level = None  # transactions are begun by _begin_sqlite alone
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")  # a power cut must not undo a fence
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # IMMEDIATE: a transaction that reads and then writes takes its place in the
    # queue of writers at once, instead of failing half-way when another was first.
    reading = connection.get_execution_options().get("read_only")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
