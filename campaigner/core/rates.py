"""How fast an account may speak: token buckets, refilled by time alone.

A bucket that holds a whole `limit` and refills by as much would let nearly
twice the limit through in a window that begins when it is full. So half of it
may go at once, and the other half comes back in the time of one `per`:
together never more than `limit` in any window of that length.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from campaigner.core.channel import Rate

ROUNDING = timedelta(microseconds=1)  # as exact as times are
SPACING = "spacing"


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """What is left of a rate: `tokens` at the instant `at`. It may be below zero: blocked."""

    rate: Rate
    tokens: float
    at: datetime


def spacing(gap: timedelta) -> Sequence[Rate]:
    """Return the rate of one post per `gap`; none for no gap."""
    return [Rate(name=SPACING, limit=1, per=gap)] if gap > timedelta(0) else []


def at_once(rate: Rate) -> int:
    """Return how many posts a rested account may make without a break."""
    return (rate.limit + 1) // 2


def refill(rate: Rate) -> int:
    """Return how many tokens come back in one `per`: the last of them only as it ends."""
    return rate.limit + 1 - at_once(rate)


def full(rate: Rate, *, now: datetime) -> Bucket:
    return Bucket(rate=rate, tokens=float(at_once(rate)), at=now)


def refilled(bucket: Bucket, *, now: datetime) -> Bucket:
    """Return the bucket as it stands now. A clock that went back refills nothing."""
    elapsed = max(now - bucket.at, timedelta(0))
    gained = elapsed / bucket.rate.per * refill(bucket.rate)
    tokens = min(float(at_once(bucket.rate)), bucket.tokens + gained)
    return replace(bucket, tokens=tokens, at=max(now, bucket.at))


def available_at(bucket: Bucket, *, now: datetime) -> datetime:
    """Return when the next token is there: `now`, or later.

    It surely is: a time rounded down would be come back at for nothing, and
    for ever on a clock that stands still.
    """
    current = refilled(bucket, now=now)
    missing = 1.0 - current.tokens
    if missing <= 1e-9:
        return now
    at = current.at + bucket.rate.per * (missing / refill(bucket.rate))
    is_there = refilled(current, now=at).tokens >= 1.0 - 1e-9
    return at if is_there else at + ROUNDING


def taken(bucket: Bucket, *, now: datetime, count: int = 1) -> Bucket:
    """Return the bucket with `count` tokens less; the caller has seen that they are there."""
    current = refilled(bucket, now=now)
    return replace(current, tokens=current.tokens - count)


def blocked(bucket: Bucket, *, until: datetime, now: datetime) -> Bucket:
    """Return the bucket so that its next token is there at `until`, as the network demanded.

    Never earlier than it would have been there without that.
    """
    current = refilled(bucket, now=now)
    if until <= current.at:
        return current
    owed = (until - current.at) / bucket.rate.per * refill(bucket.rate)
    return replace(current, tokens=min(current.tokens, 1.0 - owed))
