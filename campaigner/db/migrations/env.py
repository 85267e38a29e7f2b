"""Alembic's entry: run the migrations on the connection that db.schema opened."""

from alembic import context

from campaigner.db.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
)
with context.begin_transaction():
    context.run_migrations()
