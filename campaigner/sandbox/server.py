"""The sandbox as a whole: four servers on this machine's own address, in one thread.

It binds loopback and nothing else; there is no option.
"""

import asyncio
import signal
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import uvicorn
from fastapi import FastAPI

from campaigner.errors import UserError
from campaigner.rendering.catalogs import Catalogs
from campaigner.rendering.environment import build_environment
from campaigner.sandbox.connection import Dated, DroppableProtocol, Holds
from campaigner.sandbox.faults import Armed, Fault, Faults
from campaigner.sandbox.mastodon import make_mastodon
from campaigner.sandbox.page import FOLDER, Pages, make_page
from campaigner.sandbox.smtp import MailServer
from campaigner.sandbox.smtp_desk import Desk
from campaigner.sandbox.stage import Stage
from campaigner.sandbox.x import make_x
from campaigner.settings import AccountSettings, SandboxSettings, sample_root

HOST = "127.0.0.1"
NAMES = ("page", "x", "mastodon", "smtp")


def utc_now() -> datetime:
    return datetime.now(UTC)


class Sandbox:
    """The servers, from `start` to `stop`, or as a context.

    A port 0 means any that is free; after `start`, `ports` says which. What
    was received stays in `folder`: started there again, it is all back.
    `accounts` lend their titles and handles to the timelines. A template or
    catalog of `workspace` wins over ours. With a `clock` that is not the
    machine's, `pass_time` lets a time pass on it at once.
    """

    def __init__(
        self,
        ports: SandboxSettings,
        folder: Path,
        *,
        accounts: Mapping[str, AccountSettings] | None = None,
        workspace: Path | None = None,
        clock: Callable[[], datetime] = utc_now,
        pass_time: Callable[[timedelta], object] | None = None,
        faults: Sequence[Fault] = (),
    ) -> None:
        self.ports = ports
        self.folder = folder
        self.faults = Faults(faults)
        self._accounts = accounts or {}
        roots = [root for root in (workspace, sample_root()) if root]
        self._roots = list(dict.fromkeys(roots))
        self._clock = clock
        self._holds = Holds(pass_time)
        self._ready = threading.Event()
        self._stop: Callable[[], None] = lambda: None
        self._failure: BaseException | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start all servers; return when all of them listen.

        Raises UserError for a port that is taken.
        """
        with ExitStack() as stack:
            sockets = {
                name: stack.enter_context(_bound(name, getattr(self.ports, name))) for name in NAMES
            }
            chosen = {name: bound.getsockname()[1] for name, bound in sockets.items()}
            self.ports = SandboxSettings(**chosen)
            stage = Stage(self.folder, self.faults, self._clock, self._accounts)
            stack.pop_all()
        self._ready.clear()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(stage, sockets)), name="sandbox", daemon=True
        )
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Let go of what is held, close all connections, end. Does nothing if not started."""
        if self._thread is not None:
            self._stop()
            self._thread.join()
            self._thread = None

    def clear_faults(self) -> None:
        """Take all faults back, and let go of the answers that are held."""
        self.faults.clear()
        self._holds.release()

    def release(self) -> None:
        """Let go of the answers that are held; the faults stay."""
        self._holds.release()

    def add_fault(self, fault: Fault) -> Armed:
        return self.faults.add(fault)

    @property
    def address(self) -> str:
        """Where people look."""
        return f"http://{HOST}:{self.ports.page}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    async def _serve(self, stage: Stage, sockets: Mapping[str, socket.socket]) -> None:
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()

        def stop() -> None:
            loop.call_soon_threadsafe(stopped.set)

        self._stop = stop
        connections: set[MailServer] = set()

        desk = Desk(stage, self._holds)

        def mail_connection() -> MailServer:
            return MailServer(desk, connections)

        try:
            mail = await loop.create_server(mail_connection, sock=sockets["smtp"])
            servers = [_http(Dated(app, self._clock)) for app in self._apps(stage)]
            running = [
                asyncio.create_task(server.serve(sockets=[sockets[name]]))
                for name, server in zip(("page", "x", "mastodon"), servers, strict=True)
            ]
            while not all(server.started for server in servers):
                await asyncio.sleep(0.005)
        except BaseException as error:
            self._failure = error
            self._ready.set()
            raise
        self._ready.set()
        await stopped.wait()
        self._holds.release()
        mail.close()
        for connection in list(connections):
            connection.hang_up()
        for server in servers:
            server.should_exit = True
        await asyncio.gather(*running)
        stage.log.close()

    def _apps(self, stage: Stage) -> list[FastAPI]:
        pages = Pages(
            environment=build_environment([root / "templates" for root in self._roots]),
            catalogs=Catalogs([root / "locales" for root in self._roots]),
        )
        files = sample_root() / "templates" / FOLDER
        return [
            make_page(stage, self._holds, pages, files=files),
            make_x(stage, self._holds, page=self.address),
            make_mastodon(stage, self._holds, base=self.ports.base("mastodon"), page=self.address),
        ]


def serve(sandbox: Sandbox, *, announce: Callable[[Sandbox], None]) -> None:
    """Run in the foreground until SIGINT or SIGTERM. `announce` is called when all listen.

    To be called in the main thread. Raises UserError for a port that is taken.
    """
    stopped = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: stopped.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        with sandbox:
            announce(sandbox)
            stopped.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _bound(name: str, port: int) -> socket.socket:
    # With the protocol named, asyncio switches off Nagle's delay of 40 ms an answer.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((HOST, port))
        bound.listen(128)
    except OSError:
        bound.close()
        raise UserError(
            f"port {port} of this machine is taken, perhaps by another sandbox. Stop that, or set "
            f"another `{name}` under [sandbox] in campaigner.toml."
        ) from None
    return bound


def _http(app: Dated) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=DroppableProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            date_header=False,
            timeout_graceful_shutdown=2,
        )
    )
