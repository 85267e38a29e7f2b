"""Compose editions: freeze the data, render the blocks in every language, ask for approval.

An edition is composed its lead before its date, once; `queue` composes one
that nobody was sent yet anew.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from campaigner.core.approval import Pinned, content_hash
from campaigner.core.campaign import Approval, Campaign, Missing
from campaigner.core.countries import country_of
from campaigner.core.delivery import CURRENT, Hold, MessageState
from campaigner.core.difference import Change, Queued
from campaigner.core.digest import EditionData, assemble
from campaigner.core.editions import ScheduledEdition, next_edition, plan_editions
from campaigner.core.locales import bcp47, nearest
from campaigner.core.message import Identity, Kind, key_of
from campaigner.core.schedule import Start
from campaigner.db import changes, editions, messages, processes, runs
from campaigner.db.engine import Sessions
from campaigner.db.models import Message
from campaigner.db.standing import Standing, find_standing
from campaigner.rendering.drafts import Desk
from campaigner.rendering.editions import RenderedEdition, render_edition
from campaigner.rendering.posts import NotRendered


def queue_digest(
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
    """Fix the digest's start, and compose what has to be composed by now.

    With `dry_run` nothing is written; the difference is told all the same.
    """
    with sessions() as session:
        messages.lock_campaign(session, campaign.id)
        run, first_time = runs.open_run(
            session, campaign, start=start, new_run=new_run, by=by, now=now
        )
        begin = Start(at=run.start_at, immediate=run.immediate)
        composer = _Composer(session, campaign, desk, by=by, now=now)
        done = composer.compose(plan_editions(campaign, start=begin, until=now), anew=True)
        if not dry_run:
            changes.announce(session)
            session.commit()
        return Queued(
            run=run.name,
            start_at=run.start_at,
            first_time=first_time,
            changes=done,
            next_edition=next_edition(campaign, start=begin, now=now),
        )


def compose_due(
    sessions: Sessions, campaigns: Iterable[Campaign], desk: Desk, *, by: str, now: datetime
) -> int:
    """Compose the editions whose time to be composed has come; return how many messages."""
    made = 0
    with sessions() as session:
        queued = runs.runs(session)
        for campaign in campaigns:
            run = queued.get(campaign.id)
            if campaign.digest is None or run is None:
                continue
            messages.lock_campaign(session, campaign.id)
            begin = Start(at=run.start_at, immediate=run.immediate)
            composer = _Composer(session, campaign, desk, by=by, now=now)
            made += len(
                composer.compose(plan_editions(campaign, start=begin, until=now), anew=False)
            )
        if made:
            changes.announce(session)
        session.commit()
    return made


@dataclass(frozen=True, kw_only=True)
class _Part:
    """One account's share of an edition in one locale, and the readers' locales that get it."""

    identity: Identity
    zones: tuple[str, ...]
    reader_locales: tuple[str, ...]
    readers: int


class _Composer:
    """Composes editions of one campaign within one transaction."""

    def __init__(
        self, session: Session, campaign: Campaign, desk: Desk, *, by: str, now: datetime
    ) -> None:
        self.session = session
        self.campaign = campaign
        self.desk = desk
        self.by = by
        self.now = now

    def compose(self, planned: Iterable[ScheduledEdition], *, anew: bool) -> list[Change]:
        """Compose each edition that is not over and not composed; with `anew`, not yet sent."""
        done: list[Change] = []
        for edition in planned:
            if edition.not_after <= self.now or edition.compose_at > self.now:
                continue
            known = editions.find_edition(
                self.session,
                campaign=self.campaign.id,
                day=edition.slot.day,
                slot=edition.name,
            )
            if known is None or anew:
                done += self._edition(edition)
        return done

    def _edition(self, edition: ScheduledEdition) -> list[Change]:
        day = edition.slot.day
        standing = find_standing(self.session, campaigns=[self.campaign.id], run=day.isoformat())
        standing = {i: s for i, s in standing.items() if i.item == edition.name}
        known = editions.find_edition(
            self.session, campaign=self.campaign.id, day=day, slot=edition.name
        )
        if known is not None and any(one.fenced for one in standing.values()):
            # Some have read it: in a language that had to wait it tells the very same.
            return self._told(edition, known.id, EditionData.from_json(known.data), standing)
        before = editions.previous_edition(
            self.session, campaign=self.campaign.id, before=edition.slot.due_at
        )
        data = assemble(
            processes.load_all(self.session),
            previous=EditionData.from_json(before.data) if before else None,
            day=day,
            now=self.now,
        )
        if known is not None and _same_news(EditionData.from_json(known.data), data):
            data = EditionData.from_json(known.data)
        saved = editions.save_edition(
            self.session,
            campaign=self.campaign.id,
            day=day,
            slot=edition.name,
            data=data.to_json(),
            now=self.now,
        )
        return self._told(edition, saved.id, data, standing)

    def _told(
        self,
        edition: ScheduledEdition,
        edition_id: int,
        data: EditionData,
        standing: Mapping[Identity, Standing],
    ) -> list[Change]:
        if data.is_quiet:
            return []
        return [
            line
            for part in self._parts(edition, edition_id)
            for line in self._part(part, edition, edition_id, data, standing.get(part.identity))
        ]

    def _parts(self, edition: ScheduledEdition, edition_id: int) -> Iterable[_Part]:
        audience = editions.audience(self.session, edition_id=edition_id)
        for account in self.campaign.accounts:
            settings = self.desk.accounts[account]
            offered = [name for name in self.campaign.locales if name in settings.locales]
            if settings.channel != "email" or not offered:
                continue
            fallback = (
                self.campaign.source_locale
                if self.campaign.source_locale in offered
                else offered[0]
            )
            for locale in offered:
                theirs = {
                    name: zones
                    for name, zones in audience.items()
                    if nearest(name, offered, otherwise=fallback) == locale
                }
                zones = sorted({zone for zones in theirs.values() for zone in zones})
                yield _Part(
                    identity=Identity(
                        campaign=self.campaign.id,
                        run=edition.slot.day.isoformat(),
                        item=edition.name,
                        repetition=0,
                        account=account,
                        locale=locale,
                    ),
                    zones=tuple(zones),
                    reader_locales=tuple(theirs),
                    readers=sum(sum(zones.values()) for zones in theirs.values()),
                )

    def _part(
        self,
        part: _Part,
        edition: ScheduledEdition,
        edition_id: int,
        data: EditionData,
        standing: Standing | None,
    ) -> list[Change]:
        if standing is not None and standing.fenced:
            return [self._line("sent", part.identity, standing.message.due_at)]
        if not part.readers:
            return []
        rendered = render_edition(
            data,
            campaign=self.campaign,
            sender=self.desk.accounts[part.identity.account],
            locale=part.identity.locale,
            zones=part.zones,
            catalogs=self.desk.catalogs,
            environment=self.desk.environment,
        )
        if isinstance(rendered, NotRendered):
            if self.campaign.missing is Missing.SKIP:
                return []
            message = self._message(part, edition, edition_id, None)
            message.hold, message.note = rendered.reason, "; ".join(rendered.faults)
        else:
            message = self._message(part, edition, edition_id, rendered)
        if standing is not None:
            before = standing.message
            same = (
                before.content_hash == message.content_hash
                and before.note == message.note
                and before.embargo_until == message.embargo_until
            )
            if before.state in CURRENT and same:
                return [self._line("unchanged", part.identity, message.due_at)]
            message.version = before.version + 1
            message.key = key_of(part.identity, message.version)
            left = messages.close_messages(
                self.session,
                [before.id],
                state=MessageState.REPLACED,
                note="replaced by a newer version",
            )
            if left:  # between our look and now
                return [self._line("sent", part.identity, before.due_at)]
        self._write(part, message, rendered)
        what = "new" if standing is None else "changed"
        return [self._line(what, part.identity, message.due_at, message)]

    def _write(
        self, part: _Part, message: Message, rendered: RenderedEdition | NotRendered
    ) -> None:
        messages.add_messages(self.session, [message], projects=self.campaign.projects)
        if isinstance(rendered, NotRendered):
            country = country_of(message.locale)
            self.session.add(messages.held_delivery(message, country=country))
            return
        blocks = [
            {
                "zone": block.zone,
                "position": block.position,
                "name": block.name,
                "html": block.html,
                "text": block.text,
            }
            for block in rendered.blocks
        ]
        editions.add_blocks(self.session, message.id, blocks)
        editions.freeze_readers(self.session, message, locales=part.reader_locales)

    def _message(
        self,
        part: _Part,
        edition: ScheduledEdition,
        edition_id: int,
        rendered: RenderedEdition | None,
    ) -> Message:
        identity, slot = part.identity, edition.slot
        day, at = slot.wall_clock(self.campaign.schedule.zone)
        base = self.desk.base_of(identity.account)
        language = bcp47(identity.locale)
        subject = rendered.subject if rendered else ""
        blocks = [(b.zone, b.position, b.html, b.text) for b in rendered.blocks] if rendered else []
        pinned = Pinned(
            account=identity.account,
            base=base,
            when=slot.in_words(self.campaign.schedule.zone),
            text=subject,
            link="",
            language=language,
            blocks=blocks,
            recipients=part.readers,
        )
        return Message(
            key=key_of(identity, 1),
            kind=Kind.MAIL,
            campaign=identity.campaign,
            run=identity.run,
            item=identity.item,
            repetition=0,
            account=identity.account,
            locale=identity.locale,
            version=1,
            channel="email",
            state=MessageState.HELD,
            hold=Hold.APPROVAL,
            note="",
            day=day,
            wall_time=f"{at:%H:%M}",
            zone=self.campaign.schedule.zone.key,
            due_at=slot.due_at,
            not_after=edition.not_after,
            moved=slot.moved,
            embargo_until=self.campaign.embargo_until,
            text=subject,
            link="",
            language=language,
            media=[],
            edition_id=edition_id,
            four_eyes=self.campaign.approval is Approval.FOUR_EYES,
            base=base,
            content_hash=content_hash(pinned),
            queued_by=self.by,
            queued_at=self.now,
        )

    def _line(
        self, what: str, identity: Identity, due_at: datetime, message: Message | None = None
    ) -> Change:
        hold = message.hold if message is not None else None
        return Change(
            what=what,
            identity=identity,
            due_at=due_at,
            note=message.note if message is not None else "",
            hold=None if hold is Hold.APPROVAL else hold,
            moved=message.moved if message is not None else "",
        )


def _same_news(before: EditionData, now: EditionData) -> bool:
    """Whether composing anew would tell the very same, but for the time of looking."""
    old, new = before.to_json(), now.to_json()
    old["snapshot"]["at"] = new["snapshot"]["at"] = ""
    return old == new
