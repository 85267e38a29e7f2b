"""Test mails: what readers will get, to named people first. The ledger knows none of them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from email.utils import parseaddr

import structlog

from campaigner.core.audience import mailbox_of
from campaigner.core.channel import Outcome, Relay
from campaigner.core.message import OutgoingMail, key_of_text
from campaigner.core.tokens import Keyring
from campaigner.db import editions
from campaigner.db.engine import Sessions, make_reading_sessions
from campaigner.db.models import Block, Message
from campaigner.errors import UserError
from campaigner.mail.compose import compose
from campaigner.mail.dkim import Signer
from campaigner.mail.lists import head_of, slots_of
from campaigner.settings import AccountSettings

log = structlog.get_logger()

MARK = "[TEST]"
NO_DELIVERY = 0  # its tokens lead to nobody: who unsubscribes from a test leaves no list


def send_test(
    sessions: Sessions,
    id: int,
    to: Sequence[str],
    *,
    accounts: Mapping[str, AccountSettings],
    public_url: str,
    keyring: Keyring,
    signers_at: Callable[[str, str], Sequence[Signer]],
    relay_at: Callable[[str, str], Relay],
    now: datetime,
) -> list[tuple[str, Outcome]]:
    """Send one mail of a message to each address; return what became of each, in order.

    Exactly the mail that readers get, but for its marked subject, its date, and
    links that unsubscribe nobody. It goes where the message will go: while the
    account is in the sandbox, there. `signers_at` and `relay_at` take an account
    and a base address. Raises UserError for what is no address, and for a
    message that has no content yet.
    """
    for address in to:
        try:
            mailbox_of(address)
        except ValueError as error:
            raise UserError(f"'{address}' is no address: {error}") from None
    with make_reading_sessions(sessions.kw["bind"])() as session:
        message = session.get(Message, id)
        if message is None or message.account not in accounts:
            raise UserError(f"there is no broadcast {id}. `campaigner broadcast list` shows them")
        blocks = _chosen(editions.blocks_of(session, id), message.zone)
        if not blocks:
            raise UserError(f"broadcast {id} has no content yet: {message.note or 'it is held'}")
    account = accounts[message.account]
    head = head_of(
        account,
        name=message.account,
        public_url=public_url,
        subject=f"{MARK} {message.text}",
        date=now,
        language=message.language,
    )
    signers = signers_at(message.account, message.base)
    relay = relay_at(message.account, message.base)
    outcomes = []
    try:
        for address in to:
            slots = slots_of(keyring, NO_DELIVERY, name="", address=address)
            mail = OutgoingMail(
                key=key_of_text(f"test/{message.key}/{address}/{now.isoformat()}"),
                envelope_from=parseaddr(account.sender)[1],
                recipient=address,
                data=compose(head, blocks, slots, signers),
            )
            outcome = relay.send(mail)
            outcomes.append((address, outcome))
            log.info("test mail", message=id, outcome=type(outcome).__name__)
    finally:
        relay.close()
    return outcomes


def _chosen(blocks: Sequence[Block], zone: str) -> list[tuple[str, str]]:
    """Return the blocks as a reader in `zone` gets them; of a zone that has none, any one's."""
    told = {block.zone for block in blocks if block.zone}
    own = zone if zone in told else min(told, default="")
    return [(block.html, block.text) for block in blocks if block.zone in ("", own)]
