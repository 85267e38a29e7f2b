import asyncio
import os
import signal
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Engine

from campaigner.core.delivery import Hold, MessageState, State
from campaigner.core.tokens import Keyring
from campaigner.db import heartbeat, pauses
from campaigner.db.engine import Sessions, open_engine
from campaigner.errors import UserError
from campaigner.rendering.catalogs import Catalogs
from campaigner.rendering.environment import TemplateEnvironment, build_environment
from campaigner.settings import AccountSettings, sample_root
from campaigner.web.server import build, serve
from tests.fakes import FakeClock
from tests.rows import NOON, add_delivery, add_message


@dataclass(frozen=True, kw_only=True)
class Installation:
    """What of the wiring the server sees."""

    engine: Engine
    accounts: Mapping[str, AccountSettings] = field(default_factory=dict)
    catalogs: Catalogs = field(default_factory=lambda: Catalogs([sample_root() / "locales"]))
    environment: TemplateEnvironment = field(
        default_factory=lambda: build_environment([sample_root() / "templates"])
    )

    keyring: Keyring = field(default_factory=lambda: Keyring((b"k" * 32,)))
    hookroom: None = None
    lists: Mapping[str, AccountSettings] = field(default_factory=dict)
    title: str = "campaigner"
    home_zone: str = "UTC"
    public_base: str = "http://test"

    def topic_titles(self) -> Mapping[str, Mapping[str, str]]:
        return {}

    def clock(self) -> datetime:
        return NOON


@dataclass(frozen=True)
class Client:
    """Asks the application in this process, without a socket."""

    web: FastAPI

    def get(self, path: str, **headers: str) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.web)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                return await client.get(path, headers=headers)

        return asyncio.run(ask())


@pytest.fixture
def client(engine: Engine) -> Client:
    return Client(build(Installation(engine=engine)))


def health(client: Client) -> tuple[int, dict[str, Any]]:
    reply = client.get("/healthz")
    return reply.status_code, reply.json()


def beat(sessions: Sessions, *, age: timedelta = timedelta(seconds=15)) -> None:
    with sessions.begin() as session:
        heartbeat.beat(session, worker="w1", pid=1, host="box", now=NOON - age)


def test_a_living_daemon_and_nothing_late_is_ok(client: Client, sessions: Sessions) -> None:
    beat(sessions)
    assert health(client) == (
        200,
        {
            "status": "ok",
            "database": "ok",
            "heartbeat_age_seconds": 15.0,
            "overdue": 0,
            "unknown_for_a_person": 0,
            "held": 0,
            "paused": 0,
        },
    )


def test_without_a_daemon_it_is_failing(client: Client, sessions: Sessions) -> None:
    status, body = health(client)
    assert (status, body["status"], body["heartbeat_age_seconds"]) == (503, "failing", None)
    beat(sessions, age=timedelta(minutes=3))
    status, body = health(client)
    assert (status, body["heartbeat_age_seconds"]) == (503, 180.0)


def test_a_daemon_that_stopped_beside_one_that_lives_does_no_harm(
    client: Client, sessions: Sessions
) -> None:
    beat(sessions)
    with sessions.begin() as session:
        heartbeat.beat(session, worker="w2", pid=2, host="box", now=NOON - timedelta(seconds=9))
        heartbeat.stopped(session, worker="w2", now=NOON - timedelta(seconds=5))
    assert health(client)[0] == 200


def test_what_waits_is_counted(client: Client, sessions: Sessions) -> None:
    beat(sessions)
    with sessions.begin() as session:
        held = add_message(session, state=MessageState.HELD, hold=Hold.APPROVAL)
        add_delivery(session, held, state=State.HELD)
        add_delivery(session, add_message(session), state=State.HELD, hold=Hold.MISSED)
        add_delivery(session, add_message(session), state=State.UNKNOWN)
        add_delivery(session, add_message(session), state=State.UNKNOWN, look_at=NOON)
        pauses.add_pause(session, scope="account", target="x", reason="r", by="me", now=NOON)
    status, body = health(client)
    assert (status, body["held"], body["unknown_for_a_person"], body["paused"]) == (200, 2, 1, 1)


def test_what_is_late_and_does_not_move_is_failing(client: Client, sessions: Sessions) -> None:
    beat(sessions)
    with sessions.begin() as session:
        late = add_message(session, due_at=NOON - timedelta(minutes=6))
        add_delivery(session, late)
    status, body = health(client)
    assert (status, body["status"], body["overdue"]) == (503, "failing", 1)


def test_a_database_that_is_gone_is_told_without_its_address() -> None:
    engine = open_engine("postgresql+psycopg://me:hush@127.0.0.1:9/none?connect_timeout=2")
    reply = Client(build(Installation(engine=engine))).get("/healthz")
    assert reply.status_code == 503
    assert reply.json() == {"status": "failing", "database": "unreachable"}
    assert "hush" not in reply.text
    engine.dispose()


def test_the_first_page_says_where_to_look(client: Client) -> None:
    reply = client.get("/")
    assert reply.status_code == 200
    assert "campaigner doctor" in reply.text
    assert 'href="/healthz"' in reply.text
    assert "default-src 'none'" in reply.headers["content-security-policy"]
    assert client.get("/docs").status_code == 404


@pytest.mark.parametrize(
    ("wish", "lang", "heading"),
    [
        ("en-GB,en;q=0.9", "en", "campaigner is running"),
        ("es-UY,es;q=0.9,en;q=0.5", "es", "campaigner está en marcha"),
        ("pt", "pt-BR", "campaigner está em funcionamento"),
        ("en;q=0.1, fr-HT", "fr", "campaigner est en marche"),
        ("gn", "en", "campaigner is running"),
    ],
)
def test_the_first_page_speaks_the_readers_language(
    client: Client, wish: str, lang: str, heading: str
) -> None:
    reply = client.get("/", **{"Accept-Language": wish})
    assert f'<html lang="{lang}" dir="ltr">' in reply.text
    assert f"<h1>{heading}</h1>" in reply.text
    assert reply.headers["vary"] == "Accept-Language"


def test_a_language_chosen_by_hand_wins(client: Client) -> None:
    assert '<html lang="pt-BR"' in client.get("/?lang=pt-BR", **{"Accept-Language": "fr"}).text
    assert '<html lang="fr"' in client.get("/?lang=%3Cb%3E", **{"Accept-Language": "fr"}).text


def test_a_workspaces_faulty_first_page_is_told_plainly(engine: Engine, tmp_path: Path) -> None:
    page = tmp_path / "web" / "home.html"
    page.parent.mkdir()
    page.write_text("{{ nothing }}", encoding="utf-8")
    own = Installation(engine=engine, environment=build_environment([tmp_path]))
    reply = Client(build(own)).get("/")
    assert reply.status_code == 500
    assert reply.text.startswith("templates/web/home.html:1: 'nothing' is not known here.")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_gracefully(engine: Engine, number: signal.Signals) -> None:
    pages: list[int] = []

    def visit(port: int) -> None:
        with httpx.Client(transport=httpx.HTTPTransport(retries=5)) as visitor:
            pages.append(visitor.get(f"http://127.0.0.1:{port}/", timeout=10).status_code)
        os.kill(os.getpid(), number)

    def listening(port: int) -> None:
        threading.Thread(target=visit, args=(port,), daemon=True).start()

    before = signal.getsignal(number)
    serve(Installation(engine=engine), host="127.0.0.1", port=0, listening=listening)
    assert pages == [200]
    assert signal.getsignal(number) is before


def test_a_port_in_use_is_told(engine: Engine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=rf"port {port}.*\[web\]"):
            serve(Installation(engine=engine), host="127.0.0.1", port=port)


def test_the_clock_is_the_installations_own(engine: Engine, sessions: Sessions) -> None:
    clock = FakeClock(NOON)

    class Ticking(Installation):
        def clock(self) -> datetime:
            return clock()

    beat(sessions)
    client = Client(build(Ticking(engine=engine)))
    assert health(client)[0] == 200
    clock.tick(minutes=5)
    assert health(client)[0] == 503
