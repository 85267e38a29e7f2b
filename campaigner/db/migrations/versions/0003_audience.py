"""Lists, topics, suppressions, broadcasts, bounces; indices for a million mails"""

import sqlalchemy as sa
from alembic import context, op

from campaigner.db.types import UTCDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

POST = "recipient = ''"
MAIL = "recipient <> ''"


def upgrade() -> None:
    _subscribers()
    _suppressions()
    _signups()
    _deliveries()
    _broadcasts()
    _bounces()
    _relays()


def _subscribers() -> None:
    op.create_table(
        "subscription",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("list", sa.String(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("frequency", sa.String(length=16), server_default="every", nullable=False),
        sa.Column("consent", sa.JSON(), server_default="{}", nullable=False),
        sa.Column("bounces", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("added_at", UTCDateTime(), nullable=False),
        sa.Column("confirmed_at", UTCDateTime(), nullable=True),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscriber.id"],
            name=op.f("subscription_subscriber_id_ref"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("subscription_pk")),
        sa.UniqueConstraint(
            "list", "subscriber_id", name=op.f("subscription_list_subscriber_id_once")
        ),
    )
    # Until now everybody got every list: now each list names them.
    connection = op.get_bind()
    lists = set(context.config.attributes.get("lists", ()))
    lists |= set(
        connection.scalars(sa.text("SELECT DISTINCT account FROM message WHERE kind = 'mail'"))
    )
    for name in sorted(lists or {"newsletter"}):
        connection.execute(
            sa.text(
                "INSERT INTO subscription"
                " (subscriber_id, list, state, consent, added_at, changed_at)"
                " SELECT id, :list, state, consent, added_at, added_at FROM subscriber ORDER BY id"
            ),
            {"list": name},
        )
    op.create_index("subscription_subscriber_id", "subscription", ["subscriber_id"])
    op.drop_index("subscriber_audience", table_name="subscriber")
    # As plain SQL: on SQLite, Alembic would copy the whole table.
    op.execute("ALTER TABLE subscriber DROP COLUMN state")
    op.execute("ALTER TABLE subscriber DROP COLUMN consent")
    op.add_column(
        "subscriber", sa.Column("attributes", sa.JSON(), server_default="{}", nullable=False)
    )
    op.add_column("subscriber", sa.Column("chosen_at", UTCDateTime(), nullable=True))
    op.add_column("subscriber", sa.Column("suppressed_at", UTCDateTime(), nullable=True))
    op.add_column(
        "subscriber",
        sa.Column("suppressed_for", sa.String(length=16), server_default="", nullable=False),
    )
    op.create_index("subscriber_locale", "subscriber", ["locale", "id"])
    op.create_table(
        "subscriber_topic",
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscriber.id"],
            name=op.f("subscriber_topic_subscriber_id_ref"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("subscriber_id", "topic", name=op.f("subscriber_topic_pk")),
    )


def _suppressions() -> None:
    op.create_table(
        "suppression",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("suppression_pk")),
    )
    op.create_table(
        "erasure",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("erasure_pk")),
    )


def _signups() -> None:
    op.create_table(
        "signup",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("mailbox_hash", sa.String(length=64), nullable=False),
        sa.Column("network_hash", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(), server_default="", nullable=False),
        sa.Column("list", sa.String(), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("topics", sa.JSON(), server_default="[]", nullable=False),
        sa.Column("frequency", sa.String(length=16), server_default="every", nullable=False),
        sa.Column("consent", sa.JSON(), server_default="{}", nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("next_at", UTCDateTime(), nullable=True),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("answer", sa.String(length=16), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("confirmed_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("signup_pk")),
    )
    op.create_index("signup_waiting", "signup", ["state", "next_at"])
    op.create_index("signup_mailbox", "signup", ["mailbox_hash", "at"])
    op.create_index("signup_network", "signup", ["network_hash", "at"])


def _deliveries() -> None:
    for name in ("due", "look", "sample", "state", "subscriber_id"):
        op.drop_index(f"delivery_{name}", table_name="delivery")
    # A post has one row a message, a reader one mail: two rules instead of one over addresses,
    # which an erasure takes away. SQLite copies the table for it (see db.schema).
    with op.batch_alter_table("delivery") as batch:
        batch.drop_constraint("delivery_message_id_recipient_once", type_="unique")
    _partial("delivery_of_post", ["message_id"], POST, unique=True)
    _partial("delivery_due", ["account", "state", "due_at"], POST)
    _partial("delivery_state", ["state", "due_at"], POST)
    _partial("delivery_look", ["state", "look_at"], "look_at IS NOT NULL")
    _partial("delivery_sample", ["sample_at"], "sample_at IS NOT NULL")
    _partial("delivery_lease", ["claimed_until"], "claimed_until IS NOT NULL")
    _partial(
        "delivery_of_subscriber",
        ["subscriber_id", "message_id"],
        "subscriber_id IS NOT NULL",
        unique=True,
    )
    _partial("delivery_mail_queue", ["message_id", "due_at", "id"], f"state = 'queued' AND {MAIL}")
    _partial(
        "delivery_mail_aside",
        ["message_id", "state", "id"],
        "state <> 'queued' AND state <> 'claimed' AND state <> 'sending' AND state <> 'sent'"
        f" AND {MAIL}",
    )
    # A mail waits for its message's approval, no longer for its own: a yes touches one row.
    op.execute(
        "UPDATE delivery SET state = 'queued', hold = NULL, note = ''"
        f" WHERE state = 'held' AND hold = 'approval' AND {MAIL}"
    )


def _partial(name: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(
        name,
        "delivery",
        columns,
        unique=unique,
        sqlite_where=condition,
        postgresql_where=condition,
    )


def _broadcasts() -> None:
    op.create_table(
        "broadcast",
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("locales", sa.JSON(), server_default="[]", nullable=False),
        sa.Column("segment", sa.Text(), server_default="", nullable=False),
        sa.Column("topics", sa.JSON(), server_default="[]", nullable=False),
        sa.Column("local", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("sample", sa.String(length=16), server_default="", nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("upto", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("last", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("candidates", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("recipients", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("excluded", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("frozen_at", UTCDateTime(), nullable=True),
        sa.Column("hold", sa.String(length=16), server_default="", nullable=False),
        sa.Column("not_before", UTCDateTime(), nullable=True),
        sa.Column("started_at", UTCDateTime(), nullable=True),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["message.id"],
            name=op.f("broadcast_message_id_ref"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("broadcast_pk")),
    )
    op.create_index("broadcast_stage", "broadcast", ["stage"])
    # Every edition that was frozen before is a broadcast whose readers are all decided on.
    op.execute(
        "INSERT INTO broadcast (message_id, stage, candidates, recipients, frozen_at, started_at)"
        " SELECT message.id, 'ready', count(*), count(*), message.queued_at, min(first_attempt_at)"
        " FROM message JOIN delivery ON delivery.message_id = message.id"
        f" WHERE message.kind = 'mail' AND delivery.{MAIL} GROUP BY message.id, message.queued_at"
    )
    op.create_table(
        "exclusion",
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["message.id"],
            name=op.f("exclusion_message_id_ref"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("message_id", "subscriber_id", name=op.f("exclusion_pk")),
    )


def _bounces() -> None:
    op.create_table(
        "bounce",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("account", sa.String(), server_default="", nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=True),
        sa.Column("recipient", sa.String(), server_default="", nullable=False),
        sa.Column("status", sa.String(length=16), server_default="", nullable=False),
        sa.Column("reason", sa.String(length=24), server_default="", nullable=False),
        sa.Column("hard", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("feedback", sa.String(length=24), server_default="", nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.Column("received_at", UTCDateTime(), nullable=False),
        sa.Column("handled_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["delivery.id"],
            name=op.f("bounce_delivery_id_ref"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("bounce_pk")),
        sa.UniqueConstraint("digest", name=op.f("bounce_digest_once")),
    )
    op.create_index("bounce_state", "bounce", ["state", "received_at"])
    op.create_index("bounce_delivery_id", "bounce", ["delivery_id"])
    op.create_index("bounce_account", "bounce", ["account", "received_at"])
    # What relays answered lately is counted too (db.reputation).
    op.create_index("attempt_at", "attempt", ["at"])


def _relays() -> None:
    op.create_table(
        "relay",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("failing_since", UTCDateTime(), nullable=True),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("paused_until", UTCDateTime(), nullable=True),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("sent_today", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("relay_pk")),
    )
