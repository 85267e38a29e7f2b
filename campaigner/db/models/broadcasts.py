"""Editions on their way to many: whom they go to, whom not and why, and what came back."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from campaigner.db.models.base import Base


class Broadcast(Base):
    """How a mail message goes to its readers, who are frozen in ranges of their numbers.

    `upto` is the last subscriber that was decided on, `last` the highest there
    was when freezing began. Candidates are recipients and exclusions.
    """

    __tablename__ = "broadcast"
    __table_args__ = (Index("broadcast_stage", "stage"),)

    message_id: Mapped[int] = mapped_column(
        ForeignKey("message.id", ondelete="CASCADE"), primary_key=True
    )
    locales: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    """The readers' locales that get it."""
    segment: Mapped[str] = mapped_column(Text, default="", server_default="")
    topics: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    local: Mapped[bool] = mapped_column(server_default=text("false"), default=False)
    """Whether it goes out at the same time on each reader's own clock."""
    sample: Mapped[str] = mapped_column(String(16), default="", server_default="")
    """To how many first, like `5%` or `200`; empty: to all at once."""
    subjects: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    """Further subjects that are tried, after the message's own; a mail's slots say which it has."""
    stage: Mapped[str] = mapped_column(String(16))
    upto: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    last: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    candidates: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    recipients: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    excluded: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    frozen_at: Mapped[datetime | None]
    hold: Mapped[str] = mapped_column(String(16), default="", server_default="")
    """Why a person has to decide first (core.broadcast.Stop); empty: nothing."""
    not_before: Mapped[datetime | None]
    """Where a person moved it: nothing of it leaves earlier."""
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class Exclusion(Base):
    """A candidate who does not get a message, and why."""

    __tablename__ = "exclusion"

    message_id: Mapped[int] = mapped_column(
        ForeignKey("message.id", ondelete="CASCADE"), primary_key=True
    )
    subscriber_id: Mapped[int] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(String(16))


class Bounce(Base):
    """A report that came back: what it says, what we made of it, and its bytes for a while.

    `digest` names it once, whoever brings it again. `state`: applied, waiting
    (for a person), ignored. `delivery_id` is set only where our own mark tied
    it to a mail.
    """

    __tablename__ = "bounce"
    __table_args__ = (
        Index("bounce_state", "state", "received_at"),
        Index("bounce_delivery_id", "delivery_id"),
        Index("bounce_account", "account", "received_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    source: Mapped[str] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(16))
    account: Mapped[str] = mapped_column(default="", server_default="")
    delivery_id: Mapped[int | None] = mapped_column(ForeignKey("delivery.id", ondelete="SET NULL"))
    recipient: Mapped[str] = mapped_column(default="", server_default="")
    status: Mapped[str] = mapped_column(String(16), default="", server_default="")
    reason: Mapped[str] = mapped_column(String(24), default="", server_default="")
    hard: Mapped[bool] = mapped_column(server_default=text("false"), default=False)
    feedback: Mapped[str] = mapped_column(String(24), default="", server_default="")
    state: Mapped[str] = mapped_column(String(16))
    note: Mapped[str] = mapped_column(Text, default="", server_default="")
    raw: Mapped[bytes | None] = mapped_column(LargeBinary)
    received_at: Mapped[datetime]
    handled_at: Mapped[datetime | None]
