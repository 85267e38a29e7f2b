"""A test mail is the readers' own mail, to whom it was asked for, and no row of the ledger."""

import re
from typing import Any

import pytest
from sqlalchemy import func, select

from campaigner.core.channel import Outcome, Reject, Sent
from campaigner.core.message import OutgoingMail
from campaigner.core.tokens import Keyring, Purpose, read
from campaigner.db.engine import Sessions
from campaigner.db.models import Block, Delivery
from campaigner.errors import UserError
from campaigner.services.trial import send_test
from tests.broadcasts import BASE, LIST, add_edition
from tests.rows import NOON
from tests.services.desks import ACCOUNTS

KEYS = Keyring((b"k" * 32,))


class FakeRelay:
    """Takes every mail, but refuses who is `refused`."""

    def __init__(self, refused: str = "") -> None:
        self.name = "fake"
        self.mails: list[OutgoingMail] = []
        self.refused = refused
        self.closed = False

    def send(self, mail: OutgoingMail) -> Outcome:
        self.mails.append(mail)
        return Reject("no such user") if mail.recipient == self.refused else Sent("7")

    def close(self) -> None:
        self.closed = True


def send(sessions: Sessions, id: int, *to: str, relay: FakeRelay, **more: Any) -> list[Outcome]:
    opened: list[tuple[str, str]] = []

    def relay_at(account: str, base: str) -> FakeRelay:
        opened.append((account, base))
        return relay

    done = send_test(
        sessions,
        id,
        to,
        accounts={LIST: ACCOUNTS[LIST]},
        public_url="https://news.example.org",
        keyring=KEYS,
        signers_at=lambda account, base: (),
        relay_at=relay_at,
        now=NOON,
        **more,
    )
    assert opened == [(LIST, BASE)], "where the broadcast itself will go"
    return [outcome for _, outcome in done]


def test_a_test_is_marked_says_the_same_and_unsubscribes_nobody(sessions: Sessions) -> None:
    relay = FakeRelay(refused="b@example.org")
    with sessions.begin() as session:
        id = add_edition(session, ["ana@example.org"]).id
    outcomes = send(sessions, id, "a@example.org", "b@example.org", relay=relay)
    assert outcomes == [Sent("7"), Reject("no such user")]
    assert relay.closed
    first = relay.mails[0].data.decode()
    assert "Subject: [TEST] News\r\n" in first
    assert "To: a@example.org" in first
    assert "<p>a@example.org, hola</p>" in first.replace("=\r\n", "")
    (token,) = set(re.findall(r"/u/([a-z2-7]{29})", first))
    assert read(KEYS, Purpose.UNSUBSCRIBE, token) == 0, "there is no such delivery"
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(Delivery)) == 1, "the reader's own"


def test_a_zone_that_the_mail_does_not_tell_is_replaced_by_one_that_it_does(
    sessions: Sessions,
) -> None:
    relay = FakeRelay()
    with sessions.begin() as session:
        id = add_edition(session, [], zone="America/Lima").id
        for zone in ("America/Bogota", "Europe/Madrid"):
            session.add(Block(message_id=id, zone=zone, position=2, name="t", html=zone, text=zone))
    send(sessions, id, "a@example.org", relay=relay)
    assert "America/Bogota" in relay.mails[0].data.decode()
    assert "Europe/Madrid" not in relay.mails[0].data.decode()


def test_what_cannot_be_sent_as_a_test_is_said_first(sessions: Sessions) -> None:
    with pytest.raises(UserError, match="is no address"):
        send(sessions, 1, "nobody", relay=FakeRelay())
    with pytest.raises(UserError, match="there is no broadcast 99"):
        send(sessions, 99, "a@example.org", relay=FakeRelay())
