"""When the editions of a digest or a newsletter are composed, and when they go out.

Pure: the same campaign and start give the same editions, whenever asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from campaigner.core.cadence import Slot, slot_of
from campaigner.core.campaign import Campaign, Schedule
from campaigner.core.moving import plan_dates, wait_for
from campaigner.core.schedule import FAR, Start

START_SLOT = "start"  # the slot of an edition that goes out when the run starts


@dataclass(frozen=True, kw_only=True)
class ScheduledEdition:
    """An edition due on a nominal day. `name` tells two editions of one day apart."""

    slot: Slot
    name: str
    compose_at: datetime
    not_after: datetime


def plan_editions(campaign: Campaign, *, start: Start, until: datetime) -> list[ScheduledEdition]:
    """Return the editions of a campaign that have to be composed by `until`, earliest first.

    Of those before an embargo there is the last one only, when it ends. An
    edition is known by its nominal day and time, wherever it was moved.
    """
    if not campaign.has_editions:
        return []
    schedule, lead = campaign.schedule, campaign.compose_before
    embargo = campaign.embargo_until
    dates = plan_dates(
        schedule,
        after=start.after,
        until=max(until + lead, embargo) if embargo else until + lead,
        anchor=start.day(schedule.zone),
        begin=start.after,
    )
    named = [(slot, f"{slot.at:%H%M}") for slot in dates if isinstance(slot, Slot)]
    if start.immediate:
        named.insert(0, (slot_of(start.at, schedule.zone), START_SLOT))
    if embargo:
        named = _after_embargo(named, embargo, schedule)
    return [
        ScheduledEdition(
            slot=slot,
            name=name,
            compose_at=slot.due_at - lead,
            not_after=slot.due_at + campaign.not_after,
        )
        for slot, name in named
        if slot.due_at - lead <= until
    ]


def next_edition(campaign: Campaign, *, start: Start, now: datetime) -> ScheduledEdition | None:
    """Return the first edition that is not to be composed yet at `now`; None: there is no other."""
    reach = timedelta(days=60)
    while reach <= FAR:
        for edition in plan_editions(campaign, start=start, until=now + reach):
            if edition.compose_at > now:
                return edition
        reach *= 2
    return None


def _after_embargo(
    named: Sequence[tuple[Slot, str]], embargo: datetime, schedule: Schedule
) -> list[tuple[Slot, str]]:
    later = [(slot, name) for slot, name in named if slot.due_at >= embargo]
    for slot, name in reversed(named):
        if slot.due_at < embargo:
            kept = wait_for(embargo, slot, schedule)
            return sorted([(kept, name), *later]) if isinstance(kept, Slot) else later
    return later
