"""The life of a broadcast: a mail message on its way to many readers, from freezing to its end.

    freezing --> ready -------------------------------> closing --> closed
       |            |                                      ^
       +--> sample -+--> releasing --> whole --------------+

What may leave is decided by the message (approved, or not any more) and by the
fence; the stage says what is still to be done to its rows, in ranges, by
whoever comes first. Each stage survives any kill: its next range is in the
tables.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from campaigner.core.audience import Frequency

RANGE = 5_000  # subscribers a transaction: well under 50 ms on SQLite
FIRST_OF_AN_IMPORT = 0.01  # of who came with a list: they are mailed little by little
SMALL_IMPORT = 200  # so few tell nothing of a list, and harm nothing

_BUCKETS = 1 << 32
_SPREAD = 2_654_435_761  # Knuth's: consecutive numbers fall evenly over all buckets
_SAMPLE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,2})?) ?%|([0-9]{1,9})")


class Stage(StrEnum):
    """What is still to be done to the rows of a broadcast."""

    FREEZING = "freezing"  # its readers are being decided on
    READY = "ready"  # decided on, all of them
    SAMPLE = "sample"  # decided on; all but a sample are held back
    RELEASING = "releasing"  # those held back are being queued
    WHOLE = "whole"  # none are held back any more
    CLOSING = "closing"  # canceled, replaced or too late: what did not leave is being closed
    CLOSED = "closed"  # nothing of it waits, or is on its way


SENDABLE = frozenset({Stage.READY, Stage.SAMPLE, Stage.RELEASING, Stage.WHOLE})
"""The stages in which mails leave, once the message is approved."""


class Stop(StrEnum):
    """Why a person has to decide about a broadcast before it goes on."""

    NONE = ""
    MISSED = "missed"  # fell due under a pause, and had not begun
    RESTORED = "restored"  # fell due after the backup that was restored: it may be out
    COUNTS = "counts"  # candidates are not recipients and exclusions
    SAMPLING = "sampling"  # its sample is being drawn


STOPPED: Mapping[Stop, str] = {
    Stop.MISSED: (
        "fell due while paused, and had not begun: send it (`campaigner broadcast send {id}`), "
        "move it (`broadcast move {id} --at TIME`) or drop it (`broadcast cancel {id}`)"
    ),
    Stop.RESTORED: (
        "fell due after the backup was made: some may have it already. Send the rest "
        "(`campaigner broadcast send {id}`) or drop it (`broadcast cancel {id}`)"
    ),
    Stop.COUNTS: "its readers do not add up: queue its campaign again",
    Stop.SAMPLING: "its sample is being drawn: run `campaigner broadcast sample {id}` again",
}
"""Why it waits, and what to do; `{id}` is its number."""


class Again(StrEnum):
    """Whose mail may be sent once more, because surely, or probably, nothing arrived."""

    REJECTED = "rejected"
    EXHAUSTED = "exhausted"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How a broadcast's mails stand. `claimed` is what is reserved or being sent."""

    queued: int = 0
    claimed: int = 0
    held: int = 0
    sent: int = 0
    rejected: int = 0
    exhausted: int = 0
    unknown: int = 0
    suppressed: int = 0
    expired: int = 0
    canceled: int = 0

    @property
    def under_way(self) -> int:
        """How many may still leave, or are leaving."""
        return self.queued + self.claimed + self.held


@dataclass(frozen=True)
class Share:
    """A part of all readers, or a number of them. Exactly one is set; `of_all` is in 0..1."""

    of_all: float | None = None
    number: int | None = None

    def among(self, candidates: int) -> float:
        """Return which part of so many it is, in 0..1."""
        if self.of_all is not None:
            return self.of_all
        assert self.number is not None
        return min(1.0, self.number / candidates) if candidates else 1.0


def first_of_import(newcomers: int) -> float | None:
    """Return which part of so many who came with a list is mailed first; None: all at once."""
    if newcomers <= SMALL_IMPORT:
        return None
    return max(FIRST_OF_AN_IMPORT, SMALL_IMPORT / newcomers)


def read_share(text: str) -> Share | None:
    """Read ``5%`` or ``200``; None: empty, to all. Raises ValueError for anything else."""
    words = text.strip()
    if not words:
        return None
    match = _SAMPLE.fullmatch(words)
    if match is None:
        raise ValueError(f"'{text}' is neither a share like 5% nor a number like 200")
    percent, number = match.groups()
    if percent is not None:
        if not 0 < float(percent) <= 100:
            raise ValueError(f"'{text}' is not between 0 and 100 %")
        return Share(of_all=float(percent) / 100)
    if int(number) == 0:
        raise ValueError("a sample of nobody is none")
    return Share(number=int(number))


def share_bounds(message: int, share: float) -> tuple[int, int, int, int]:
    """Return (spread, shift, buckets, limit): in the sample is who is below the limit.

    A subscriber's bucket is ``(id * spread + shift) % buckets``: always the same
    for a message, another for the next one, and the same in SQL as here. All
    of it stays below 2**63 for numbers below 2**31.
    """
    shift = message * 2_246_822_519 % _BUCKETS
    return _SPREAD, shift, _BUCKETS, round(share * _BUCKETS)


def is_in_share(subscriber: int, *, message: int, share: float) -> bool:
    """Whether a subscriber is in a message's sample of `share` (0..1) of all."""
    spread, shift, buckets, limit = share_bounds(message, share)
    return (subscriber * spread + shift) % buckets < limit


def frozen_hash(content: str, *, recipients: int) -> str:
    """Return what an approval pins once readers are frozen: the content, and for how many."""
    return hashlib.sha256(f"{content}/{recipients}".encode()).hexdigest()


def period_of(frequency: Frequency, day: date) -> tuple[date, date] | None:
    """Return the first day of the week or month of `day`, and of the next; None: every mail.

    Weeks begin on Monday. A period of the calendar, not of hours: a weekly
    digest that a holiday moves by a day is still the one of its week.
    """
    match frequency:
        case Frequency.EVERY:
            return None
        case Frequency.WEEKLY:
            monday = day - timedelta(days=day.weekday())
            return monday, monday + timedelta(days=7)
        case Frequency.MONTHLY:
            first = day.replace(day=1)
            return first, (first + timedelta(days=31)).replace(day=1)


def longer_not_after(due_at: datetime, not_after: datetime, *, last_due: datetime) -> datetime:
    """Return the last date of an edition whose last reader is due at `last_due`: as much later."""
    return max(not_after, last_due + (not_after - due_at))
