"""Recover: find out what became of what is unknown, by each network's own procedure."""

from collections.abc import Callable
from datetime import datetime

import structlog

from campaigner.core.channel import Channel, Finding, Recovery, Unknown
from campaigner.core.delivery import State, Step, after_look
from campaigner.core.message import Outgoing
from campaigner.core.reach import next_sample
from campaigner.db import messages, outbox
from campaigner.db.engine import Sessions
from campaigner.db.models import Delivery, Message
from campaigner.errors import UserError

log = structlog.get_logger()

AT_ONCE = 50


def recover_unknown(
    sessions: Sessions, channel_at: Callable[[str, str], Channel], *, clock: Callable[[], datetime]
) -> int:
    """Look once for every unknown post whose time has come; return how many were looked for.

    `channel_at` takes an account and a base address. Nothing is open in the
    database while a network is asked. A look changes nothing by itself: a
    crash in the middle is a look not made.
    """
    with sessions() as session:
        looks = [
            (delivery, message, messages.outgoing(session, message, delivery))
            for delivery, message in outbox.unknown_to_look_for(session, now=clock(), limit=AT_ONCE)
        ]
        session.commit()
        for delivery, message, post in looks:
            recovery, finding = _look(channel_at, message, post)
            now = clock()
            sole = not outbox.has_other_with_text(session, delivery=delivery, text=message.text)
            step = _decide(delivery, message, recovery, finding, sole=sole, now=now)
            attempt = delivery.attempts
            if outbox.settle(session, delivery.id, attempt=attempt, step=step, now=now):
                if step.state is State.SENT:
                    first = next_sample(sent_at=now, steps_taken=0, now=now)
                    outbox.sample_first(session, delivery.id, at=first)
                log.info("looked", delivery=delivery.id, state=str(step.state), reason=step.note)
            session.commit()
    return len(looks)


def _look(
    channel_at: Callable[[str, str], Channel], message: Message, post: Outgoing
) -> tuple[Recovery, Finding]:
    """Ask the network; one account that cannot be asked does not keep the others waiting."""
    try:
        channel = channel_at(message.account, message.base)
        return channel.recovery, channel.find(post)
    except UserError as error:
        return Recovery(), Unknown(str(error))
    except Exception as error:
        log.exception("could not look", account=message.account, key=message.key)
        return Recovery(), Unknown(f"a fault in campaigner itself: {type(error).__name__}")


def _decide(
    delivery: Delivery,
    message: Message,
    recovery: Recovery,
    finding: Finding,
    *,
    sole: bool,
    now: datetime,
) -> Step:
    return after_look(
        finding,
        recovery,
        first_attempt_at=delivery.first_attempt_at or now,
        absent_since=delivery.absent_since,
        not_after=message.not_after,
        sole_text=sole,
        accepted=delivery.accepted,
        resent=delivery.resend_until is not None,
        now=now,
    )
