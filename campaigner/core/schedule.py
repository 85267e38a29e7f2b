"""What goes out when: a campaign's items laid on the dates of its cadence.

Pure: the same campaign, run and accounts give the same schedule, whenever asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from campaigner.core.cadence import Slot, instant_of, plan_slots
from campaigner.core.campaign import Campaign, Item, Schedule
from campaigner.core.message import Identity
from campaigner.errors import UserError

A_MOMENT = timedelta(microseconds=1)
FAR = timedelta(days=366 * 30)  # past this an unfinished schedule is not going to be finished
NOW = "now"
START_SLOT = "start"  # the slot of an edition that goes out when the run starts


@dataclass(frozen=True, kw_only=True)
class Start:
    """When a run begins. `immediate`: its first item goes out at that very instant."""

    at: datetime
    immediate: bool = False


@dataclass(frozen=True, kw_only=True)
class Scheduled:
    """One item due on one account in one locale."""

    identity: Identity
    item: Item
    slot: Slot
    not_after: datetime


@dataclass(frozen=True, kw_only=True)
class ScheduledEdition:
    """An edition due on a nominal day. `name` tells two editions of one day apart."""

    slot: Slot
    name: str
    compose_at: datetime
    not_after: datetime


def plan_run(
    campaign: Campaign, *, run: str, start: Start, serves: Mapping[str, Sequence[str]]
) -> list[Scheduled]:
    """Return every message of a run in order of due time, then of account and locale.

    Items take the dates of the cadence in their order, one each. `serves` maps
    the campaign's accounts to their locales; a pair that both the campaign and
    the account know becomes a message. Items left without a date (a list of
    dates that is too short, an end day) are not in the result.
    """
    slots = item_slots(campaign.schedule, start, count=len(campaign.items))
    planned = [
        Scheduled(
            identity=Identity(
                campaign=campaign.id,
                run=run,
                item=item.id,
                repetition=0,
                account=account,
                locale=locale,
            ),
            item=item,
            slot=slot,
            not_after=slot.due_at + campaign.not_after,
        )
        for item, slot in zip(campaign.items, slots, strict=False)
        for account in campaign.accounts
        if account in serves
        for locale in campaign.locales
        if locale in serves[account]
    ]
    return sorted(planned, key=lambda scheduled: (scheduled.slot.due_at,))


def start_of(campaign: Campaign, start: str | None, *, now: datetime) -> Start:
    """Return the start that a person named.

    Raises UserError for one that is neither "now" nor a day.
    """
    if start == NOW:
        return Start(at=now, immediate=True)
    if start is None:
        return Start(at=now)
    try:
        day = datetime.strptime(start, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        raise UserError(f"'{start}' is no start. Write --start now or --start 2026-12-01") from None
    return Start(at=instant_of(day, time(0), campaign.schedule.zone))


def item_slots(schedule: Schedule, start: Start, *, count: int) -> list[Slot]:
    """Return up to `count` dates from the start on, earliest first."""
    first = [slot_of(start.at, schedule.zone)] if start.immediate else []
    after = start.at if start.immediate else start.at - A_MOMENT
    reach = timedelta(days=60)
    while True:
        slots = first + _slots(schedule, after=after, until=start.at + reach)
        if len(slots) >= count or reach > FAR:
            return slots[:count]
        reach *= 2


def plan_editions(campaign: Campaign, *, start: Start, until: datetime) -> list[ScheduledEdition]:
    """Return the editions of a digest that have to be composed by `until`, earliest first."""
    if campaign.digest is None:
        return []
    lead = campaign.digest.compose_before
    after = start.at if start.immediate else start.at - A_MOMENT
    named = [
        (slot, f"{slot.at:%H%M}")
        for slot in _slots(campaign.schedule, after=after, until=until + lead)
    ]
    if start.immediate and start.at <= until:
        named.insert(0, (slot_of(start.at, campaign.schedule.zone), START_SLOT))
    return [
        ScheduledEdition(
            slot=slot,
            name=name,
            compose_at=slot.due_at - lead,
            not_after=slot.due_at + campaign.not_after,
        )
        for slot, name in named
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


def slot_of(instant: datetime, zone: ZoneInfo) -> Slot:
    """Return an instant as a date of its own, on the day and minute that a clock there shows."""
    local = instant.astimezone(zone)
    return Slot(due_at=instant, day=local.date(), at=local.time().replace(second=0, microsecond=0))


def _slots(schedule: Schedule, *, after: datetime, until: datetime) -> list[Slot]:
    return plan_slots(
        schedule.cadence,
        schedule.zone,
        after=after,
        until=until,
        first_day=schedule.first_day,
        last_day=schedule.last_day,
    )
