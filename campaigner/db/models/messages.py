"""What is said: runs, editions with their blocks, messages and their approvals."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from campaigner.core.delivery import Hold, MessageState
from campaigner.core.message import Kind
from campaigner.db.models.base import Base


class Run(Base):
    """One queueing of a campaign, with its start fixed once."""

    __tablename__ = "run"
    __table_args__ = (UniqueConstraint("campaign", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign: Mapped[str]
    name: Mapped[str]
    title: Mapped[str]
    start_at: Mapped[datetime]
    immediate: Mapped[bool] = mapped_column(server_default=false())
    """Whether its first item goes out at `start_at` itself (``--start now``)."""
    queued_by: Mapped[str]
    queued_at: Mapped[datetime]


class Edition(Base):
    """The frozen data of one newsletter occurrence; its blocks and messages hang on it."""

    __tablename__ = "edition"
    __table_args__ = (UniqueConstraint("campaign", "day", "slot"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign: Mapped[str]
    day: Mapped[date]
    slot: Mapped[str]
    data: Mapped[dict[str, Any]]
    composed_at: Mapped[datetime]


class Block(Base):
    """A rendered piece of an edition in one locale and, where it shows times, one zone.

    A mail is a selection of blocks in order of `position`, plus slots filled in.
    `zone` is empty for a block that reads the same everywhere.
    """

    __tablename__ = "block"
    __table_args__ = (UniqueConstraint("message_id", "zone", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id", ondelete="CASCADE"))
    zone: Mapped[str]
    position: Mapped[int]
    name: Mapped[str]
    html: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)


class Message(Base):
    """What an item says on one account in one locale, rendered: what was approved.

    Its identity has no time in it. An edit makes a new `version`; only one is
    current (held or approved).
    """

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint(
            "campaign", "run", "item", "repetition", "account", "locale", "version",
            name="message_identity_once",
        ),
        Index(
            "message_one_current",
            "campaign", "run", "item", "repetition", "account", "locale",
            unique=True,
            sqlite_where=text("state IN ('held', 'approved')"),
            postgresql_where=text("state IN ('held', 'approved')"),
        ),
        Index("message_waiting", "state", "not_after"),
        Index("message_planned", "state", "due_at"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[Kind]
    campaign: Mapped[str]
    run: Mapped[str]
    item: Mapped[str]
    repetition: Mapped[int] = mapped_column(default=0)
    account: Mapped[str]
    locale: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)

    channel: Mapped[str]
    state: Mapped[MessageState] = mapped_column(default=MessageState.HELD)
    hold: Mapped[Hold | None]
    note: Mapped[str] = mapped_column(Text, default="")

    day: Mapped[date]
    wall_time: Mapped[str] = mapped_column(String(5))
    zone: Mapped[str]
    due_at: Mapped[datetime]
    not_after: Mapped[datetime]
    moved: Mapped[str] = mapped_column(Text, default="", server_default="")
    """Why its time is not the schedule's own: a holiday, a quiet hour, an embargo."""
    embargo_until: Mapped[datetime | None]
    """Before it nothing of the message may be public; the fence looks."""

    text: Mapped[str] = mapped_column(Text)
    link: Mapped[str] = mapped_column(Text, default="")
    language: Mapped[str]
    media: Mapped[list[Any]] = mapped_column(default=list)
    """In order: {"sha256", "mime", "alt"}; the bytes are in `medium`."""
    edition_id: Mapped[int | None] = mapped_column(ForeignKey("edition.id"))
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))
    """The message that this one sets right, as an answer to it where one can answer."""
    four_eyes: Mapped[bool] = mapped_column(default=True)

    base: Mapped[str]
    """The address that it was queued for; it is sent to no other."""
    content_hash: Mapped[str] = mapped_column(String(64))
    approved_hash: Mapped[str | None] = mapped_column(String(64))
    approved_by: Mapped[str | None]
    approved_at: Mapped[datetime | None]
    queued_by: Mapped[str]
    queued_at: Mapped[datetime]


class MessageProject(Base):
    """Which projects a message served when it was queued: history keeps its place."""

    __tablename__ = "message_project"

    message_id: Mapped[int] = mapped_column(
        ForeignKey("message.id", ondelete="CASCADE"), primary_key=True
    )
    project: Mapped[str] = mapped_column(primary_key=True)


class Medium(Base):
    """A picture's bytes, named by their hash: what was approved is what is sent."""

    __tablename__ = "medium"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    mime: Mapped[str]
    name: Mapped[str]
    data: Mapped[bytes] = mapped_column(LargeBinary)


class ApprovalRecord(Base):
    """Who said yes to which content, when. Never changed, never deleted."""

    __tablename__ = "approval"

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(
        ForeignKey("message.id", ondelete="CASCADE"), index=True
    )
    content_hash: Mapped[str] = mapped_column(String(64))
    by: Mapped[str]
    at: Mapped[datetime]
