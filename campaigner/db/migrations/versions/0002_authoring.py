"""Moved and embargoed dates, countries, corrections"""

import sqlalchemy as sa
from alembic import op

from campaigner.core.countries import country_of
from campaigner.db.types import UTCDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("message", sa.Column("moved", sa.Text(), server_default="", nullable=False))
    op.add_column("message", sa.Column("embargo_until", UTCDateTime(), nullable=True))
    op.add_column(
        "delivery", sa.Column("country", sa.String(length=2), server_default="", nullable=False)
    )
    op.add_column("delivery", sa.Column("deleted_at", UTCDateTime(), nullable=True))
    # Of the readers that wait, as of when they were frozen: a pause of their country holds them.
    op.execute(
        "UPDATE delivery SET country = (SELECT subscriber.country FROM subscriber"
        " WHERE subscriber.id = delivery.subscriber_id) WHERE subscriber_id IS NOT NULL"
    )
    # Of posts, and of readers without a country: the one that their locale names, like pt_BR.
    connection = op.get_bind()
    for locale in connection.scalars(sa.text("SELECT DISTINCT locale FROM message")).all():
        if country := country_of(locale):
            connection.execute(
                sa.text(
                    "UPDATE delivery SET country = :country WHERE country = '' AND message_id IN"
                    " (SELECT id FROM message WHERE locale = :locale)"
                ),
                {"country": country, "locale": locale},
            )
    # As plain SQL: on SQLite, Alembic would copy the table and drop the old one, and every
    # delivery with it.
    op.execute(
        "ALTER TABLE message ADD COLUMN corrects_id INTEGER"
        " CONSTRAINT message_corrects_id_ref REFERENCES message (id)"
    )
    op.create_table(
        "correction",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["delivery.id"],
            name=op.f("correction_delivery_id_ref"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("correction_pk")),
    )
    op.create_index(op.f("correction_delivery_id"), "correction", ["delivery_id"])
