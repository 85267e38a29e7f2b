"""Erase a person: out of every table, and again when a backup from before is restored."""

from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from pathlib import Path

from campaigner.core.address import mailbox_of
from campaigner.core.tokens import Keyring, hash_of, hashes_of
from campaigner.db import changes, erasures, forgotten
from campaigner.db.engine import Sessions
from campaigner.db.erasures import Traces
from campaigner.errors import UserError
from campaigner.failpoints import reach


def erase_subscriber(
    sessions: Sessions,
    address: str,
    *,
    keyring: Keyring,
    state_dir: Path,
    clock: Callable[[], datetime],
    dry_run: bool,
) -> Traces:
    """Take whoever has an address out of every table, and suppress it; return what was found.

    It may be an address of which nothing is known: then it is only suppressed.
    Once it is committed nothing more leaves to them but a mail that is being
    sent at that very moment. Raises UserError for what is no address.
    """
    try:
        mailbox = mailbox_of(address)
    except ValueError as error:
        raise UserError(f"'{address}' is no address: {error}") from None
    if dry_run:
        with sessions() as session:
            return erasures.trace(session, keyring=keyring, mailbox=mailbox)
    forgotten.remember(state_dir, hash_of(keyring, mailbox))
    reach("erase.remembered")
    with sessions() as session:
        found = erasures.erase(session, keyring=keyring, mailbox=mailbox, now=clock())
        changes.announce(session)
        reach("erase.done")
        session.commit()
    return found


def replay_erasures(
    sessions: Sessions, *, keyring: Keyring, state_dir: Path, clock: Callable[[], datetime]
) -> int:
    """Erase again whom this database, older than some erasures, still knows; return how many.

    Where nothing is missing that is one look. Otherwise every mailbox is hashed,
    a page at a time.
    """
    hashes = forgotten.remembered(state_dir)
    with sessions() as session:
        missing = erasures.unknown_among(session, hashes)
    again = [*_still_there(sessions, keyring, missing)] if missing else []
    for mailbox in again:
        with sessions() as session:
            erasures.erase(session, keyring=keyring, mailbox=mailbox, now=clock())
            session.commit()
    if missing:
        with sessions() as session:
            erasures.note_forgotten(session, hashes=missing, now=clock())
            session.commit()
    return len(again)


def _still_there(sessions: Sessions, keyring: Keyring, hashes: Collection[str]) -> Iterator[str]:
    wanted, last = set(hashes), 0
    while True:
        with sessions() as session:
            page = erasures.mailboxes_after(session, last)
        if not page:
            return
        last = page[-1][0]
        for _, mailbox in page:
            if not wanted.isdisjoint(hashes_of(keyring, mailbox)):
                yield mailbox
