"""Nobody learns from a form who is subscribed: not by the answer, and not by its time."""

import asyncio
import statistics
import time
from collections.abc import Sequence
from math import sqrt
from pathlib import Path

import httpx
import pytest

from campaigner.core.audience import Standing
from campaigner.db.engine import open_engine
from tests.fakes import FakeClock
from tests.web.public.site import LIST, PUBLIC, Site

REQUESTS = 1000
# Of the Mann–Whitney test. Two samples of one distribution are so far apart once in 15,000 times.
LARGEST_Z = 4.0


def mann_whitney(first: Sequence[float], second: Sequence[float]) -> float:
    """Return how many standard deviations the rank sum is from what chance would give.

    The normal approximation, which is good from 20 values on; ties share their rank.
    """
    pooled = sorted(
        (value, sample) for sample, values in enumerate((first, second)) for value in values
    )
    rank_sum, at = 0.0, 0
    while at < len(pooled):
        end = at
        while end < len(pooled) and pooled[end][0] == pooled[at][0]:
            end += 1
        rank = (at + 1 + end) / 2
        rank_sum += rank * sum(1 for _, sample in pooled[at:end] if sample == 0)
        at = end
    n, m = len(first), len(second)
    u = rank_sum - n * (n + 1) / 2
    return (u - n * m / 2) / sqrt(n * m * (n + m + 1) / 12)


def test_the_test_itself_sees_a_difference_of_a_twentieth() -> None:
    even = [1.0 + (number * 37 % 100) / 500 for number in range(500)]
    assert abs(mann_whitney(even, even[::-1])) < 0.01
    assert mann_whitney(even, [value * 1.05 for value in even]) < -LARGEST_Z


@pytest.fixture
def site(sqlite_template: Path, tmp_path: Path, clock: FakeClock) -> Site:
    path = tmp_path / "campaigner.db"
    path.write_bytes(sqlite_template.read_bytes())
    return Site(engine=open_engine(f"sqlite:///{path}"), clock=clock)


def test_a_thousand_answers_cannot_be_told_apart(site: Site) -> None:
    """Known and unknown addresses in turn: the same status, body, headers, and time."""
    with site.sessions.begin() as session:
        for number in range(REQUESTS // 2):
            standing = Standing.ACTIVE if number % 2 else Standing.LEFT
            site.add_reader_in(session, f"known{number:03}@example.org", standing=standing)
    form = site.form("")
    times: dict[str, list[float]] = {"known": [], "other": []}
    answers: set[tuple[int, str, str]] = set()

    async def ask(kind: str, number: int) -> None:
        address = f"{kind}{number:03}@example.org"
        host = f"10.{number % 250}.{number // 250}.1"
        transport = httpx.ASGITransport(site.web, client=(host, 1))
        async with httpx.AsyncClient(transport=transport, base_url=PUBLIC) as client:
            began = time.perf_counter()
            reply = await client.post(f"/subscribe/{LIST}", data={**form, "address": address})
            times[kind].append(time.perf_counter() - began)
        headers = {name: value for name, value in reply.headers.items() if name != "date"}
        answers.add((reply.status_code, reply.text.replace(address, "ADDRESS"), str(headers)))

    async def all_of_them() -> None:
        for number in range(REQUESTS // 2):
            # Which of the two is first changes, so that neither always has the warm cache.
            pair = ("known", "other") if number % 2 else ("other", "known")
            for kind in pair:
                await ask(kind, number)

    asyncio.run(all_of_them())
    site.engine.dispose()
    [(status, _, _)] = answers
    assert status == 200
    known, other = times["known"], times["other"]
    assert len(known) == len(other) == REQUESTS // 2
    z = mann_whitney(known, other)
    medians = (statistics.median(known), statistics.median(other))
    assert abs(z) < LARGEST_Z, f"z = {z:.2f}, medians {medians}"
