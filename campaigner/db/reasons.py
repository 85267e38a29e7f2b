"""Why what stands in the outbox is as it is, and what comes next: each in a sentence."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from campaigner.core.broadcast import STOPPED, Stage, Stop
from campaigner.core.by_hand import in_city, may_be_out
from campaigner.core.delivery import Hold, MessageState, State
from campaigner.db import pauses
from campaigner.db.broadcasts import Standing
from campaigner.db.listing import Listed
from campaigner.db.models import Account, Pause

WAITING = {
    Hold.TRANSLATION: "waiting for a translation",
    Hold.LENGTH: "does not fit the network",
    Hold.RENDERING: "its text cannot be made",
    Hold.APPROVAL: "waiting for approval",
    Hold.RECONNECT: "its account has to be reconnected",
    Hold.MISSED: "fell due while paused: send it (retry), move it (move) or drop it (cancel)",
    Hold.RESTORED: "fell due after the backup was made: it may be out already",
    Hold.PERSON: "waiting for a person to publish it",
    Hold.FREEZING: "its readers are being counted",
    Hold.SAMPLE: "held back until the sample was looked at",
}

PERHAPS_OUT = (
    "was in doubt, then fell due while paused: it may be out. Look, then send it (retry), "
    "move it (move) or drop it (cancel)"
)


def why(row: Listed, stops: Sequence[Pause], known: Mapping[str, Account], *, now: datetime) -> str:
    """Say in a sentence why a row is as it is, and what comes next."""
    delivery, message = row.delivery, row.message
    match delivery.state:
        case State.HELD if may_be_out(delivery.resend_until, hold=delivery.hold, now=now):
            return PERHAPS_OUT
        case State.HELD:
            hold = delivery.hold or message.hold
            reason = WAITING.get(hold, "held") if hold else "held"
            note = delivery.note or message.note
            told = note and hold not in (Hold.APPROVAL, Hold.MISSED, Hold.RESTORED)
            return f"{reason}: {note}" if told else reason
        case State.QUEUED:
            return _why_queued(row, stops, known, now=now)
        case State.CLAIMED:
            return "about to be sent"
        case State.SENDING:
            return "being sent"
        case State.UNKNOWN if delivery.look_at is None:
            return f"could not confirm, please look: {delivery.note}"
        case State.UNKNOWN:
            return f"could not confirm, will look again: {delivery.note}"
        case State.SENT:
            return delivery.note or "sent on time"
        case _:
            return delivery.note or message.note


def _why_queued(
    row: Listed, stops: Sequence[Pause], known: Mapping[str, Account], *, now: datetime
) -> str:
    delivery, message = row.delivery, row.message
    covered = {
        (pauses.ALL, ""),
        ("account", message.account),
        ("campaign", message.campaign),
        (pauses.EDITION, str(message.id)),
        (pauses.COUNTRY, delivery.country),
    }
    for stop in stops:
        if (stop.scope, stop.target) in covered:
            return f"paused by {stop.by}: {stop.reason}"
    if message.embargo_until is not None and message.embargo_until > max(now, delivery.due_at):
        until = in_city(message.embargo_until, ZoneInfo(message.zone))
        return f"waits for the end of its embargo, {until}"
    account = known.get(delivery.account)
    if account is not None and account.disconnected_at is not None:
        return f"its account has to be reconnected: {account.reason}"
    if delivery.attempts:
        return f"tried {delivery.attempts} times, next at its due time: {delivery.note}"
    late = now - delivery.due_at
    if late > timedelta(0):
        return "due: waits for its turn on this account, spaced after the one before"
    return f"waits for its time; {message.moved}" if message.moved else "waits for its time"


def why_mails(each: Standing, state: State, known: Mapping[str, Account], *, now: datetime) -> str:
    message, broadcast = each.message, each.broadcast
    match state:
        case State.QUEUED:
            return why_waiting(each, known, now=now)
        case State.HELD:
            return "held back until the sample was looked at: `campaigner broadcast release`"
        case State.SENDING:
            return "being sent"
        case State.SENT:
            return "sent"
        case State.REJECTED | State.EXHAUSTED:
            return f"see them with `campaigner broadcast failed {message.id}`"
        case State.UNKNOWN:
            return "could not confirm, please look"
        case State.SUPPRESSED:
            return "not sent: the readers are no longer subscribed"
        case _:
            return message.note or broadcast.hold or "closed"


def why_waiting(each: Standing, known: Mapping[str, Account], *, now: datetime) -> str:
    """Say in a sentence why the queued mails of a broadcast have not left."""
    message, broadcast = each.message, each.broadcast
    if broadcast.stage == Stage.FREEZING:
        return "its readers are being counted"
    if broadcast.stage == Stage.CLOSING:
        return "is being closed"
    if broadcast.hold:
        return STOPPED[Stop(broadcast.hold)].format(id=message.id)
    if message.state is MessageState.HELD:
        reason = WAITING.get(message.hold, "held") if message.hold else "held"
        return f"{reason}: {message.note}" if message.note else reason
    for stop in each.pauses:
        return f"paused by {stop.by}: {stop.reason}"
    zone = ZoneInfo(message.zone)
    if message.embargo_until is not None and message.embargo_until > max(now, message.due_at):
        return f"waits for the end of its embargo, {in_city(message.embargo_until, zone)}"
    account = known.get(message.account)
    if account is not None and account.disconnected_at is not None:
        return f"its account has to be reconnected: {account.reason}"
    if broadcast.not_before is not None and broadcast.not_before > now:
        return f"was moved to {in_city(broadcast.not_before, zone)}"
    if broadcast.started_at is not None or message.due_at <= now:
        return "due: as fast as the relay takes them"
    return f"waits for its time; {message.moved}" if message.moved else "waits for its time"
