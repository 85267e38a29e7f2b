"""A real Postfix takes a broadcast; one address bounces there, and that suppresses its reader."""

import ssl
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from campaigner.core.delivery import State
from campaigner.db.engine import Sessions
from campaigner.db.models import Bounce, Delivery, Subscriber, Suppression
from campaigner.mail import mailbox
from campaigner.mail.smtp import Timeouts
from campaigner.mail.transport import Server
from campaigner.services.apply_bounces import Applier, Incoming
from campaigner.services.broadcast import broadcast_due
from campaigner.services.read_bounces import read_mailbox
from tests.broadcasts import KEYRING, LIST, add_edition, sender_through
from tests.fakes import FakeClock
from tests.real.postfix import READERS, RETURNS, Postfix, postfix, why_not
from tests.relays import opened
from tests.rows import NOON

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())

NAMES = [f"reader{number}" for number in range(9)]


@pytest.fixture
def relay() -> Iterator[Postfix]:
    with postfix(NAMES) as running:
        yield running


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOON + timedelta(minutes=1))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_broadcast_arrives_and_what_bounces_suppresses_its_reader(
    sessions: Sessions, relay: Postfix, clock: FakeClock
) -> None:
    gone = f"gone@{READERS}"
    with sessions() as session:
        add_edition(session, [*(f"{name}@{READERS}" for name in NAMES), gone])
        session.commit()
    server = Server(
        host="127.0.0.1",
        port=relay.port,
        encrypted=False,
        start_tls=False,
        context=ssl.create_default_context(),
        timeouts=Timeouts(),
    )
    sender = sender_through([server], connections=3, return_path=RETURNS)
    assert broadcast_due(sessions, sender, clock=clock).tried == len(NAMES) + 1

    with sessions() as session:
        sent = session.scalars(select(Delivery).order_by(Delivery.id)).all()
        assert {row.state for row in sent} == {State.SENT}, "Postfix took them all"
        assert all(row.remote_id for row in sent), "under the names that it gave them"
    for name in NAMES:
        (path,) = relay.wait_for(name, 1)
        mail = opened(path.read_bytes())
        assert mail["To"].addresses[0].addr_spec == f"{name}@{READERS}"
        assert mail["Return-Path"].strip("<>").endswith(f"@{RETURNS}")

    relay.wait_for("returns", 1)
    assert bounced(sessions, relay.returns, clock) == 1
    with sessions() as session:
        (report,) = session.scalars(select(Bounce)).all()
        suppressed = session.scalars(
            select(Subscriber).where(Subscriber.suppressed_at.is_not(None))
        ).all()
        assert [reader.address for reader in suppressed] == [gone]
        assert report.hard
        assert report.account == LIST
        assert len(session.scalars(select(Suppression)).all()) == 1
    assert bounced(sessions, relay.returns, clock) == 0, "what was read is not read again"


def bounced(sessions: Sessions, folder: Path, clock: FakeClock) -> int:
    """Read what came back, as `campaigner bounces read` does; return how many mails."""
    applier = Applier(sessions, KEYRING, clock)
    with mailbox.opened(f"maildir:{folder}") as box:
        became = read_mailbox(
            box,
            LIST,
            apply=lambda account, report, raw: applier.apply(
                Incoming(source="mailbox", account=account, report=report, raw=raw)
            ),
        )
    return became.total()
