"""Every table. Functions over them stand beside, one file per noun."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    Boolean,
    Date,
    Enum,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from campaigner.core.delivery import Hold, MessageState, State
from campaigner.core.message import Kind
from campaigner.db.types import UTCDateTime


def _words(words: type) -> Enum:
    return Enum(words, native_enum=False, length=16, values_callable=list, create_constraint=False)


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "%(table_name)s_%(column_0_N_name)s",
            "uq": "%(table_name)s_%(column_0_N_name)s_once",
            "fk": "%(table_name)s_%(column_0_N_name)s_ref",
            "pk": "%(table_name)s_pk",
        }
    )
    type_annotation_map: ClassVar = {
        datetime: UTCDateTime(),
        date: Date(),
        bool: Boolean(),
        dict[str, Any]: JSON(),
        list[Any]: JSON(),
        Kind: _words(Kind),
        MessageState: _words(MessageState),
        State: _words(State),
        Hold: _words(Hold),
    }


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


class Delivery(Base):
    """One message to one recipient: the outbox, and afterwards the record.

    A post's `recipient` is empty; a mail's is the address as it stood when it
    was frozen, and `slots` what the blocks are filled with (name, zone).
    """

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("message_id", "recipient"),
        Index("delivery_due", "account", "state", "due_at"),
        Index("delivery_state", "state", "due_at"),
        Index("delivery_look", "state", "look_at"),
        Index("delivery_sample", "sample_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id", ondelete="CASCADE"))
    account: Mapped[str]
    recipient: Mapped[str] = mapped_column(default="")
    country: Mapped[str] = mapped_column(String(2), default="", server_default="")
    """Where it is read: the account's or the reader's country, or the locale's; may be empty."""
    subscriber_id: Mapped[int | None] = mapped_column(
        ForeignKey("subscriber.id", ondelete="SET NULL"), index=True
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


class Account(Base):
    """What became of a configured account: is it live, does it still answer."""

    __tablename__ = "account"

    name: Mapped[str] = mapped_column(primary_key=True)
    live: Mapped[bool] = mapped_column(server_default=false())
    live_by: Mapped[str | None]
    live_at: Mapped[datetime | None]
    disconnected_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(Text, default="")


class RateBucket(Base):
    """A token bucket of an account: how many posts it may still make, and when that was true."""

    __tablename__ = "rate"

    account: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    tokens: Mapped[float] = mapped_column(Float)
    at: Mapped[datetime]


class Pause(Base):
    """A stop that a person, or a guard, pulled. `target` is empty for everything."""

    __tablename__ = "pause"
    __table_args__ = (Index("pause_active", "lifted_at", "scope", "target"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(String(16))
    target: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(Text)
    by: Mapped[str]
    at: Mapped[datetime]
    lifted_by: Mapped[str | None]
    lifted_at: Mapped[datetime | None]


class Subscriber(Base):
    """A person who gets mail. `address` is as they gave it, `mailbox` its normal form."""

    __tablename__ = "subscriber"
    __table_args__ = (Index("subscriber_audience", "state", "locale", "zone"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str]
    mailbox: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(default="")
    locale: Mapped[str]
    zone: Mapped[str]
    country: Mapped[str] = mapped_column(String(2), default="")
    state: Mapped[str] = mapped_column(String(16))
    consent: Mapped[dict[str, Any]] = mapped_column(default=dict)
    added_at: Mapped[datetime]


class Process(Base):
    """A policy development process and where it stands, as its records say."""

    __tablename__ = "process"

    id: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    short_name: Mapped[str]
    full_title: Mapped[str] = mapped_column(Text)
    organization: Mapped[str]
    kind: Mapped[str]
    working_group: Mapped[str] = mapped_column(Text, default="")
    interest: Mapped[str] = mapped_column(default="")
    url: Mapped[str] = mapped_column(Text, default="")
    stage: Mapped[str]
    substate: Mapped[str] = mapped_column(default="")
    stage_confirmed: Mapped[str] = mapped_column(String(10))
    """The date (YYYY, YYYY-MM or YYYY-MM-DD) of the newest source for the stage."""
    stage_publishable: Mapped[bool]
    imported_from: Mapped[str]
    imported_at: Mapped[datetime]


class Milestone(Base):
    """A dated fact of a process, with its source."""

    __tablename__ = "milestone"
    __table_args__ = (UniqueConstraint("process_id", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    process_id: Mapped[str] = mapped_column(ForeignKey("process.id", ondelete="CASCADE"))
    position: Mapped[int]
    date: Mapped[str] = mapped_column(String(10))
    what: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text, default="")
    evidence: Mapped[str] = mapped_column(Text)
    publishable: Mapped[bool]


class CommentWindow(Base):
    """A public comment proceeding of a process; it closes at 23:59 UTC of its last day."""

    __tablename__ = "comment_window"
    __table_args__ = (UniqueConstraint("process_id", "opens"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    process_id: Mapped[str] = mapped_column(ForeignKey("process.id", ondelete="CASCADE"))
    opens: Mapped[date]
    closes: Mapped[date]
    url: Mapped[str] = mapped_column(Text, default="")
    publishable: Mapped[bool]


class Sample(Base):
    """A counter of a sent message as it stood at a time. Totals, not increments."""

    __tablename__ = "sample"
    __table_args__ = (UniqueConstraint("delivery_id", "step", "counter"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id", ondelete="CASCADE"))
    step: Mapped[int] = mapped_column(Integer)
    """The how-manieth look, from 0; one more step than ages is a look by hand."""
    counter: Mapped[str] = mapped_column(String(24))
    value: Mapped[int]
    taken_at: Mapped[datetime]
    source: Mapped[str] = mapped_column(String(16))
    total: Mapped[bool]
    """Whether `value` is a running total, or counts a period."""


class Alert(Base):
    """Something a person has to see; told once while it stays open."""

    __tablename__ = "alert"
    __table_args__ = (
        Index(
            "alert_one_open",
            "kind", "subject",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(24))
    subject: Mapped[str]
    text: Mapped[str] = mapped_column(Text)
    opened_at: Mapped[datetime]
    told_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]


class Heartbeat(Base):
    """A daemon that lives, or the last sign of one that does not."""

    __tablename__ = "heartbeat"

    worker: Mapped[str] = mapped_column(primary_key=True)
    pid: Mapped[int]
    host: Mapped[str]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    stopped_at: Mapped[datetime | None]


class Instance(Base):
    """Which installation this database belongs to; one row. See db.instance."""

    __tablename__ = "instance"

    id: Mapped[int] = mapped_column(primary_key=True)
    instance: Mapped[str]
    sequence: Mapped[int]
    bound: Mapped[bool] = mapped_column(server_default=false())
    tzdata: Mapped[str] = mapped_column(default="", server_default="")
    """The version of the time zone data by which due times were last derived."""
