"""Make a mail once more, as its reader got it: from the ledger, the approved blocks and the keys.

The same bytes, signatures included, as long as the account's settings and keys
are those with which it was sent.
"""

from collections.abc import Callable, Mapping, Sequence

from campaigner.core.tokens import Keyring
from campaigner.db import editions, listing
from campaigner.db.engine import Sessions
from campaigner.errors import UserError
from campaigner.mail.compose import compose
from campaigner.mail.dkim import Signer
from campaigner.mail.lists import head_of, slots_of
from campaigner.settings import AccountSettings


def reassemble(
    sessions: Sessions,
    id: int,
    *,
    accounts: Mapping[str, AccountSettings],
    public_url: str,
    keyring: Keyring,
    signers_at: Callable[[str, str], Sequence[Signer]],
) -> bytes:
    """Return the mail of a delivery as RFC 5322 bytes with CRLF.

    `signers_at` takes an account and the base address that it was queued for.
    Raises UserError for what is no mail, has no content yet, or whose reader
    was erased.
    """
    with sessions() as session:
        row = listing.get_delivery(session, id)
        message, delivery = row.message, row.delivery
        if not delivery.recipient or message.account not in accounts:
            raise UserError(f"delivery {id} is no mail of a list. Leave --eml out to see it")
        if "@" not in delivery.recipient:
            raise UserError(f"the reader of delivery {id} was erased, and the mail with them")
        zone = delivery.slots.get("zone", "")
        blocks = [
            (block.html, block.text)
            for block in editions.blocks_of(session, message.id)
            if block.zone in ("", zone)
        ]
        if not blocks:
            raise UserError(f"delivery {id} has no content yet: {message.note or 'it is held'}")
        account = accounts[message.account]
        head = head_of(
            account,
            name=message.account,
            public_url=public_url,
            subject=editions.subjects_of(session, message)[delivery.slots.get("subject") or 0],
            date=delivery.scheduled_at,
            language=message.language,
            feedback=(message.campaign, message.run, message.account),
        )
        slots = slots_of(
            keyring, id, name=delivery.slots.get("name", ""), address=delivery.recipient
        )
        signs = not account.relays or any(not relay.signer for relay in account.relays)
        signers = signers_at(message.account, message.base) if signs else ()
    return compose(head, blocks, slots, signers)
