"""Collect: look at what published posts reached, as often as their age asks for."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby

import structlog
from sqlalchemy.orm import Session, sessionmaker

from campaigner.core.channel import Channel, Counters, NotSampled
from campaigner.core.reach import AGES, COUNTERS
from campaigner.db import samples
from campaigner.db.samples import Post, Source
from campaigner.errors import UserError

AGAIN = timedelta(minutes=5)
BATCH = 100  # what X takes in one call; a Mastodon server is asked one by one anyway
GRACE = timedelta(days=1)  # how long past its last age a post is still asked for

log = structlog.get_logger(__name__)


def collect_due(
    sessions: sessionmaker[Session],
    channel_for: Callable[[str, str], Channel],
    *,
    now: datetime,
    limit: int = 1000,
) -> int:
    """Look at up to `limit` published posts that are due for it; return how many were taken up.

    `channel_for(account, base)` gives the channel at the address to which the
    posts went. No transaction is open while a network is asked. A network
    that does not answer puts off all posts of that account until it said, or
    for five minutes; the other accounts go on.
    """
    taken = 0
    while taken < limit:
        size = min(BATCH, limit - taken)
        with sessions.begin() as session:
            posts = samples.claim_due(session, now=now, again_at=now + AGAIN, limit=size)
        if not posts:
            break
        taken += len(posts)
        posts.sort(key=lambda post: post.source)
        for source, group in groupby(posts, key=lambda post: post.source):
            _collect(source, list(group), sessions, channel_for, now=now)
    return taken


def _collect(
    source: Source,
    posts: Sequence[Post],
    sessions: sessionmaker[Session],
    channel_for: Callable[[str, str], Channel],
    *,
    now: datetime,
) -> None:
    match _look(source, posts, channel_for):
        case NotSampled(reason, reset_at):
            log.info("not sampled", account=source.account, reason=reason)
            again_at = max(reset_at or now, now + AGAIN)
            last_sent_at = now - AGES[-1] - GRACE
            with sessions.begin() as session:
                samples.postpone(session, source, again_at=again_at, last_sent_at=last_sent_at)
        case answer:
            with sessions.begin() as session:
                samples.record(session, posts, _known(answer), now=now)


def _look(
    source: Source, posts: Sequence[Post], channel_for: Callable[[str, str], Channel]
) -> Mapping[str, Counters] | NotSampled:
    try:
        channel = channel_for(source.account, source.base)
    except UserError as error:
        # The account was taken out of the settings, or lost its credentials.
        return NotSampled(str(error))
    return channel.sample([post.remote_id for post in posts])


def _known(answer: Mapping[str, Counters]) -> dict[str, dict[str, int]]:
    """Keep the counters for which the house has a word: another one has no column to stand in."""
    return {
        remote_id: {word: value for word, value in counters.values.items() if word in COUNTERS}
        for remote_id, counters in answer.items()
    }
