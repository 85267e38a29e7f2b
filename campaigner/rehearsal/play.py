"""Play: from the beginning of a campaign to its end, from one moment to the next."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from pathlib import Path

from campaigner import rounds
from campaigner.core.campaign import Campaign
from campaigner.core.difference import Queued
from campaigner.core.editions import next_edition
from campaigner.core.intake import Entry, single_entry
from campaigner.core.locales import bcp47
from campaigner.core.schedule import NOW, Start, start_of
from campaigner.core.timeline import Line, in_order
from campaigner.db import schema
from campaigner.db.ahead import next_moment
from campaigner.errors import FileError, UserError
from campaigner.loading.subscribers import Defaults, open_subscribers
from campaigner.rehearsal.clock import VirtualClock
from campaigner.rehearsal.scratch import AUTHOR, RehearsedApp
from campaigner.rehearsal.telling import told, untold
from campaigner.services.approve import approve
from campaigner.services.compose import queue_editions
from campaigner.services.import_processes import import_processes
from campaigner.services.import_subscribers import import_subscribers
from campaigner.services.preview import unrenderable
from campaigner.services.queue import queue_campaign
from campaigner.settings import Settings

APPROVER = "rehearsal"
PROCESSES, READERS = "data/pdps.yaml", "data/subscribers.csv"
DIGEST_LASTS = timedelta(weeks=4)  # a digest has no end of its own
NEWSLETTER_LASTS = timedelta(weeks=10)  # nor has a newsletter; most come once a month
FAR = timedelta(days=366 * 30)
WITHOUT = ("collect", "alert")  # reach is looked at once, in the end; and nobody is told
A_TICK = timedelta(milliseconds=1)  # what passes at least between two looks that come at once


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """What is rehearsed: a campaign's file within the scratch copy, from when and until when.

    `start` as `queue` takes it. `locales`: only these, if there are any.
    """

    file: Path
    start: str | None
    begin: datetime
    until: datetime | None = None
    locales: Collection[str] = ()


@dataclass(frozen=True, kw_only=True)
class Played:
    """What came of it. `ended`: nothing was left to be done; else it was cut off at `end`."""

    campaign: Campaign
    lines: Sequence[Line]
    begin: datetime
    end: datetime
    ended: bool
    remarks: Sequence[str] = ()


def begin_of(campaign: Campaign, start: str | None, *, now: datetime) -> datetime:
    """Return when the clock begins: on the day named, else now. Raises UserError for no day."""
    return start_of(campaign, start, now=now).at


def end_of(campaign: Campaign, until: str) -> datetime:
    """Return the end of the day named, where the campaign is. Raises UserError for no day."""
    try:
        day = date.fromisoformat(until)
        return datetime.combine(day + timedelta(days=1), time(0), campaign.schedule.zone)
    except (ValueError, OverflowError):
        raise UserError(f"'{until}' is no day. Write --until 2027-03-31") from None


def play(
    settings: Settings,
    rehearsal: Rehearsal,
    *,
    clock: VirtualClock,
    heard: Callable[[datetime], object] = lambda now: None,
) -> Played:
    """Play a campaign from beginning to end; `heard` is told each time at which the clock stops.

    `settings` are those of a scratch copy. Raises FileError for a campaign
    with problems, UserError for what cannot be played.
    """
    app = RehearsedApp(settings, rehearsal.file, locales=rehearsal.locales, clock=clock)
    try:
        schema.upgrade(app.engine, lists=app.settings.lists)
        return _Player(app, rehearsal, clock, heard).play()
    finally:
        app.close()


class _Player:
    def __init__(
        self,
        app: RehearsedApp,
        rehearsal: Rehearsal,
        clock: VirtualClock,
        heard: Callable[[datetime], object],
    ) -> None:
        self.app = app
        self.campaign = app.campaign
        self.rehearsal = rehearsal
        self.clock = clock
        self.heard = heard
        self.worker = rounds.Worker(name=APPROVER, wait=clock.wait, since=clock())
        self.remarks: list[str] = []
        self.compose_at: datetime | None = None
        self.start = Start(at=clock())

    def play(self) -> Played:
        if self.campaign.has_editions:
            self._take_in()
            self._lay_out_others()
        queued = self._queue()
        until = self.rehearsal.until or self.rehearsal.begin + self._lasts()
        while (moment := self._round(until)) is not None:
            self.clock.move_to(moment)
            self.heard(self.clock())
        ended = self._next(None, self.rehearsal.begin + FAR) is None
        rounds.look(self.app)
        return Played(
            campaign=self.campaign,
            lines=in_order(
                [
                    *told(self.app.sessions, self.campaign, now=self.clock()),
                    *untold(self.app.reading_sessions, self.campaign, queued),
                ]
            ),
            begin=self.rehearsal.begin,
            end=self.clock(),
            ended=ended,
            remarks=self.remarks,
        )

    def _queue(self) -> Queued:
        folder = self.rehearsal.file.parent
        if problems := unrenderable(self.campaign, self.app.dry_desk(folder)):
            raise FileError(self.rehearsal.file, problems)
        work = queue_campaign
        if self.campaign.has_editions:
            work = partial(queue_editions, campaigns=self.app.readable_campaigns())
        queued = work(
            self.app.sessions,
            self.campaign,
            self.app.desk(folder),
            start=self.rehearsal.start,
            new_run=False,
            by=AUTHOR,
            now=self.clock(),
            dry_run=False,
        )
        self.start = Start(at=queued.start_at, immediate=self.rehearsal.start == NOW)
        self.compose_at = queued.next_edition.compose_at if queued.next_edition else None
        return queued

    def _round(self, until: datetime) -> datetime | None:
        """Do all that is to be done now; return when there is more, None if there is no more."""
        come_back = rounds.run_round(self.app, self.worker, without=WITHOUT)
        approved = approve(
            self.app.sessions, campaign=self.campaign.id, by=APPROVER, now=self.clock()
        ).approved
        if approved:
            return self.clock()
        moment = self._next(come_back, until)
        return max(moment, self.clock() + A_TICK) if moment is not None else None

    def _next(self, come_back: datetime | None, until: datetime) -> datetime | None:
        now = self.clock()
        if self.compose_at is not None and self.compose_at <= now:
            edition = next_edition(self.campaign, start=self.start, now=now)
            self.compose_at = edition.compose_at if edition else None
        with self.app.reading_sessions() as session:
            ahead = next_moment(session, after=now, until=until)
        moments = (come_back, ahead, self.compose_at)
        return min((at for at in moments if at is not None and at <= until), default=None)

    def _lasts(self) -> timedelta:
        if not self.campaign.has_editions or self.campaign.schedule.last_day is not None:
            return FAR
        if self.campaign.newsletter is not None:
            self.remarks.append(
                "A newsletter has no end of its own: ten weeks were played. --until DAY plays on"
            )
            return NEWSLETTER_LASTS
        self.remarks.append(
            "A digest has no end of its own: four weeks were played. --until DAY plays on"
        )
        return DIGEST_LASTS

    def _lay_out_others(self) -> None:
        """Queue the campaigns whose stories a newsletter tells; nobody approves their posts."""
        folder = self.rehearsal.file.parent
        for other in self.app.others:
            queue_campaign(
                self.app.sessions,
                other,
                self.app.desk(folder),
                start=None,
                new_run=False,
                by=AUTHOR,
                now=self.clock(),
                dry_run=False,
            )
        if self.app.others:
            names = ", ".join(other.id for other in self.app.others)
            self.remarks.append(f"The stories are those of {names}, as if begun with it")

    def _take_in(self) -> None:
        """Take in what a digest tells, and whom: from the files in `data/` beside it."""
        folder = self.app.settings.workspace / "campaigns"
        processes, readers = folder / PROCESSES, folder / READERS
        if self.campaign.digest is None:
            pass
        elif processes.is_file():
            import_processes(self.app.sessions, processes, dry_run=False, now=self.clock())
        else:
            self.remarks.append(f"There is no campaigns/{PROCESSES}: there was nothing to tell")
        if readers.is_file():
            who = self._readers(readers)
        else:
            who = tuple(_invented(self.campaign))
            self.remarks.append(
                f"There is no campaigns/{READERS}: one reader for each language was invented"
            )
        for name in self.app.settings.lists:
            import_subscribers(
                self.app.sessions, who, list=name, keyring=self.app.keyring, clock=self.clock
            )

    def _readers(self, file: Path) -> Sequence[Entry]:
        """Return whom a list has, as far as its rows are right; here nobody has to have agreed."""
        today = self.clock().date()
        defaults = Defaults(consent=APPROVER, consent_day=today)
        with open_subscribers(file, defaults=defaults, today=date.max) as source:
            return [row for row in source.entries if isinstance(row, Entry)]


def _invented(campaign: Campaign) -> Iterator[Entry]:
    for line, locale in enumerate(campaign.locales, start=1):
        yield single_entry(
            f"reader-{bcp47(locale).lower()}@example.org",
            line=line,
            consent="{}",
            locale=locale,
            zone=campaign.schedule.zone.key,
        )
