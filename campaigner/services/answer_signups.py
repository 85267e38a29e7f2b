"""Answer signups: decide what follows on what public forms received, and mail it.

The decision is committed before the mail leaves, and the result before the
next one. A crash in between is a doubt: the same mail leaves once more, under
the same Message-ID, and nobody is left waiting.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Protocol

import structlog
from sqlalchemy.orm import Session

from campaigner.core.audience import mailbox_of
from campaigner.core.channel import Disconnected, Outcome, Reject, Relay
from campaigner.core.limits import PER_MAILBOX, PER_NETWORK, is_within, longest
from campaigner.core.message import OutgoingMail
from campaigner.core.signup import (
    KEPT,
    Answer,
    Kind,
    Refusal,
    SignupState,
    after_mailing,
    decide,
)
from campaigner.core.tokens import Keyring, Purpose, hash_of, hashes_of, sign
from campaigner.db import signups
from campaigner.db.engine import Sessions, durably
from campaigner.db.models import Signup
from campaigner.db.signups import Known
from campaigner.errors import UserError
from campaigner.failpoints import reach
from campaigner.mail.dkim import Signer
from campaigner.mail.letter import letter
from campaigner.rendering.signup_mails import RenderedLetter
from campaigner.settings import AccountSettings

log = structlog.get_logger()

AT_ONCE = 50
KEY_LENGTH = 32
UNPAUSED_LOOK = timedelta(minutes=1)


class Mailroom(Protocol):
    """What of the wiring mails need: the lists, and how each is written, signed and sent."""

    @property
    def lists(self) -> Mapping[str, AccountSettings]: ...

    @property
    def public_url(self) -> str: ...

    @property
    def keyring(self) -> Keyring: ...

    def write(
        self, answer: Answer, *, list: str, locale: str, link: str, address: str
    ) -> RenderedLetter: ...

    def signers(self, list: str) -> Sequence[Signer]: ...

    def relay(self, list: str) -> Relay: ...


@dataclass(frozen=True, kw_only=True)
class _Decided:
    """A request to be answered by a mail. `row` is as it was when that was decided."""

    row: Signup
    answer: Answer


def answer_signups(
    sessions: Sessions,
    mailroom: Mailroom,
    *,
    wait: Callable[[timedelta], bool],
    clock: Callable[[], datetime],
) -> int:
    """Answer what is due; return how many mails were tried. `wait` says True to stop."""
    tried = 0
    while True:
        with sessions() as session:
            rows = signups.due(session, now=clock(), limit=AT_ONCE)
            decided = _decide(session, rows, mailroom, now=clock())
            if not rows:
                signups.forget(session, older_than=KEPT, now=clock())
            session.commit()
        reach("signups.decided")
        for each in decided:
            if wait(timedelta(0)):
                return tried
            tried += _answer(sessions, each, mailroom, clock=clock)
        if len(rows) < AT_ONCE:
            return tried


def _decide(
    session: Session, rows: Sequence[Signup], mailroom: Mailroom, *, now: datetime
) -> list[_Decided]:
    """Close what no mail answers, and return the rest, oldest first; three queries in all.

    Requests of one mailbox or network count against each other in order.
    """
    paused = signups.paused_lists(session, mailroom.lists) if rows else set()
    if waiting := [row.id for row in rows if row.list in paused]:
        signups.postpone(session, waiting, until=now + UNPAUSED_LOOK)
    open_rows = [row for row in rows if row.list not in paused]
    if not open_rows:
        return []
    keys = {row.id: _mailbox_keys(row, mailroom.keyring) for row in open_rows}
    known = signups.what_is_known(
        session,
        mailboxes={mailbox for mailbox, _ in keys.values()},
        hashes={hash for _, hashes in keys.values() for hash in hashes},
        networks={row.network_hash for row in open_rows},
        since=now - longest((*PER_MAILBOX, *PER_NETWORK)),
    )
    granted = {key: list(times) for key, times in known.granted.items()}
    decided = []
    for row in sorted(open_rows, key=lambda row: row.id):
        mailbox, hashes = keys[row.id]
        found = _verdict(row, mailbox, hashes, known, granted, mailroom, now=now)
        if isinstance(found, Refusal):
            signups.refuse(session, row.id, why=found.value)
            log.info("signup not answered", signup=row.id, why=found.name.lower())
            continue
        if not row.answer:
            for key in (row.mailbox_hash, row.network_hash):
                granted.setdefault(key, []).append(now)
        decided.append(_Decided(row=row, answer=found))
    return decided


def _verdict(
    row: Signup,
    mailbox: str,
    hashes: Sequence[str],
    known: Known,
    granted: Mapping[str, Sequence[datetime]],
    mailroom: Mailroom,
    *,
    now: datetime,
) -> Answer | Refusal:
    if row.list not in mailroom.lists:
        return Refusal.NO_LIST
    times = [at for hash in hashes for at in granted.get(hash, ())]
    is_again = bool(row.answer)  # it is one of those that were granted
    found = decide(
        Kind(row.kind),
        standing=known.standings.get((mailbox, row.list)),
        suppressed=next(
            (known.suppressed[hash] for hash in hashes if hash in known.suppressed), None
        ),
        is_within_limits=is_again
        or (
            is_within(PER_MAILBOX, times, now=now)
            and is_within(PER_NETWORK, granted.get(row.network_hash, ()), now=now)
        ),
        now=now,
    )
    return Answer(row.answer) if is_again and isinstance(found, Answer) else found


def _mailbox_keys(row: Signup, keyring: Keyring) -> tuple[str, tuple[str, ...]]:
    mailbox = mailbox_of(row.address)
    return mailbox, hashes_of(keyring, mailbox)


def _answer(
    sessions: Sessions, decided: _Decided, mailroom: Mailroom, *, clock: Callable[[], datetime]
) -> int:
    """Mail one answer; return 1, or 0 where another process was first."""
    row = decided.row
    with sessions() as session:
        number = signups.begin(session, row.id, answer=decided.answer, now=clock())
        session.commit()
    if number is None:
        return 0
    reach("signups.mailing")
    outcome = _send(row, decided.answer, mailroom)
    reach("signups.answered")
    step = after_mailing(
        outcome, tries=number, asked_at=row.at, now=clock(), jitter=random.random()
    )
    with sessions() as session:
        durably(session, lambda: signups.end(session, row.id, step, number=number))
    told = log.info if step.state is SignupState.MAILED else log.warning
    told("signup answered", signup=row.id, answer=decided.answer.value, state=step.state.value)
    return 1


def _send(row: Signup, answer: Answer, mailroom: Mailroom) -> Outcome:
    try:
        relay = mailroom.relay(row.list)
        mail = _mail(row, answer, mailroom)
    except UserError as error:
        return Disconnected(str(error))
    except ValueError as error:
        return Reject(f"its mail cannot be made: {error}")
    return relay.send(mail)


def _mail(row: Signup, answer: Answer, mailroom: Mailroom) -> OutgoingMail:
    settings = mailroom.lists[row.list]
    token = sign(mailroom.keyring, Purpose.CONFIRM, row.id)
    page = "c" if answer is Answer.CONFIRM else "p"
    written = mailroom.write(
        answer,
        list=row.list,
        locale=row.locale,
        link=f"{mailroom.public_url}/{page}/{token}",
        address=row.address,
    )
    # No token: one of a signup must never pass for one of a delivery.
    key = f"s-{hash_of(mailroom.keyring, f'signup {row.id}')[:KEY_LENGTH]}"
    return OutgoingMail(
        key=key,
        envelope_from=parseaddr(settings.sender)[1],
        recipient=row.address,
        data=letter(
            sender=settings.sender,
            reply_to=settings.reply_to,
            to=row.address,
            subject=written.subject,
            text=written.text,
            html=written.html,
            language=written.language,
            date=row.at,
            key=key,
            signers=mailroom.signers(row.list),
        ),
    )
