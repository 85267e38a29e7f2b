"""Take readers in from a file: again and again without a duplicate, nobody brought back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from campaigner.core.audience import Subscriber, mailbox_of
from campaigner.db import changes, subscribers
from campaigner.db.editions import ACTIVE
from campaigner.db.engine import Sessions
from campaigner.errors import UserError


@dataclass(frozen=True, kw_only=True)
class Taken:
    """How many readers are new, corrected, as they were, and gone before (and so left out)."""

    added: int
    corrected: int
    unchanged: int
    gone: int


def import_subscribers(
    sessions: Sessions,
    readers: Sequence[Subscriber],
    *,
    source: str,
    by: str,
    now: datetime,
    dry_run: bool,
) -> Taken:
    """Add or correct these readers. Who has left stays gone: only they themselves come back.

    `source` and `by` are kept as evidence of consent.
    """
    with sessions() as session:
        known = subscribers.known_mailboxes(session, [reader.mailbox for reader in readers])
        new = [reader for reader in readers if reader.mailbox not in known]
        gone = [r for r in readers if r.mailbox in known and known[r.mailbox].state != ACTIVE]
        there = [r for r in readers if r.mailbox in known and known[r.mailbox].state == ACTIVE]
        changed = [
            reader
            for reader in there
            if (reader.address, reader.name, reader.locale, reader.zone, reader.country)
            != (
                (row := known[reader.mailbox]).address,
                row.name,
                row.locale,
                row.zone,
                row.country,
            )
        ]
        if not dry_run:
            consent = {"source": source, "by": by, "at": now.isoformat()}
            subscribers.add(session, new, consent=consent, now=now)
            ids = {mailbox: row.id for mailbox, row in known.items()}
            subscribers.correct(session, changed, ids)
            session.commit()
    return Taken(
        added=len(new),
        corrected=len(changed),
        unchanged=len(there) - len(changed),
        gone=len(gone),
    )


def remove_subscriber(sessions: Sessions, address: str) -> int:
    """Let a reader go at once; return how many mails to them that stopped.

    Raises UserError for an address that nobody has.
    """
    try:
        mailbox = mailbox_of(address)
    except ValueError as error:
        raise UserError(f"'{address}' is no address: {error}") from None
    with sessions() as session:
        stopped = subscribers.leave(session, mailbox)
        if stopped is None:
            raise UserError(
                f"nobody reads at {address}. `campaigner subscribers list` shows who does"
            )
        changes.announce(session)
        session.commit()
    return stopped
