"""Token buckets of accounts, kept where every worker sees them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigner.core.channel import Rate
from campaigner.core.rates import Bucket, available_at, blocked, full, refilled, taken
from campaigner.db.insertion import insert_new
from campaigner.db.models import RateBucket


def read_buckets(
    session: Session, *, account: str, rates: Sequence[Rate], now: datetime
) -> list[Bucket]:
    """Return the account's buckets, one per rate; one never used is full."""
    rows = {
        row.name: row
        for row in session.scalars(
            select(RateBucket).where(RateBucket.account == account).with_for_update()
        )
    }
    return [
        Bucket(rate=rate, tokens=rows[rate.name].tokens, at=rows[rate.name].at)
        if rate.name in rows
        else full(rate, now=now)
        for rate in rates
    ]


def available(
    session: Session, *, account: str, rates: Sequence[Rate], now: datetime
) -> tuple[int, datetime]:
    """Return how many posts the account may make now, and when the next token is there.

    An account without rates may make as many as one likes.
    """
    buckets = read_buckets(session, account=account, rates=rates, now=now)
    tokens = min((int(refilled(bucket, now=now).tokens + 1e-9) for bucket in buckets), default=999)
    return max(tokens, 0), max((available_at(bucket, now=now) for bucket in buckets), default=now)


def take(
    session: Session, *, account: str, rates: Sequence[Rate], now: datetime
) -> datetime | None:
    """Take one token of every rate; None if taken, else when to come back and nothing taken.

    Two workers at once take two tokens, one after the other: who reads a
    bucket holds its row until the commit, also of one that was never used.
    """
    _make(session, account, rates, now=now)
    buckets = read_buckets(session, account=account, rates=rates, now=now)
    free = max((available_at(bucket, now=now) for bucket in buckets), default=now)
    if free > now:
        return free
    _write(session, account, [taken(bucket, now=now) for bucket in buckets])
    return None


def take_some(
    session: Session, *, account: str, rate: Rate, wanted: int, now: datetime
) -> tuple[int, datetime]:
    """Take up to `wanted` tokens of one rate; return how many, and when the next one is there."""
    _make(session, account, [rate], now=now)
    (bucket,) = read_buckets(session, account=account, rates=[rate], now=now)
    count = max(0, min(wanted, int(refilled(bucket, now=now).tokens + 1e-9)))
    left = taken(bucket, now=now, count=count)
    _write(session, account, [left])
    return count, available_at(left, now=now)


def block(
    session: Session, *, account: str, rates: Sequence[Rate], until: datetime, now: datetime
) -> None:
    """Keep the account silent until the network's own reset."""
    _make(session, account, rates, now=now)
    buckets = read_buckets(session, account=account, rates=rates, now=now)
    _write(session, account, [blocked(bucket, until=until, now=now) for bucket in buckets])


def _make(session: Session, account: str, rates: Sequence[Rate], *, now: datetime) -> None:
    """Make full buckets where there are none: on PostgreSQL only a row can be locked."""
    insert_new(
        session,
        RateBucket,
        [
            {"account": account, "name": rate.name, "tokens": full(rate, now=now).tokens, "at": now}
            for rate in rates
        ],
    )


def _write(session: Session, account: str, buckets: Sequence[Bucket]) -> None:
    for bucket in buckets:
        session.merge(
            RateBucket(account=account, name=bucket.rate.name, tokens=bucket.tokens, at=bucket.at)
        )
