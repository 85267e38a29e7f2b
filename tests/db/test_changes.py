"""Another process's commit is heard within half a second, on both databases."""

import subprocess
import sys
import time

from sqlalchemy import Engine

from campaigner.db import changes
from campaigner.db.engine import Sessions

COMMIT = """
import sys
from campaigner.db import changes
from campaigner.db.engine import make_sessions, open_engine
from campaigner.db.models import Pause
from datetime import datetime, UTC
sessions = make_sessions(open_engine(sys.argv[1]))
sys.stdin.readline()
with sessions.begin() as session:
    session.add(Pause(scope="all", reason="r", by="ana", at=datetime.now(UTC)))
    changes.announce(session)
print("committed", flush=True)
"""


def test_another_processes_commit_is_heard_within_half_a_second(
    engine: Engine, database_url: str
) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", COMMIT, database_url],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert other.stdin is not None
    assert other.stdout is not None
    with other, changes.watch(engine) as changed:
        assert not changed(), "nothing happened yet"
        other.stdin.write("\n")
        other.stdin.flush()
        assert other.stdout.readline() == "committed\n"
        committed = time.monotonic()
        while not changed():
            assert time.monotonic() - committed < 0.5
        assert time.monotonic() - committed < 0.5
        assert not changed(), "heard once"


def test_what_is_rolled_back_is_not_heard(engine: Engine, sessions: Sessions) -> None:
    with changes.watch(engine) as changed:
        with sessions() as session:
            changes.announce(session)
            session.rollback()
        assert not changed()
