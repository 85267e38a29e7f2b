"""`campaigner run`: everything that one small machine needs, in one foreground process."""

import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from types import FrameType
from typing import Annotated

import typer

from campaigner.cli.workspace import WorkspaceOption, opened
from campaigner.db import accounts
from campaigner.errors import UserError

FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0  # seconds before a child that ended is started again
STEADY = 60.0  # a child that ran so long had no trouble to start
PATIENCE = 60.0  # seconds that children have to stop
READY = 15.0  # seconds that the sandbox has to open: who posts before it does waits half a minute


def run(
    with_sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Also play the networks on this machine.")
    ] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Run daemon and web server, and start them again if they end, until SIGINT or SIGTERM.

    Example: campaigner run --sandbox
    """
    with opened(workspace) as app:
        _ = app.sessions  # says now what a child would say: a database that is not up to date
        root = str(app.settings.workspace)
        page = f"http://127.0.0.1:{app.settings.sandbox.page}/"
        with app.sessions() as session:
            live = accounts.live_accounts(session)
        played = [name for name in app.accounts if name not in live]
        title = app.settings.title
        health = f"http://{app.settings.web.host}:{app.settings.web.port}/healthz"
        door = app.settings.sandbox.page
    names = ["sandbox"] if with_sandbox else []
    names += ["daemon", "web"]
    stop = threading.Event()

    def told(number: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGINT, told)
    signal.signal(signal.SIGTERM, told)
    children = [Child(command=name, workspace=root) for name in names]
    for child in children:
        child.start()
        if child.command == "sandbox":
            child.wait_for(door, stop)
    print(title)
    if with_sandbox:
        print(f"The networks are played at {page}  (open it: timelines and inbox)")
    elif played:
        print(
            f"{', '.join(played)} talk to the sandbox, which does not run: start it with --sandbox"
        )
    print(f"Health: {health}\nCtrl-C stops everything.", flush=True)
    while not stop.wait(0.5):
        for child in children:
            child.keep_alive()
    for child in reversed(children):
        child.ask_to_stop()
    failed = [child.command for child in children if not child.has_stopped()]
    if failed:
        raise UserError(f"{', '.join(failed)} did not stop in time and was killed")
    print("Stopped.")


@dataclass
class Child:
    """One process of ours, started again with growing patience when it ends by itself."""

    command: str
    workspace: str
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    wait: float = FIRST_WAIT
    start_at: float = field(default=0.0)

    def start(self) -> None:
        # In a group of its own: Ctrl-C reaches us alone, and we stop it in order.
        self.process = subprocess.Popen(
            [sys.executable, "-m", "campaigner", self.command, "--workspace", self.workspace],
            start_new_session=True,
        )
        self.started, self.start_at = time.monotonic(), 0.0

    def wait_for(self, port: int, stop: threading.Event) -> None:
        """Return when the child listens on this machine's `port`, ends, or is given up on."""
        deadline = time.monotonic() + READY
        while self.process is not None and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            if time.monotonic() > deadline or stop.wait(0.05):
                return

    def keep_alive(self) -> None:
        """Look after the child; say that it ended, and start it again when its wait is over."""
        now = time.monotonic()
        if self.process is not None and (code := self.process.poll()) is not None:
            steady = now - self.started > STEADY
            self.wait = FIRST_WAIT if steady else min(self.wait * 2, LONGEST_WAIT)
            print(
                f"{self.command} ended with {code}; starting it again in {self.wait:.0f} s",
                file=sys.stderr,
            )
            self.process, self.start_at = None, now + self.wait
        if self.process is None and now >= self.start_at:
            self.start()

    def ask_to_stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def has_stopped(self) -> bool:
        """Wait for the child to end; kill it if it does not, and return False."""
        if self.process is None:
            return True
        try:
            self.process.wait(PATIENCE)
            return True
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return False
