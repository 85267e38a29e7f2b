"""A campaign as its author means it: what to say, where, when, in which languages, what for.

Read from YAML by loading.campaigns; a value here is already checked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
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
    msgctxt. A locale in `given` is never looked up in a catalog.
    """

    context: str
    source: str
    given: Mapping[str, str] = field(default_factory=dict)
    line: int = 0


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture and the words for those who cannot see it. `file` is relative to `campaigns/`."""

    file: str
    alt: Wording | None


@dataclass(frozen=True, kw_only=True)
class Story:
    """What the item tells in a newsletter: a headline and a body in Markdown."""

    headline: Wording
    body: Wording


@dataclass(frozen=True, kw_only=True)
class Item:
    """One thing a campaign says.

    `texts` by channel, ANY for the others. `links`, `hashtags` and `pictures`
    by locale, ANY for the others; a locale's own entry replaces ANY's whole.
    Hashtags are without `#`.
    """

    id: str
    texts: Mapping[str, Wording]
    links: Mapping[str, str] = field(default_factory=dict)
    hashtags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pictures: Mapping[str, tuple[Picture, ...]] = field(default_factory=dict)
    story: Story | None = None
    line: int = 0

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
class Schedule:
    """When, as wall-clock in a zone. Both days are inclusive."""

    cadence: Cadence
    zone: ZoneInfo
    first_day: date | None = None
    last_day: date | None = None


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """A definition tied to one or more projects of the strategy.

    Either `items` (in the order in which they are said) or `digest` is set.
    `accounts` are names from the workspace's settings, in order. `locales`
    are CLDR names; `source_locale` is the language of the file. `template`
    lays out a post; `variables` fill `{{ name }}` in its texts.
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
    items: tuple[Item, ...] = ()
    digest: Digest | None = None
    not_after: timedelta
    missing: Missing = Missing.HOLD
    approval: Approval = Approval.FOUR_EYES

    def item(self, id: str) -> Item:
        return next(item for item in self.items if item.id == id)
