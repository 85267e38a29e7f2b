"""An edition to its readers: what is fenced, what is sent, what is written, and who is obeyed."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import event, func, select, update
from sqlalchemy.exc import OperationalError

from campaigner.core.delivery import State
from campaigner.core.tokens import Purpose, read
from campaigner.db import accounts, outbox, relays
from campaigner.db.engine import Sessions
from campaigner.db.models import (
    Attempt,
    Block,
    Delivery,
    Message,
    Pause,
    RelayHealth,
    Subscriber,
    Subscription,
)
from campaigner.errors import UserError
from campaigner.mail.smtp import Timeouts
from campaigner.mail.transport import Server
from campaigner.services import broadcast
from campaigner.services.broadcast import Broadcasted, Sender, broadcast_due
from campaigner.settings import RelaySettings
from tests import broadcasts as rows
from tests.channels.stub import closed_port
from tests.fakes import FakeClock
from tests.mail.hostile import PIPELINED, trusting
from tests.mail.relay_stub import DROP, RelayStub, Script
from tests.relays import body, opened
from tests.rows import NOON

FAST: Script = {"EHLO": PIPELINED}
SOON = timedelta(milliseconds=500)


def people(count: int, domain: str = "example.com") -> list[str]:
    return [f"reader{n}@{domain}" for n in range(count)]


def server(port: int) -> Server:
    return Server(
        host="127.0.0.1", port=port, encrypted=False, start_tls=False, context=trusting(),
        timeouts=Timeouts(connect=SOON, command=SOON, data=SOON, final=SOON, goodbye=SOON),
    )  # fmt: skip


def through(*stubs: RelayStub, **settings: object) -> Sender:
    return rows.sender_through([server(stub.port) for stub in stubs], **settings)  # type: ignore[arg-type]


def with_relay(sender: Sender, **quirks: object) -> Sender:
    """Return the sender with other settings of its relays."""
    routes = [
        replace(each, settings=each.settings.model_copy(update=quirks))
        for each in sender.routes_at("")
    ]
    return replace(sender, routes_at=lambda base: routes)


def send(sessions: Sessions, sender: Sender, clock: FakeClock | None = None) -> Broadcasted:
    return broadcast_due(sessions, sender, clock=clock or FakeClock(NOON))


def states(sessions: Sessions) -> list[State]:
    with sessions() as session:
        return list(session.scalars(select(Delivery.state).order_by(Delivery.id)))


def add(sessions: Sessions, count: int, **overrides: object) -> list[int]:
    """Add an edition to so many readers; return its deliveries, in order."""
    with sessions.begin() as session:
        message = rows.add_edition(session, people(count), **overrides)  # type: ignore[arg-type]
        return list(
            session.scalars(
                select(Delivery.id).where(Delivery.message_id == message.id).order_by(Delivery.id)
            )
        )


@pytest.fixture
def passing(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], None]]:
    """What is done at a failpoint: after the commit, before anything else."""
    done: dict[str, Callable[[], None]] = {}
    monkeypatch.setattr(broadcast, "reach", lambda name: done.get(name, lambda: None)())
    return done


def test_what_is_fenced_is_committed_before_it_is_sent_and_its_result_before_the_next(
    sessions: Sessions, passing: dict[str, Callable[[], None]]
) -> None:
    add(sessions, 3)
    seen: list[list[State]] = []
    passing["broadcast.fenced"] = lambda: seen.append(states(sessions))
    with RelayStub(FAST) as stub:
        done = send(sessions, through(stub, connections=1))
    assert done.tried == 3
    assert seen == [
        [State.SENDING, State.QUEUED, State.QUEUED],
        [State.SENT, State.SENDING, State.QUEUED],
        [State.SENT, State.SENT, State.SENDING],
    ]
    assert states(sessions) == [State.SENT] * 3
    with sessions() as session:
        assert session.scalar(select(func.count(Attempt.id))) == 0
        assert set(session.scalars(select(Delivery.remote_id))) == {"4F1A2B"}


def test_a_mail_is_the_readers_own_and_the_same_at_every_try(sessions: Sessions) -> None:
    first, second = add(sessions, 2, html="<p>⟦name⟧ <a href='⟦unsubscribe⟧'>x</a></p>")
    clock = FakeClock(NOON)
    with RelayStub({**FAST, ".": ("451 4.7.1 Greylisted", "250 Ok")}, FAST) as stub:
        sender = through(stub, connections=1)
        send(sessions, sender, clock)
        clock.tick(minutes=1)
        send(sessions, sender, clock)
    one, other, again = stub.mails
    assert one == again
    assert one != other
    assert "Ana" in body(one, "html")
    key = str(opened(one)["Message-ID"]).removeprefix("<m-").partition("@")[0]
    assert read(rows.KEYRING, Purpose.MESSAGE, key) == first
    paths = [line for line in stub.lines if line.startswith("MAIL")]
    token = paths[1].removeprefix("MAIL FROM:<b-").partition("@")[0]
    assert read(rows.KEYRING, Purpose.BOUNCE, token) == second
    with sessions() as session:
        kept = session.scalars(select(Attempt.outcome)).all()
    assert kept == ["queued"]


@pytest.mark.parametrize("who", ["left", "suppressed", "erased", "canceled"])
def test_who_may_not_be_mailed_any_more_gets_nothing(
    sessions: Sessions, passing: dict[str, Callable[[], None]], who: str
) -> None:
    ids = add(sessions, 3)

    def leave() -> None:
        passing.clear()
        with sessions.begin() as session:
            reader = session.get_one(Delivery, ids[1]).subscriber_id
            if who == "left":
                gone = update(Subscription).where(Subscription.subscriber_id == reader)
                session.execute(gone.values(state="left"))
            elif who == "suppressed":
                gone = update(Subscriber).where(Subscriber.id == reader)
                session.execute(gone.values(suppressed_at=NOON, suppressed_for="bounce"))
            elif who == "erased":
                session.delete(session.get_one(Subscriber, reader))
            else:
                gone = update(Delivery).where(Delivery.id == ids[1])
                session.execute(gone.values(state=State.CANCELED, claim=None, claimed_until=None))

    passing["broadcast.fenced"] = leave
    with RelayStub(FAST) as stub:
        assert send(sessions, through(stub, connections=1)).tried == 2
        assert send(sessions, through(stub)).tried == 0
    after = State.CANCELED if who == "canceled" else State.SUPPRESSED
    assert states(sessions) == [State.SENT, after, State.SENT]
    assert sorted(stub.accepted) == ["reader0@example.com", "reader2@example.com"]


@pytest.mark.parametrize("scope", ["all", "account", "campaign", "edition", "country"])
def test_a_pause_stops_the_next_mail(
    sessions: Sessions, passing: dict[str, Callable[[], None]], scope: str
) -> None:
    add(sessions, 3)
    with sessions.begin() as session:
        message = session.scalars(select(Message)).one()
        session.execute(update(Delivery).values(country="BR"))
        targets = {
            "all": "", "account": rows.LIST, "campaign": message.campaign,
            "edition": str(message.id), "country": "BR",
        }  # fmt: skip

    def pause() -> None:
        passing.clear()
        with sessions.begin() as session:
            stop = Pause(scope=scope, target=targets[scope], reason="r", by="ana", at=NOON)
            session.add(stop)

    passing["broadcast.fenced"] = pause
    with RelayStub(FAST) as stub:
        assert send(sessions, through(stub, connections=1)).tried == 1
        assert send(sessions, through(stub)) == Broadcasted(tried=0, come_back=None)
    assert states(sessions) == [State.SENT, State.QUEUED, State.QUEUED]


def test_a_refused_mail_is_counted_and_the_others_go_on(sessions: Sessions) -> None:
    add(sessions, 3)
    with RelayStub({**FAST, "RCPT": ("550 5.1.1 No such user", "250 Ok")}) as stub:
        assert send(sessions, through(stub, connections=1)).tried == 3
    assert states(sessions) == [State.REJECTED, State.SENT, State.SENT]
    assert stub.connections == 1


def test_an_unknown_mail_stays_unknown_and_is_for_a_person(sessions: Sessions) -> None:
    (first, _) = add(sessions, 2)
    clock = FakeClock(NOON)
    with RelayStub({**FAST, ".": DROP}, FAST) as stub:
        assert send(sessions, through(stub, connections=1), clock).tried == 2
        clock.tick(hours=12)
        assert send(sessions, through(stub), clock).tried == 0
    assert states(sessions) == [State.UNKNOWN, State.SENT]
    with sessions() as session:
        assert session.get_one(Delivery, first).look_at is None


def test_one_relay_takes_over_from_another_that_fails(sessions: Sessions) -> None:
    add(sessions, 12)
    gone, clock = closed_port(), FakeClock(NOON)
    with RelayStub(FAST) as stub:
        sender = rows.sender_through([server(gone), server(stub.port)])
        tried = 0
        while (done := send(sessions, sender, clock)).come_back is not None:
            tried += done.tried
    assert tried == 12
    assert states(sessions) == [State.SENT] * 12
    with sessions() as session:
        health = session.get_one(RelayHealth, f"{rows.LIST}/127.0.0.1:{gone}")
        assert health.failing_since == NOON
        assert "could not be reached" in health.reason
        attempts = session.scalars(select(Delivery.attempts)).all()
    assert set(attempts) == {1}, "a relay that is away costs no mail a try"


def test_all_relays_away_are_tried_again_later_and_recover(sessions: Sessions) -> None:
    add(sessions, 2)
    clock = FakeClock(NOON)
    sender = rows.sender_through([server(closed_port())])
    assert send(sessions, sender, clock).come_back == NOON + timedelta(seconds=30)
    assert send(sessions, sender, clock).come_back == NOON + timedelta(seconds=30)
    assert states(sessions) == [State.QUEUED] * 2
    with RelayStub(FAST) as stub:
        name = sender.routes_at("")[0].name
        routes = [replace(through(stub).routes_at("")[0], name=name)]
        clock.tick(seconds=31)
        send(sessions, replace(sender, routes_at=lambda base: routes), clock)
    assert states(sessions) == [State.SENT] * 2
    with sessions() as session:
        assert session.get_one(RelayHealth, name).failing_since is None


def test_relays_share_by_their_weights(sessions: Sessions) -> None:
    add(sessions, 400)
    with ExitStack() as closing:
        heavy, light = (closing.enter_context(RelayStub(FAST)) for _ in range(2))
        routes = list(through(heavy, light).routes_at(""))
        settings = routes[0].settings.model_copy(update={"weight": 3})
        routes[0] = replace(routes[0], settings=settings)
        sender = replace(through(heavy), routes_at=lambda base: routes)
        assert send(sessions, sender).tried == 400
    assert len(heavy.accepted) + len(light.accepted) == 400
    assert 60 <= len(light.accepted) <= 140


def test_an_account_that_every_relay_refuses_waits_for_a_person(sessions: Sessions) -> None:
    add(sessions, 4)
    with RelayStub({**FAST, "MAIL": "550 5.7.1 Sender not allowed"}) as stub:
        send(sessions, through(stub, connections=1))
        assert send(sessions, through(stub)).tried == 0
    assert states(sessions) == [State.QUEUED] * 4
    with sessions() as session:
        account = accounts.states(session)[rows.LIST]
        assert account.disconnected_at == NOON
        assert "5.7.1" in account.reason
        assert set(session.scalars(select(Delivery.attempts))) == {0}


def test_an_account_that_lacks_something_is_told_before_anything_is_reserved(
    sessions: Sessions,
) -> None:
    add(sessions, 2)

    def routes_at(base: str) -> list[broadcast.Route]:
        raise UserError("no password")

    sender = replace(rows.sender_through([]), routes_at=routes_at)
    assert send(sessions, sender) == Broadcasted(tried=0, come_back=None)
    assert states(sessions) == [State.QUEUED] * 2
    with sessions() as session:
        assert accounts.states(session)[rows.LIST].reason == "no password"


def test_mails_keep_the_rate_of_their_relay(
    sessions: Sessions, passing: dict[str, Callable[[], None]]
) -> None:
    add(sessions, 40)
    clock = FakeClock(NOON)
    sent: list[tuple[float, int]] = []

    def wait(time: timedelta) -> bool:
        clock.now += time
        return False

    def count() -> None:
        done = sum(state is State.SENT for state in states(sessions))
        sent.append(((clock() - NOON).total_seconds(), done))

    passing["broadcast.recorded"] = count
    with RelayStub(FAST) as stub:
        sender = with_relay(through(stub, wait=wait), per_second=5.0)
        assert send(sessions, sender, clock).tried == 40
    assert clock() - NOON >= timedelta(seconds=6.9)
    assert all(done <= 10 + 5 * seconds for seconds, done in sent)


def test_a_domain_that_wants_less_is_put_off_and_keeps_nobody_back(sessions: Sessions) -> None:
    with sessions.begin() as session:
        rows.add_edition(session, [*people(6, "slow.example"), *people(6, "quick.example")])
    clock = FakeClock(NOON)
    with RelayStub(FAST) as stub:
        sender = with_relay(through(stub, connections=1), domain_rates={"slow.example": 1.0})
        done = send(sessions, sender, clock)
        first = list(stub.accepted)
        assert done.come_back is not None
        for _ in range(8):
            clock.tick(seconds=1)
            send(sessions, sender, clock)
            assert len(stub.accepted) - 6 <= 2 + (clock() - NOON).total_seconds()
    assert sum(each.endswith("quick.example") for each in first) == 6
    assert sum(each.endswith("slow.example") for each in first) <= 2
    assert states(sessions) == [State.SENT] * 12


def test_a_new_domain_sends_what_its_day_allows(sessions: Sessions) -> None:
    add(sessions, 230)
    clock = FakeClock(NOON)
    with RelayStub(FAST) as stub:
        sender = through(stub, warm_up=date(2026, 3, 2))
        done = send(sessions, sender, clock)
        assert done.tried == 200
        midnight = NOON + timedelta(hours=12)
        assert send(sessions, sender, clock).come_back == midnight
        clock.now = midnight
        assert send(sessions, sender, clock).tried == 30


def test_an_edition_that_cannot_be_made_into_mails_waits_for_a_person(sessions: Sessions) -> None:
    add(sessions, 2)
    with sessions.begin() as session:
        session.execute(update(Block).values(html="<p>⟦nonsense⟧</p>"))
    with RelayStub(FAST) as stub:
        assert send(sessions, through(stub)) == Broadcasted(tried=0, come_back=None)
    assert states(sessions) == [State.QUEUED] * 2
    with sessions() as session:
        (stop,) = session.scalars(select(Pause))
        assert (stop.scope, stop.by) == ("edition", "campaigner")


def test_a_relays_quirks_are_kept_to(sessions: Sessions) -> None:
    add(sessions, 1)
    with RelayStub({**FAST, ".": "250 Ok 0100019a7b2c3d4e-5f60-000000"}) as stub:
        send(sessions, with_relay(through(stub), verp=False, signer=True))
    assert stub.lines[1].startswith("MAIL FROM:<lac@example.org>")
    with sessions() as session:
        assert session.scalar(select(Delivery.remote_id)) == "0100019a7b2c3d4e-5f60-000000"


def test_a_connection_is_made_anew_after_so_many_mails(sessions: Sessions) -> None:
    add(sessions, 7)
    with RelayStub(FAST) as stub:
        sender = with_relay(through(stub, connections=1), per_message=3)
        assert send(sessions, sender).tried == 7
    assert stub.connections == 3
    assert stub.verbs.count("QUIT") == 3


def test_a_stop_ends_what_is_being_sent_and_gives_the_rest_back(sessions: Sessions) -> None:
    add(sessions, 5)
    asked: list[timedelta] = []

    def wait(time: timedelta) -> bool:
        asked.append(time)
        return len(asked) > 2

    with RelayStub(FAST) as stub:
        assert send(sessions, through(stub, connections=1, wait=wait)).tried == 2
    assert states(sessions) == [State.SENT] * 2 + [State.QUEUED] * 3


def test_a_result_is_not_lost_where_the_database_is_away_for_a_while(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(sessions, 3)
    monkeypatch.setattr("campaigner.db.engine.AGAIN_SECONDS", 0.0)
    failed: list[int] = []

    def fail(*_: object) -> None:
        if stub.accepted and len(failed) < 4:
            failed.append(len(stub.accepted))
            raise OperationalError("UPDATE", {}, Exception("database is locked"))

    engine = sessions.kw["bind"]
    with RelayStub(FAST) as stub:
        event.listen(engine, "before_cursor_execute", fail)
        try:
            assert send(sessions, through(stub, connections=1)).tried == 3
        finally:
            event.remove(engine, "before_cursor_execute", fail)
    assert failed == [1, 1, 1, 1], "nothing is sent while a result waits"
    assert states(sessions) == [State.SENT] * 3
    assert sorted(stub.accepted) == people(3)


def test_what_breaks_it_off_leaves_nothing_in_hand(
    sessions: Sessions, passing: dict[str, Callable[[], None]]
) -> None:
    add(sessions, 6)

    def fail() -> None:
        passing.clear()
        raise ZeroDivisionError

    passing["broadcast.fenced"] = fail
    with RelayStub(FAST) as stub, pytest.raises(ZeroDivisionError):
        send(sessions, through(stub, connections=2))
    found = states(sessions)
    assert found.count(State.UNKNOWN) <= 2
    assert set(found) == {State.UNKNOWN, State.QUEUED}


def test_a_lost_broadcast_leaves_no_more_unknowns_than_connections(
    sessions: Sessions, passing: dict[str, Callable[[], None]]
) -> None:
    add(sessions, 60)
    clock, turns = FakeClock(NOON), iter(range(100))

    class Killed(BaseException):
        pass

    def die() -> None:
        if next(turns) == 5:
            raise Killed

    passing["broadcast.fenced"] = die
    with RelayStub(FAST) as stub:
        with pytest.raises(Killed):
            send(sessions, through(stub, connections=3), clock)
        passing.clear()
        assert states(sessions).count(State.SENDING) <= 3
        clock.tick(minutes=5)
        with sessions.begin() as session:
            outbox.recover_lost(session, now=clock())
        send(sessions, through(stub, connections=3), clock)
    found = states(sessions)
    assert found.count(State.UNKNOWN) <= 3
    assert found.count(State.UNKNOWN) + found.count(State.SENT) == 60
    assert len(stub.accepted) == len(set(stub.accepted))


def test_two_senders_send_no_mail_twice(sessions: Sessions) -> None:
    add(sessions, 120)
    with RelayStub(FAST) as stub:
        senders = [replace(through(stub), claim=f"worker-{n}") for n in range(2)]
        threads = [threading.Thread(target=send, args=(sessions, each)) for each in senders]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        send(sessions, senders[0])
    assert sorted(stub.accepted) == sorted(people(120))
    assert states(sessions) == [State.SENT] * 120


def test_a_relay_that_a_person_put_right_is_tried_at_once(sessions: Sessions) -> None:
    add(sessions, 1)
    with RelayStub({"MAIL": "530 5.7.0 Authentication required"}, FAST) as stub:
        send(sessions, through(stub))
        with sessions.begin() as session:
            accounts.reconnect(session, rows.LIST)
            relays.reconnect(session, rows.LIST)
        send(sessions, through(stub))
    assert states(sessions) == [State.SENT]


def test_an_edition_changed_since_its_approval_goes_to_nobody_any_more(
    sessions: Sessions, passing: dict[str, Callable[[], None]]
) -> None:
    add(sessions, 3)

    def change() -> None:
        with sessions.begin() as session:
            session.execute(update(Message).values(content_hash="1" * 64))

    passing["broadcast.fenced"] = change
    with RelayStub(FAST) as stub:
        assert send(sessions, through(stub, connections=1)).tried == 1
        assert send(sessions, through(stub)).tried == 0
    assert states(sessions) == [State.SENT, State.QUEUED, State.QUEUED]


def test_the_defaults_are_those_of_a_careful_sender() -> None:
    relay = RelaySettings(address="smtp://relay.example.org:587")
    assert (relay.connections, relay.per_second, relay.per_message) == (4, 5.0, 100)
