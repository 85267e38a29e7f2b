"""The HTTP server: whether all is well, where to look, and the pages for readers."""

import signal
import socket
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from sqlalchemy.exc import SQLAlchemyError

from campaigner.core.locales import bcp47
from campaigner.db.engine import make_reading_sessions
from campaigner.db.health import Status, health
from campaigner.errors import UserError
from campaigner.rendering.catalogs import TEMPLATES
from campaigner.rendering.environment import Voice, render
from campaigner.rendering.languages import LANGUAGES, language_for
from campaigner.settings import AccountSettings
from campaigner.web import hooks, public
from campaigner.web.security import HEADERS

STOP_WITHIN = 5  # seconds that a request in progress gets when the server is told to stop

HOME = "web/home.html"

_LANGUAGES = [(locale, bcp47(locale), name) for locale, name in LANGUAGES.items()]


class Wiring(public.Wiring, Protocol):
    """What of `campaigner.app.App` the server needs, beside what its public pages do."""

    @property
    def accounts(self) -> Mapping[str, AccountSettings]: ...

    @property
    def hookroom(self) -> hooks.Wiring | None: ...


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
    def home(request: Request) -> Response:
        """Say where to look, in the language that `?lang=` or the browser asks for."""
        chosen = request.query_params.get("lang", "")
        locale = language_for([chosen], accept=request.headers.get("accept-language", ""))
        translator = app.catalogs.translations(TEMPLATES, locale)
        voice = Voice(locale=locale, zone="UTC", translator=translator)
        try:
            html = render(app.environment, HOME, {"languages": _LANGUAGES}, voice=voice)
        except UserError as error:
            # A workspace may have a page of its own, and that may be faulty.
            return PlainTextResponse(str(error), 500, HEADERS)
        return HTMLResponse(html, headers=HEADERS | {"Vary": "Accept-Language"})

    public.mount(web, app)
    if app.hookroom is not None:
        hooks.mount(web, app.hookroom)
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
