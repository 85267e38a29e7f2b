"""Confirm: whoever opens our mail and says yes subscribes. Nobody else can.

Looking at the page changes nothing: scanners of mail follow every link.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from campaigner.core.audience import Frequency, mailbox_of
from campaigner.core.limits import network_hash
from campaigner.core.signup import Answer, SignupState, is_valid, masked, may_return
from campaigner.core.tokens import Keyring, hashes_of
from campaigner.db import changes, memberships, signups, suppressions
from campaigner.db.engine import Sessions
from campaigner.db.memberships import Wishes
from campaigner.db.models import Signup
from campaigner.failpoints import reach


class Standing(StrEnum):
    """How it is with a confirmation that was asked for."""

    OPEN = "open"
    DONE = "done"
    OVER = "over"  # too old, forgotten, or its list or its right to return is gone


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is to be confirmed; `address` is masked. Empty for one that is forgotten."""

    standing: Standing
    list: str = ""
    locale: str = ""
    address: str = ""


def look(sessions: Sessions, id: int | None, *, now: datetime) -> Request:
    """Return how it is with request `id`; None is the number of none. Changes nothing."""
    with sessions() as session:
        return _request(session.get(Signup, id) if id is not None else None, now=now)


def confirm(
    sessions: Sessions, id: int | None, *, country: str, host: str, keyring: Keyring, now: datetime
) -> Request:
    """Subscribe who asked for it, in one transaction; said again, it changes nothing more.

    `country` is where their time zone is, or empty; `host` is whence they
    confirm. The result stands for how it is now.
    """
    with sessions() as session:
        row = session.get(Signup, id, with_for_update=True) if id is not None else None
        request = _request(row, now=now)
        if row is None or request.standing is not Standing.OPEN:
            return request
        mailbox = mailbox_of(row.address)
        suppressed = memberships.suppression(session, hashes_of(keyring, mailbox))
        if suppressed is not None and not may_return(suppressed, now=now):
            return Request(standing=Standing.OVER, list=row.list, locale=row.locale)
        memberships.activate(
            session,
            address=row.address,
            mailbox=mailbox,
            list=row.list,
            wishes=Wishes(
                name=row.name or None,
                locale=row.locale,
                zone=row.zone,
                country=country,
                topics=tuple(row.topics),
                frequency=Frequency(row.frequency),
            ),
            consent=_evidence(row, network=network_hash(keyring, host), now=now),
            now=now,
        )
        if suppressed is not None:
            suppressions.lift(session, keyring=keyring, mailbox=mailbox)
        _close(session, row, now=now)
    return Request(
        standing=Standing.DONE, list=request.list, locale=request.locale, address=request.address
    )


def zone_of(sessions: Sessions, id: int | None) -> str:
    """Return the time zone that a request gave; "" if there is none such."""
    with sessions() as session:
        row = session.get(Signup, id) if id is not None else None
        return row.zone if row else ""


def _request(row: Signup | None, *, now: datetime) -> Request:
    if row is None or row.answer != Answer.CONFIRM or row.state == SignupState.REFUSED:
        return Request(standing=Standing.OVER)
    if row.state == SignupState.CONFIRMED:
        standing = Standing.DONE
    else:
        standing = Standing.OPEN if is_valid(row.at, now=now) else Standing.OVER
    return Request(standing=standing, list=row.list, locale=row.locale, address=masked(row.address))


def _evidence(row: Signup, *, network: str, now: datetime) -> dict[str, object]:
    return {
        **row.consent,
        "confirmed_at": now.isoformat(),
        "confirmed_network": network,
        "signup": row.id,
    }


def _close(session: Session, row: Signup, *, now: datetime) -> None:
    reach("confirm.activated")
    signups.mark_confirmed(session, row.id, now=now)
    changes.announce(session)
    session.commit()
