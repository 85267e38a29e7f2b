"""A mail that was sent, made once more out of ledger, blocks and keys: the same bytes."""

from collections.abc import Sequence

import pytest

from campaigner.core.delivery import State
from campaigner.core.message import Kind
from campaigner.core.tokens import Keyring
from campaigner.db import editions
from campaigner.db.engine import Sessions
from campaigner.db.models import Delivery, Message
from campaigner.errors import UserError
from campaigner.mail.dkim import Signer
from campaigner.mail.envelope import Envelope
from campaigner.mail.forms import Forms, filled
from campaigner.mail.lists import head_of
from campaigner.services.reassemble import reassemble
from campaigner.settings import AccountSettings
from tests.mail.signing import LONG_AGO, ed_signer, rsa_signer, verified
from tests.rows import add_delivery, add_message

RING = Keyring((b"k" * 32,))
PUBLIC = "https://news.example.org"
ACCOUNT = AccountSettings(
    channel="email",
    title="ICANN LAC",
    locales=("en",),
    sender="ICANN LAC <digest@example.org>",
    reply_to="lac@example.org",
)
SIGNERS = (rsa_signer(), ed_signer())
BLOCKS = [
    {"zone": "", "position": 0, "name": "a", "html": "<p>⟦name⟧</p>", "text": "⟦name⟧"},
    {"zone": "America/Lima", "position": 1, "name": "b", "html": "<p>8:00</p>", "text": "8:00"},
    {"zone": "America/Bahia", "position": 1, "name": "b", "html": "<p>10:00</p>", "text": "10:00"},
    {"zone": "", "position": 2, "name": "c", "html": "⟦unsubscribe⟧", "text": "⟦preferences⟧"},
]


def again(sessions: Sessions, id: int, *, account: AccountSettings = ACCOUNT) -> bytes:
    def signers(name: str, base: str) -> Sequence[Signer]:
        return SIGNERS

    return reassemble(
        sessions,
        id,
        accounts={"digest": account},
        public_url=PUBLIC,
        keyring=RING,
        signers_at=signers,
    )


def sent(sessions: Sessions, **overrides: object) -> int:
    with sessions() as session:
        message = add_message(
            session,
            kind=Kind.MAIL,
            account="digest",
            channel="email",
            text="Policy news",
            due_at=LONG_AGO,
        )
        editions.add_blocks(session, message.id, BLOCKS)
        values = {
            "recipient": "maría@example.net",
            "slots": {"name": "María", "zone": "America/Lima"},
            "state": State.SENT,
            **overrides,
        }
        id = add_delivery(session, message, **values).id
        session.commit()
    return id


def test_a_sent_mail_is_made_again_byte_by_byte(sessions: Sessions) -> None:
    id = sent(sessions)
    with sessions() as session:
        row = session.get_one(Delivery, id)
        message = session.get_one(Message, row.message_id)
        head = head_of(
            ACCOUNT,
            name="digest",
            public_url=PUBLIC,
            subject=message.text,
            date=message.due_at,
            language="en",
            feedback=(message.campaign, message.run, "digest"),
        )
    blocks = [(str(b["html"]), str(b["text"])) for b in BLOCKS if b["zone"] != "America/Bahia"]
    as_sent = filled(
        Forms(SIGNERS).make("edition", head, blocks),
        RING,
        id,
        name="María",
        address="maría@example.net",
        signs=True,
        sender="digest@example.org",
        return_domain="example.org",
    )
    mail = again(sessions, id)
    assert mail == again(sessions, id)
    assert isinstance(as_sent, Envelope)
    assert mail == as_sent.body
    assert b"\r\nDate: Fri, 03 Dec 2021 09:00:00 +0000\r\n" in mail
    assert b"8:00" in mail
    assert b"10:00" not in mail
    assert verified(mail, *SIGNERS)


def test_a_relay_that_signs_gets_an_unsigned_one(sessions: Sessions) -> None:
    relay = {"address": "smtp://relay.example.org:587", "signer": True}
    account = AccountSettings.model_validate({**ACCOUNT.model_dump(), "relays": (relay,)})
    assert b"DKIM-Signature" not in again(sessions, sent(sessions), account=account)


@pytest.mark.parametrize(
    ("recipient", "why"),
    [("", "is no mail of a list"), ("erased-7", "was erased, and the mail with them")],
)
def test_what_cannot_be_made_again_is_told(sessions: Sessions, recipient: str, why: str) -> None:
    with pytest.raises(UserError, match=why):
        again(sessions, sent(sessions, recipient=recipient))
