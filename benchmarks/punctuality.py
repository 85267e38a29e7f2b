"""How late posts leave a real daemon with a full outbox, and what it costs when nothing is due.

The time is the sandbox's: when the network had the post. Then the daemon is
left alone, and its processor time is read from /proc.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

from benchmarks.report import Line, Result, cpu_of, quantile, show, usage
from benchmarks.workspace import Database, Post, database, fill, real_folder
from campaigner.db import instance
from campaigner.db.engine import make_sessions, open_engine
from campaigner.db.schema import upgrade
from campaigner.sandbox.log import read_log
from campaigner.sandbox.server import Sandbox
from campaigner.settings import SandboxSettings

CHANNELS = ("x", "mastodon")
ACCOUNTS = {f"{channel}-{number}": channel for number in range(1, 5) for channel in CHANNELS}
PATIENCE = 60.0
AFTERWARDS = timedelta(days=7)  # over which all the others fall due
SETTLE = 2.0

LATE_BUDGET, IDLE_BUDGET = 1.0, 1.0  # seconds at p99, percent


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queued", type=int, default=100_000, help="messages in the outbox")
    parser.add_argument("--posts", type=int, default=300, help="that fall due during the run")
    parser.add_argument("--seconds", type=float, default=60.0, help="over which they do")
    parser.add_argument("--idle", type=float, default=60.0, help="seconds to watch it idle")
    parser.add_argument("--lead", type=float, default=12.0, help="seconds for the daemon to start")
    parser.add_argument("--database", type=Database, choices=Database, default=Database.SQLITE)
    options = parser.parse_args(arguments)
    with real_folder() as folder, database(options.database, folder) as address:
        measure(folder, address, options)


def measure(folder: Path, address: str, options: argparse.Namespace) -> None:
    """Fill the outbox, run the daemon over it, and show what was seen."""
    _write_settings(folder)
    free = SandboxSettings(page=0, x=0, mastodon=0, smtp=0)
    with Sandbox(free, folder / "sandbox") as sandbox:
        due = _fill(address, sandbox.ports, options)
        with _daemon(folder, address, sandbox.ports) as daemon, usage(daemon.pid) as used:
            lateness = _wait_for(sandbox.folder, due, daemon)
            time.sleep(min(SETTLE, options.idle))
            idle = _busy_share(daemon.pid, seconds=options.idle)
    p99 = quantile(lateness, 0.99)
    show(
        [
            Line("messages in the outbox", f"{options.queued + len(due):,}"),
            Line("posts that fell due, and went out", f"{len(lateness):,}"),
            Line("late, median", f"{quantile(lateness, 0.5):.3f} s"),
            Line("late, p99", f"{p99:.3f} s", f"≤ {LATE_BUDGET} s"),
            Line("late, at most", f"{max(lateness):.3f} s"),
            Line("processor while nothing is due", f"{idle:.2f} %", f"< {IDLE_BUDGET} %"),
        ],
        Result(
            name=f"punctuality-{options.database}",
            value=round(p99, 4),
            unit="s",
            yardstick=LATE_BUDGET,
            ratio=round(p99 / LATE_BUDGET, 4),
            cpu_us_per_item=used.us_per_item(len(lateness)),
            peak_mb=used.peak_mb,
        ),
        idle_percent=round(idle, 3),
    )


def _fill(
    address: str, ports: SandboxSettings, options: argparse.Namespace
) -> Mapping[str, datetime]:
    """Fill the outbox; return what falls due during the run, by its name."""
    engine = open_engine(address)
    upgrade(engine)
    sessions = make_sessions(engine)
    with sessions() as session:
        # Else the daemon would first move each post to the whole minute that its wall-clock says.
        instance.set_tzdata(session, version("tzdata"))
        session.commit()
    during = timedelta(seconds=options.seconds)
    quiet = during + timedelta(seconds=options.idle) + timedelta(minutes=3)
    now = datetime.now(UTC)
    later = _posts("later", options.queued, ports, start=now + quiet, spread=AFTERWARDS)
    fill(sessions, later, now=now)
    # Counted from here: filling took its time.
    first = datetime.now(UTC) + timedelta(seconds=options.lead)
    due = _posts("due", options.posts, ports, start=first, spread=during)
    fill(sessions, due, now=now)
    engine.dispose()
    return {post.item: post.due_at for post in due}


def _posts(
    name: str, count: int, ports: SandboxSettings, *, start: datetime, spread: timedelta
) -> list[Post]:
    """Return `count` posts, evenly over the time and over the accounts, in turn."""
    accounts = list(ACCOUNTS.items())
    found = []
    for number in range(count):
        account, channel = accounts[number % len(accounts)]
        found.append(
            Post(
                item=f"{name}-{number}",
                account=account,
                channel=channel,
                due_at=start + number / count * spread,
                base=ports.base(channel),
            )
        )
    return found


def _write_settings(folder: Path) -> None:
    lines = []
    for name, channel in ACCOUNTS.items():
        lines += [f"[accounts.{name}]", f'channel = "{channel}"', 'locales = ["en"]', "spacing = 0"]
    (folder / "campaigner.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


@contextmanager
def _daemon(
    folder: Path, address: str, ports: SandboxSettings
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the product's own daemon over the workspace; asked to stop at the end."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("CAMPAIGNER_")}
    environment = ours | {
        "CAMPAIGNER_DATABASE": address,
        "CAMPAIGNER_STATE_DIR": str(folder / "state"),
        "CAMPAIGNER_LOOPBACK_ONLY": "1",
        **{f"CAMPAIGNER_SANDBOX__{name.upper()}": str(port) for name, port in ports},
    }
    with (folder / "daemon.log").open("ab") as log:
        daemon = subprocess.Popen(
            [sys.executable, "-m", "campaigner", "daemon", "--workspace", str(folder)],
            env=environment,
            stderr=log,
        )
        try:
            yield daemon
        finally:
            daemon.send_signal(signal.SIGTERM)
            try:
                daemon.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()


def _wait_for(
    received: Path, due: Mapping[str, datetime], daemon: "subprocess.Popen[bytes]"
) -> list[float]:
    """Wait until the network has all that falls due; return by how many seconds each was late.

    Raises RuntimeError if the daemon ends or something stays away.
    """
    deadline = max(due.values()) + timedelta(seconds=PATIENCE)
    while True:
        arrived = {
            str(entry["text"]).partition(":")[0]: datetime.fromisoformat(entry["at"])
            for entry in read_log(received)
            if entry["event"] == "accepted"
        }
        if due.keys() <= arrived.keys():
            return [(arrived[item] - moment).total_seconds() for item, moment in due.items()]
        if daemon.poll() is not None:
            raise RuntimeError(f"the daemon ended with {daemon.returncode}")
        if datetime.now(UTC) > deadline:
            raise RuntimeError(f"{len(due.keys() - arrived.keys())} posts never arrived")
        time.sleep(0.2)


def _busy_share(process: int, *, seconds: float) -> float:
    """Return the percentage of one processor that a process uses while we look on."""
    before, start = cpu_of(process), time.monotonic()
    time.sleep(seconds)
    return (cpu_of(process) - before) / (time.monotonic() - start) * 100


if __name__ == "__main__":
    main()
