"""Compose editions: freeze the data, render the blocks in every language, hand them to freezing.

An edition is composed its lead before its date, once; `queue` composes one
that nobody was sent yet anew. Everything is prepared while nothing is locked,
and written in a short transaction, if what it was prepared from still stands.
Who gets it is decided afterwards, in ranges; then approval is asked for.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime

from sqlalchemy.orm import Session

from campaigner.core.campaign import Campaign, Missing
from campaigner.core.delivery import Hold, MessageState
from campaigner.core.difference import Change, Queued
from campaigner.core.editions import ScheduledEdition, next_edition, plan_editions
from campaigner.core.message import Identity
from campaigner.core.schedule import Start
from campaigner.core.tellings import Telling, is_same
from campaigner.db import changes, composing, messages, runs
from campaigner.db.composing import Content, Known, Mail, StandingMail
from campaigner.db.engine import Sessions, make_reading_sessions
from campaigner.db.readership import Part, find_parts
from campaigner.db.tellings import gather
from campaigner.errors import UserError
from campaigner.rendering.drafts import Desk
from campaigner.rendering.posts import NotRendered
from campaigner.rendering.tellings import NothingSaid, Said, say

MOST_TRIES = 5  # times that somebody else may change an edition while it is being prepared


def queue_editions(
    sessions: Sessions,
    campaign: Campaign,
    desk: Desk,
    *,
    campaigns: Iterable[Campaign] = (),
    start: str | None,
    new_run: bool,
    by: str,
    now: datetime,
    dry_run: bool,
) -> Queued:
    """Fix the start of a campaign of editions, and compose what has to be composed by now.

    `campaigns` are those whose stories a newsletter may tell. With `dry_run`
    nothing is written; the difference is told all the same.
    """
    with sessions() as session:
        messages.lock_campaign(session, campaign.id)
        run, first_time = runs.open_run(
            session, campaign, start=start, new_run=new_run, by=by, now=now
        )
        name, begin = run.name, Start(at=run.start_at, immediate=run.immediate)
        if dry_run:
            session.rollback()
        else:
            session.commit()
    composer = _Composer(sessions, campaign, desk, campaigns, by=by, now=now)
    done = [
        change
        for edition in composer.due(begin)
        for change in composer.compose(edition, anew=True, dry_run=dry_run)
    ]
    return Queued(
        run=name,
        start_at=begin.at,
        first_time=first_time,
        changes=done,
        next_edition=next_edition(campaign, start=begin, now=now),
    )


def compose_due(
    sessions: Sessions, campaigns: Iterable[Campaign], desk: Desk, *, by: str, now: datetime
) -> int:
    """Compose the editions whose time to be composed has come; return how many messages."""
    those = list(campaigns)
    with make_reading_sessions(sessions.kw["bind"])() as session:
        queued = runs.runs(session)
    made = 0
    for campaign in those:
        run = queued.get(campaign.id)
        if not campaign.has_editions or run is None:
            continue
        composer = _Composer(sessions, campaign, desk, those, by=by, now=now)
        for edition in composer.due(Start(at=run.start_at, immediate=run.immediate)):
            found = composer.compose(edition, anew=False, dry_run=False)
            made += sum(change.what in ("new", "changed") for change in found)
    return made


@dataclass
class _Draft:
    """An edition as it is prepared. `telling` is None where the data stay as they stand."""

    telling: Telling | None
    mails: list[Mail] = field(default_factory=list)
    dropped: list[StandingMail] = field(default_factory=list)
    lines: list[Change] = field(default_factory=list)

    def note(self, what: str, part: Part, *, at: datetime, note: str = "") -> None:
        self.lines.append(Change(what=what, identity=part.identity, due_at=at, note=note))

    def add(self, what: str, mail: Mail) -> None:
        self.mails.append(mail)
        message = mail.message
        self.lines.append(
            Change(
                what=what,
                identity=mail.part.identity,
                due_at=message.due_at,
                note=message.note,
                hold=None if message.hold is Hold.FREEZING else message.hold,
                moved=message.moved,
            )
        )


class _Composer:
    """Composes editions of one campaign."""

    def __init__(
        self,
        sessions: Sessions,
        campaign: Campaign,
        desk: Desk,
        campaigns: Iterable[Campaign],
        *,
        by: str,
        now: datetime,
    ) -> None:
        self.sessions = sessions
        self.reading = make_reading_sessions(sessions.kw["bind"])
        self.campaign = campaign
        self.desk = desk
        self.campaigns = {each.id: each for each in campaigns}
        self.by = by
        self.now = now

    def due(self, begin: Start) -> list[ScheduledEdition]:
        """Return the editions that are to be composed by now, and are not over."""
        planned = plan_editions(self.campaign, start=begin, until=self.now)
        return [each for each in planned if each.compose_at <= self.now < each.not_after]

    def compose(self, edition: ScheduledEdition, *, anew: bool, dry_run: bool) -> list[Change]:
        """Compose one edition; with `anew` also one that was, if nobody was sent it yet."""
        for _ in range(MOST_TRIES):
            with self.reading() as session:
                known = composing.look(session, campaign=self.campaign.id, edition=edition)
                if known.is_composed and not anew:
                    return []
                draft = self._draft(session, edition, known)
            if dry_run:
                return draft.lines
            with self.sessions() as session:
                messages.lock_campaign(session, self.campaign.id)
                if composing.look(session, campaign=self.campaign.id, edition=edition) != known:
                    continue
                lines = self._write(session, edition, draft, known)
                changes.announce(session)
                session.commit()
                return lines
        raise UserError(
            f"the edition of {edition.slot.day} is being changed by somebody else all the time. "
            "Try again"
        )

    def _draft(self, session: Session, edition: ScheduledEdition, known: Known) -> _Draft:
        telling = self._telling(session, edition, known)
        is_saved = known.telling is not None and is_same(known.telling, telling)
        draft = _Draft(telling=None if is_saved else telling)
        for part in () if telling.is_quiet else self._parts(session, edition):
            standing = known.standing.get(part.identity)
            if standing is not None and standing.begun:
                draft.note("sent", part, at=standing.due_at)
            elif part.readers:
                self._say(draft, part, edition, telling, standing)
        return draft

    def _telling(self, session: Session, edition: ScheduledEdition, known: Known) -> Telling:
        if known.telling is not None and known.begun:
            # Some have read it: in a language that had to wait it tells the very same.
            return known.telling
        return gather(
            session,
            self.campaign,
            day=edition.slot.day,
            slot=edition.name,
            due_at=edition.slot.due_at,
            campaigns=self.campaigns,
            now=self.now,
        )

    def _parts(self, session: Session, edition: ScheduledEdition) -> Iterable[Part]:
        accounts = ((name, self.desk.accounts[name]) for name in self.campaign.accounts)
        serves = {name: each.locales for name, each in accounts if each.channel == "email"}
        return find_parts(session, self.campaign, edition, serves=serves)

    def _say(
        self,
        draft: _Draft,
        part: Part,
        edition: ScheduledEdition,
        telling: Telling,
        standing: StandingMail | None,
    ) -> None:
        """Say an edition in one locale, and note what that changes of what stands."""
        identity, at = part.identity, edition.slot.due_at
        said = say(
            telling,
            self.campaign,
            self.desk,
            account=identity.account,
            locale=identity.locale,
            zones=part.zones,
        )
        content = self._content(said)
        if content is None:
            if standing is not None and standing.is_current:
                draft.dropped.append(standing)
                draft.note("canceled", part, at=standing.due_at)
            elif isinstance(said, NothingSaid):
                draft.note("silent", part, at=at, note="; ".join(said.notes))
            return
        mail = composing.new_mail(
            self.campaign,
            edition,
            part,
            content,
            telling=telling,
            base=self.desk.base_of(identity.account),
            by=self.by,
            now=self.now,
        )
        if standing is not None and composing.is_same(standing, mail):
            draft.note("unchanged", part, at=at, note=content.note)
        else:
            draft.add("new" if standing is None else "changed", mail)

    def _content(self, said: Said | NothingSaid | NotRendered) -> Content | None:
        """Return what a mail will say, or why it waits; None: there is to be no mail."""
        match said:
            case NothingSaid():
                return None
            case NotRendered(reason=reason, faults=faults):
                waits = Content(hold=reason, note="; ".join(faults))
                skipped = self.campaign.missing is Missing.SKIP and reason is Hold.TRANSLATION
                return None if skipped else waits
            case Said(edition=edition, notes=notes, projects=projects):
                return Content(
                    subject=edition.subject,
                    blocks=[asdict(block) for block in edition.blocks],
                    note="; ".join([*notes, *(each.sentence for each in edition.warnings)]),
                    projects=projects,
                )

    def _write(
        self, session: Session, edition: ScheduledEdition, draft: _Draft, known: Known
    ) -> list[Change]:
        edition_id = known.id
        if draft.telling is not None:
            edition_id = composing.save(
                session,
                campaign=self.campaign.id,
                edition=edition,
                telling=draft.telling,
                now=self.now,
            )
        assert edition_id is not None, "an edition that was never saved has new data"
        begun = set[Identity]()  # between our look and now
        for standing in draft.dropped:
            composing.close(session, standing, MessageState.CANCELED)
        for mail in draft.mails:
            identity = mail.part.identity
            before = known.standing.get(identity)
            if not composing.write(session, mail, edition_id=edition_id, before=before):
                begun.add(identity)
        return [
            replace(line, what="sent", note="", hold=None) if line.identity in begun else line
            for line in draft.lines
        ]
