"""How fast an account may speak: token buckets, refilled by time alone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from campaigner.core.channel import Rate

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


def full(rate: Rate, *, now: datetime) -> Bucket:
    return Bucket(rate=rate, tokens=float(rate.limit), at=now)


def refilled(bucket: Bucket, *, now: datetime) -> Bucket:
    """Return the bucket as it stands now. A clock that went back refills nothing."""
    elapsed = max(now - bucket.at, timedelta(0))
    gained = elapsed / bucket.rate.per * bucket.rate.limit
    tokens = min(float(bucket.rate.limit), bucket.tokens + gained)
    return replace(bucket, tokens=tokens, at=max(now, bucket.at))


def available_at(bucket: Bucket, *, now: datetime) -> datetime:
    """Return when the next token is there: `now`, or later."""
    current = refilled(bucket, now=now)
    missing = 1.0 - current.tokens
    if missing <= 1e-9:
        return now
    return current.at + bucket.rate.per * (missing / bucket.rate.limit)


def taken(bucket: Bucket, *, now: datetime) -> Bucket:
    """Return the bucket with one token less; the caller has seen that there is one."""
    current = refilled(bucket, now=now)
    return replace(current, tokens=current.tokens - 1.0)


def blocked(bucket: Bucket, *, until: datetime, now: datetime) -> Bucket:
    """Return the bucket so that its next token is there at `until`, as the network demanded."""
    if until <= now:
        return refilled(bucket, now=now)
    owed = (until - now) / bucket.rate.per * bucket.rate.limit
    return replace(bucket, tokens=1.0 - owed, at=now)
