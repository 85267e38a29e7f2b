"""Policy processes: where each stands, and what of it may be published.

A `Process` holds everything that our records say. A `Standing` holds only
what was read in a source and may leave the house: digests are made of these.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

CLOSING_SOON = timedelta(days=7)
CLOSES_AT = time(23, 59, tzinfo=UTC)  # of the last day, as ICANN prints it
INTERESTS = ("high", "medium", "low", "")  # most of interest first

_PARTIAL = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?")


@dataclass(frozen=True, order=True)
class PartialDate:
    """A date as exact as its source: a year, a month of a year, or a day (0 is "not said").

    In order, a year comes before its months and a month before its days.
    """

    year: int
    month: int = 0
    day: int = 0

    @classmethod
    def parse(cls, text: str) -> "PartialDate":
        """Read YYYY, YYYY-MM or YYYY-MM-DD; raises ValueError for anything else."""
        found = _PARTIAL.fullmatch(text)
        if not found:
            raise ValueError(f"'{text}' is not YYYY, YYYY-MM or YYYY-MM-DD")
        year, month, day = (int(part) if part else 0 for part in found.groups())
        date(year, month if found[2] else 1, day if found[3] else 1)  # raises for 2026-02-30
        return cls(year, month, day)

    @property
    def full(self) -> date | None:
        """The day, where the source gave one."""
        return date(self.year, self.month, self.day) if self.day else None

    def __str__(self) -> str:
        parts = [f"{self.year:04}", *(f"{part:02}" for part in (self.month, self.day) if part)]
        return "-".join(parts)


@dataclass(frozen=True, kw_only=True)
class Milestone:
    """A dated fact. `source` is the address at which it was read, `evidence` says how well."""

    date: PartialDate
    what: str
    source: str = ""
    evidence: str = ""

    @property
    def is_publishable(self) -> bool:
        """Whether it was seen, as it stands, in a source that can be shown."""
        seen = re.match(r"seen\b", self.evidence) is not None
        return seen and "inferred" not in self.evidence and bool(self.source)

    @property
    def is_planned(self) -> bool:
        return "planned" in self.evidence


@dataclass(frozen=True, kw_only=True)
class CommentWindow:
    """A public comment proceeding, from its first day through 23:59 UTC of its last.

    A window is told from another of its process by `opens`: an extension
    changes `closes` alone.
    """

    opens: date
    closes: date
    url: str
    is_publishable: bool = True

    @property
    def closes_at(self) -> datetime:
        return datetime.combine(self.closes, CLOSES_AT)

    def has_begun(self, now: datetime) -> bool:
        return datetime.combine(self.opens, time(tzinfo=UTC)) <= now

    def is_open(self, now: datetime) -> bool:
        return self.has_begun(now) and now <= self.closes_at

    def is_closing(self, now: datetime) -> bool:
        """Whether it is open and closes within a week."""
        return self.is_open(now) and self.closes_at - now <= CLOSING_SOON


@dataclass(frozen=True, kw_only=True)
class Process:
    """One policy process as our records have it, the unconfirmed included.

    `kind`, `stage` and `substate` are ids of core.stages. `stage_confirmed` is
    the date of the newest source for the stage. Milestones are in order of
    date.
    """

    id: str
    short_name: str
    full_title: str
    organization: str
    kind: str
    working_group: str = ""
    interest: str = ""
    url: str = ""
    stage: str
    substate: str = ""
    stage_confirmed: PartialDate
    stage_is_publishable: bool
    milestones: tuple[Milestone, ...] = ()
    windows: tuple[CommentWindow, ...] = ()


def is_stage_publishable(note: str) -> bool:
    """Whether the note beside a stage leaves it standing, with nothing "gk" or "not seen"."""
    return re.search(r"\bgk\b|not seen", note) is None


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A milestone that may be published."""

    date: PartialDate
    what: str
    source: str
    planned: bool = False


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What may be published of a process.

    `stage` is empty where it is not confirmed: its newest fact is then all
    that can be said. `confirmed` is the newest date at which a source shows
    what is said; None: nothing is.
    """

    id: str
    short_name: str
    full_title: str
    organization: str
    kind: str
    interest: str
    url: str
    stage: str
    substate: str
    confirmed: PartialDate | None
    facts: tuple[Fact, ...]
    windows: tuple[CommentWindow, ...]

    @property
    def latest(self) -> Fact | None:
        """The newest fact that has happened; a plan is none."""
        return next((fact for fact in reversed(self.facts) if not fact.planned), None)


def publish(process: Process) -> Standing:
    """Keep of `process` what may be published."""
    facts = tuple(
        Fact(date=each.date, what=each.what, source=each.source, planned=each.is_planned)
        for each in process.milestones
        if each.is_publishable
    )
    happened = [fact.date for fact in facts if not fact.planned]
    confirmed = max(happened, default=None)
    # A stage that was confirmed by an unpublishable milestone (its month was
    # inferred, say) keeps its name but not that date.
    inferred = {each.date for each in process.milestones if not each.is_publishable}
    if process.stage_is_publishable and process.stage_confirmed not in inferred - set(happened):
        confirmed = process.stage_confirmed
    said = process.stage_is_publishable
    return Standing(
        id=process.id,
        short_name=process.short_name,
        full_title=process.full_title,
        organization=process.organization,
        kind=process.kind,
        interest=process.interest,
        url=process.url,
        stage=process.stage if said else "",
        substate=process.substate if said else "",
        confirmed=confirmed,
        facts=facts,
        windows=tuple(window for window in process.windows if window.is_publishable),
    )
