"""The database's shape: bring it up to date, or tell how far it is behind.

Alembic is imported only where something is to be done: every command asks
whether the database is up to date, and nearly always it is.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

from campaigner.errors import UserError

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"
VERSIONS = "alembic_version"


def upgrade(engine: Engine, *, lists: Sequence[str] = ()) -> list[str]:
    """Apply what is missing, oldest first; return its titles. Safe to run twice.

    All of it or nothing. `lists` are the workspace's e-mail accounts: who was a
    subscriber before there were lists is one of each.
    """
    from alembic import command

    missing = pending(engine)
    if missing:
        config = _config()
        config.attributes["lists"] = tuple(lists)
        with (
            engine.connect() as connection,
            _tables_may_be_copied(connection),
            connection.begin(),
        ):
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    return missing


@contextmanager
def _tables_may_be_copied(connection: Connection) -> Iterator[None]:
    """Let SQLite drop a table that was copied without dropping every row that points at it.

    It cannot alter a table in all ways: Alembic copies it and drops the old one.
    The pragma has no effect within a transaction. What the rows point at is
    looked at by `damage` (`campaigner db check`).
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys = ON")


def pending(engine: Engine) -> list[str]:
    """Return the titles of the migrations that the database has not had, oldest first.

    An empty database lacks them all. Raises UserError for one that a newer
    campaigner has changed.
    """
    current = _current(engine)
    if current == _newest():
        return []
    from alembic.script import ScriptDirectory
    from alembic.script.revision import RevisionError
    from alembic.util import CommandError

    script = ScriptDirectory.from_config(_config())
    try:
        missing = list(script.iterate_revisions("head", current or "base"))
    except (CommandError, RevisionError):
        raise UserError(
            f"the database was changed by a newer campaigner (to {current}). "
            "Use that version, or restore a backup of before"
        ) from None
    return [f"{revision.revision} {revision.doc}" for revision in reversed(missing)]


def damage(engine: Engine) -> list[str]:
    """Return what SQLite finds wrong with its file; empty: whole. PostgreSQL looks after itself."""
    if engine.dialect.name != "sqlite":
        return []
    with engine.execution_options(read_only=True).connect() as connection:
        found = [str(row[0]) for row in connection.execute(text("PRAGMA integrity_check"))]
        found += [
            f"table {row[0]}, row {row[1]} points at a missing {row[2]}"
            for row in connection.execute(text("PRAGMA foreign_key_check"))
        ]
    return [line for line in found if line != "ok"]


def _current(engine: Engine) -> str | None:
    with engine.execution_options(read_only=True).connect() as connection:
        if not inspect(connection).has_table(VERSIONS):
            return None
        version = connection.scalar(text(f"SELECT version_num FROM {VERSIONS}"))
        return str(version) if version else None


def _newest() -> str:
    """Return the newest revision: files are named by it, and it counts up."""
    return max(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config
