"""What goes out when: a campaign's items laid on the dates of its cadence.

Pure: the same campaign, run and accounts give the same schedule, whenever asked.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from campaigner.core.cadence import AccountSlots, Event, OnDates, Slot, instant_of, slot_of
from campaigner.core.campaign import Campaign, Item, Schedule
from campaigner.core.message import Identity
from campaigner.core.moving import Skipped, upcoming, wait_for
from campaigner.core.queueing import Entry, SlotQueue, take_slots
from campaigner.core.rotation import Turn, Waiting, take_turns
from campaigner.errors import UserError

A_MOMENT = timedelta(microseconds=1)
FAR = timedelta(days=366 * 30)  # past this an unfinished schedule is not going to be finished
A_YEAR = timedelta(days=365)  # how long items rotate at most
NOW = "now"
NO_QUEUES: Mapping[str, SlotQueue] = {}


@dataclass(frozen=True, kw_only=True)
class Start:
    """When a run begins. `immediate`: its first item goes out at that very instant."""

    at: datetime
    immediate: bool = False

    @property
    def after(self) -> datetime:
        """The instant after which (not at it) the dates of the cadence count."""
        return self.at if self.immediate else self.at - A_MOMENT

    def day(self, zone: ZoneInfo) -> date:
        """Return the run's first day, from which "every so many" may be counted."""
        return self.at.astimezone(zone).date()


@dataclass(frozen=True, kw_only=True)
class Scheduled:
    """One item due on one account in one locale.

    `zone` is that of the slot's wall-clock: the schedule's, or for queue slots
    the account's. `embargo_until` is the later one of item and campaign.
    """

    identity: Identity
    item: Item
    slot: Slot
    zone: ZoneInfo
    not_after: datetime
    embargo_until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class PlannedPlaceholder:
    """An item without a text yet, on the date that is kept for it.

    `account` is set for queue slots, where each account has dates of its own.
    """

    item: Item
    slot: Slot
    zone: ZoneInfo
    repetition: int = 0
    account: str = ""


@dataclass(frozen=True, kw_only=True)
class Undated:
    """An item that has no date, and why. `account` is set for queue slots."""

    item: Item
    why: str
    account: str = ""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A run laid on its dates. All in order of due time; `undated` in order of the file."""

    scheduled: tuple[Scheduled, ...] = ()
    placeholders: tuple[PlannedPlaceholder, ...] = ()
    undated: tuple[Undated, ...] = ()
    skipped: tuple[Skipped, ...] = ()


def plan_run(
    campaign: Campaign,
    *,
    run: str,
    start: Start,
    serves: Mapping[str, Sequence[str]],
    queues: Mapping[str, SlotQueue] = NO_QUEUES,
) -> Plan:
    """Lay the items of a run on their dates.

    Items take the dates of the cadence in their order, one each; with a
    rotation again and again; with queue slots, each account's own (`queues` by
    account), one per locale. `serves` maps the campaign's accounts to their
    locales; a pair that both the campaign and the account know becomes a
    message. An item without a text takes its dates like the others.
    """
    pairs = [
        (account, locale)
        for account in campaign.accounts
        if account in serves
        for locale in campaign.locales
        if locale in serves[account]
    ]
    laid = _Laid(campaign, run=run, start=start)
    if isinstance(campaign.schedule.cadence, AccountSlots):
        for account in dict.fromkeys(account for account, _ in pairs):
            locales = [locale for name, locale in pairs if name == account]
            laid.on_slots(account, queues.get(account), locales)
    else:
        laid.on_dates(pairs)
    return laid.plan()


class _Laid:
    """Collects what a run says when, what has no date, and which dates are skipped."""

    def __init__(self, campaign: Campaign, *, run: str, start: Start) -> None:
        self.campaign = campaign
        self.run = run
        self.start = start
        self.embargoes = [_later(campaign.embargo_until, item) for item in campaign.items]
        self._scheduled: list[Scheduled] = []
        self._placeholders: list[PlannedPlaceholder] = []
        self._undated: list[Undated] = []
        self._skipped: list[Skipped] = []

    def plan(self) -> Plan:
        return Plan(
            scheduled=tuple(sorted(self._scheduled, key=lambda each: each.slot.due_at)),
            placeholders=tuple(sorted(self._placeholders, key=lambda each: each.slot.due_at)),
            undated=tuple(self._undated),
            skipped=tuple(sorted(dict.fromkeys(self._skipped), key=lambda each: each.slot)),
        )

    def on_dates(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Lay the items on the dates that all accounts share."""
        schedule, items = self.campaign.schedule, self.campaign.items
        dates = self._dates(schedule)
        if schedule.rotation is None:
            turns = self._once(dates)
        else:
            turns = take_turns(
                [Waiting(after=embargo) for embargo in self.embargoes],
                dates,
                gap=schedule.rotation.gap,
                times=schedule.rotation.times,
            )
        dated = set[int]()
        for turn in turns:
            dated.add(turn.number)
            if items[turn.number].is_placeholder:
                self._hold_place(turn, items[turn.number], schedule.zone)
                continue
            for account, locale in pairs:
                self._say(turn, turn.number, account, locale, schedule.zone)
        told = {undated.item.id for undated in self._undated}
        self._undated += [
            Undated(item=item, why=_why_undated(schedule))
            for number, item in enumerate(items)
            if number not in dated and item.id not in told
        ]

    def on_slots(self, account: str, queue: SlotQueue | None, locales: Sequence[str]) -> None:
        """Lay the items on the free slots of one account."""
        items = self.campaign.items
        if queue is None:
            why = f"account {account} has no slots: give it `slots` in campaigner.toml"
            self._undated += [Undated(item=item, why=why, account=account) for item in items]
            return
        entries = [
            (number, Entry(item=item, locale=locale, after=self.embargoes[number]))
            for number, item in enumerate(items)
            for locale in (locales if queue.takes(item) else ())
        ]
        schedule = queue.schedule(self.campaign.schedule)
        turns = take_slots(
            queue, [entry for _, entry in entries], self._dates(schedule), schedule=schedule
        )
        dated, placed = set[str](), set[tuple[str, int]]()
        for turn in turns:
            number, entry = entries[turn.number]
            dated.add(entry.item.id)
            if not entry.item.is_placeholder:
                self._say(turn, number, account, entry.locale, queue.zone)
            elif (entry.item.id, turn.repetition) not in placed:
                placed.add((entry.item.id, turn.repetition))
                self._hold_place(turn, entry.item, queue.zone, account=account)
        self._undated += [
            Undated(item=item, why=f"no slot of account {account} is left for it", account=account)
            for item in items
            if queue.takes(item) and item.id not in dated
        ]

    def _once(self, dates: Iterator[Slot]) -> Iterator[Turn]:
        """Yield a date for each item, as the embargoes leave them."""
        for number, (item, slot) in enumerate(zip(self.campaign.items, dates, strict=False)):
            match wait_for(self.embargoes[number], slot, self.campaign.schedule):
                case Slot() as kept:
                    yield Turn(number=number, repetition=0, slot=kept)
                case Skipped(reason=reason):
                    self._undated.append(Undated(item=item, why=reason))

    def _dates(self, schedule: Schedule) -> Iterator[Slot]:
        """Yield the dates of the run, noting those that are skipped on the way."""
        at, zone = self.start.at, schedule.zone
        if self.start.immediate:
            yield slot_of(at, zone)
        dates = upcoming(
            schedule,
            begin=self.start.after,
            until=at + (A_YEAR if schedule.rotation else FAR),
            anchor=self.start.day(zone),
        )
        for each in dates:
            if isinstance(each, Slot):
                yield each
            else:
                self._skipped.append(each)

    def _say(self, turn: Turn, number: int, account: str, locale: str, zone: ZoneInfo) -> None:
        item = self.campaign.items[number]
        self._scheduled.append(
            Scheduled(
                identity=Identity(
                    campaign=self.campaign.id,
                    run=self.run,
                    item=item.id,
                    repetition=turn.repetition,
                    account=account,
                    locale=locale,
                ),
                item=item,
                slot=turn.slot,
                zone=zone,
                not_after=turn.slot.due_at + self.campaign.not_after,
                embargo_until=self.embargoes[number],
            )
        )

    def _hold_place(self, turn: Turn, item: Item, zone: ZoneInfo, *, account: str = "") -> None:
        self._placeholders.append(
            PlannedPlaceholder(
                item=item,
                slot=turn.slot,
                zone=zone,
                repetition=turn.repetition,
                account=account,
            )
        )


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


def _later(embargo: datetime | None, item: Item) -> datetime | None:
    if embargo is None or item.embargo_until is None:
        return embargo or item.embargo_until
    return max(embargo, item.embargo_until)


def _why_undated(schedule: Schedule) -> str:
    match schedule.cadence:
        case OnDates():
            why = "the dates of the schedule are used up"
        case Event(name=name):
            why = f"the dates around {name} are used up"
        case _ if schedule.last_day:
            why = f"the schedule has no date left for it until its end, {schedule.last_day}"
        case _:
            why = "the schedule has no date for it"
    return why
