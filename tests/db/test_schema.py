from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, MetaData, Table, inspect, text

from campaigner.db import schema
from campaigner.db.engine import open_engine
from campaigner.db.models import Base
from campaigner.db.schema import pending, upgrade
from campaigner.errors import UserError


def test_migrations_make_every_table_that_the_models_name(engine: Engine) -> None:
    assert set(Base.metadata.tables) <= set(inspect(engine).get_table_names())


def test_migrations_and_models_agree_on_every_column_and_index(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Base.metadata) == []


def test_upgrading_twice_changes_nothing(engine: Engine) -> None:
    assert pending(engine) == []
    assert upgrade(engine) == []


def test_an_empty_database_lacks_every_migration(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'empty.db'}")
    assert [title.partition(" ")[0] for title in pending(engine)] == revisions()
    engine.dispose()


def test_a_database_of_a_newer_version_is_told(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(UserError, match="newer campaigner"):
        pending(engine)


def test_the_newest_migrations_file_is_named_by_alembics_head() -> None:
    assert revisions()[-1] == schema._newest()


def test_an_upgrade_keeps_every_row_and_says_where_readers_are(engine: Engine) -> None:
    schema_of(engine, "0001")
    with engine.begin() as connection:
        put(connection, "subscriber", id=1, mailbox="ana@example.org", country="BR")
        put(connection, "message", id=1, key="post", locale="pt_BR", state="approved")
        put(connection, "message", id=2, key="mail", locale="pt", state="approved", item="mail")
        for id, state in enumerate(("queued", "sending", "sent", "unknown"), start=1):
            put(connection, "delivery", id=id, message_id=1, recipient=f"{id}", state=state)
        put(connection, "delivery", id=9, message_id=2, subscriber_id=1, state="queued")
        put(connection, "attempt", id=1, delivery_id=4)
        put(connection, "block", id=1, message_id=2)
    upgrade(engine)
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT id, state, country FROM delivery ORDER BY id")).all()
        assert [row[:2] for row in kept] == [
            (1, "queued"), (2, "sending"), (3, "sent"), (4, "unknown"), (9, "queued"),
        ]  # fmt: skip
        assert [row.country for row in kept] == ["BR"] * 5
        for table, rows in {"message": 2, "attempt": 1, "block": 1, "subscriber": 1}.items():
            assert connection.scalar(text(f"SELECT count(*) FROM {table}")) == rows
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Base.metadata) == []


def test_an_upgrade_puts_every_subscriber_on_every_list_and_keeps_their_mails(
    engine: Engine,
) -> None:
    schema_of(engine, "0002")
    with engine.begin() as connection:
        put(connection, "subscriber", id=1, mailbox="ana@example.org", state="active")
        put(connection, "subscriber", id=2, mailbox="leo@example.org", state="left")
        put(connection, "message", id=1, key="post", kind="post", account="x-en")
        put(connection, "message", id=2, key="mail", kind="mail", account="weekly", item="mail")
        put(connection, "delivery", id=1, message_id=1, state="queued")
        waits = {"message_id": 2, "hold": "approval", "state": "held"}
        put(connection, "delivery", id=2, subscriber_id=1, recipient="ana@example.org", **waits)
        put(connection, "delivery", id=3, subscriber_id=2, recipient="leo@example.org", **waits)
        put(connection, "attempt", id=1, delivery_id=2)
        put(connection, "sample", id=1, delivery_id=1)
        put(connection, "correction", id=1, delivery_id=1)
    upgrade(engine, lists=["newsletter", "weekly"])
    with engine.connect() as connection:
        found = connection.execute(
            text("SELECT list, subscriber_id, state FROM subscription ORDER BY list, subscriber_id")
        )
        assert [tuple(row) for row in found] == [
            ("newsletter", 1, "active"), ("newsletter", 2, "left"),
            ("weekly", 1, "active"), ("weekly", 2, "left"),
        ]  # fmt: skip
        kept = connection.execute(text("SELECT id, state, recipient FROM delivery ORDER BY id"))
        assert [tuple(row) for row in kept] == [
            (1, "queued", ""), (2, "queued", "ana@example.org"), (3, "queued", "leo@example.org"),
        ]  # fmt: skip
        frozen = connection.execute(text("SELECT message_id, stage, recipients FROM broadcast"))
        assert [tuple(row) for row in frozen] == [(2, "ready", 2)]
        for table in ("attempt", "sample", "correction"):
            assert connection.scalar(text(f"SELECT count(*) FROM {table}")) == 1
    assert schema.damage(engine) == []


def test_a_row_that_points_nowhere_is_damage(engine: Engine) -> None:
    if engine.dialect.name != "sqlite":
        assert schema.damage(engine) == []
        return
    assert schema.damage(engine) == []
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute("PRAGMA foreign_keys = OFF")
        driver.execute("INSERT INTO message_project VALUES (77, '1.1.3')")
    assert len(schema.damage(engine)) == 1


def revisions() -> list[str]:
    script = ScriptDirectory.from_config(schema._config())
    return [revision.revision for revision in reversed(list(script.walk_revisions()))]


def schema_of(engine: Engine, revision: str) -> None:
    """Make the database what it was at a revision, and empty."""
    everything = MetaData()
    everything.reflect(engine)
    with engine.begin() as connection:
        everything.drop_all(connection)
        config = schema._config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def put(connection: Connection, name: str, **values: Any) -> None:
    """Add a row to a table as it is by now; what is not named gets a value of its type."""
    table = Table(name, MetaData(), autoload_with=connection)
    fillers: dict[type, Any] = {
        bool: False,
        str: "",
        int: 0,
        float: 0.0,
        object: {},  # JSON
        date: date(2026, 3, 2),
        datetime: datetime(2026, 3, 2, 12),  # noqa: DTZ001 - as SQLite keeps it
    }
    needed = {
        column.name: fillers[column.type.python_type]
        for column in table.columns
        if not (column.nullable or column.server_default is not None or column.primary_key)
    }
    connection.execute(table.insert(), needed | values)
