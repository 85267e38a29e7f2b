"""What campaigner notes of itself and of what it reached."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from campaigner.db.models.base import Base


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
