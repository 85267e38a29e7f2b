"""What becomes of what a public form received. All of it: no other module decides.

waiting -> mailing -> mailed -> confirmed
   ^          |
   +----------+--> refused
 surely not mailed, or in doubt

The form answers everyone the same, and decides nothing. What follows is decided
here, later: a mail that asks for a confirmation, one that shows the way to the
preferences, or none. A confirmation that went out twice does no harm, one that
never came does: so a doubt is mailed again, under the same Message-ID.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from campaigner.core.audience import Standing, SuppressedFor
from campaigner.core.channel import Outcome, Reject, Retry, Sent, Unknown
from campaigner.core.delivery import MAX_ATTEMPTS, backoff

VALID = timedelta(days=7)
"""How long the link of a mail that a form caused may be used."""
USELESS_AFTER = timedelta(days=2)
"""A mail that could not leave for so long is not sent any more: nobody waits for it now."""
DOUBTS = 3  # tries without an answer after which it counts as mailed
KEPT = timedelta(days=30)
"""How long a request that nobody confirmed is kept: as long as limits look back."""
QUIET_AFTER_BOUNCE = timedelta(days=30)
LEASE = timedelta(minutes=2)  # of a mail that is being sent: longer than any relay's answer
RECONNECT = timedelta(minutes=5)

YOUNGEST = timedelta(seconds=2)  # no person fills in a form faster
OLDEST = timedelta(days=1)
LONGEST_NAME = 100  # characters


class Kind(StrEnum):
    """What was asked for: a subscription, or the way to one's own preferences."""

    SUBSCRIBE = "subscribe"
    LINK = "link"


class SignupState(StrEnum):
    WAITING = "waiting"
    MAILING = "mailing"
    MAILED = "mailed"
    REFUSED = "refused"
    CONFIRMED = "confirmed"


class Answer(StrEnum):
    """Which mail answers a request. Each has its templates in templates/mail/signup/."""

    CONFIRM = "confirm"
    ALREADY = "already"
    LINK = "link"


class Refusal(StrEnum):
    """Why no mail goes out."""

    LIMIT = "too many requests for this mailbox, or from this network"
    SUPPRESSED = "this mailbox may not be mailed"
    NOT_SUBSCRIBED = "nobody of this mailbox is subscribed"
    NO_LIST = "there is no such list any more"


class StampFault(StrEnum):
    """What is wrong with the time at which a form says that it was made."""

    FORGED = "forged"
    TOO_YOUNG = "too young"
    TOO_OLD = "too old"


@dataclass(frozen=True, kw_only=True)
class Suppressed:
    """That a mailbox may not be mailed, why and since when."""

    reason: SuppressedFor
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Next:
    """What to write to the row. `counts`: whether the try was one."""

    state: SignupState
    next_at: datetime | None = None
    note: str = ""
    counts: bool = True


def decide(
    kind: Kind,
    *,
    standing: Standing | None,
    suppressed: Suppressed | None,
    is_within_limits: bool,
    now: datetime,
) -> Answer | Refusal:
    """Decide how a request is answered. `standing` is on the list that was asked for."""
    if not is_within_limits:
        return Refusal.LIMIT
    if suppressed is not None and not may_return(suppressed, now=now):
        return Refusal.SUPPRESSED
    if kind is Kind.LINK:
        known = standing in (Standing.ACTIVE, Standing.PENDING)
        return Answer.LINK if known else Refusal.NOT_SUBSCRIBED
    # Whoever left or complained is asked like anybody else: only a confirmation brings them back.
    return Answer.ALREADY if standing is Standing.ACTIVE else Answer.CONFIRM


def may_return(suppressed: Suppressed, *, now: datetime) -> bool:
    """Whether a suppressed mailbox may be asked whether its owner wants mail again.

    They took their complaint or their erasure back themselves, if they confirm.
    A mailbox that did not exist may exist again: a month later one mail tells. What a
    person here suppressed stays so.
    """
    match suppressed.reason:
        case SuppressedFor.COMPLAINT | SuppressedFor.ERASURE:
            return True
        case SuppressedFor.BOUNCE:
            return now - suppressed.at >= QUIET_AFTER_BOUNCE
        case SuppressedFor.BY_HAND:
            return False


def after_mailing(
    outcome: Outcome, *, tries: int, asked_at: datetime, now: datetime, jitter: float
) -> Next:
    """Decide what follows the `tries`-th try (counted from 1) to mail the answer."""
    match outcome:
        case Sent():
            return Next(state=SignupState.MAILED)
        case Reject(reason):
            return Next(state=SignupState.REFUSED, note=reason)
        case Unknown(reason) if tries >= DOUBTS:
            return Next(state=SignupState.MAILED, note=f"perhaps: {reason}")
        case _ if now - asked_at > USELESS_AFTER:
            return Next(state=SignupState.REFUSED, note=f"given up: {outcome.reason}")
        case Unknown(reason):
            return _again(now + backoff(tries, jitter=jitter), reason)
        case Retry(reason, _, True) if tries >= MAX_ATTEMPTS:
            return Next(state=SignupState.REFUSED, note=f"gave up after {tries} tries: {reason}")
        case Retry(reason, reset_at, reached):
            later = now + backoff(tries, jitter=jitter)
            return _again(max(reset_at or later, later), reason, counts=reached)
        case _:  # the account is not connected
            return _again(now + RECONNECT, outcome.reason, counts=False)


def _again(at: datetime, reason: str, *, counts: bool = True) -> Next:
    return Next(state=SignupState.WAITING, next_at=at, note=reason, counts=counts)


def stamp_fault(made_at: datetime | None, *, now: datetime) -> StampFault | None:
    """Say what is wrong with a form's stamp; None: nothing. `made_at` is None for a forged one."""
    if made_at is None:
        return StampFault.FORGED
    if now - made_at < YOUNGEST:
        return StampFault.TOO_YOUNG
    return StampFault.TOO_OLD if now - made_at > OLDEST else None


def is_valid(asked_at: datetime, *, now: datetime) -> bool:
    """Whether the link of an answer to a request of `asked_at` may still be used."""
    return now - asked_at <= VALID


def masked(address: str) -> str:
    """Return an address as its owner recognizes it and a stranger does not: a…@example.org."""
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}…{at}{domain}"
