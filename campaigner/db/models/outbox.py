"""What leaves: a row per post and per mail, and everything that befell it."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Text,
    and_,
    false,
    literal_column,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from campaigner.core.delivery import Hold, State
from campaigner.db.models.base import Base

POST = "recipient = ''"
MAIL = "recipient <> ''"
QUEUED_MAIL = f"state = 'queued' AND {MAIL}"
# Not as NOT IN: SQLite would build its list anew for every row that is written.
NOT_ON_ITS_WAY = (
    "state <> 'queued' AND state <> 'claimed' AND state <> 'sending' AND state <> 'sent'"
)
MAIL_ASIDE = f"{NOT_ON_ITS_WAY} AND {MAIL}"


def is_post() -> ColumnElement[bool]:
    """Select posts, written as the partial indices have it: a bound value would not use them."""
    return Delivery.recipient == literal_column("''")


def is_mail() -> ColumnElement[bool]:
    """Select mails, written as the partial indices have it."""
    return Delivery.recipient != literal_column("''")


def is_queued_mail() -> ColumnElement[bool]:
    """Select the mails that wait for their turn, written as their partial index has it."""
    return and_(text("delivery.state = 'queued'"), is_mail())


def is_mail_aside() -> ColumnElement[bool]:
    """Select the mails that went no straight way: held, in doubt, refused, given up or closed."""
    aside = NOT_ON_ITS_WAY.replace("state", "delivery.state")
    return and_(text(aside), is_mail())


def _partial(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    condition = text(where)
    return Index(name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


class Delivery(Base):
    """One message to one recipient: the outbox, and afterwards the record.

    A post's `recipient` is empty; a mail's is the address as it stood when it
    was frozen, and `slots` what the blocks are filled with (name, zone).

    There are a thousand mails to a post. What looks for posts in a certain state
    has indices in which no mail is; a mail is found by its message.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        _partial("delivery_of_post", "message_id", where=POST, unique=True),
        _partial("delivery_due", "account", "state", "due_at", where=POST),
        _partial("delivery_state", "state", "due_at", where=POST),
        _partial("delivery_look", "state", "look_at", where="look_at IS NOT NULL"),
        _partial("delivery_sample", "sample_at", where="sample_at IS NOT NULL"),
        _partial("delivery_lease", "claimed_until", where="claimed_until IS NOT NULL"),
        _partial(
            "delivery_of_subscriber",
            "subscriber_id", "message_id",
            where="subscriber_id IS NOT NULL",
            unique=True,
        ),
        _partial("delivery_mail_queue", "message_id", "due_at", "id", where=QUEUED_MAIL),
        _partial("delivery_mail_aside", "message_id", "state", "id", where=MAIL_ASIDE),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id", ondelete="CASCADE"))
    account: Mapped[str]
    recipient: Mapped[str] = mapped_column(default="")
    country: Mapped[str] = mapped_column(String(2), default="", server_default="")
    """Where it is read: the account's or the reader's country, or the locale's; may be empty."""
    subscriber_id: Mapped[int | None] = mapped_column(
        ForeignKey("subscriber.id", ondelete="SET NULL")
    )
    slots: Mapped[dict[str, Any]] = mapped_column(default=dict)

    state: Mapped[State] = mapped_column(default=State.HELD)
    hold: Mapped[Hold | None]
    note: Mapped[str] = mapped_column(Text, default="")
    scheduled_at: Mapped[datetime]
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    claim: Mapped[str | None]
    claimed_until: Mapped[datetime | None]
    first_attempt_at: Mapped[datetime | None]
    resend_until: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    remote_id: Mapped[str | None]
    remote_url: Mapped[str] = mapped_column(Text, default="")
    look_at: Mapped[datetime | None]
    absent_since: Mapped[datetime | None]
    accepted: Mapped[bool] = mapped_column(default=False, server_default=false())
    deleted_at: Mapped[datetime | None]
    """When it was taken off the network again; its state stays what it was: it had been sent."""
    sample_at: Mapped[datetime | None]
    samples: Mapped[int] = mapped_column(default=0)


class Attempt(Base):
    """A try that did not end in `sent`, and every move that a person made by hand."""

    __tablename__ = "attempt"
    __table_args__ = (Index("attempt_at", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(
        ForeignKey("delivery.id", ondelete="CASCADE"), index=True
    )
    number: Mapped[int]
    at: Mapped[datetime]
    outcome: Mapped[str]
    reason: Mapped[str] = mapped_column(Text, default="")
    by: Mapped[str] = mapped_column(default="")


class Correction(Base):
    """Something done to a message that is out: asked for, committed, then tried on the network."""

    __tablename__ = "correction"

    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(
        ForeignKey("delivery.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[str] = mapped_column(String(16))
    """edit, delete, reply or repoint."""
    state: Mapped[str] = mapped_column(String(16))
    """asked, done, refused or unknown (it may have happened)."""
    before: Mapped[str] = mapped_column(Text, default="")
    after: Mapped[str] = mapped_column(Text, default="")
    reason: Mapped[str] = mapped_column(Text)
    by: Mapped[str]
    at: Mapped[datetime]
    note: Mapped[str] = mapped_column(Text, default="")
    ended_at: Mapped[datetime | None]
