"""Relays that misbehave: what becomes of a mail at each verb, and what was really taken.

The stub counts as taken what a relay had the final dot of and did not refuse,
whether or not it could say so. So no mail may be called sent that was not
taken, and none may be tried again that was.
"""

import asyncio
import shutil
import ssl
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from campaigner.core.channel import Disconnected, Outcome, Reject, Retry, Sent, Unknown
from campaigner.core.delivery import State
from campaigner.core.message import OutgoingMail
from campaigner.db import accounts, broadcasts
from campaigner.db.engine import Sessions, make_sessions, open_engine
from campaigner.db.models import Delivery
from campaigner.mail.envelope import Envelope, envelope_of
from campaigner.mail.pipeline import NotOpenError, Pipeline, UntouchedError, connect
from campaigner.mail.smtp import Timeouts
from campaigner.mail.transport import Server
from campaigner.services.broadcast import broadcast_due
from tests import broadcasts as rows
from tests.fakes import FakeClock
from tests.mail import hostile
from tests.mail.hostile import (
    PIPELINED,
    PLAIN,
    REPLIES,
    SILENCES,
    Fault,
    certificate,
    showing,
    trusting,
)
from tests.mail.relay_stub import DROP, ORDINARY, STALL, RelayStub, Script
from tests.rows import NOON

SOON = timedelta(milliseconds=100)
TWO_DAYS = timedelta(days=2)
IMPATIENT = Timeouts(
    connect=timedelta(seconds=5), greeting=SOON, command=SOON, data=SOON, block=SOON, final=SOON,
    goodbye=SOON,
)  # fmt: skip

LATER = Retry("", reached=True)  # costs the mail a try
FREE = Retry("", reached=False)  # costs it nothing: the relay, not the mail, is refused
GONE = "gone"  # before the mail had begun: another connection may take it at once
CLOSED = "closed"  # nobody lets us in now
UNWELCOME = "unwelcome"  # they do not want us: a person has to see to it

Ending = Outcome | str


def expected(fault: Fault) -> Ending:
    """Return what has to become of the mail: the table of docs/delivery.md, and RFC 5321."""
    match fault.verb, fault.name:
        case ("AUTH", "550" | "5.7.1"):
            return UNWELCOME
        case ("GREETING" | "EHLO" | "STARTTLS" | "AUTH", _):
            return CLOSED
        case ("MAIL", "421" | "drops" | "stalls" | "garbage"):
            return GONE
        case ("MAIL", "5.7.1"):
            return Disconnected("")
        case (_, "421"):
            return FREE
        case (_, "550" | "5.7.1"):
            return Reject("")
        case ("BODY" | ".", "drops" | "stalls" | "garbage"):
            return Unknown("")
        case _:
            return LATER


def server(stub: RelayStub, fault: Fault | None = None, **settings: Any) -> Server:
    whole = {
        "host": "localhost" if fault and fault.needs_tls else "127.0.0.1",
        "port": stub.port,
        "encrypted": False,
        "start_tls": bool(fault and fault.needs_tls),
        "user": "lac" if fault and fault.needs_login else "",
        "password": "secret",
        "context": trusting(),
        "timeouts": IMPATIENT,
    }
    return Server(**{**whole, **settings})


def mail(recipient: str = "ana@example.com", **parts: Any) -> Envelope:
    whole = {
        "key": "k3y",
        "envelope_from": "b-token@example.org",
        "recipient": recipient,
        "data": b"Subject: Hola\r\n\r\nHola\r\n",
    }
    envelope = envelope_of(OutgoingMail(**{**whole, **parts}))
    assert isinstance(envelope, Envelope)
    return envelope


def submitted(at: Server, *mails: Envelope) -> list[Ending]:
    """Submit mails one after the other over one connection; return what became of each."""

    async def talk() -> list[Ending]:
        try:
            pipeline = await connect(at, most=100)
        except NotOpenError as error:
            return [UNWELCOME if error.refused else CLOSED] * len(mails)
        endings = [await one(pipeline, mail) for mail in mails]
        await pipeline.close()
        return endings

    async def one(pipeline: Pipeline, mail: Envelope) -> Ending:
        if not pipeline.usable:
            return GONE
        try:
            return await pipeline.submit(mail)
        except UntouchedError:
            return GONE

    return asyncio.run(talk())


def kind(ending: Ending) -> object:
    """Return what two endings have to share: not the words of the reason."""
    if isinstance(ending, Retry):
        return Retry, ending.reached
    return ending if isinstance(ending, str) else type(ending)


@pytest.mark.parametrize("fault", list(hostile.faults()), ids=lambda fault: fault.id)
def test_what_becomes_of_a_mail_at_each_verb(fault: Fault) -> None:
    with RelayStub(fault.script()) as stub:
        (ending,) = submitted(server(stub, fault), mail())
    assert kind(ending) == kind(expected(fault))
    if stub.accepted:
        assert isinstance(ending, Unknown), "what was taken must never be tried again"
    assert stub.connections == 1, "who decides on another try is not the wire"


@pytest.mark.parametrize("name", REPLIES)
@pytest.mark.parametrize("offer", [PIPELINED, PLAIN], ids=["pipelining", "one by one"])
def test_a_recipient_that_is_refused_gets_no_mail_although_data_is_granted(
    name: str, offer: str
) -> None:
    with RelayStub({"EHLO": offer, "RCPT": (REPLIES[name], "250 2.1.5 Ok")}) as stub:
        endings = submitted(server(stub), mail("one@example.com"), mail("two@example.com"))
    assert stub.accepted == ["two@example.com"][: name != "421"]
    assert all(not body.strip() for body in stub.mails[:-1]), "nothing but the dot"
    assert kind(endings[1]) == (GONE if name == "421" else Sent)


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        ("RSET", "421 4.3.2 Closing"),
        ("RSET", "500 5.5.1 What?"),
        ("RSET", DROP),
        ("RSET", STALL),
        ("MAIL", ("250 2.1.0 Ok", "421 4.4.2 Idle too long")),
        ("MAIL", ("250 2.1.0 Ok", DROP)),
    ],
)
def test_a_connection_that_ends_between_two_mails_costs_the_second_nothing(
    verb: str, said: str | tuple[str, ...]
) -> None:
    script: Script = {
        "EHLO": PIPELINED,
        "RCPT": ("550 5.1.1 No such user", "250 2.1.5 Ok") if verb == "RSET" else "250 Ok",
        verb: said,
    }
    with RelayStub(script) as stub:
        first, second = submitted(server(stub), mail(), mail("eva@example.com"))
    assert kind(first) is (Reject if verb == "RSET" else Sent)
    assert second == GONE
    assert "eva@example.com" not in stub.accepted


@pytest.mark.parametrize("said", [DROP, STALL, "500 What?", "garbage", "421 4.3.0 Gone"])
def test_taking_leave_of_whoever_answers_badly_is_done_soon(said: str) -> None:
    with RelayStub({"EHLO": PIPELINED, "QUIT": said}) as stub:
        (ending,) = submitted(server(stub), mail())
    assert kind(ending) is Sent


@pytest.mark.parametrize(
    ("offer", "letter", "taken"),
    [
        ("250 relay.example", {}, True),
        ("250 relay.example", {"data": "Subject: x\r\n\r\nñ\r\n".encode()}, False),
        ("250-relay.example\r\n250 8BITMIME", {"data": "Subject: x\r\n\r\nñ\r\n".encode()}, True),
        ("250-relay.example\r\n250 8BITMIME", {"recipient": "josé@example.com"}, False),
        ("250-relay.example\r\n250 SMTPUTF8", {"recipient": "josé@example.com"}, True),
        ("250 relay.example", {"recipient": "jose@münchen.example"}, True),
        ("250-relay.example\r\n250 SIZE 10", {}, False),
        ("250-relay.example\r\n250 SIZE", {}, True),
    ],
)
def test_what_a_relay_does_not_offer_is_not_asked_of_it(
    offer: str, letter: dict[str, Any], taken: bool
) -> None:
    with RelayStub({"EHLO": offer}) as stub:
        (ending,) = submitted(server(stub), mail(**letter))
    assert kind(ending) is (Sent if taken else Reject)
    assert len(stub.accepted) == taken
    needs = taken and "josé" in letter.get("recipient", "")
    assert any(line.endswith(" SMTPUTF8") for line in stub.lines[1:]) == needs
    if "PIPELINING" not in offer and taken:
        assert stub.verbs[:4] == ["EHLO", "MAIL", "RCPT", "DATA"]


def test_a_reply_of_many_lines_and_one_in_pieces_are_each_one() -> None:
    script = {"EHLO": PIPELINED, "RCPT": "250-2.1.5 Ok\r\n250-2.1.5 more\r\n250 2.1.5 end"}
    with RelayStub(script) as stub:
        (ending,) = submitted(server(stub), mail())
    assert kind(ending) is Sent


def test_an_answer_without_end_is_given_up() -> None:
    with RelayStub({"EHLO": "\r\n".join(["250-more"] * 1000)}) as stub:
        assert submitted(server(stub), mail()) == [CLOSED]
    with RelayStub({"GREETING": "220 " + "x" * 1_000_000}) as stub:
        assert submitted(server(stub), mail()) == [CLOSED]


Shown = Callable[[Path], tuple[ssl.SSLContext, ssl.SSLContext]]


def _wrong_name(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    path = certificate(folder, names=("elsewhere.example",), days=60)
    return showing(path), trusting(path)


def _expired(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    path = certificate(folder, names=("localhost", "127.0.0.1"), days=-1)
    return showing(path), trusting(path)


def _unknown(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    return showing(certificate(folder, names=("localhost",), days=60)), trusting()


@pytest.mark.parametrize("start_tls", [True, False], ids=["STARTTLS", "TLS"])
@pytest.mark.parametrize("shown", [_wrong_name, _expired, _unknown])
def test_nothing_is_said_to_whoever_is_not_who_it_should_be(
    tmp_path: Path, shown: Shown, start_tls: bool
) -> None:
    context, trust = shown(tmp_path)
    script = {"EHLO": hostile.WITH_TLS}
    with RelayStub(script, encrypted=not start_tls, context=context) as stub:
        at = server(stub, host="localhost", start_tls=start_tls, encrypted=not start_tls,
                    context=trust, user="lac")  # fmt: skip
        assert submitted(at, mail()) == [CLOSED]
    assert set(stub.verbs) <= {"EHLO", "STARTTLS"}


def test_a_good_certificate_is_one(tmp_path: Path) -> None:
    path = certificate(tmp_path, names=("localhost",), days=60)
    script = {"EHLO": hostile.WITH_TLS, "EHLO AFTER TLS": PIPELINED}
    with RelayStub(script, context=showing(path)) as stub:
        at = server(stub, host="localhost", start_tls=True, context=trusting(path))
        assert [kind(ending) for ending in submitted(at, mail())] == [Sent]
    assert stub.verbs[:3] == ["EHLO", "STARTTLS", "EHLO"]


def test_a_relay_without_starttls_gets_no_mail_in_the_clear() -> None:
    with RelayStub({"EHLO": PIPELINED}) as stub:
        assert submitted(server(stub, start_tls=True), mail()) == [UNWELCOME]
    assert stub.verbs == ["EHLO"]


# From here on with the whole way out: rows, ledger, several connections.


@pytest.fixture
def sqlite(sqlite_template: Path, tmp_path: Path) -> Iterator[Sessions]:
    path = tmp_path / "campaigner.db"
    shutil.copy(sqlite_template, path)
    engine = open_engine(f"sqlite:///{path}")
    yield make_sessions(engine)
    engine.dispose()


@dataclass
class Way:
    """An account's way out through these relays, on a clock that moves when somebody waits."""

    sessions: Sessions
    clock: FakeClock
    servers: Sequence[Server]
    connections: int = 2

    def send(self) -> datetime | None:
        """Send what is due; return when to come back."""
        done = broadcast_due(
            self.sessions,
            rows.sender_through(self.servers, connections=self.connections, wait=self._wait),
            clock=self.clock,
        )
        return done.come_back

    def send_all(self) -> None:
        """Send until nothing is due any more, now or on the next two days."""
        for _ in range(100):
            come_back = self.send()
            if come_back is None or come_back <= self.clock():
                with self.sessions() as session:
                    moments = broadcasts.next_dues(
                        session, after=self.clock(), until=self.clock() + TWO_DAYS, limit=1
                    )
                    due = broadcasts.due_accounts(session, now=self.clock())
                if due:
                    continue
                if not moments:
                    return
                come_back = moments[0]
            self.clock.now = max(self.clock.now, come_back)
        raise AssertionError("it goes on and on")

    def states(self) -> dict[str, State]:
        with self.sessions() as session:
            return rows.states(session)

    def attempts(self) -> dict[str, int]:
        with self.sessions() as session:
            found = session.execute(select(Delivery.recipient, Delivery.attempts))
            return {row.recipient: row.attempts for row in found}

    def disconnected(self) -> bool:
        with self.sessions() as session:
            state = accounts.states(session).get(rows.LIST)
            return state is not None and state.disconnected_at is not None

    def _wait(self, time: timedelta) -> bool:
        self.clock.now += time
        return False


def way(sessions: Sessions, *servers: Server, mails: int = 5, connections: int = 2) -> Way:
    """Return a way out with so many mails due: r0@example.com, r1@…"""
    with sessions() as session:
        rows.add_edition(session, [f"r{n}@example.com" for n in range(mails)])
        session.commit()
    return Way(sessions, FakeClock(NOON), servers, connections)


def once(fault: Fault) -> Script:
    """Return a script that misbehaves once; where it hangs up, the connection is over anyway."""
    after = {**ORDINARY, "EHLO": fault.offers}
    if fault.said in SILENCES.values():
        return fault.script()
    return {"EHLO": fault.offers, fault.verb: (fault.said, str(after[fault.verb]))}


TELLING = [fault for fault in hostile.faults() if fault.name not in ("452", "454", "stalls")]


@pytest.mark.parametrize("fault", TELLING, ids=lambda fault: fault.id)
def test_one_bad_answer_costs_at_most_its_own_mail(sqlite: Sessions, fault: Fault) -> None:
    with RelayStub(once(fault), {"EHLO": fault.offers}) as stub:
        out = way(sqlite, server(stub, fault), connections=1)
        out.send_all()
        stands, taken, tries = out.states(), Counter(stub.accepted), out.attempts()
    ending = kind(expected(fault))
    odd = {recipient for recipient, state in stands.items() if state is not State.SENT}
    assert max(taken.values(), default=0) <= 1, "nobody got it twice"
    assert {to for to in stands if stands[to] is State.SENT} <= taken.keys(), "sent is sent"
    if ending in (Disconnected, UNWELCOME):
        assert out.disconnected()
        assert set(stands.values()) == {State.QUEUED}, "they wait for a person"
        assert not taken
        return
    assert not out.disconnected()
    if ending is Reject:
        assert [stands[to] for to in odd] == [State.REJECTED]
        assert not odd & taken.keys()
    elif ending is Unknown:
        assert [stands[to] for to in odd] == [State.UNKNOWN]
    else:
        assert not odd
    costs = ending == (Retry, True)
    assert sorted(tries.values()) == [1, 1, 1, 1, 2 if costs else 1]


LASTING = [fault for fault in hostile.faults() if fault.name in ("421", "450", "550", "drops")]


@pytest.mark.parametrize("fault", LASTING, ids=lambda fault: fault.id)
def test_a_relay_that_never_does_it_right_uses_nothing_up_that_is_not_its_own(
    sqlite: Sessions, fault: Fault
) -> None:
    with RelayStub(fault.script()) as stub:
        out = way(sqlite, server(stub, fault))
        come_back = out.send()
        stands, tries = set(out.states().values()), set(out.attempts().values())
    match kind(expected(fault)):
        case "closed" | "gone" | (_, False):
            assert stands == {State.QUEUED}
            assert tries == {0}, "that the relay is away costs the mails nothing"
            assert come_back is not None
            assert not out.disconnected()
        case "unwelcome":
            assert stands == {State.QUEUED}
            assert out.disconnected()
        case (_, True):
            assert State.QUEUED in stands
            assert max(tries) == 1, "not tried again before its time"
        case refused if refused is Reject:
            assert stands == {State.REJECTED}
            assert tries == {1}
        case _:
            assert State.UNKNOWN in stands
            assert max(tries) == 1, "what is in doubt is not tried again"


def test_what_is_put_off_for_ever_is_given_up_after_eight_tries(sqlite: Sessions) -> None:
    with RelayStub({"EHLO": PIPELINED, "RCPT": REPLIES["450"]}) as stub:
        out = way(sqlite, server(stub), mails=2)
        out.send_all()
    assert set(out.states().values()) == {State.EXHAUSTED}
    assert set(out.attempts().values()) == {8}
    assert not stub.accepted


@pytest.mark.parametrize("fault", LASTING[:2] + LASTING[12:14], ids=lambda fault: fault.id)
def test_a_relay_that_does_it_right_takes_the_others_mails(sqlite: Sessions, fault: Fault) -> None:
    with RelayStub(fault.script()) as bad, RelayStub({"EHLO": PIPELINED}) as good:
        out = way(sqlite, server(bad, fault), server(good), mails=12)
        out.send_all()
    assert set(out.states().values()) == {State.SENT}
    assert Counter(good.accepted) == Counter(f"r{n}@example.com" for n in range(12))


def test_a_relay_that_closes_after_each_mail_gets_them_all(sqlite: Sessions) -> None:
    script: Script = {"EHLO": PIPELINED, "MAIL": ("250 2.1.0 Ok", "421 4.7.0 One is enough")}
    with RelayStub(script) as stub:
        out = way(sqlite, server(stub), mails=7)
        out.send_all()
    assert set(out.states().values()) == {State.SENT}
    assert set(out.attempts().values()) == {1}
    assert sorted(stub.accepted) == sorted(f"r{n}@example.com" for n in range(7))


def test_a_relay_is_used_as_often_as_it_says(sqlite: Sessions) -> None:
    offer = hostile.offering("PIPELINING", "LIMITS MAILMAX=3", "SIZE 100000")
    with RelayStub({"EHLO": offer}) as stub:
        out = way(sqlite, server(stub), mails=7, connections=1)
        out.send_all()
    assert set(out.states().values()) == {State.SENT}
    assert stub.connections == 3
    assert stub.verbs.count("QUIT") == 3


def test_nobody_who_shows_a_bad_certificate_gets_a_mail(sqlite: Sessions, tmp_path: Path) -> None:
    context, trust = _wrong_name(tmp_path)
    with RelayStub({"EHLO": hostile.WITH_TLS}, context=context) as stub:
        out = way(sqlite, server(stub, host="localhost", start_tls=True, context=trust))
        assert out.send() is not None
    assert set(out.states().values()) == {State.QUEUED}
    assert set(stub.verbs) <= {"EHLO", "STARTTLS"}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_it_is_the_same_on_postgresql(sessions: Sessions) -> None:
    scripts: list[Script] = [
        {"EHLO": PIPELINED, ".": DROP},
        {"EHLO": PIPELINED, "RCPT": ("550 5.1.1 No such user", "250 2.1.5 Ok")},
        {"EHLO": PIPELINED, "DATA": ("451 4.3.0 Later", "354 Go on")},
        {"EHLO": PIPELINED},
    ]
    with RelayStub(*scripts) as stub:
        out = way(sessions, server(stub), mails=12)
        out.send_all()
    counts = Counter(out.states().values())
    assert counts == {State.SENT: 10, State.UNKNOWN: 1, State.REJECTED: 1}
    assert sorted(out.attempts().values()) == [1] * 11 + [2]
    assert len(stub.accepted) == len(set(stub.accepted)) == 11
