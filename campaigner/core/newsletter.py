"""One edition of a newsletter, as data: which stories it tells, before any language.

A story is that of a campaign's item, or was written for the newsletter. Each is
told by one edition: in all the languages in which it can be told by then.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from campaigner.core.campaign import Campaign, Item, Note, Partner, Sources, Wording
from campaigner.core.placeholders import PARTNER, names_in
from campaigner.core.plain import from_plain, to_plain

FIRST_LOOK_BACK = timedelta(days=31)  # how far the first edition looks back


@dataclass(frozen=True, kw_only=True, order=True)
class StoryId:
    """An item of a campaign, by the story that it tells."""

    campaign: str
    item: str

    def __str__(self) -> str:
        return f"{self.campaign}/{self.item}"


@dataclass(frozen=True, kw_only=True)
class Words:
    """What texts of one campaign are made with: its language, and what their names stand for."""

    source_locale: str
    variables: Mapping[str, Wording]
    partners: Mapping[str, Partner]


@dataclass(frozen=True, kw_only=True)
class ToldStory:
    """A story as it was when the edition was composed. `projects` are those of its campaign."""

    id: StoryId
    headline: Wording
    body: Wording
    byline: Wording | None
    links: Mapping[str, str]
    words: Words
    projects: tuple[str, ...]
    embargo_until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class NewsletterData:
    """Everything that an edition tells, in the order in which it does.

    `left` are stories for which there was no room: the next edition begins
    with them. `missing` are campaigns whose file could not be read, so that
    nobody knows what they would have told.
    """

    day: date
    subject: Wording
    introduction: Wording | None
    note: Note | None
    words: Words
    stories: tuple[ToldStory, ...]
    left: tuple[StoryId, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def is_quiet(self) -> bool:
        """Whether there is no story: such an edition is not sent."""
        return not self.stories

    @property
    def embargo_until(self) -> datetime | None:
        """Until when nothing of a story is public: the latest of all."""
        return max(filter(None, (each.embargo_until for each in self.stories)), default=None)

    def to_json(self) -> dict[str, Any]:
        plain: dict[str, Any] = to_plain(self)
        return plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> "NewsletterData":
        return from_plain(cls, plain)


@dataclass(frozen=True, kw_only=True)
class Span:
    """From which dates an edition tells the stories of campaigns: ``after < t <= until``."""

    after: datetime
    until: datetime


def span_of(sources: Sources, *, due_at: datetime, previous_at: datetime | None) -> Span:
    """Return the dates of the items whose stories an edition due at `due_at` tells.

    It looks back to the edition before it, which was due at `previous_at`; the
    first one a month, or what its file says.
    """
    if sources.since is not None:
        return Span(after=due_at - sources.since, until=due_at)
    return Span(after=previous_at or due_at - FIRST_LOOK_BACK, until=due_at)


def assemble(
    newsletter: Campaign,
    *,
    day: date,
    due_at: datetime,
    dated: Mapping[StoryId, datetime],
    campaigns: Mapping[str, Campaign],
    told: Collection[StoryId],
    waiting: Iterable[StoryId] = (),
) -> NewsletterData:
    """Compose the edition of `day` (the nominal one), which goes out at `due_at`.

    `dated` says when an item of another campaign is first out (or is to be),
    of those in the edition's span; `campaigns` are the files that could be
    read, by id; `told` what other editions tell; `waiting` what the one before
    had no room for. Nothing under an embargo at `due_at` is told.

    Its own stories are all told; of the others there are as many as there is
    room for, those that wait and then the oldest first. Its own come first,
    then the others, by their dates; a story with an `order` is put into that
    place, or last if there are fewer. Raises ValueError for a campaign that is
    no newsletter.
    """
    if newsletter.newsletter is None:
        raise ValueError(f"{newsletter.id} is no newsletter")
    own = [
        StoryId(campaign=newsletter.id, item=item.id)
        for item in newsletter.items
        if _may_tell(newsletter, item, due_at)
    ]
    others = dict.fromkeys([*waiting, *sorted(dated, key=lambda id: (dated[id], id))])
    sources = newsletter.newsletter.sources
    found = {**campaigns, newsletter.id: newsletter}
    candidates = [
        id
        for id in others
        if sources is not None
        and id not in told
        and (campaign := found.get(id.campaign)) is not None
        and any(item.id == id.item and _may_tell(campaign, item, due_at) for item in campaign.items)
    ]
    own = [id for id in own if id not in told]
    room = max(sources.at_most - len(own), 0) if sources is not None else 0
    chosen = [*own, *candidates[:room]]
    stories = [(_order(found[id.campaign], id), _story(found[id.campaign], id)) for id in chosen]
    return NewsletterData(
        day=day,
        subject=newsletter.newsletter.subject,
        introduction=newsletter.newsletter.introduction,
        note=newsletter.newsletter.note,
        words=_words(newsletter, _own_wordings(newsletter)),
        stories=_placed(stories),
        left=tuple(candidates[room:]),
        missing=_missing(sources, campaigns, dated),
    )


def _missing(
    sources: Sources | None, campaigns: Collection[str], dated: Iterable[StoryId]
) -> tuple[str, ...]:
    """Return the campaigns that are named, or have a date, and whose file could not be read."""
    if sources is None:
        return ()
    named = sources.campaigns if sources.campaigns is not None else ()
    wanted = dict.fromkeys([*named, *sorted({id.campaign for id in dated})])
    return tuple(id for id in wanted if id not in campaigns)


def _may_tell(campaign: Campaign, item: Item, at: datetime) -> bool:
    embargo = campaign.embargo_of(item)
    return item.story is not None and (embargo is None or embargo <= at)


def _order(campaign: Campaign, id: StoryId) -> int | None:
    story = campaign.item(id.item).story
    return story.order if story else None


def _placed(stories: Sequence[tuple[int | None, ToldStory]]) -> tuple[ToldStory, ...]:
    """Put the stories that have an order into their places, counted from 1, among the others."""
    numbered = [(order, story) for order, story in stories if order is not None]
    placed = [story for order, story in stories if order is None]
    for order, story in sorted(numbered, key=lambda each: each[0]):
        placed.insert(order - 1, story)
    return tuple(placed)


def _story(campaign: Campaign, id: StoryId) -> ToldStory:
    item = campaign.item(id.item)
    story = item.story
    assert story is not None, "only items with a story are chosen"
    wordings = [story.headline, story.body, *filter(None, [story.byline])]
    return ToldStory(
        id=id,
        headline=story.headline,
        body=story.body,
        byline=story.byline,
        links=item.links,
        words=_words(campaign, wordings),
        projects=campaign.projects,
        embargo_until=campaign.embargo_of(item),
    )


def _own_wordings(newsletter: Campaign) -> list[Wording]:
    said = newsletter.newsletter
    assert said is not None
    note = [said.note.text, said.note.by] if said.note else []
    return [said.subject, *filter(None, [said.introduction]), *note]


def _words(campaign: Campaign, wordings: Iterable[Wording]) -> Words:
    """Return what these texts are made with, and no more: a change elsewhere is none of theirs."""
    names = _names(wordings)
    variables = {name: value for name, value in campaign.variables.items() if name in names}
    names |= _names(variables.values())
    return Words(
        source_locale=campaign.source_locale,
        variables=variables,
        partners={
            id: partner for id, partner in campaign.partners.items() if PARTNER + id in names
        },
    )


def _names(wordings: Iterable[Wording]) -> set[str]:
    return {
        name
        for wording in wordings
        for text in (wording.source, *wording.given.values())
        for name in names_in(text)
    }
