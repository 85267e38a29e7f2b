"""Queue a campaign: lay its items on their dates, render them, and put them into the outbox.

Once per identity: queueing twice changes nothing. A changed file replaces
what is unsent and asks for the approval of just that; what was fenced is
never made again.

What a person moved by hand (`campaigner outbox move`) stays where they put
it, whatever else of it the file changes, as long as the file's own date for
it is the one that it had then. Another date in the file counts again.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import PurePosixPath

from sqlalchemy.orm import Session

from campaigner.core.approval import Pinned, content_hash
from campaigner.core.cadence import AccountSlots
from campaigner.core.campaign import Approval, Campaign, Missing
from campaigner.core.collisions import Appointment
from campaigner.core.countries import country_of
from campaigner.core.delivery import CURRENT, Hold, MessageState
from campaigner.core.difference import Change, Queued
from campaigner.core.message import Identity, Kind, Medium, key_of
from campaigner.core.queueing import SlotQueue
from campaigner.core.schedule import Scheduled, Start, plan_run
from campaigner.db import appointments, changes, messages, runs
from campaigner.db.engine import Sessions
from campaigner.db.models import Message, Run
from campaigner.db.queueing import Rows
from campaigner.db.standing import Standing, differs, find_standing
from campaigner.rendering.drafts import Desk, Draft, draft_post


def queue_campaign(
    sessions: Sessions,
    campaign: Campaign,
    desk: Desk,
    *,
    start: str | None,
    new_run: bool,
    by: str,
    now: datetime,
    dry_run: bool,
) -> Queued:
    """Queue `campaign`, or with `dry_run` only tell the difference.

    `start` is "now", a day (YYYY-MM-DD, in the campaign's zone) or None: the
    file's own, else from now on. It is fixed by the first queueing of a run.
    Raises UserError for another start of a run that has one.
    """
    with sessions() as session:
        messages.lock_campaign(session, campaign.id)
        run, first_time = runs.open_run(
            session, campaign, start=start, new_run=new_run, by=by, now=now
        )
        # Of all runs: what an earlier one still has to say is no longer scheduled.
        known = find_standing(session, campaigns=[campaign.id])
        plan = plan_run(
            campaign,
            run=run.name,
            start=Start(at=run.start_at, immediate=run.immediate),
            serves=desk.posting(campaign),
            queues=_slot_queues(session, campaign, desk, run, known, now=now),
        )
        writer = _Writer(campaign, desk, by=by, now=now)
        wanted = {scheduled.identity for scheduled in plan.scheduled}
        for scheduled in plan.scheduled:
            writer.put(scheduled, known.get(scheduled.identity))
        for identity, standing in known.items():
            if identity not in wanted:
                writer.cancel(identity, standing)
        if not dry_run:
            writer.write(session)
            changes.announce(session)
            session.commit()
        return Queued(
            run=run.name,
            start_at=run.start_at,
            first_time=first_time,
            changes=writer.changes,
            placeholders=plan.placeholders,
            undated=plan.undated,
            skipped=plan.skipped,
            collisions=appointments.collisions(
                session, _appointments(writer.changes), campaign=campaign.id, since=now
            ),
        )


def _slot_queues(
    session: Session,
    campaign: Campaign,
    desk: Desk,
    run: Run,
    known: Mapping[Identity, Standing],
    *,
    now: datetime,
) -> dict[str, SlotQueue]:
    """Return who holds which slot of each account, if the campaign posts in queue slots.

    From here to the commit no other campaign takes one of them. Raises
    UserError for an account without slots.
    """
    if not isinstance(campaign.schedule.cadence, AccountSlots):
        return {}
    empty = {name: desk.slots_of(name) for name in desk.posting(campaign)}
    appointments.lock_slots(session, list(empty))
    held = appointments.appointments(session, accounts=list(empty), since=now)
    return appointments.hold_slots(
        empty,
        campaign=campaign.id,
        run=run.name,
        held=held,
        known=known,
        since=run.start_at,
        now=now,
    )


def _appointments(changes: Iterable[Change]) -> set[Appointment]:
    return {
        Appointment(
            account=change.identity.account,
            at=change.due_at,
            campaign=change.identity.campaign,
            item=change.identity.item,
        )
        for change in changes
        if change.what not in ("canceled", "expired")
    }


class _Writer:
    """Collects the difference between what stands and what is wanted, then writes it at once."""

    def __init__(self, campaign: Campaign, desk: Desk, *, by: str, now: datetime) -> None:
        self.campaign = campaign
        self.desk = desk
        self.by = by
        self.now = now
        self.changes: list[Change] = []
        self._rows = Rows()

    def put(self, scheduled: Scheduled, standing: Standing | None) -> None:
        """Compare one wanted message with what stands, and note what is to be done."""
        identity = scheduled.identity
        if standing is not None and standing.fenced:
            self._rows.hold_back(standing, until=scheduled.embargo_until)
            self._note("sent", identity, standing.due_at, moved=standing.message.moved)
            return
        draft = draft_post(self.campaign, scheduled.item, identity, self.desk)
        if draft is None or (
            draft.hold is Hold.TRANSLATION and self.campaign.missing is Missing.SKIP
        ):
            if standing is not None:
                self.cancel(identity, standing)
            return
        message = self._message(scheduled, draft, version=1)
        if standing is None:
            self._add("new", message, draft)
            return
        before = standing.message
        self._keep_move(standing, message)
        due_at = self._rows.due_at(message)
        changed = differs(before, message)
        message.version = before.version + (before.state not in CURRENT or changed)
        message.key = key_of(identity, message.version)
        if before.state in CURRENT and not changed:
            self._rows.refresh(standing, moved=message.moved, country=self._country(message))
            self._note("unchanged", identity, due_at, draft, moved=message.moved)
        elif before.state is MessageState.EXPIRED and not changed:
            self._note("expired", identity, due_at, draft, moved=message.moved)
        else:
            if before.state in CURRENT:
                self._rows.replaced[before.id] = message
            same_content = before.text == message.text and before.media == message.media
            moved = same_content and before.due_at != message.due_at
            self._add("moved" if moved else "changed", message, draft)

    def _keep_move(self, standing: Standing, message: Message) -> None:
        """Leave what a person moved where they put it, unless the file's own date changed."""
        before = standing.message
        if (
            standing.moved_to is None
            or before.state not in CURRENT
            or before.due_at != message.due_at
        ):
            return
        embargo = message.embargo_until or standing.moved_to
        self._rows.moved_to[message] = max(standing.moved_to, embargo)
        message.moved = before.moved
        message.not_after = max(before.not_after, message.not_after)

    def cancel(self, identity: Identity, standing: Standing) -> None:
        """Note that an identity is no longer scheduled; what left, or is closed, stays."""
        if standing.message.state not in CURRENT or (standing.fenced and not standing.waiting):
            return
        self._rows.canceled.append(standing.message.id)
        self._note("canceled", identity, standing.due_at)

    def write(self, session: Session) -> None:
        """Apply the difference."""
        for message in self._rows.write(session, projects=self.campaign.projects):
            self._tell_sent(message)

    def _country(self, message: Message) -> str:
        own = self.desk.accounts[message.account].country
        return own or country_of(message.locale)

    def _tell_sent(self, message: Message) -> None:
        identity = messages.identity_of(message)
        self.changes = [
            replace(change, what="sent", note="", hold=None)
            if change.identity == identity
            else change
            for change in self.changes
        ]

    def _add(self, what: str, message: Message, draft: Draft) -> None:
        self._rows.added[message] = self._country(message)
        self._note(what, draft.identity, self._rows.due_at(message), draft, moved=message.moved)

    def _note(
        self,
        what: str,
        identity: Identity,
        due_at: datetime,
        draft: Draft | None = None,
        *,
        moved: str = "",
    ) -> None:
        self.changes.append(
            Change(
                what=what,
                identity=identity,
                due_at=due_at,
                note=draft.note if draft else "",
                hold=draft.hold if draft else None,
                moved=moved,
            )
        )

    def _message(self, scheduled: Scheduled, draft: Draft, *, version: int) -> Message:
        identity, slot = scheduled.identity, scheduled.slot
        day, at = slot.wall_clock(scheduled.zone)
        media = [self._medium(picture.file, picture.alt) for picture in draft.pictures]
        base = self.desk.base_of(identity.account)
        pinned = Pinned(
            account=identity.account,
            base=base,
            when=slot.in_words(scheduled.zone),
            text=draft.text,
            link=draft.link,
            language=draft.language,
            media=media,
        )
        return Message(
            key=key_of(identity, version),
            kind=Kind.POST,
            campaign=identity.campaign,
            run=identity.run,
            item=identity.item,
            repetition=identity.repetition,
            account=identity.account,
            locale=identity.locale,
            version=version,
            channel=draft.channel,
            state=MessageState.HELD,
            hold=draft.hold or Hold.APPROVAL,
            note=draft.note,
            day=day,
            wall_time=f"{at:%H:%M}",
            zone=scheduled.zone.key,
            due_at=slot.due_at,
            not_after=scheduled.not_after,
            moved=slot.moved,
            embargo_until=scheduled.embargo_until,
            text=draft.text,
            link=draft.link,
            language=draft.language,
            media=[{"sha256": m.sha256, "mime": m.mime, "alt": m.alt} for m in media],
            four_eyes=self.campaign.approval is Approval.FOUR_EYES,
            base=base,
            content_hash=content_hash(pinned),
            queued_by=self.by,
            queued_at=self.now,
        )

    def _medium(self, file: str, alt: str) -> Medium:
        mime, data = self.desk.read_picture(file)
        sha256 = hashlib.sha256(data).hexdigest()
        self._rows.media[sha256] = (mime, PurePosixPath(file).name, data)
        return Medium(sha256=sha256, mime=mime, alt=alt)
