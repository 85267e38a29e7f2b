"""Two daemons that start at the same moment, on a database that never ran before."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from campaigner.app import utc_now
from campaigner.db import pauses
from campaigner.db.engine import make_sessions, open_engine
from campaigner.db.instance import Standing
from campaigner.services.guard import bind

TOGETHER = 4


def test_whoever_comes_second_finds_its_own_and_pauses_nothing(
    database_url: str, tmp_path: Path
) -> None:
    engines = [open_engine(database_url) for _ in range(TOGETHER)]
    gate = threading.Barrier(TOGETHER)

    def start(number: int) -> Standing:
        sessions = make_sessions(engines[number])
        with sessions() as session:
            session.connection()  # connected before the others go, too
        gate.wait()
        return bind(sessions, tmp_path / "user", clock=utc_now).standing

    with ThreadPoolExecutor(TOGETHER) as pool:
        standings = sorted(pool.map(start, range(TOGETHER)))
    assert standings == [Standing.NEW, *[Standing.OWN] * (TOGETHER - 1)]
    with make_sessions(engines[0])() as session:
        assert pauses.open_pauses(session) == []
    for engine in engines:
        engine.dispose()
