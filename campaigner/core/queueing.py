"""Queue slots: what an account says next takes the next free time of its timetable."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from campaigner.core.cadence import Slot, Timetable
from campaigner.core.campaign import Item, Schedule
from campaigner.core.moving import stands
from campaigner.core.rotation import NEVER, Turn, Waiting, take_turns


@dataclass(frozen=True, kw_only=True)
class SlotQueue:
    """The slots of one account, and who holds which.

    `times` are wall-clock in `zone`. `taken` are the instants that other
    campaigns hold. `kept` are the slots that messages of this run have by
    (item, repetition, locale): they keep them. Leave out of it what is to
    take a new one. An item that is silent on `channel` takes none; empty:
    every item speaks.
    """

    times: Timetable
    zone: ZoneInfo
    taken: frozenset[datetime] = frozenset()
    kept: Mapping[tuple[str, int, str], Slot] = field(default_factory=dict)
    channel: str = ""

    def takes(self, item: Item) -> bool:
        """Whether an item is in line for these slots at all; one without a text yet may be."""
        return item.is_placeholder or not self.channel or item.text_on(self.channel) is not None

    def schedule(self, of: Schedule) -> Schedule:
        """Return a campaign's schedule as this account keeps it: its times, in its zone."""
        return replace(of, cadence=self.times, zone=self.zone)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One item in one locale, in line for a slot. `after` is its embargo."""

    item: Item
    locale: str
    after: datetime | None


def take_slots(
    queue: SlotQueue,
    entries: Sequence[Entry],
    dates: Iterable[Slot],
    *,
    schedule: Schedule,
) -> Iterator[Turn]:
    """Yield the slots of `entries`: those that they have, then the next free ones, in order.

    `schedule` is the account's own. A slot that is no longer within it, or no
    longer after the embargo, is not kept. No instant is used twice.
    """
    kept = [list(_kept(queue, entry, schedule)) for entry in entries]
    for number, slots in enumerate(kept):
        for repetition, slot in enumerate(slots):
            yield Turn(number=number, repetition=repetition, slot=slot)
    waiting = [
        Waiting(after=entry.after, turns=len(slots), last=slots[-1].due_at if slots else NEVER)
        for entry, slots in zip(entries, kept, strict=True)
    ]
    taken = queue.taken.union(slot.due_at for slots in kept for slot in slots)
    free = _free(dates, taken)
    if (rotation := schedule.rotation) is None:
        yield from take_turns(waiting, free)
    else:
        yield from take_turns(waiting, free, gap=rotation.gap, times=rotation.times)


def _kept(queue: SlotQueue, entry: Entry, schedule: Schedule) -> Iterator[Slot]:
    repetition = 0
    while (slot := queue.kept.get((entry.item.id, repetition, entry.locale))) is not None:
        if (entry.after and slot.due_at < entry.after) or not stands(slot, schedule):
            return
        yield slot
        repetition += 1


def _free(dates: Iterable[Slot], taken: frozenset[datetime]) -> Iterator[Slot]:
    used = set(taken)
    for slot in dates:
        if slot.due_at not in used:
            used.add(slot.due_at)
            yield slot
