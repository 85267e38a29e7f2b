"""Processes of the product that start in milliseconds: forked off one that has imported it all.

To import the product takes half a second of a core, and some tests start a
hundred processes only to kill them. What is born here is a real process: a
session, an environment and open files of its own, and nothing running in it
but what `python -m MODULE` would run. That a process also starts from nothing
is tested where that is what the test is about.
"""

import array
import atexit
import contextlib
import importlib
import json
import os
import pkgutil
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy.orm import configure_mappers

ROOT = Path(__file__).parents[2]
LARGEST_ORDER = 200_000  # bytes: the environment and the arguments


@dataclass
class Born:
    """A process that the nursery started: what tests ask of a `subprocess.Popen`."""

    pid: int
    nursery: "Nursery" = field(repr=False)
    returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            self.nursery.listen(timeout=0)
            self.returncode = self.nursery.ended.get(self.pid)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code, negative for a signal. Raises subprocess.TimeoutExpired."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
            self.nursery.listen(timeout=left)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Nursery:
    """The process that forks, seen from the test run that it ends with."""

    def __init__(self) -> None:
        self.ended: dict[int, int] = {}
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(theirs.fileno())],
                cwd=ROOT,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
            )
        atexit.register(self._close)

    def start(
        self,
        module: str,
        *arguments: str,
        environment: Mapping[str, str],
        cwd: Path,
        stdout: int,
        stderr: int,
    ) -> Born:
        """Run `python -m MODULE ARGUMENTS` with these open files. It leads a session of its own."""
        order = {
            "module": module,
            "arguments": arguments,
            "environment": dict(environment),
            "cwd": str(cwd),
        }
        files = array.array("i", [stdout, stderr])
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, files)]
        self._line.sendmsg([json.dumps(order).encode()], ancillary)
        self._born: int | None = None
        while self._born is None:
            self.listen(timeout=None)
        return Born(self._born, self)

    def run(
        self, module: str, *arguments: str, environment: Mapping[str, str], cwd: Path
    ) -> subprocess.CompletedProcess[str]:
        """Run it to its end, and return what it said."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = self.start(
                module,
                *arguments,
                environment=environment,
                cwd=cwd,
                stdout=out.fileno(),
                stderr=err.fileno(),
            )
            code = process.wait()
            out.seek(0)
            err.seek(0)
            return subprocess.CompletedProcess(
                [module, *arguments], code, out.read().decode(), err.read().decode()
            )

    def listen(self, *, timeout: float | None) -> None:
        """Take up what the nursery tells; return at its first word, or when the time is over."""
        self._line.settimeout(timeout)
        with contextlib.suppress(TimeoutError, BlockingIOError):
            word = self._line.recv(1000)
            assert word, "the nursery ended by itself"
            told: dict[str, int] = json.loads(word)
            if "code" in told:
                self.ended[told["pid"]] = told["code"]
            else:
                self._born = told["pid"]

    def _close(self) -> None:
        self._line.close()
        self._process.wait()


@cache
def nursery() -> Nursery:
    """Return this test run's nursery, started when it is first needed."""
    return Nursery()


def _tend(line: socket.socket) -> dict[str, Any] | None:
    """Fork for each order until the line is closed; in a child, return its order."""
    watched = selectors.DefaultSelector()
    watched.register(line, selectors.EVENT_READ)
    while True:
        for key, _ in watched.select():
            if key.fileobj is not line:
                watched.unregister(key.fd)
                os.close(key.fd)
                _, status = os.waitpid(key.data, 0)
                _tell(line, pid=key.data, code=os.waitstatus_to_exitcode(status))
                continue
            words, files, _, _ = socket.recv_fds(line, LARGEST_ORDER, 2)
            if not words:  # the test run is over, or was broken off: so are its processes
                for child in watched.get_map().values():
                    if child.fileobj is not line:
                        os.kill(child.data, signal.SIGKILL)
                return None
            if (pid := os.fork()) == 0:
                watched.close()
                line.close()
                for number, file in zip((1, 2), files, strict=True):
                    os.dup2(file, number)
                    os.close(file)
                order: dict[str, Any] = json.loads(words)
                return order
            for file in files:
                os.close(file)
            watched.register(os.pidfd_open(pid), selectors.EVENT_READ, pid)
            _tell(line, pid=pid)


def _tell(line: socket.socket, **word: int) -> None:
    with contextlib.suppress(BrokenPipeError):
        line.send(json.dumps(word).encode())


def _import_all() -> None:
    """Import what processes of the product need, so that no child has to."""
    for package in ("campaigner.cli", "campaigner.channels", "campaigner.sandbox"):
        found = importlib.import_module(package)
        for module in pkgutil.iter_modules(found.__path__, f"{package}."):
            importlib.import_module(module.name)
    importlib.import_module("campaigner.daemon")
    configure_mappers()


if __name__ == "__main__":
    _import_all()
    if (order := _tend(socket.socket(fileno=int(sys.argv[1])))) is not None:
        os.setsid()
        os.chdir(order["cwd"])
        os.environ.clear()
        os.environ.update(order["environment"])
        sys.argv = [order["module"], *order["arguments"]]
        runpy.run_module(order["module"], run_name="__main__", alter_sys=True)
