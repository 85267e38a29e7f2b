"""The HTTP server: for now, whether all is well, and where to look."""

import signal
import socket
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

import uvicorn
from fastapi import FastAPI
from fastapi.responses import HTMLResponse, JSONResponse
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from campaigner.db.engine import make_reading_sessions
from campaigner.db.health import Status, health
from campaigner.errors import UserError
from campaigner.settings import AccountSettings

STOP_WITHIN = 5  # seconds that a request in progress gets when the server is told to stop

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>campaigner</title>
<style>
:root { color-scheme: light dark; font: 1.05rem/1.6 system-ui, sans-serif; }
body { max-width: 38rem; margin: 12vh auto; padding: 0 1.25rem; }
code { font-size: .95em; }
</style>
</head>
<body>
<main>
<h1>campaigner is running</h1>
<ul>
<li><a href="/healthz">Is all well?</a> For people and for monitors.</li>
<li>What goes out, and when: <code>campaigner calendar</code></li>
<li>What waits, and why: <code>campaigner outbox list</code></li>
<li>What it reached: <code>campaigner reach report</code></li>
<li>Something seems wrong: <code>campaigner doctor</code></li>
</ul>
</main>
</body>
</html>
"""


class Wiring(Protocol):
    """What of `campaigner.app.App` the server needs."""

    @property
    def engine(self) -> Engine: ...

    @property
    def accounts(self) -> Mapping[str, AccountSettings]: ...

    def clock(self) -> datetime: ...


def build(app: Wiring) -> FastAPI:
    """Return the web application over an installation."""
    web = FastAPI(title="campaigner", docs_url=None, redoc_url=None, openapi_url=None)
    sessions = make_reading_sessions(app.engine)
    spacings = {name: account.spacing for name, account in app.accounts.items()}

    @web.get("/healthz")
    def healthz() -> JSONResponse:
        """Answer 200 if all is well, else 503: `status` and the counts tell why. No secrets."""
        try:
            with sessions() as session:
                found = health(session, now=app.clock(), spacings=spacings)
        except SQLAlchemyError:
            return _answer({"status": Status.FAILING, "database": "unreachable"})
        age = found.heartbeat_age
        return _answer(
            {
                "status": found.status,
                "database": "ok",
                "heartbeat_age_seconds": None if age is None else round(age.total_seconds(), 1),
                "overdue": found.overdue,
                "unknown_for_a_person": found.unknown_for_a_person,
                "held": found.held,
                "paused": found.paused,
            }
        )

    @web.get("/")
    def home() -> HTMLResponse:
        return HTMLResponse(PAGE, headers=HEADERS)

    return web


def _answer(content: dict[str, Any]) -> JSONResponse:
    return JSONResponse(
        content, status_code=200 if content["status"] is Status.OK else 503, headers=HEADERS
    )


def serve(
    app: Wiring, *, host: str, port: int, listening: Callable[[int], None] = lambda port: None
) -> None:
    """Serve until SIGINT or SIGTERM, then let requests in progress end, and return.

    `listening` is called with the port once it is taken: useful for port 0,
    any free one. Call it from the main thread. Raises UserError if the
    address cannot be used.
    """
    with _bind(host, port) as taken:
        server = uvicorn.Server(
            uvicorn.Config(
                build(app),
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=STOP_WITHIN,
                server_header=False,
            )
        )
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        # uvicorn takes the signals over while it runs, and raises those that it got
        # once more afterwards: then they find a handler that has no more to do.
        for number in before:
            signal.signal(number, server.handle_exit)
        try:
            listening(taken.getsockname()[1])
            server.run(sockets=[taken])
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise UserError(
            f"the web page cannot use {host}, port {port}: {error.strerror}. Stop what uses it, or "
            "set another `port` under [web] in campaigner.toml"
        ) from None
