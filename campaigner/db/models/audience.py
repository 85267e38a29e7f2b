"""Who gets mail: subscribers, what they asked for, and who may not be mailed."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from campaigner.db.models.base import Base

Names = list[Any]


class Subscriber(Base):
    """A person who gets mail. `address` is as they gave it, `mailbox` its normal form.

    What they subscribed to is in `subscription`, by list. One who is suppressed
    is mailed by no list.
    """

    __tablename__ = "subscriber"
    __table_args__ = (Index("subscriber_locale", "locale", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str]
    mailbox: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(default="")
    locale: Mapped[str]
    zone: Mapped[str]
    country: Mapped[str] = mapped_column(String(2), default="")
    attributes: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    added_at: Mapped[datetime]
    chosen_at: Mapped[datetime | None]
    """When they last set language, zone or topics themselves: no import overwrites it since."""
    suppressed_at: Mapped[datetime | None]
    suppressed_for: Mapped[str] = mapped_column(String(16), default="", server_default="")


class Subscription(Base):
    """What a subscriber has to do with one list, which is an e-mail account of the settings."""

    __tablename__ = "subscription"
    __table_args__ = (
        UniqueConstraint("list", "subscriber_id"),
        Index("subscription_subscriber_id", "subscriber_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscriber.id", ondelete="CASCADE"))
    list: Mapped[str]
    state: Mapped[str] = mapped_column(String(16))
    frequency: Mapped[str] = mapped_column(String(16), default="every", server_default="every")
    consent: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    """Evidence: when, how, by which form and wording, by whom; when it was confirmed."""
    bounces: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    """Soft ones in a row."""
    added_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    changed_at: Mapped[datetime]


class SubscriberTopic(Base):
    """A topic that a subscriber chose. Who chose none gets all."""

    __tablename__ = "subscriber_topic"

    subscriber_id: Mapped[int] = mapped_column(
        ForeignKey("subscriber.id", ondelete="CASCADE"), primary_key=True
    )
    topic: Mapped[str] = mapped_column(primary_key=True)


class Suppression(Base):
    """A mailbox that may not be mailed, by its keyed hash: it outlives the subscriber."""

    __tablename__ = "suppression"

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    reason: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime]
    note: Mapped[str] = mapped_column(Text, default="", server_default="")


class Erasure(Base):
    """Whom we have forgotten, by keyed hash: done again after a backup is restored."""

    __tablename__ = "erasure"

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime]


class Signup(Base):
    """What a public form received. Decided on afterwards, so that the form tells nothing.

    `kind`: `subscribe`, or `link` (send me the way to my preferences). `state`:
    waiting, mailing, mailed, refused (with `note`), confirmed.
    """

    __tablename__ = "signup"
    __table_args__ = (
        Index("signup_waiting", "state", "next_at"),
        Index("signup_mailbox", "mailbox_hash", "at"),
        Index("signup_network", "network_hash", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    address: Mapped[str]
    mailbox_hash: Mapped[str] = mapped_column(String(64))
    network_hash: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(default="", server_default="")
    list: Mapped[str]
    locale: Mapped[str]
    zone: Mapped[str]
    topics: Mapped[Names] = mapped_column(default=list, server_default="[]")
    frequency: Mapped[str] = mapped_column(String(16), default="every", server_default="every")
    consent: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    at: Mapped[datetime]
    next_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    answer: Mapped[str] = mapped_column(String(16), default="", server_default="")
    """Which mail answers it (core.signup.Answer), once decided: a repetition is the same."""
    note: Mapped[str] = mapped_column(Text, default="", server_default="")
    confirmed_at: Mapped[datetime | None]
