"""Policy development processes and their dated facts."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from campaigner.db.models.base import Base


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
