"""Broadcast: an approved edition to its readers, one mail each, none lost, none twice in silence.

One commit records the last mail's result and fences the next; a result never
waits for a token or for a next mail.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import parseaddr

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from campaigner.core.channel import Disconnected, Outcome, Rate, Reject, Relay, Retry, Unknown
from campaigner.core.delivery import State, after_outcome
from campaigner.core.message import OutgoingMail, key_of_mail
from campaigner.db import accounts, editions, messages, outbox, rates, upkeep
from campaigner.db.engine import Sessions, durably
from campaigner.db.models import Block, Delivery, Message
from campaigner.errors import UserError
from campaigner.failpoints import reach
from campaigner.mail.compose import Head, Mailbox, Prepared, Slots, prepare
from campaigner.settings import AccountSettings

log = structlog.get_logger()
AT_ONCE = 100
# Five at once and five a second, until an operator sets another: so never more than nine in one.
RATE = Rate(name="relay", limit=9, per=timedelta(seconds=1))
BLANK = timedelta(0)
_STOP = object()


@dataclass(frozen=True)
class Result:
    """What a relay said to the `attempt`-th try of a delivery; not written down yet."""

    id: int
    attempt: int
    outcome: Outcome


class Broadcast:
    """One e-mail account's way out: its relay, its rate, and the mails prepared so far.

    `relay_at` takes a base address. `wait` sleeps for a time and says True if
    the daemon is to stop.
    """

    def __init__(
        self,
        sessions: Sessions,
        *,
        account: str,
        settings: AccountSettings,
        relay_at: Callable[[str], Relay],
        claim: str,
        wait: Callable[[timedelta], bool],
        clock: Callable[[], datetime],
    ) -> None:
        self.sessions = sessions
        self.account = account
        self.settings = settings
        self.relay_at = relay_at
        self.claim = claim
        self.wait = wait
        self.clock = clock
        self._prepared: dict[tuple[int, str], Prepared] = {}

    def send_due(self) -> int:
        """Send what is due on the account; return how many mails were tried.

        A crash leaves in doubt at most the one mail that is fenced. What breaks
        it off leaves nothing in hand: a living daemon would renew it for ever.
        """
        with self.sessions() as session:
            try:
                return self._send_claimed(session)
            except Exception:
                session.rollback()
                durably(
                    session,
                    lambda: outbox.abandon(session, claim=self.claim, now=self.clock()),
                )
                raise

    def _send_claimed(self, session: Session) -> int:
        tried = 0
        claimed = outbox.claim_due(
            session, account=self.account, claim=self.claim, now=self.clock(), limit=AT_ONCE
        )
        session.commit()
        reach("broadcast.claimed")
        last: Result | None = None
        for id in claimed:
            delivery = self._next(session, last, id)
            last = None
            if delivery is _STOP:
                break
            if isinstance(delivery, Delivery):
                reach("broadcast.fenced")
                last = Result(delivery.id, delivery.attempts, self._send(session, delivery))
                reach("broadcast.answered")
                tried += 1
        durably(session, lambda: self._close(session, last))
        return tried

    def _next(self, session: Session, last: Result | None, id: int) -> Delivery | object | None:
        """Record the last result and fence the next mail in one commit.

        None: that mail may not be sent any more; _STOP: the daemon ends, or the
        account lacks something. The result is committed at once even where the
        mail has to wait for a token.
        """

        def turn() -> object:
            if last is not None:
                self._write(session, last)
            if self.wait(BLANK) or not self._open(session, id):
                return _STOP
            now = self.clock()
            free_at = rates.take(session, account=self.account, rates=[RATE], now=now)
            if free_at is not None:
                return free_at
            return outbox.fence(session, id, claim=self.claim, now=now)

        fenced = durably(session, turn)
        while isinstance(fenced, datetime):
            last = None
            if self.wait(max(fenced - self.clock(), BLANK)):
                return _STOP
            fenced = durably(session, turn)
        return fenced

    def _open(self, session: Session, id: int) -> bool:
        """Open a claimed row's relay before the fence; False: the account lacks something."""
        try:
            self.relay_at(messages.base_of(session, id))
            return True
        except UserError as error:
            reason = str(error)
            accounts.disconnect(session, self.account, reason=reason, now=self.clock())
            outbox.release(session, claim=self.claim)
            upkeep.hold_account(session, account=self.account, reason=reason, now=self.clock())
            log.warning("account cannot be used", account=self.account, reason=reason)
            return False

    def _send(self, session: Session, delivery: Delivery) -> Outcome:
        try:
            message = session.get_one(Message, delivery.message_id)
            mail = self._mail(session, message, delivery)
            session.commit()  # no transaction is open while the relay is talked to
        except SQLAlchemyError as error:
            session.rollback()
            log.error("the database does not tell what to send", error=str(error))
            return Retry("the database did not tell what to send", reached=False)
        except Exception as error:
            # Surely not sent, and the same mail would fail again: the others go on.
            log.exception("mail cannot be made", delivery=delivery.id, account=self.account)
            return Reject(f"its mail cannot be made: {type(error).__name__}")
        try:
            return self.relay_at(message.base).send(mail)
        except Exception as error:
            # A bug of ours, and nobody knows how far it came: never try blindly.
            log.exception("relay failed", delivery=delivery.id, account=self.account)
            return Unknown(f"a fault in campaigner itself: {type(error).__name__}")

    def _mail(self, session: Session, message: Message, delivery: Delivery) -> OutgoingMail:
        zone = delivery.slots.get("zone", "")
        key = (message.id, zone)
        if key not in self._prepared:
            self._prepared[key] = self._prepare(session, message, zone)
        _, sender = parseaddr(self.settings.sender)
        mail_key = key_of_mail(message.key, delivery.id)
        slots = Slots(
            key=mail_key,
            recipient=Mailbox(name=delivery.slots.get("name", ""), address=delivery.recipient),
            token=mail_key,
        )
        return OutgoingMail(
            key=mail_key,
            envelope_from=sender,
            recipient=delivery.recipient,
            data=self._prepared[key].fill(slots),
        )

    def _prepare(self, session: Session, message: Message, zone: str) -> Prepared:
        name, sender = parseaddr(self.settings.sender)
        head = Head(
            sender=Mailbox(name=name, address=sender),
            reply_to=self.settings.reply_to,
            subject=message.text,
            date=message.due_at,
            language=message.language,
            list_id=self.settings.list_id or f"{self.account}.{sender.rpartition('@')[2]}",
            list_title=self.settings.title,
            unsubscribe_to=self.settings.reply_to or sender,
            feedback=(message.campaign, message.run, self.account),
        )
        blocks = chosen(editions.blocks_of(session, message.id), zone)
        return prepare(head, blocks)

    def _close(self, session: Session, last: Result | None) -> None:
        if last is not None:
            self._write(session, last)
        outbox.release(session, claim=self.claim)

    def _write(self, session: Session, result: Result) -> None:
        outcome, attempt, now = result.outcome, result.attempt, self.clock()
        step = after_outcome(outcome, attempt=attempt, now=now, jitter=random.random())
        if step.state is State.UNKNOWN:
            # No network to look at: a bounce, or a person, tells what became of it.
            step = replace(step, look_at=None)
        outbox.record(session, result.id, claim=self.claim, attempt=attempt, step=step, now=now)
        match outcome:
            case Disconnected(reason):
                accounts.disconnect(session, self.account, reason=reason, now=now)
                upkeep.hold_account(session, account=self.account, reason=reason, now=now)
            case Retry(_, reset_at) if reset_at is not None:
                until = step.due_at or reset_at
                rates.block(session, account=self.account, rates=[RATE], until=until, now=now)
        log.info(
            "mail delivered" if step.state is State.SENT else "mail not delivered",
            delivery=result.id,
            account=self.account,
            state=str(step.state),
        )


def chosen(blocks: Sequence[Block], zone: str) -> list[tuple[str, str]]:
    """Return the (HTML, text) of the blocks that a reader in `zone` gets, in order."""
    return [(block.html, block.text) for block in blocks if block.zone in ("", zone)]
