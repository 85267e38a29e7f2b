"""The product's processes, started for real, watched, and gone when the test is over."""

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

from campaigner.settings import SandboxSettings
from tests.acceptance.nursery import ROOT, Born, nursery
from tests.acceptance.workspace import Workspace

PATIENCE = 30.0  # seconds: far more than anything here takes

Process = Born


@contextmanager
def started(
    module: str, *arguments: str, environment: Mapping[str, str], log: Path, cwd: Path = ROOT
) -> Iterator[Process]:
    """Run `python -m …` while the context is open. What it says is added to `log`.

    It leads a session of its own, which ends with the context: a child that it
    forgot is not left behind.
    """
    with log.open("ab") as file:
        process = nursery().start(
            module,
            *arguments,
            environment=environment,
            cwd=cwd,
            stdout=file.fileno(),
            stderr=file.fileno(),
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def daemon(
    workspace: Workspace,
    ahead: timedelta = timedelta(0),
    *,
    sweep: str = "PT1S",
    failpoints: str = "",
    marks: Path | None = None,
) -> Iterator[Process]:
    """Run the real daemon over a workspace, with its clock `ahead` of the machine's.

    Where `failpoints` hold it, it leaves a file of the point's name in `marks`.
    """
    plan = {"CAMPAIGNER_FAILPOINTS": failpoints, "CAMPAIGNER_FAILPOINT_MARKS": str(marks)}
    with started(
        "tests.acceptance.daemon_ahead",
        str(ahead.total_seconds()),
        environment=workspace.environment
        | {"CAMPAIGNER_SWEEP": sweep}
        | (plan if failpoints else {}),
        log=workspace.root / "daemon.log",
    ) as process:
        yield process


@contextmanager
def daemons(workspace: Workspace, ahead: timedelta, *, count: int) -> Iterator[list[Process]]:
    """Run several daemons at once over one database."""
    with ExitStack() as stack:
        yield [stack.enter_context(daemon(workspace, ahead)) for _ in range(count)]


def until(
    condition: Callable[[], object], *processes: Process, what: str, patience: float = PATIENCE
) -> None:
    """Return when the condition holds; fail when a process ends, or nothing comes of it."""
    deadline = time.monotonic() + patience
    while not condition():
        assert all(process.poll() is None for process in processes), f"{what}: ended by itself"
        assert time.monotonic() < deadline, f"{what}: not in {patience:.0f} s"
        time.sleep(0.02)


def stop(process: Process, number: int = signal.SIGTERM) -> int:
    """Tell a process to stop; return its exit code."""
    os.kill(process.pid, number)
    return process.wait(PATIENCE)


def free_ports() -> tuple[SandboxSettings, int]:
    """Return ports for a sandbox and for the web server that nobody uses at this moment."""
    bound = [socket.create_server(("127.0.0.1", 0)) for _ in range(5)]
    page, x, mastodon, smtp, web = (each.getsockname()[1] for each in bound)
    for each in bound:
        each.close()
    return SandboxSettings(page=page, x=x, mastodon=mastodon, smtp=smtp), web
