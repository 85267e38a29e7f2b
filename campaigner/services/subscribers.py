"""Look after subscribers by hand: add one, let one go, show all that is held of one."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from campaigner.core.address import mailbox_of
from campaigner.core.audience import SuppressedFor
from campaigner.core.tokens import Keyring
from campaigner.db import changes, dossiers, subscribers, suppressions
from campaigner.db.engine import Sessions
from campaigner.db.models import Subscriber
from campaigner.errors import UserError


def remove_subscriber(
    sessions: Sessions,
    address: str,
    *,
    list: str | None,
    by: str,
    clock: Callable[[], datetime],
) -> int:
    """Let a subscriber go from a list, or from all; return how many mails to them that stopped.

    Raises UserError for an address that nobody has.
    """
    with sessions() as session:
        who = _find(session, address)
        stopped = sum(
            subscribers.leave(
                session,
                subscriber_id=who.id,
                list=each.list,
                why=f"by hand: {by}",
                now=clock(),
            )
            for each in subscribers.subscriptions_of(session, who.id)
            if list in (None, each.list)
        )
        changes.announce(session)
        session.commit()
    return stopped


def suppress_mailbox(
    sessions: Sessions,
    address: str,
    *,
    by: str,
    keyring: Keyring,
    clock: Callable[[], datetime],
) -> int:
    """Keep all mail from an address, known or not; return how many mails that stopped.

    Raises UserError for what is no address.
    """
    mailbox = _mailbox(address)
    with sessions() as session:
        stopped = suppressions.suppress(
            session,
            keyring=keyring,
            mailbox=mailbox,
            reason=SuppressedFor.BY_HAND,
            now=clock(),
            note=f"by {by}",
        )
        changes.announce(session)
        session.commit()
    return stopped


def dossier_of(sessions: Sessions, address: str, *, keyring: Keyring) -> Mapping[str, Any]:
    """Return everything that is held of a person, to be handed to them (LGPD, GDPR).

    Raises UserError for an address of which nothing is held.
    """
    mailbox = _mailbox(address)
    with sessions() as session:
        held = dossiers.compile(session, keyring=keyring, mailbox=mailbox)
    if held is None:
        raise UserError(f"nothing is held of {address}")
    return held


def _mailbox(address: str) -> str:
    try:
        return mailbox_of(address)
    except ValueError as error:
        raise UserError(f"'{address}' is no address: {error}") from None


def _find(session: Session, address: str) -> Subscriber:
    found = subscribers.by_mailbox(session, _mailbox(address))
    if found is None:
        raise UserError(f"nobody reads at {address}. `campaigner subscribers list` shows who does")
    return found
