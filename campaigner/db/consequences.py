"""What follows from a report, written to the mail that it is about and to its reader.

All of it stands in the transaction that keeps the report: from its commit on
nothing is mailed to an address that is suppressed.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from campaigner.core.address import mailbox_of
from campaigner.core.audience import Standing, SuppressedFor
from campaigner.core.bounces import Consequence, Finding, is_worn_out
from campaigner.core.delivery import State, Step
from campaigner.core.tokens import Keyring
from campaigner.db import bounces, outbox, subscribers, suppressions
from campaigner.db.bounces import Target


def follow(
    session: Session,
    target: Target,
    following: Consequence,
    finding: Finding,
    *,
    keyring: Keyring,
    now: datetime,
) -> None:
    """Do to a mail and its reader what follows from a report about it."""
    why = _why(finding)
    if following is Consequence.ARRIVED:
        _settle(session, target, State.SENT, "its arrival was reported", now=now)
        bounces.set_bounces(session, target, 0)
        return
    if not (finding.feedback or finding.delayed):
        note = f"it came back: {why}"
        _settle(session, target, State.REJECTED, note, now=now)
        bounces.note_on_mail(session, target, note)
    match following:
        case Consequence.SUPPRESS:
            _suppress(session, target, Standing.BOUNCED, why, keyring=keyring, now=now)
        case Consequence.COMPLAIN:
            bounces.note_on_mail(session, target, "its reader complained of it")
            _suppress(session, target, Standing.COMPLAINED, "complaint", keyring=keyring, now=now)
        case Consequence.UNSUBSCRIBE:
            _leave(session, target, Standing.LEFT, why="mail", now=now)
        case Consequence.COUNT:
            count, since = bounces.streak(session, target)
            bounces.set_bounces(session, target, count)
            if since is not None and is_worn_out(count, first=since, now=now):
                why = f"{count} mails in a row came back, the last one: {why}"
                _suppress(session, target, Standing.BOUNCED, why, keyring=keyring, now=now)


def _suppress(
    session: Session,
    target: Target,
    standing: Standing,
    why: str,
    *,
    keyring: Keyring,
    now: datetime,
) -> None:
    """Mail nothing to the address of a mail any more, and cancel what was on its way to it.

    The reader stays as they are if they have another address by now; one who
    was erased meanwhile is suppressed by that.
    """
    try:
        mailbox = mailbox_of(target.recipient)
    except ValueError:
        return
    complained = standing is Standing.COMPLAINED
    reason = SuppressedFor.COMPLAINT if complained else SuppressedFor.BOUNCE
    suppressions.suppress(
        session, keyring=keyring, mailbox=mailbox, reason=reason, now=now, note=why
    )
    if target.mailbox == mailbox:
        _leave(session, target, standing, why=reason.value, now=now)


def _leave(
    session: Session, target: Target, standing: Standing, *, why: str, now: datetime
) -> None:
    if target.subscriber_id is not None:
        subscribers.leave(
            session,
            subscriber_id=target.subscriber_id,
            list=target.account,
            why=why,
            now=now,
            standing=standing,
        )


def _settle(session: Session, target: Target, state: State, note: str, *, now: datetime) -> None:
    """Resolve a mail that is in doubt: a report tells what became of it."""
    if target.state is State.UNKNOWN:
        step = Step(state=state, note=note)
        outbox.settle(
            session,
            target.delivery_id,
            attempt=target.attempts,
            step=step,
            now=now,
            by="a report",
        )


def _why(finding: Finding) -> str:
    """Say why in few words that name nobody."""
    number = finding.dsn or finding.reply
    return f"{finding.reason.value} ({number})" if number else finding.reason.value
