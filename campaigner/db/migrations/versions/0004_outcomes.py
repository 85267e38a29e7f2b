"""Corrections of broadcasts, trials of subjects, and leaner rows for a million mails"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _subjects()


def _subjects() -> None:
    column = sa.Column("subjects", sa.JSON(), server_default="[]", nullable=False)
    op.add_column("broadcast", column)
