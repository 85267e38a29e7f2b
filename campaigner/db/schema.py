"""The database's shape: bring it up to date, or tell how far it is behind."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(engine: Engine) -> list[str]:
    """Apply what is missing, oldest first; return its titles. Safe to run twice."""
    missing = pending(engine)
    if missing:
        config = _config()
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    return missing


def pending(engine: Engine) -> list[str]:
    """Return the titles of the migrations that the database has not had, oldest first.

    Raises nothing for an empty database: it lacks them all.
    """
    script = ScriptDirectory.from_config(_config())
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    revisions = [
        f"{revision.revision} {revision.doc}"
        for revision in script.iterate_revisions("head", current or "base")
    ]
    return revisions[::-1]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


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
