"""What a rehearsal tells: the outbox and what never came into it, line by line."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby

from campaigner.core.campaign import Campaign, Item
from campaigner.core.delivery import Hold, MessageState, State
from campaigner.core.difference import Queued
from campaigner.core.timeline import (
    HANDED,
    HELD,
    PLACEHOLDER,
    QUIET,
    SENT,
    SKIPPED,
    UNDATED,
    Line,
    first_line,
)
from campaigner.db.ahead import quiet_editions
from campaigner.db.engine import Sessions
from campaigner.db.models import Delivery
from campaigner.services.outbox import WAITING, Entry, Mails, count_mails, list_outbox


def told(sessions: Sessions, campaign: Campaign, *, now: datetime) -> Iterator[Line]:
    """Yield a line for each message of the campaign, whatever became of it."""
    entries = list_outbox(sessions, campaign=campaign.id, now=now)
    entries.sort(key=lambda entry: entry.listed.message.id)
    for _, group in groupby(
        (entry for entry in entries if not entry.listed.delivery.recipient),
        key=lambda entry: entry.listed.message.id,
    ):
        yield _line(list(group))
    mails = count_mails(sessions, campaign=campaign.id, every=True, now=now)
    mails.sort(key=lambda each: each.message.id)
    for _, some in groupby(mails, key=lambda each: each.message.id):
        yield _mails_line(list(some))


def untold(sessions: Sessions, campaign: Campaign, queued: Queued) -> Iterator[Line]:
    """Yield a line for each date and item of which there is no message."""
    zone = campaign.schedule.zone.key
    for one in queued.placeholders:
        yield Line(
            state=PLACEHOLDER,
            at=one.slot.due_at,
            zone=one.zone.key,
            item=one.item.id,
            account=one.account,
            note=_missing_text(one.item),
            moved=one.slot.moved,
        )
    for none in queued.skipped:
        yield Line(state=SKIPPED, at=none.slot.due_at, zone=zone, item="", note=none.reason)
    for left in queued.undated:
        yield Line(
            state=UNDATED,
            at=None,
            zone=zone,
            item=left.item.id,
            account=left.account,
            note=left.why,
        )
    with sessions() as session:
        for edition in quiet_editions(session, campaign.id):
            yield Line(
                state=QUIET,
                at=edition.composed_at,
                zone=zone,
                item=edition.slot,
                note=f"the edition of {edition.day} had nothing new to tell: no mail",
            )


def _missing_text(item: Item) -> str:
    """Say what is to be written, by whom and until when."""
    due = f"due {item.due}" if item.due else ""
    return ", ".join(filter(None, [item.title, item.owner, due]))


def _line(entries: Sequence[Entry]) -> Line:
    message = entries[0].listed.message
    deliveries = [entry.listed.delivery for entry in entries]
    counts = Counter(str(delivery.state) for delivery in deliveries)
    left = [delivery.sent_at for delivery in deliveries if delivery.sent_at is not None]
    if message.channel == "manual" and _was_handed(deliveries[0]):
        counts = Counter({HANDED: 1})
    state, note = _state(entries, counts)
    return Line(
        state=state,
        at=min(left, default=message.due_at),
        zone=message.zone,
        item=message.item,
        account=message.account,
        channel=message.channel,
        locale=message.locale,
        text=first_line(message.text),
        whole=message.text,
        note=note,
        moved=message.moved,
        counts=dict(counts),
    )


def _mails_line(mails: Sequence[Mails]) -> Line:
    """Return the line of an edition in one language."""
    message = mails[0].message
    counts = {str(each.state): each.number for each in mails}
    others = [each for each in mails if each.state is not State.SENT]
    if SENT in counts:
        state = SENT
        told = [f"{each.number} {each.state}" for each in others]
        note = "; ".join(filter(None, [", ".join(told), others[0].why if others else ""]))
    else:
        state, note = str(mails[0].state), mails[0].why
    if message.state is MessageState.HELD:
        state = HELD
    return Line(
        state=state,
        at=mails[0].at,
        zone=message.zone,
        item=message.item,
        account=message.account,
        channel=message.channel,
        locale=message.locale,
        text=first_line(message.text),
        whole=message.text,
        note=note,
        moved=message.moved,
        counts=counts,
    )


def _was_handed(delivery: Delivery) -> bool:
    """Whether a person was asked; nobody publishes it in a rehearsal, so that it may expire."""
    return delivery.hold is Hold.PERSON or (
        delivery.state is State.EXPIRED and delivery.attempts > 0
    )


def _state(entries: Sequence[Entry], counts: Counter[str]) -> tuple[str, str]:
    """Return what became of a message, and why if it did not simply leave."""
    message = entries[0].listed.message
    if message.approved_at is None and message.hold not in (None, Hold.APPROVAL):
        # It waited for more than a yes until it was too late: that it was late says nothing.
        return HELD, f"{WAITING.get(message.hold, 'held')}: {message.note}"
    if counts[HANDED]:
        return HANDED, ""
    if counts[SENT]:
        others = [f"{count} {state}" for state, count in sorted(counts.items()) if state != SENT]
        unsent = (entry.why for entry in entries if entry.listed.delivery.state is not State.SENT)
        note = next(unsent, entries[0].listed.delivery.note)
        return SENT, "; ".join(filter(None, [", ".join(others), note]))
    return str(entries[0].listed.delivery.state), entries[0].why
