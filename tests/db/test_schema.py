from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text

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
