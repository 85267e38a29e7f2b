"""Token buckets that several workers share."""

import threading
from datetime import timedelta

from sqlalchemy import select

from campaigner.core.channel import Rate
from campaigner.core.rates import spacing
from campaigner.db import rates
from campaigner.db.engine import Sessions
from campaigner.db.models import RateBucket
from tests.rows import NOON

GAP = spacing(timedelta(seconds=30))
HOURLY = [*GAP, Rate(name="posts", limit=3, per=timedelta(hours=1))]


def test_two_workers_at_once_take_one_token_after_the_other(sessions: Sessions) -> None:
    gate = threading.Barrier(4)
    taken: list[bool] = []

    def take() -> None:
        gate.wait(10)
        with sessions.begin() as session:
            taken.append(rates.take(session, account="new", rates=HOURLY, now=NOON) is None)

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(taken) == [False, False, False, True], "also of a bucket never used before"


def test_a_token_of_a_rolled_back_fence_is_not_used_up(sessions: Sessions) -> None:
    for end in ("rollback", "commit"):
        with sessions() as session:
            assert rates.take(session, account="a", rates=GAP, now=NOON) is None
            getattr(session, end)()
    with sessions() as session:
        again = rates.take(session, account="a", rates=GAP, now=NOON)
    assert again == NOON + timedelta(seconds=30)


def test_nothing_is_taken_from_one_rate_while_another_has_none(sessions: Sessions) -> None:
    with sessions.begin() as session:
        for n in range(5):
            now = NOON + timedelta(seconds=10 * n)
            free = rates.take(session, account="a", rates=HOURLY, now=now)
            assert (free is None) == (n in (0, 3))
    with sessions() as session:
        left = session.scalars(select(RateBucket.tokens).where(RateBucket.name == "posts")).one()
    assert left < 1


def test_a_block_closes_every_bucket_until_the_reset(sessions: Sessions) -> None:
    reset = NOON + timedelta(hours=2)
    with sessions.begin() as session:
        rates.block(session, account="a", rates=HOURLY, until=reset, now=NOON)
    with sessions() as session:
        tokens, free = rates.available(session, account="a", rates=HOURLY, now=NOON)
        assert tokens == 0
        assert abs(free - reset) < timedelta(milliseconds=1)
        early = reset - timedelta(seconds=1)
        assert rates.take(session, account="a", rates=HOURLY, now=early) is not None
        late = reset + timedelta(milliseconds=1)
        assert rates.take(session, account="a", rates=HOURLY, now=late) is None
    with sessions() as session:
        assert rates.available(session, account="b", rates=HOURLY, now=NOON)[0] == 1


def test_an_account_without_rates_is_always_free(sessions: Sessions) -> None:
    with sessions() as session:
        assert rates.available(session, account="a", rates=[], now=NOON) == (999, NOON)
        assert rates.take(session, account="a", rates=[], now=NOON) is None
