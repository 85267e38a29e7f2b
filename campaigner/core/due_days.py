"""On which day each item of a campaign is said, as far as that is fixed."""

from collections.abc import Mapping, Sequence
from datetime import date, time

from campaigner.core.cadence import ONE_DAY, AccountSlots, Event, OnDates, instant_of
from campaigner.core.campaign import Campaign
from campaigner.core.schedule import Start, plan_run


def due_days(
    campaign: Campaign,
    start: Start | None,
    *,
    serves: Mapping[str, Sequence[str]],
) -> Mapping[str, date]:
    """Return the first day of each item, in the schedule's zone.

    `start` is that of the run; without one only a file that fixes its dates
    itself has days: by a start, a list of dates, an event. Queue slots depend
    on what others hold: they fix nothing. `serves` as for `plan_run`.
    """
    begin = start or fixed_start(campaign)
    by_slots = isinstance(campaign.schedule.cadence, AccountSlots)
    if begin is None or by_slots or campaign.has_editions:
        return {}
    plan = plan_run(campaign, run="", start=begin, serves=serves)
    days: dict[str, date] = {}
    dated = [(each.item.id, each.slot, each.zone) for each in plan.scheduled]
    dated += [(each.item.id, each.slot, each.zone) for each in plan.placeholders]
    for item, slot, zone in dated:
        day = slot.due_at.astimezone(zone).date()
        days[item] = min(day, days.get(item, day))
    return days


def fixed_start(campaign: Campaign) -> Start | None:
    """Return the start that the file itself fixes; None: it begins when it is queued."""
    schedule = campaign.schedule
    match schedule.cadence:
        case _ if schedule.first_day:
            first = schedule.first_day
        case OnDates(dates=dates) if dates:
            first = min(day for day, _ in dates)
        case Event(day=day, offsets=offsets):
            first = min((day + ONE_DAY * one.days + one.elapsed for one in offsets), default=day)
            first -= ONE_DAY  # hours before the event may reach into the day before
        case _:
            return None
    return Start(at=instant_of(first, time(0), schedule.zone))
