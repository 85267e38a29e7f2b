"""Samples: which published posts are due for a look, and what the looks saw."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, delete, insert, null, select, update
from sqlalchemy.orm import Session

from campaigner.core.reach import AGES, BY_HAND, NETWORK, next_sample, step_of
from campaigner.db.engine import change
from campaigner.db.insertion import insert_new
from campaigner.db.models import Delivery, Message, Sample


@dataclass(frozen=True, order=True)
class Source:
    """Where posts are looked at: an account, at the address that they went to."""

    account: str
    base: str


@dataclass(frozen=True, kw_only=True)
class Post:
    """A published post that is due for a look, `steps_taken` of core.reach.AGES taken."""

    id: int
    source: Source
    remote_id: str
    sent_at: datetime
    steps_taken: int


def claim_due(session: Session, *, now: datetime, again_at: datetime, limit: int) -> list[Post]:
    """Take up to `limit` posts, the longest due first, so that no other process looks at them too.

    They are due again at `again_at` unless `record` says otherwise: a process
    that dies on the way loses one look at most. `sent_at` tells that they were
    sent: to ask for the state as well would lead SQLite, which keeps no
    statistics, through everything that was ever sent. The CTE keeps
    PostgreSQL from evaluating LIMIT more than once.
    """
    due = (
        select(Delivery.id)
        .where(
            Delivery.sample_at <= now,
            Delivery.recipient == "",
            Delivery.remote_id.is_not(None),
            Delivery.sent_at.is_not(None),
            Delivery.deleted_at.is_(None),
        )
        .order_by(Delivery.sample_at, Delivery.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    base = select(Message.base).where(Message.id == Delivery.message_id).scalar_subquery()
    take = (
        update(Delivery)
        .where(Delivery.id.in_(select(due.c.id)))
        .values(sample_at=again_at)
        .returning(
            Delivery.id,
            Delivery.account,
            base,
            Delivery.remote_id,
            Delivery.sent_at,
            Delivery.samples,
        )
        .execution_options(synchronize_session=False)
    )
    return [
        Post(
            id=id,
            source=Source(account, base),
            remote_id=remote_id,
            sent_at=sent_at,
            steps_taken=steps_taken,
        )
        for id, account, base, remote_id, sent_at, steps_taken in sorted(session.execute(take))
    ]


def record(
    session: Session,
    posts: Sequence[Post],
    counters: Mapping[str, Mapping[str, int]],
    *,
    now: datetime,
) -> None:
    """Store what a look at `posts` saw, by remote id, and set when the next one is due.

    A post that is not in `counters` is gone from the network: its step passes
    without a row. A step that is already stored stays as it is.
    """
    rows = [
        {
            "delivery_id": post.id,
            "step": step_of(post.sent_at, now),
            "counter": counter,
            "value": value,
            "taken_at": now,
            "source": NETWORK,
            "total": True,
        }
        for post in posts
        for counter, value in counters.get(post.remote_id, {}).items()
    ]
    insert_new(session, Sample, rows)
    session.execute(update(Delivery), [_after_look(post, now) for post in posts])


def postpone(
    session: Session, source: Source, *, again_at: datetime, last_sent_at: datetime
) -> None:
    """Put off to `again_at` every look at `source` that would fall due before it.

    Posts sent before `last_sent_at` are not looked at any more.
    """
    sooner = (
        select(Delivery.id)
        .join(Message, Message.id == Delivery.message_id)
        .where(
            Delivery.sample_at <= again_at,
            Delivery.account == source.account,
            Message.base == source.base,
        )
    )
    change(
        session,
        update(Delivery)
        .where(Delivery.id.in_(sooner))
        .values(sample_at=case((Delivery.sent_at < last_sent_at, null()), else_=again_at)),
    )


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A counter of one delivery as it was last seen, and where that is from."""

    value: int
    taken_at: datetime
    source: str


def newest(session: Session, delivery_id: int) -> dict[str, Figure]:
    """Return the newest figure of each counter of a delivery: what reports show."""
    found = session.scalars(
        select(Sample)
        .where(Sample.delivery_id == delivery_id, Sample.total)
        .order_by(Sample.taken_at, Sample.step)
    )
    return {
        sample.counter: Figure(value=sample.value, taken_at=sample.taken_at, source=sample.source)
        for sample in found
    }


def enter(
    session: Session, delivery_id: int, values: Mapping[str, int], *, taken_at: datetime
) -> None:
    """Store figures that a person read off; what was entered before for a counter is replaced."""
    # Two people at once: the second waits here, and replaces what the first said.
    session.execute(select(Delivery.id).where(Delivery.id == delivery_id).with_for_update())
    step = len(AGES)
    session.execute(
        delete(Sample).where(
            Sample.delivery_id == delivery_id, Sample.step == step, Sample.counter.in_(values)
        )
    )
    rows = [
        {
            "delivery_id": delivery_id,
            "step": step,
            "counter": counter,
            "value": value,
            "taken_at": taken_at,
            "source": BY_HAND,
            "total": True,
        }
        for counter, value in values.items()
    ]
    session.execute(insert(Sample), rows)


def _after_look(post: Post, now: datetime) -> dict[str, Any]:
    steps = max(step_of(post.sent_at, now) + 1, post.steps_taken)
    return {
        "id": post.id,
        "samples": steps,
        "sample_at": next_sample(post.sent_at, steps_taken=steps, now=now),
    }
