"""Queue a campaign: lay its items on their dates, render them, and put them into the outbox.

Once per identity: queueing twice changes nothing. A changed file replaces
what is unsent and asks for the approval of just that; what was fenced is
never made again.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import PurePosixPath

from sqlalchemy.orm import Session

from campaigner.core.approval import Pinned, content_hash
from campaigner.core.campaign import Approval, Campaign, Missing
from campaigner.core.delivery import CURRENT, Hold, MessageState, State
from campaigner.core.difference import Change, Queued
from campaigner.core.message import Identity, Kind, Medium, key_of
from campaigner.core.schedule import Scheduled, Start, plan_run
from campaigner.db import changes, messages, runs
from campaigner.db.engine import Sessions
from campaigner.db.messages import Standing
from campaigner.db.models import Delivery, Message
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
        begin = Start(at=run.start_at, immediate=run.immediate)
        planned = plan_run(campaign, run=run.name, start=begin, serves=posting(campaign, desk))
        # Of all runs: what an earlier one still has to say is no longer scheduled.
        known = messages.standing(session, campaign=campaign.id)
        writer = _Writer(campaign, desk, by=by, now=now)
        wanted = {scheduled.identity for scheduled in planned}
        for scheduled in planned:
            writer.put(scheduled, known.get(scheduled.identity))
        for identity, standing in known.items():
            if identity not in wanted:
                writer.cancel(identity, standing)
        if not dry_run:
            writer.write(session)
            changes.announce(session)
            session.commit()
        placed = {scheduled.item.id for scheduled in planned}
        return Queued(
            run=run.name,
            start_at=run.start_at,
            first_time=first_time,
            changes=writer.changes,
            unscheduled=[item.id for item in campaign.items if item.id not in placed],
        )


def posting(campaign: Campaign, desk: Desk) -> dict[str, Sequence[str]]:
    """Return the campaign's accounts that take posts, with the locales that they serve."""
    return {
        name: desk.accounts[name].locales
        for name in campaign.accounts
        if desk.accounts[name].channel != "email"
    }


class _Writer:
    """Collects the difference between what stands and what is wanted, then writes it at once."""

    def __init__(self, campaign: Campaign, desk: Desk, *, by: str, now: datetime) -> None:
        self.campaign = campaign
        self.desk = desk
        self.by = by
        self.now = now
        self.changes: list[Change] = []
        self._new: list[Message] = []
        self._media: dict[str, tuple[str, str, bytes]] = {}
        self._replaced: dict[int, Message] = {}
        self._canceled: list[int] = []

    def put(self, scheduled: Scheduled, standing: Standing | None) -> None:
        """Compare one wanted message with what stands, and note what is to be done."""
        identity, due_at = scheduled.identity, scheduled.slot.due_at
        if standing is not None and standing.fenced:
            self._note("sent", identity, standing.message.due_at)
            return
        settings = self.desk.accounts[identity.account]
        draft = draft_post(
            self.campaign,
            scheduled.item,
            identity,
            channel=settings.channel,
            limit=settings.length_limit,
            catalogs=self.desk.catalogs,
            environment=self.desk.environment,
        )
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
        message.version = before.version + (
            before.state not in CURRENT or _differs(before, message)
        )
        message.key = key_of(identity, message.version)
        if before.state in CURRENT and not _differs(before, message):
            self._note("unchanged", identity, due_at, draft)
        elif before.state is MessageState.EXPIRED and not _differs(before, message):
            self._note("expired", identity, due_at, draft)
        else:
            if before.state in CURRENT:
                self._replaced[before.id] = message
            same_content = before.text == message.text and before.media == message.media
            moved = same_content and before.due_at != message.due_at
            self._add("moved" if moved else "changed", message, draft)

    def cancel(self, identity: Identity, standing: Standing) -> None:
        """Note that an identity is no longer scheduled; what left, or is closed, stays."""
        if standing.message.state not in CURRENT or (standing.fenced and not standing.waiting):
            return
        self._canceled.append(standing.message.id)
        self._note("canceled", identity, standing.message.due_at)

    def write(self, session: Session) -> None:
        """Apply the difference."""
        left = messages.close_messages(
            session, self._replaced, state=MessageState.REPLACED, note="replaced by a newer version"
        )
        for id in left:  # between our look and now; its identity is never made again
            self._new.remove(self._replaced[id])
            self._tell_sent(self._replaced[id])
        messages.close_messages(
            session,
            self._canceled,
            state=MessageState.CANCELED,
            note="no longer in the schedule",
            tried_too=True,
        )
        messages.add_media(session, self._media)
        messages.add_messages(session, self._new, projects=self.campaign.projects)
        session.add_all(
            Delivery(
                message_id=message.id,
                account=message.account,
                state=State.HELD,
                hold=message.hold,
                note=message.note,
                scheduled_at=message.due_at,
                due_at=message.due_at,
            )
            for message in self._new
        )

    def _tell_sent(self, message: Message) -> None:
        identity = messages.identity_of(message)
        self.changes = [
            replace(change, what="sent", note="", hold=None)
            if change.identity == identity
            else change
            for change in self.changes
        ]

    def _add(self, what: str, message: Message, draft: Draft) -> None:
        self._new.append(message)
        self._note(what, draft.identity, message.due_at, draft)

    def _note(
        self, what: str, identity: Identity, due_at: datetime, draft: Draft | None = None
    ) -> None:
        self.changes.append(
            Change(
                what=what,
                identity=identity,
                due_at=due_at,
                note=draft.note if draft else "",
                hold=draft.hold if draft else None,
            )
        )

    def _message(self, scheduled: Scheduled, draft: Draft, *, version: int) -> Message:
        identity, slot = scheduled.identity, scheduled.slot
        media = [self._medium(picture.file, picture.alt) for picture in draft.pictures]
        base = self.desk.base_of(identity.account)
        pinned = Pinned(
            account=identity.account,
            base=base,
            when=slot.in_words(self.campaign.schedule.zone),
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
            day=slot.day,
            wall_time=f"{slot.at:%H:%M}",
            zone=self.campaign.schedule.zone.key,
            due_at=slot.due_at,
            not_after=scheduled.not_after,
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
        self._media[sha256] = (mime, PurePosixPath(file).name, data)
        return Medium(sha256=sha256, mime=mime, alt=alt)


def _differs(before: Message, wanted: Message) -> bool:
    """Whether a person would have to look at it again, or its last date moved.

    A yes that two people gave stays good where one would do now; not the other way round.
    """
    approved = before.state is MessageState.APPROVED
    return (
        (wanted.four_eyes and not before.four_eyes)
        or (before.four_eyes and not wanted.four_eyes and not approved)
        or before.content_hash != wanted.content_hash
        or before.not_after != wanted.not_after
        or (before.hold or Hold.APPROVAL) != (wanted.hold or Hold.APPROVAL)
        or before.note != wanted.note
    )
