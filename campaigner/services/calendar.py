"""The calendar: what went and goes out when, and what is still to be written for which date."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, case, literal, select
from sqlalchemy.orm import Session

from campaigner.core.cadence import AccountSlots, Slot
from campaigner.core.campaign import Campaign
from campaigner.core.collisions import Appointment, find_collisions
from campaigner.core.delivery import CURRENT, UNSENT, MessageState, State
from campaigner.core.difference import is_overdue
from campaigner.core.editions import plan_editions
from campaigner.core.message import Identity, Kind, key_of_text
from campaigner.core.queueing import SlotQueue
from campaigner.core.schedule import Plan, PlannedPlaceholder, Start, plan_run
from campaigner.db import appointments, runs
from campaigner.db.engine import Sessions
from campaigner.db.models import Broadcast, Delivery, Message, Run, is_post
from campaigner.db.standing import Standing, find_standing
from campaigner.rendering.drafts import Desk

SHOWN = [state for state in State if state not in (State.CANCELED, State.SUPPRESSED)]


class What(StrEnum):
    """What an entry is."""

    POST = "post"
    MAIL = "mail"
    EDITION = "edition"  # of a digest or a newsletter, not composed yet
    PLACEHOLDER = "placeholder"  # its text is still to be written
    SKIPPED = "skipped"  # a date that does not exist this time


@dataclass(frozen=True, kw_only=True)
class Day:
    """What one item does on one account at one time, in all its languages.

    `mails` is 0 for posts. `state` is None for what is in no outbox yet.
    `moved` is why its time is not the schedule's own; of a skipped date, why
    it is. A placeholder has a `title`, and perhaps an `owner` and until when
    (`due`) they write it; `overdue` if that has passed. `near` are what other
    campaigns say on the account at nearly the same time.
    """

    what: What
    due_at: datetime
    day: date
    campaign: str
    item: str = ""
    account: str = ""
    locales: Sequence[str] = ()
    state: State | None = None
    mails: int = 0
    moved: str = ""
    title: str = ""
    owner: str = ""
    due: date | None = None
    overdue: bool = False
    near: Sequence[Appointment] = ()
    run: str = ""
    repetition: int = 0

    @property
    def uid(self) -> str:
        """A name that it keeps, wherever it is moved, and that no other entry has."""
        parts = (self.campaign, self.run, self.item, str(self.repetition), self.account)
        return key_of_text("/".join((*parts, *sorted(self.locales))))


def month_ahead(
    sessions: Sessions,
    desk: Desk,
    *,
    since: datetime,
    until: datetime,
    campaign: str | None = None,
    campaigns: Sequence[Campaign] = (),
    skipped: bool = False,
    now: datetime,
) -> list[Day]:
    """Return the entries whose scheduled time is in the span, in its order.

    From the files, `campaigns`, come the editions of queued campaigns that are
    not composed yet, the placeholders, and with `skipped` the dates that
    holidays and quiet times take away. A campaign that was never queued is
    laid out as if it began `now`. A few queries, whatever the number of entries.
    """
    with sessions() as session:
        entries = _in_outbox(session, since=since, until=until)
        begun = runs.runs(session)
        plans = list(_plans(session, campaigns, begun, desk, skipped=skipped, now=now))
    composed = {(entry.campaign, entry.due_at) for entry in entries if entry.what is What.MAIL}
    entries += [
        edition
        for one in campaigns
        if one.has_editions and one.id in begun
        for edition in _editions(one, begun[one.id], until=until)
        if (edition.campaign, edition.due_at) not in composed
    ]
    for one, plan in plans:
        entries += [_placeholder(one, kept, now=now) for kept in plan.placeholders]
        if skipped:
            entries += [_skipped(one, each.slot, each.reason) for each in plan.skipped]
    entries = [entry for entry in entries if since <= entry.due_at <= until]
    return [
        entry
        for entry in sorted(_marked(entries), key=lambda entry: (entry.due_at, entry.campaign))
        if campaign in (None, entry.campaign)
    ]


def _in_outbox(session: Session, *, since: datetime, until: datetime) -> list[Day]:
    """Return what is in the outbox: posts by their rows, editions by their messages."""
    posts = (
        select(*_COLUMNS, Delivery.scheduled_at, Delivery.state, literal(0))
        .join(Message, Message.id == Delivery.message_id)
        .where(
            is_post(),
            Delivery.scheduled_at >= since,
            Delivery.scheduled_at <= until,
            Delivery.state.in_(SHOWN),
        )
        .order_by(Message.locale)
    )
    mails = (
        select(*_COLUMNS, Message.due_at, _edition_state(), Broadcast.recipients)
        .join(Broadcast, Broadcast.message_id == Message.id)
        .where(Message.due_at >= since, Message.due_at <= until)
        .order_by(Message.locale)
    )
    days: dict[tuple[object, ...], Day] = {}
    for row in (*session.execute(posts), *session.execute(mails)):
        day, name, run, item, repetition, account, locale, kind, moved, due_at, word, readers = row
        state = State(word)
        if state not in SHOWN:
            continue
        key = (due_at, name, run, item, repetition, account, state)
        before = days.get(key)
        days[key] = Day(
            what=What.MAIL if kind is Kind.MAIL else What.POST,
            due_at=due_at,
            day=day,
            campaign=name,
            run=run,
            item=item,
            repetition=repetition,
            account=account,
            locales=(*(before.locales if before else ()), locale),
            state=state,
            mails=readers + (before.mails if before else 0),
            moved=moved,
        )
    return sorted(days.values(), key=lambda each: (each.due_at, each.campaign, each.account))


_COLUMNS = (
    Message.day,
    Message.campaign,
    Message.run,
    Message.item,
    Message.repetition,
    Message.account,
    Message.locale,
    Message.kind,
    Message.moved,
)


def _edition_state() -> ColumnElement[str]:
    """Return how an edition stands as a whole: none of its mails is looked at."""
    return case(
        (Message.state == MessageState.EXPIRED, State.EXPIRED.value),
        (Message.state.not_in(CURRENT), State.CANCELED.value),
        (Broadcast.ended_at.is_not(None), State.SENT.value),
        (Message.state == MessageState.HELD, State.HELD.value),
        (Broadcast.started_at.is_not(None), State.SENDING.value),
        else_=State.QUEUED.value,
    )


def _editions(campaign: Campaign, run: Run, *, until: datetime) -> Iterator[Day]:
    start = Start(at=run.start_at, immediate=run.immediate)
    for edition in plan_editions(campaign, start=start, until=until):
        for account in campaign.accounts:
            yield Day(
                what=What.EDITION,
                due_at=edition.slot.due_at,
                day=edition.slot.wall_clock(campaign.schedule.zone)[0],
                campaign=campaign.id,
                run=edition.slot.day.isoformat(),
                item=edition.name,
                account=account,
                locales=campaign.locales,
                moved=edition.slot.moved,
            )


def _plans(
    session: Session,
    campaigns: Iterable[Campaign],
    begun: Mapping[str, Run],
    desk: Desk,
    *,
    skipped: bool,
    now: datetime,
) -> Iterator[tuple[Campaign, Plan]]:
    """Yield what the files plan, of the campaigns of which more is shown than the outbox knows."""
    shown = [
        one
        for one in campaigns
        if not one.has_editions and (skipped or any(item.is_placeholder for item in one.items))
    ]
    on_slots = [one for one in shown if isinstance(one.schedule.cadence, AccountSlots)]
    queues = {name: desk.slots_of(name) for one in on_slots for name in desk.posting(one)}
    held, known = list[Appointment](), dict[Identity, Standing]()
    if on_slots:
        held = appointments.appointments(session, accounts=list(queues), since=now)
        known = find_standing(session, campaigns=[one.id for one in on_slots])
    for one in shown:
        run = begun.get(one.id)
        start = Start(at=run.start_at, immediate=run.immediate) if run else Start(at=now)
        name = run.name if run else ""
        filled = dict[str, SlotQueue]()
        if isinstance(one.schedule.cadence, AccountSlots):
            filled = appointments.hold_slots(
                {account: queues[account] for account in desk.posting(one)},
                campaign=one.id,
                run=name,
                held=held,
                known=known,
                since=start.at,
                now=now,
            )
        yield one, plan_run(one, run=name, start=start, serves=desk.posting(one), queues=filled)


def _placeholder(campaign: Campaign, kept: PlannedPlaceholder, *, now: datetime) -> Day:
    item = kept.item
    return Day(
        what=What.PLACEHOLDER,
        due_at=kept.slot.due_at,
        day=kept.slot.wall_clock(kept.zone)[0],
        campaign=campaign.id,
        item=item.id,
        repetition=kept.repetition,
        account=kept.account,
        locales=campaign.locales,
        moved=kept.slot.moved,
        title=item.title,
        owner=item.owner,
        due=item.due,
        overdue=is_overdue(kept, now=now),
    )


def _skipped(campaign: Campaign, slot: Slot, reason: str) -> Day:
    return Day(
        what=What.SKIPPED, due_at=slot.due_at, day=slot.day, campaign=campaign.id, moved=reason
    )


def _marked(entries: Collection[Day]) -> list[Day]:
    """Return the entries, each with what other campaigns say too close to it."""
    near: dict[Appointment, list[Appointment]] = {}
    to_come = [entry for entry in entries if entry.state is None or entry.state in UNSENT]
    for collision in find_collisions(_appointment(entry) for entry in to_come if entry.account):
        near.setdefault(collision.first, []).append(collision.second)
        near.setdefault(collision.second, []).append(collision.first)
    return [replace(entry, near=tuple(near.get(_appointment(entry), ()))) for entry in entries]


def _appointment(entry: Day) -> Appointment:
    return Appointment(
        account=entry.account, at=entry.due_at, campaign=entry.campaign, item=entry.item
    )
