"""Connections that are kept: what is said in one go, what is read, and who asks for more.

What becomes of a mail at each verb of a relay that misbehaves is in
test_hostile_relays.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigner.core.channel import Outcome, Reject, Retry, Sent, Unknown
from campaigner.core.message import OutgoingMail
from campaigner.mail.envelope import Envelope, envelope_of
from campaigner.mail.pipeline import BLOCK, Wire, connect
from campaigner.mail.pool import Grant, Pool, Report, Way
from campaigner.mail.smtp import Timeouts
from campaigner.mail.transport import Server
from tests.channels.stub import closed_port
from tests.mail.hostile import PIPELINED, trusting
from tests.mail.relay_stub import DROP, RelayStub, Script

FAST: Script = {"EHLO": PIPELINED}
SOON = timedelta(seconds=2)


def server(port: int) -> Server:
    return Server(
        host="127.0.0.1", port=port, encrypted=False, start_tls=False, context=trusting(),
        timeouts=Timeouts(connect=SOON, command=SOON, data=SOON, final=SOON, goodbye=SOON),
    )  # fmt: skip


def mail(recipient: str, data: bytes = b"Subject: Hola\r\n\r\nHola\r\n") -> Envelope:
    whole = OutgoingMail(key="k", envelope_from="a@example.org", recipient=recipient, data=data)
    envelope = envelope_of(whole)
    assert isinstance(envelope, Envelope)
    return envelope


def submitted(stub: RelayStub, *mails: Envelope) -> list[Outcome]:
    async def talk() -> list[Outcome]:
        pipeline = await connect(server(stub.port), most=100)
        done = [await pipeline.submit(each) for each in mails]
        await pipeline.close()
        return done

    return asyncio.run(talk())


class Plain:
    """A ledger in memory: mails in order; what is `refused` has its outcome instead of a mail."""

    def __init__(
        self,
        recipients: Sequence[str],
        *,
        refused: Mapping[str, Outcome] | None = None,
        during: Callable[[], None] = lambda: None,
    ) -> None:
        self.left = list(recipients)
        self.refused = refused or {}
        self.during = during
        self.outcomes: dict[str, Outcome] = {}
        self.ways: dict[str, str] = {}
        self.opened: list[str] = []
        self.troubles: list[tuple[str, bool]] = []
        self.under_way = self.most_under_way = 0

    def turn(self, report: Report[str]) -> Grant[str]:
        self.during()
        for answer in report.answers:
            assert answer.job not in self.outcomes, "told twice"
            self.outcomes[answer.job] = answer.outcome
            self.ways[answer.job] = answer.way
        self.under_way -= len(report.answers)
        self.opened += report.opened
        self.troubles += [(each.way, each.refused) for each in report.troubles]
        jobs = {}
        for way, count in report.wanted.items():
            jobs[way], self.left = self.left[:count], self.left[count:]
            self.under_way += len(jobs[way])
        self.most_under_way = max(self.most_under_way, self.under_way)
        return Grant(jobs=jobs)

    def envelope(self, job: str, way: str) -> Envelope | Outcome:
        return self.refused.get(job) or mail(job)


def run(ledger: Plain, *ways: Way, composers: int = 0) -> None:
    Pool(ways, ledger, wait=lambda time: False, composers=composers).run()


def way(port: int, *, name: str = "one", connections: int = 1, most: int = 100) -> Way:
    return Way(name=name, server=server(port), connections=connections, most=most)


def people(count: int) -> list[str]:
    return [f"reader{n}@example.com" for n in range(count)]


@given(
    replies=st.lists(
        st.lists(st.text("abc -250", max_size=9), min_size=1, max_size=3), min_size=1, max_size=5
    ),
    cuts=st.lists(st.integers(min_value=1, max_value=12), max_size=30),
)
def test_replies_are_the_same_however_they_are_cut(
    replies: list[list[str]], cuts: list[int]
) -> None:
    raw = [
        "".join(f"250-{line}\r\n" for line in lines[:-1]) + f"250 {lines[-1]}\r\n"
        for lines in replies
    ]
    stream = "".join(raw).encode()

    async def read() -> list[bytes]:
        wire, rest = Wire("relay"), stream
        for cut in cuts:
            wire.data_received(rest[:cut])
            rest = rest[cut:]
        wire.data_received(rest)
        assert not wire.lost
        return list(await wire.read(len(raw), seconds=1))

    assert asyncio.run(read()) == [each.encode() for each in raw]


@pytest.mark.parametrize(
    "garbage", [b"hello\r\n", b"250-a\r\nb\r\n", b"x" * 9000, b"250-more\r\n" * 300, b"99 no\r\n"]
)
def test_what_is_no_smtp_ends_the_connection(garbage: bytes) -> None:
    async def read() -> str:
        wire = Wire("relay")
        wire.data_received(garbage)
        return wire.lost

    assert "not SMTP" in asyncio.run(read())


def test_a_group_goes_out_in_one_go_where_the_relay_offers_that() -> None:
    with RelayStub(FAST) as stub:
        done = submitted(stub, mail("a@example.com"), mail("b@example.com"))
    assert done == [Sent("4F1A2B")] * 2
    assert stub.verbs == ["EHLO", "MAIL", "RCPT", "DATA", "MAIL", "RCPT", "DATA", "QUIT"]
    assert stub.mails == [b"Subject: Hola\r\n\r\nHola\r\n"] * 2


def test_a_refused_recipient_leaves_the_connection_to_the_next() -> None:
    with RelayStub({**FAST, "RCPT": ("550 5.1.1 No", "250 Ok")}) as stub:
        done = submitted(stub, mail("a@example.com"), mail("b@example.com"))
    assert [type(each) for each in done] == [Reject, Sent]
    assert stub.connections == 1
    assert stub.verbs.count("RSET") == 1
    assert stub.accepted == ["b@example.com"], "the empty body is nobody's mail"


def test_a_large_mail_goes_out_in_blocks_and_whole() -> None:
    data = b"Subject: Hola\r\n\r\n" + b".dot and words\r\n" * (3 * BLOCK // 16)
    with RelayStub({**FAST, "EHLO": PIPELINED.replace("SIZE 100000", "SIZE 0")}) as stub:
        assert submitted(stub, mail("a@example.com", data)) == [Sent("4F1A2B")]
    assert stub.mails[0].replace(b"\r\n..", b"\r\n.") == data


def test_a_pool_sends_each_mail_once_over_all_its_connections() -> None:
    ledger = Plain(people(50))
    with RelayStub(FAST) as stub:
        run(ledger, way(stub.port, connections=3))
    assert sorted(stub.accepted) == sorted(people(50))
    assert set(ledger.outcomes) == set(people(50))
    assert ledger.most_under_way <= 3
    assert ledger.opened == ["one"]


def test_mails_are_made_in_threads_where_that_is_asked_for() -> None:
    ledger = Plain(people(20))
    with RelayStub(FAST) as stub:
        run(ledger, way(stub.port, connections=2), composers=2)
    assert sorted(stub.accepted) == sorted(people(20))


def test_what_cannot_be_made_is_told_and_not_sent() -> None:
    ledger = Plain(people(3), refused={people(3)[1]: Reject("no such thing")})
    with RelayStub(FAST) as stub:
        run(ledger, way(stub.port))
    assert stub.accepted == [people(3)[0], people(3)[2]]
    assert ledger.outcomes[people(3)[1]] == Reject("no such thing")


def test_a_dropped_connection_is_made_anew_and_nothing_is_sent_again() -> None:
    ledger = Plain(people(5))
    with RelayStub({**FAST, ".": ("250 Ok", DROP)}, FAST) as stub:
        run(ledger, way(stub.port))
    assert [type(each) for each in ledger.outcomes.values()] == [Sent, Unknown, Sent, Sent, Sent]
    assert len(stub.accepted) == 5
    assert stub.connections == 2


def test_a_kept_connection_that_closes_at_the_next_mail_costs_that_mail_nothing() -> None:
    ledger = Plain(people(4))
    scripts: list[Script] = [{**FAST, "MAIL": ("250 Ok", "421 4.4.2 Enough")}, FAST]
    with RelayStub(*scripts) as stub:
        run(ledger, way(stub.port))
    assert [type(each) for each in ledger.outcomes.values()] == [Sent] * 4
    assert sorted(stub.accepted) == people(4)


def test_a_relay_that_keeps_breaking_off_is_given_up() -> None:
    ledger = Plain(people(20))
    with RelayStub({**FAST, "RCPT": DROP}) as stub:
        run(ledger, way(stub.port))
    assert [type(each) for each in ledger.outcomes.values()] == [Retry] * 3
    assert ledger.troubles == [("one", False)]


def test_one_relay_fails_and_the_other_goes_on() -> None:
    ledger = Plain(people(10))
    with RelayStub(FAST) as stub:
        run(ledger, way(closed_port(), name="away"), way(stub.port, name="here"))
    assert ledger.troubles == [("away", False)]
    assert set(ledger.ways.values()) == {"here"}
    assert sorted(stub.accepted) == sorted(people(10))


def test_a_relay_that_refuses_the_sender_gets_nothing_more() -> None:
    ledger = Plain(people(10))
    with ExitStack() as closing:
        no = closing.enter_context(RelayStub({**FAST, "MAIL": "550 5.7.1 Not you"}))
        yes = closing.enter_context(RelayStub(FAST))
        run(ledger, way(no.port, name="no"), way(yes.port, name="yes"))
    assert ledger.troubles == [("no", True)]
    assert no.verbs.count("MAIL") == 1
    assert len(yes.accepted) == 9


def test_a_connection_is_used_for_so_many_mails_as_the_relay_wants() -> None:
    limited = PIPELINED.replace("250-PIPELINING", "250-LIMITS MAILMAX=2\r\n250-PIPELINING")
    ledger = Plain(people(5))
    with RelayStub({"EHLO": limited}) as stub:
        run(ledger, way(stub.port))
    assert stub.connections == 3
    assert len(stub.accepted) == 5


def test_what_the_ledger_raises_ends_the_run() -> None:
    turns = iter(range(10))

    def fail() -> None:
        if next(turns) == 2:
            raise ZeroDivisionError

    ledger = Plain(people(10), during=fail)
    with RelayStub(FAST) as stub, pytest.raises(ZeroDivisionError):
        run(ledger, way(stub.port))
    assert len(stub.accepted) <= 3
