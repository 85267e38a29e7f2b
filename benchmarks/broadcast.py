"""How many personal mails a second leave an edition, to Postfix's smtp-sink.

Each mail is claimed, made (a personal name, an unsubscribe link and ten more
links of the reader's own, all headers, 20 KB), fenced and recorded; fence and
result are committed. The yardstick is smtp-source with mails of the same size
to the same sink, in turn with it. Needs Debian's package `postfix`.
"""

import argparse
import multiprocessing
import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from multiprocessing.connection import Connection
from typing import Any

import structlog
from sqlalchemy import Engine, bindparam, func, select, text
from sqlalchemy.orm import Session

from benchmarks.report import PAIRS, Line, Result, Usage, median_pair, show, usage
from benchmarks.workspace import Database, database, real_folder
from campaigner.channels.email import server_at
from campaigner.core.broadcast import Stage
from campaigner.core.delivery import MessageState, State
from campaigner.core.message import Kind
from campaigner.core.tokens import Keyring
from campaigner.db.engine import Sessions, make_sessions, open_engine
from campaigner.db.models import Block, Broadcast, Delivery, Message
from campaigner.db.schema import upgrade
from campaigner.mail.dkim import Signer, load_signer, new_key
from campaigner.mail.smtp import Timeouts
from campaigner.services.broadcast import Route, Sender, broadcast_due
from campaigner.settings import AccountSettings, RelaySettings

CONNECTIONS = 256  # to a sink on the same machine: each turn of the ledger serves half of them
SESSIONS = 8  # of smtp-source
SIZE = 20_000
FLOORS = {"sqlite": 0.8, "postgresql": 0.65}
SIGNED_FLOOR = 0.25
MEMORY_MB = 100
ACCOUNT = "newsletter"
HASH = "0" * 64
WORDS = "Names and numbers matter, and so does who may change them. "


class Signed(StrEnum):
    NONE = "none"
    RSA = "rsa"
    BOTH = "both"


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What the sending process needs to know."""

    database: str
    port: int
    signed: Signed
    connections: int


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipients", type=int, default=100_000, help="of each edition")
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--database", default="sqlite", help="sqlite, postgresql, or an address")
    parser.add_argument("--signed", type=Signed, choices=Signed, default=Signed.NONE)
    parser.add_argument("--connections", type=int, default=CONNECTIONS)
    options = parser.parse_args(arguments)
    with real_folder() as folder, sink() as port:
        if "://" in options.database:
            measure(options.database, port, options)
        else:
            with database(Database(options.database), folder) as address:
                measure(address, port, options)


def measure(address: str, port: int, options: argparse.Namespace) -> None:
    """Broadcast and let smtp-source send in turn, and show what was seen."""
    engine = open_engine(address)
    upgrade(engine)
    kind, count = engine.dialect.name, int(options.recipients)
    add_readers(engine, count)
    setting = Setting(
        database=address, port=port, signed=options.signed, connections=options.connections
    )
    spent: list[Spent] = []
    with sending(setting) as sender:
        size = sender.size

        def ours() -> float:
            add_edition(make_sessions(engine), port=port)
            spent.append(sender.send(count))
            check(engine, count)
            return count / spent[-1].seconds

        ours_rate, theirs, ratio = median_pair(
            ours, lambda: count / yardstick(port, count, size=size), pairs=options.pairs
        )
    engine.dispose()
    floor = FLOORS[kind] if options.signed is Signed.NONE else SIGNED_FLOOR
    peak = max((each.peak_mb or 0.0) for each in spent)
    name = f"broadcast-{kind}" + ("" if options.signed is Signed.NONE else f"-{options.signed}")
    cpu = sum(each.cpu_seconds for each in spent) / (len(spent) * count) * 1e6
    show(
        [
            Line("mails a second", f"{ours_rate:,.0f}"),
            Line(f"yardstick: smtp-source -s {SESSIONS}", f"{theirs:,.0f}"),
            Line("ratio", f"{ratio:.3f}", f"≥ {floor}"),
            Line("CPU of a mail", f"{cpu:,.0f} µs"),
            Line("peak memory of the sending process", f"{peak:,.1f} MB", f"≤ {MEMORY_MB} MB"),
        ],
        Result(
            name=name,
            value=round(ours_rate, 1),
            unit="mails/s",
            yardstick=round(theirs, 1),
            ratio=round(ratio, 3),
            cpu_us_per_item=round(cpu, 1),
            peak_mb=peak,
        ),
        recipients=count,
        bytes_per_mail=size,
        connections=options.connections,
    )


@contextmanager
def sink() -> Iterator[int]:
    """Yield the port of an smtp-sink that takes everything."""
    if shutil.which("smtp-sink") is None:
        raise SystemExit("smtp-sink is missing: install Debian's package postfix")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    process = subprocess.Popen(
        ["smtp-sink", *user, "-c", f"127.0.0.1:{port}", "256"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await(port)
        yield port
    finally:
        process.terminate()
        process.wait()


def _await(port: int) -> None:
    until = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def yardstick(port: int, count: int, *, size: int) -> float:
    """Have smtp-source send `count` mails of `size` bytes; return how many seconds it took."""
    command = ["smtp-source", "-d", "-s", str(SESSIONS), "-m", str(count), "-l", str(size)]
    addresses = ["-f", "a@example.org", "-t", "b@example.org"]
    start = time.perf_counter()
    subprocess.run([*command, *addresses, f"127.0.0.1:{port}"], check=True)
    return time.perf_counter() - start


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What one broadcast took in the sending process."""

    seconds: float
    cpu_seconds: float
    peak_mb: float | None


class SendingProcess:
    """A process of its own that broadcasts when told: its memory is the product's alone."""

    def __init__(self, pid: int, talk: Connection, size: int) -> None:
        self.pid = pid
        self.talk = talk
        self.size = size

    def send(self, count: int) -> Spent:
        """Have it send what is due. Raises RuntimeError if it was not `count`."""
        used: Usage
        with usage(self.pid) as used:
            self.talk.send("go")
            tried, seconds, cpu = self.talk.recv()
        if tried != count:
            raise RuntimeError(f"{tried} of {count} mails were sent")
        return Spent(seconds=seconds, cpu_seconds=cpu, peak_mb=used.peak_mb)


@contextmanager
def sending(setting: Setting) -> Iterator[SendingProcess]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=send_when_told, args=(setting, theirs), daemon=True)
    process.start()
    try:
        size = ours.recv()
        assert process.pid is not None
        yield SendingProcess(process.pid, ours, size)
    finally:
        ours.send("end")
        process.join()


def send_when_told(setting: Setting, talk: Connection) -> None:
    """Broadcast whatever is due at each "go": the sending process."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        structlog.configure(logger_factory=structlog.WriteLoggerFactory(nowhere))
        engine = open_engine(setting.database)
        sessions, sender = make_sessions(engine), sender_of(setting)
        talk.send(SIZE)
        while talk.recv() == "go":
            tried, start, cpu = 0, time.perf_counter(), time.process_time()
            while done := broadcast_due(sessions, sender, clock=_now).tried:
                tried += done
            talk.send((tried, time.perf_counter() - start, time.process_time() - cpu))
        engine.dispose()


def sender_of(setting: Setting) -> Sender:
    relay = f"smtp://127.0.0.1:{setting.port}"
    server = server_at(
        relay, credentials={}, timeouts=Timeouts(), context=ssl.create_default_context()
    )
    route = Route(
        name=f"{ACCOUNT}/127.0.0.1:{setting.port}",
        settings=RelaySettings(
            address=relay, connections=setting.connections, per_second=1e6, per_message=1_000_000
        ),
        server=server,
    )
    signers = signers_for(setting.signed)
    return Sender(
        account=ACCOUNT,
        settings=AccountSettings(
            channel="email",
            locales=("en",),
            title="LAC digest",
            sender="LAC <lac@example.org>",
            reply_to="lac@example.org",
            list_id="digest.example.org",
        ),
        public_url="https://news.example.org",
        keyring=Keyring((b"k" * 32,)),
        routes_at=lambda base: [route],
        signers_at=lambda base: signers,
        claim=f"benchmark/{ACCOUNT}",
        wait=lambda time: False,
    )


def signers_for(signed: Signed) -> list[Signer]:
    if signed is Signed.NONE:
        return []
    keys = [False] if signed is Signed.RSA else [False, True]
    return [
        load_signer(new_key(ed=ed), selector="ed" if ed else "rsa", domain="example.org")
        for ed in keys
    ]


def add_readers(engine: Engine, count: int) -> None:
    """Add subscribers of the list, all at once and in the database alone."""
    numbers = (
        "SELECT generate_series(1, :count) AS n"
        if engine.dialect.name == "postgresql"
        else "WITH RECURSIVE up(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < :count) "
        "SELECT n FROM up"
    )
    now = "2026-01-01 00:00:00.000000"
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO subscriber (id, address, mailbox, name, locale, zone, country, "
                "attributes, added_at, suppressed_for) "
                "SELECT n, 'reader' || n || '@example.net', 'reader' || n || '@example.net', "
                f"'Reader ' || n, 'en', 'UTC', '', '{{}}', '{now}', '' FROM ({numbers}) AS numbers"
            ),
            {"count": count},
        )
        connection.execute(
            text(
                "INSERT INTO subscription (subscriber_id, list, state, frequency, consent, "
                f"bounces, added_at, changed_at) SELECT id, '{ACCOUNT}', 'active', 'every', "
                f"'{{}}', 0, '{now}', '{now}' FROM subscriber"
            )
        )


def add_edition(sessions: Sessions, *, port: int) -> None:
    """Add an approved edition to all readers, as freezing leaves it."""
    now = _now()
    with sessions.begin() as session:
        number = session.scalars(select(func.count(Message.id))).one()
        message = Message(**_message(number, now, base=f"smtp://127.0.0.1:{port}"))
        session.add(message)
        session.flush()
        session.add_all(
            Block(message_id=message.id, zone="", position=at, name=name, html=html, text=words)
            for at, (name, html, words) in enumerate(blocks())
        )
        session.add(
            Broadcast(message_id=message.id, stage=Stage.READY, locales=["en"], frozen_at=now)
        )
        session.flush()
        slots = "json_build_object" if _is_postgresql(session) else "json_object"
        freeze = text(
            "INSERT INTO delivery (message_id, account, recipient, subscriber_id, country, slots, "
            "state, note, scheduled_at, due_at, attempts, remote_url, samples, accepted) "
            f"SELECT :message, :account, address, id, '', {slots}('name', name, 'zone', zone), "
            "'queued', '', :due, :due, 0, '', 0, FALSE FROM subscriber"
        ).bindparams(bindparam("due", type_=Delivery.due_at.type))
        values = {"message": message.id, "account": ACCOUNT, "due": now}
        session.connection().execute(freeze, values)
        if _is_postgresql(session):
            session.execute(text("ANALYZE"))


def _is_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"


def _message(number: int, now: datetime, *, base: str) -> dict[str, Any]:
    return {
        "key": f"edition-{number}",
        "kind": Kind.MAIL,
        "campaign": "benchmark",
        "run": now.date().isoformat(),
        "item": f"edition-{number}",
        "account": ACCOUNT,
        "locale": "en",
        "channel": "email",
        "state": MessageState.APPROVED,
        "day": now.date(),
        "wall_time": f"{now:%H:%M}",
        "zone": "UTC",
        "due_at": now,
        "not_after": now + timedelta(days=30),
        "text": "The digest of the week",
        "language": "en",
        "base": base,
        "content_hash": HASH,
        "approved_hash": HASH,
        "approved_by": "approver",
        "approved_at": now,
        "queued_by": "author",
        "queued_at": now,
    }


def blocks() -> list[tuple[str, str, str]]:
    """Return a block with the name, ten with a link of the reader's own, one with the way out.

    (name, HTML, text) each; a mail of them has 20 KB.
    """
    words = WORDS * 14
    some = [("greeting", "<p>Hello ⟦name⟧</p>\n", "Hello ⟦name⟧\n")]
    for n in range(10):
        html = f'<h2>News {n}</h2>\n<p>{words}</p>\n<p><a href="⟦preferences⟧">More</a></p>\n'
        some.append((f"news-{n}", html, f"News {n}\n\n{words}\n"))
    way_out = '<p><a href="⟦unsubscribe⟧">Unsubscribe</a></p>\n'
    return [*some, ("footer", way_out, "Unsubscribe: ⟦unsubscribe⟧\n")]


def check(engine: Engine, count: int) -> None:
    """See that every mail was recorded as sent, once. Raises RuntimeError."""
    with engine.connect() as connection:
        states = connection.execute(
            text("SELECT state, count(*), max(attempts) FROM delivery GROUP BY state")
        ).all()
        connection.rollback()
    if [(state, attempts) for state, _, attempts in states] != [(State.SENT.value, 1)]:
        raise RuntimeError(f"not all mails were sent once: {states}")


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    main()
