from sqlalchemy import Engine, inspect

from campaigner.db.models import Base
from campaigner.db.schema import pending, upgrade


def test_migrations_make_every_table_that_the_models_name(engine: Engine) -> None:
    assert set(Base.metadata.tables) <= set(inspect(engine).get_table_names())


def test_upgrading_twice_changes_nothing(engine: Engine) -> None:
    assert pending(engine) == []
    assert upgrade(engine) == []
