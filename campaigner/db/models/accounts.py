"""Whereby it leaves: accounts, their rates, and the stops that somebody pulled."""

from datetime import date, datetime

from sqlalchemy import Float, Index, String, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column

from campaigner.db.models.base import Base


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


class RelayHealth(Base):
    """How a relay of an e-mail account does: is it failing, and what it took today."""

    __tablename__ = "relay"

    name: Mapped[str] = mapped_column(primary_key=True)
    """`ACCOUNT/HOST:PORT`."""
    failing_since: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    """How many in a row."""
    reason: Mapped[str] = mapped_column(Text, default="", server_default="")
    paused_until: Mapped[datetime | None]
    day: Mapped[date | None]
    sent_today: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    """How many it took on `day` (UTC), for the limits of a new domain."""
