"""An edition of a newsletter in one language: its stories, whole or left out, and what is around.

A story that cannot be told in a language leaves that language's edition alone,
and is named. What belongs to the edition itself (subject, introduction, note,
template) holds it, as with any mail: nothing is sent half-translated.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from markupsafe import Markup

from campaigner.core.campaign import Campaign, Item, Missing, Wording
from campaigner.core.delivery import Hold
from campaigner.core.locales import bcp47, chain
from campaigner.core.message import Identity
from campaigner.core.newsletter import NewsletterData, ToldStory, Words
from campaigner.core.placeholders import fill
from campaigner.core.slots import PATTERN
from campaigner.rendering import markdown
from campaigner.rendering.catalogs import Catalogs
from campaigner.rendering.drafts import tracked_link
from campaigner.rendering.posts import NotRendered
from campaigner.rendering.wordings import Fault, Localized, localize, partner_names

CLASSES = {"a": "link"}
MEDIUM = "email"  # utm_medium of a newsletter's links, where no rule says otherwise


@dataclass(frozen=True, kw_only=True)
class StoryView:
    """A story as the templates see it. `language` is BCP 47, empty where it is the edition's."""

    anchor: str
    headline: str
    html: Markup
    text: str
    byline: str
    link: str
    language: str


@dataclass(frozen=True, kw_only=True)
class NoteView:
    by: str
    html: Markup
    text: str


@dataclass(frozen=True, kw_only=True)
class NewsletterView:
    """What a newsletter tells in one language. `left_out` says which stories not, and why.

    `projects` are those of the stories' campaigns, each once.
    """

    subject: str
    introduction: str
    note: NoteView | None
    stories: tuple[StoryView, ...]
    left_out: tuple[str, ...]
    projects: tuple[str, ...]


def view(
    data: NewsletterData, campaign: Campaign, *, account: str, locale: str, catalogs: Catalogs
) -> NewsletterView | NotRendered:
    """Return what an edition says in `locale`; NotRendered if it cannot be said there at all.

    `campaign` is the newsletter. Without a story there is nothing to send; the
    caller looks.
    """
    teller = _Teller(data, campaign, account, locale, catalogs)
    told = [teller.story(story) for story in data.stories]
    notes = [sentence for each in told if not isinstance(each, StoryView) for sentence in each]
    notes += [f"{id} has no file that can be read: its stories are left out" for id in data.missing]
    said = teller.own()
    if isinstance(said, NotRendered):
        return said
    subject, introduction, note = said
    return NewsletterView(
        subject=subject,
        introduction=introduction,
        note=note,
        stories=tuple(each for each in told if isinstance(each, StoryView)),
        left_out=tuple(notes),
        projects=tuple(
            dict.fromkeys(
                project
                for story, each in zip(data.stories, told, strict=True)
                if isinstance(each, StoryView)
                for project in story.projects
            )
        ),
    )


class _Teller:
    """Says the texts of one edition in one language."""

    def __init__(
        self,
        data: NewsletterData,
        campaign: Campaign,
        account: str,
        locale: str,
        catalogs: Catalogs,
    ) -> None:
        self.data = data
        self.campaign = campaign
        self.account = account
        self.locale = locale
        self.catalogs = catalogs

    def own(self) -> tuple[str, str, NoteView | None] | NotRendered:
        """Return subject, introduction and note."""
        data = self.data
        texts = [data.subject]
        texts += [data.introduction] if data.introduction else []
        texts += [data.note.text] if data.note else []
        said = self._said(texts, data.words, self.locale)
        faults = [*said.faults]
        note = None
        if data.note is not None and not faults:
            text = said.texts[-1]
            faults += [Fault(Hold.RENDERING, f"the note: {each}") for each in markdown.faults(text)]
            note = NoteView(
                by=self._name(data.note.by, data.words),
                html=markdown.to_html(text, classes=CLASSES),
                text=markdown.to_text(text),
            )
        if faults:
            broken = any(fault.reason is Hold.RENDERING for fault in faults)
            return NotRendered(
                reason=Hold.RENDERING if broken else Hold.TRANSLATION,
                faults=tuple(dict.fromkeys(fault.sentence for fault in faults)),
            )
        return said.texts[0], said.texts[1] if data.introduction else "", note

    def story(self, story: ToldStory) -> StoryView | list[str]:
        """Return a story, or why it is left out, a sentence each."""
        source = story.headline.locale or story.words.source_locale
        texts = (story.headline, story.body)
        locale, said = self.locale, self._said(texts, story.words, self.locale)
        may_be_source = self.campaign.missing is Missing.SOURCE and self.locale != source
        if may_be_source and any(fault.reason is Hold.TRANSLATION for fault in said.faults):
            locale, said = source, self._said(texts, story.words, source)
        if not said.faults:
            wrong = [Fault(Hold.RENDERING, each) for each in markdown.faults(said.texts[1])]
            said = replace(said, faults=tuple(wrong))
        if said.faults:
            sentences = dict.fromkeys(fault.sentence for fault in said.faults)
            return [f"the story {story.id} is left out: {sentence}" for sentence in sentences]
        headline, body = said.texts
        return StoryView(
            anchor=f"{story.id.campaign}-{story.id.item}",
            headline=headline,
            html=markdown.to_html(body, classes=CLASSES),
            text=markdown.to_text(body),
            byline=self._name(story.byline, story.words) if story.byline else "",
            link=self._link(story, locale),
            language=bcp47(locale) if locale != self.locale else "",
        )

    def _said(self, wordings: Iterable[Wording], words: Words, locale: str) -> "_Said":
        speaker = replace(
            self.campaign,
            variables=words.variables,
            partners=words.partners,
            source_locale=words.source_locale,
        )
        found = [
            localize(wording, speaker, locale=locale, catalogs=self.catalogs)
            for wording in wordings
        ]
        texts = tuple(each.text for each in found if isinstance(each, Localized))
        faults = [fault for each in found if not isinstance(each, Localized) for fault in each]
        faults += [
            Fault(
                Hold.RENDERING, f"'{mark[0]}' marks what a mail leaves open. Write other brackets"
            )
            for text in texts
            if (mark := PATTERN.search(text)) is not None
        ]
        return _Said(texts=texts, faults=tuple(faults))

    def _name(self, name: Wording, words: Words) -> str:
        """Return who wrote something: the reader's own spelling, else the one for all."""
        own = (name.given[each] for each in chain(self.locale) if each in name.given)
        return fill(next(own, name.source), partner_names(words.partners, locale=self.locale))

    def _link(self, story: ToldStory, locale: str) -> str:
        """Return where the story leads, with what tells who brought the reader."""
        identity = Identity(
            campaign=self.campaign.id,
            run=self.data.day.isoformat(),
            item=str(story.id),
            repetition=0,
            account=self.account,
            locale=locale,
        )
        item = Item(id=story.id.item, texts={}, links=story.links)
        campaign = replace(self.campaign, utm={"medium": MEDIUM, **self.campaign.utm})
        return tracked_link(campaign, item, identity, channel="email")


@dataclass(frozen=True, kw_only=True)
class _Said:
    texts: tuple[str, ...]
    faults: tuple[Fault, ...]
