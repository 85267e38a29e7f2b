"""A campaign as its author means it: what to say, where, when, in which languages, what for.

Read from YAML by loading.campaigns; a value here is already checked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Protocol
from zoneinfo import ZoneInfo

from campaigner.core.cadence import Cadence

ANY = "all"  # the key that stands for every channel, or every locale, not named itself


class Missing(StrEnum):
    """What becomes of a message whose translation is missing."""

    HOLD = "hold"
    SKIP = "skip"
    SOURCE = "source"


class Approval(StrEnum):
    """Who may approve: somebody else than who queued, or anybody."""

    FOUR_EYES = "four-eyes"
    ONE_PERSON = "one-person"


@dataclass(frozen=True, kw_only=True)
class Wording:
    """One text: its source for the translators, and the locales given a text of their own.

    `context` is its place (`dns-security-awareness/phishing text.x`), gettext's
    msgctxt. A locale in `given` is never looked up in a catalog. `locale` is
    the language of `source`; empty: the campaign's.
    """

    context: str
    source: str
    given: Mapping[str, str] = field(default_factory=dict)
    locale: str = ""
    line: int = 0


@dataclass(frozen=True, kw_only=True)
class Partner:
    """Somebody whom texts name: a handle per channel, as it is written there, and a plain name.

    `handles` by channel, with its `@`; a channel without one gets the name.
    """

    id: str
    name: Wording
    handles: Mapping[str, str] = field(default_factory=dict)

    def handle_on(self, channel: str) -> str | None:
        """Return how `channel` addresses the partner; None: by the plain name."""
        return self.handles.get(channel)


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture and the words for those who cannot see it. `file` is relative to `campaigns/`."""

    file: str
    alt: Wording | None


@dataclass(frozen=True, kw_only=True)
class Story:
    """What the item tells in a newsletter: a headline and a body in Markdown.

    `byline` is who wrote it: a name, never translated. `order` is its place
    among the stories of an edition, from 1; None: wherever its date puts it.
    """

    headline: Wording
    body: Wording
    byline: Wording | None = None
    order: int | None = None


@dataclass(frozen=True, kw_only=True)
class Item:
    """One thing a campaign says.

    `texts` by channel, ANY for the others. `links`, `hashtags` and `pictures`
    by locale, ANY for the others; a locale's own entry replaces ANY's whole.
    Hashtags are without `#`. Without texts it is a placeholder of the
    editorial calendar: a `title`, who writes it (`owner`) and until when
    (`due`). Nothing of it is public before `embargo_until`. `source_locale`
    is its language; empty: the campaign's.
    """

    id: str
    texts: Mapping[str, Wording]
    title: str = ""
    owner: str = ""
    due: date | None = None
    embargo_until: datetime | None = None
    source_locale: str = ""
    links: Mapping[str, str] = field(default_factory=dict)
    hashtags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pictures: Mapping[str, tuple[Picture, ...]] = field(default_factory=dict)
    story: Story | None = None
    line: int = 0

    @property
    def is_placeholder(self) -> bool:
        """Whether what it posts is still to be written."""
        return not self.texts

    def text_on(self, channel: str) -> Wording | None:
        """Return what is said on `channel`; None: the item is silent there."""
        return self.texts.get(channel, self.texts.get(ANY))


@dataclass(frozen=True, kw_only=True)
class Digest:
    """An edition per date, composed from the processes, instead of written items.

    Composed `compose_before` its date, so that a person can read and approve it.
    """

    subject: Wording
    introduction: Wording
    compose_before: timedelta


@dataclass(frozen=True, kw_only=True)
class Note:
    """What the editor says to the readers of an edition. `by` is a name, never translated."""

    text: Wording
    by: Wording


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Which stories of other campaigns a newsletter tells, `at_most` so many stories an edition.

    `campaigns` are ids; None: every campaign. `since` is how far an edition
    looks back; None: to the one before it.
    """

    campaigns: tuple[str, ...] | None
    since: timedelta | None = None
    at_most: int = 6


@dataclass(frozen=True, kw_only=True)
class Newsletter:
    """An edition per date, made of stories: those of other campaigns, and the campaign's own items.

    Composed `compose_before` its date, so that a person can read and approve it.
    """

    subject: Wording
    introduction: Wording | None = None
    note: Note | None = None
    sources: Sources | None = None
    compose_before: timedelta


@dataclass(frozen=True, kw_only=True)
class Audience:
    """Which of a list's readers get an edition, when, and how many of them first.

    Those who chose one of `topics`, or chose none; whom `segment` (the text of
    a rule: core.segments) takes in. Either empty: all. `local`: at the same
    time on each reader's own clock. `sample` is to how many it goes first,
    like ``5%`` or ``200``; empty: to all at once.
    """

    topics: tuple[str, ...] = ()
    segment: str = ""
    local: bool = False
    sample: str = ""

    @property
    def in_words(self) -> str:
        """Everything of it, as an approval pins it; empty for all readers at once."""
        parts = [
            f"topics {', '.join(self.topics)}" if self.topics else "",
            f"segment {self.segment}" if self.segment else "",
            "at each reader's own time" if self.local else "",
            f"to {self.sample} first" if self.sample else "",
        ]
        return "; ".join(filter(None, parts))


class Then(StrEnum):
    """What becomes of a date that falls on a holiday or into a quiet time."""

    MOVE = "move"  # to the next day that is none, or to the end of the quiet time
    BACK = "back"  # to the last day before it that is none; holidays only
    SKIP = "skip"  # there is no such date


class Holidays(Protocol):
    """The public holidays of some countries."""

    def name_on(self, day: date) -> str:
        """Return what is kept on `day`, with its country (`Navidad (UY)`); empty: nothing is."""


@dataclass(frozen=True, kw_only=True)
class Quiet:
    """A time of day in which nothing goes out, in the schedule's zone: ``begins <= t < ends``.

    `ends` may be before `begins`: then it goes over midnight. `weekdays`
    (Monday is 0) are quiet from midnight to midnight.
    """

    begins: time | None = None
    ends: time | None = None
    weekdays: frozenset[int] = frozenset()
    then: Then = Then.MOVE


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """Evergreen: items are said again and again, each at least `gap` after its last time.

    `times` is how often each is said at most; None: as long as the schedule lasts, but a
    year from the run's start at most.
    """

    gap: timedelta
    times: int | None = None


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """When, as wall-clock in a zone. Both days are inclusive.

    `holidays` and `quiet` move or skip dates; `rotation` repeats the items.
    """

    cadence: Cadence
    zone: ZoneInfo
    first_day: date | None = None
    last_day: date | None = None
    holidays: Holidays | None = None
    on_holiday: Then = Then.MOVE
    quiet: Quiet | None = None
    rotation: Rotation | None = None


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """A definition tied to one or more projects of the strategy.

    It posts `items` (in the order in which they are said), or sends editions to
    `audience`: a `digest`, or a `newsletter`, whose `items` are stories.
    `accounts` are names from the workspace's settings, in order. `locales`
    are CLDR names; `source_locale` is the language of the file. `template`
    lays out a post. `variables` fill `{{ name }}` in its texts, reusable texts
    among them as `library.name`; `partners` fill `{{ partner.name }}`. `utm`
    are the rules of its links' parameters (core.links). Nothing of it is
    public before `embargo_until`; an item's own is the later of the two.
    """

    id: str
    title: str
    owner: str
    projects: tuple[str, ...]
    accounts: tuple[str, ...]
    locales: tuple[str, ...]
    source_locale: str
    schedule: Schedule
    template: str = "social/post.txt"
    variables: Mapping[str, Wording] = field(default_factory=dict)
    partners: Mapping[str, Partner] = field(default_factory=dict)
    utm: Mapping[str, str] = field(default_factory=dict)
    embargo_until: datetime | None = None
    items: tuple[Item, ...] = ()
    digest: Digest | None = None
    newsletter: Newsletter | None = None
    audience: Audience = Audience()
    not_after: timedelta
    missing: Missing = Missing.HOLD
    approval: Approval = Approval.FOUR_EYES

    @property
    def has_editions(self) -> bool:
        """Whether it sends editions to readers; else it posts."""
        return self.digest is not None or self.newsletter is not None

    @property
    def compose_before(self) -> timedelta:
        """How long before its date an edition is composed. Raises ValueError if it has none."""
        editions = self.digest or self.newsletter
        if editions is None:
            raise ValueError(f"{self.id} has no editions")
        return editions.compose_before

    def embargo_of(self, item: Item) -> datetime | None:
        """Return until when nothing of an item is public: the later of both embargoes."""
        return max(filter(None, (self.embargo_until, item.embargo_until)), default=None)

    def item(self, id: str) -> Item:
        return next(item for item in self.items if item.id == id)

    def language_of(self, wording: Wording) -> str:
        """Return the locale in which a text of this campaign was written."""
        return wording.locale or self.source_locale
