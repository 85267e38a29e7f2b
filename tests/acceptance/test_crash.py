"""The promise, tried: the daemon is killed while it works, again and again.

What was to be sent is read from the campaign's file; what was received, from
the sandbox's own log. Neither is asked of the product.
"""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from sqlalchemy import Engine, func, select

from campaigner.app import utc_now
from campaigner.core.delivery import State
from campaigner.db.engine import make_sessions
from campaigner.db.models import Delivery, Heartbeat
from campaigner.sandbox.faults import Fault, Kind
from campaigner.sandbox.log import read_log
from tests.acceptance.processes import daemon, stop, until
from tests.acceptance.workspace import ACCOUNTS, Workspace, lessons, minutes

KILLS = 20
ITEMS = 30  # on four accounts: 120 posts
# How far ahead each next daemon starts: looks are two minutes apart, and what a first kill
# left in doubt has to be looked for twice before Mastodon forgets its key after 50 minutes,
# though each daemon may be killed before it looks.
STEP = timedelta(seconds=125)

# Where the power goes, in turn: before the fence, after it, and when the
# network has answered but nobody has written that down.
POINTS = ("deliver.claimed", "deliver.fenced", "deliver.answered")


@pytest.fixture
def workspace(tmp_path: Path, database_url: str) -> Iterator[Workspace]:
    with Workspace(tmp_path / "workspace", database_url) as workspace:
        yield workspace


def test_twenty_kills_lose_nothing_and_send_nothing_twice(
    workspace: Workspace, engine: Engine, tmp_path: Path
) -> None:
    # Far enough ahead for queueing to be over: a date that has passed is no date of the run.
    start = utc_now().replace(second=0, microsecond=0) + timedelta(minutes=2)
    dates = minutes(start, ITEMS, apart=timedelta(minutes=2))
    path = workspace.write_campaign(lessons(count=ITEMS, dates=dates))
    workspace.run("queue", str(path), "--as", "author")
    workspace.run("approve", "lessons", "--as", "approver")
    marks = tmp_path / "marks"
    marks.mkdir()
    dice = random.Random(20)
    ahead = start - utc_now()

    workspace.clock = lambda: utc_now() + ahead  # the network's clock goes as ours does
    for number in range(KILLS):
        ahead += STEP
        point = POINTS[number % len(POINTS)]
        if number % 4 == 1:
            network = dice.choice(["x", "mastodon"])
            workspace.sandbox.add_fault(
                Fault(network=network, kind=Kind.ACCEPT_AND_DROP, times=1, skip=dice.randint(0, 1))
            )
        plan = f"{point}=pause:{dice.randint(1, 3)}"
        with daemon(workspace, ahead, failpoints=plan, marks=marks) as process:
            until((marks / point).exists, process, what=f"kill {number}")
            states = _count(engine)
            in_hand = states[State.CLAIMED] + states[State.SENDING]
            assert in_hand > 0, "the kill must hit a row that is claimed or being sent"
            process.kill()
            process.wait()
        doubtful = _count(engine)[State.SENDING]
        assert doubtful <= len(ACCOUNTS), "at most one in doubt per account in flight"
        (marks / point).unlink()

    workspace.sandbox.clear_faults()
    for _ in range(15):
        ahead += STEP
        with daemon(workspace, ahead) as process:
            until(partial(_is_at_rest, engine, ahead, process.pid), process, what="the rest")
            assert stop(process) == 0, "SIGTERM ends it cleanly"
        if set(_count(engine)) == {State.SENT}:
            break

    assert _count(engine) == {State.SENT: ITEMS * len(ACCOUNTS)}, "no unknown is left"
    received = Counter(
        (entry["account"], entry["links"][0].partition("?")[0])
        for entry in read_log(workspace.sandbox.folder)
        if entry["event"] == "accepted"
    )
    assert set(received) == _expected(path), "none is lost"
    assert set(received.values()) == {1}, "none was sent twice"


def _expected(path: Path) -> set[tuple[str, str]]:
    """Return which account has to say which link, from the campaign's file alone."""
    campaign: dict[str, Any] = YAML(typ="safe").load(path)
    return {
        (account, item["link"][locale])
        for item in campaign["items"]
        for account, settings in ACCOUNTS.items()
        for locale in settings["locales"]
    }


def _count(engine: Engine) -> Counter[State]:
    with make_sessions(engine)() as session:
        rows = session.execute(select(Delivery.state, func.count()).group_by(Delivery.state))
        return Counter({row[0]: row[1] for row in rows})


def _is_at_rest(engine: Engine, ahead: timedelta, pid: int) -> bool:
    """Whether this daemon has begun, and there is nothing left that it could do at its time."""
    now = utc_now() + ahead
    busy = select(func.count()).where(
        Delivery.state.in_([State.CLAIMED, State.SENDING])
        | ((Delivery.state == State.QUEUED) & (Delivery.due_at <= now))
        | ((Delivery.state == State.UNKNOWN) & (Delivery.look_at <= now))
    )
    begun = select(Heartbeat.worker).where(Heartbeat.pid == pid)
    with make_sessions(engine)() as session:
        return session.scalar(begun) is not None and session.scalar(busy) == 0
