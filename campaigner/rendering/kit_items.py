"""The items of a partner kit: each text once, for the networks that it is for, in every language.

Partners publish on channels of their own: a network's version of a text counts
by that network's own limit, not by an account's of ours, and links say that a
partner brought the reader.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from campaigner.core.campaign import ANY, Campaign, Item
from campaigner.core.counting import LIMITS
from campaigner.core.delivery import Hold
from campaigner.core.fitting import Fitted, fit
from campaigner.core.locales import bcp47
from campaigner.core.message import Identity
from campaigner.rendering.cards import network_title
from campaigner.rendering.drafts import Desk, tracked_link
from campaigner.rendering.formats import locale_name
from campaigner.rendering.pages import Album
from campaigner.rendering.posts import (
    NotRendered,
    RenderedPost,
    RenderedStory,
    layout,
    render_post,
    render_story,
)

SOURCE = "partner-kit"  # what utm_source says of readers whom partners bring


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """What is not in the kit: an item, or its words in one locale, and why."""

    item: str
    locale: str = ""
    is_translation: bool = False
    note: str


@dataclass(frozen=True, kw_only=True)
class _Version:
    """A text for all networks that would say the same; `elsewhere`: and for any other place."""

    id: str
    title: str
    elsewhere: bool
    text: str
    length: int
    limit: int


@dataclass(kw_only=True)
class _Said:
    """An item in one language, ready to be copied."""

    id: str
    tag: str
    name: str
    versions: list[_Version] = field(default_factory=list)
    alts: list[dict[str, str]] = field(default_factory=list)
    hashtags: str = ""
    link: str = ""
    headline: str = ""
    body: str = ""


class KitWriter:
    """Gathers what can be said, and what cannot.

    `left_out` grows item by item, and so do `locales`: those in which something is said.
    """

    def __init__(self, campaign: Campaign, desk: Desk, language: str) -> None:
        self.campaign = campaign
        self.desk = desk
        self.language = language
        self.album = Album(desk.read_picture)
        self.left_out: list[LeftOut] = []
        self.locales: set[str] = set()

    def item_values(self, item: Item) -> dict[str, Any] | None:
        """Return what the page shows of an item; None if nothing of it is ready."""
        if item.is_placeholder:
            self.left_out.append(LeftOut(item=item.id, note="it has no text yet"))
            return None
        said = [
            words
            for locale in self.campaign.locales
            if (words := self._in_locale(item, locale)) is not None
        ]
        if not said:
            return None
        shown: dict[str, str] = {}  # each picture once, with the words of its first language
        for words in said:
            for each in words.alts:
                shown.setdefault(each["file"], each["text"])
        title, tag = self._title(item)
        return {
            "item": {"id": item.id, "title": title, "tag": tag},
            "said": [vars(words) for words in said],
            "pictures": [vars(self.album.add(file, alt=alt)) for file, alt in shown.items()],
        }

    def _in_locale(self, item: Item, locale: str) -> _Said | None:
        said = _Said(
            id=f"{item.id}-{bcp47(locale)}", tag=bcp47(locale), name=locale_name(locale, locale)
        )
        posts = list(self._versions(item, locale))
        for titles, post, fitted in posts:
            version = _Version(
                id=f"{said.id}-{len(said.versions) + 1}",
                title=" · ".join(filter(None, titles)),
                elsewhere="" in titles,
                text=fitted.text,
                length=fitted.length,
                limit=fitted.limit,
            )
            said.versions.append(version)
            said.hashtags = said.hashtags or " ".join(f"#{tag}" for tag in post.hashtags)
            said.link = said.link or post.link
        if not posts:
            return None
        pictures = posts[0][1].pictures
        said.alts = [
            {
                "id": f"{said.id}-alt-{number}",
                "file": picture.file,
                "name": picture.file.rpartition("/")[2],
                "text": picture.alt,
            }
            for number, picture in enumerate(pictures, 1)
        ]
        story = render_story(self.campaign, item, locale=locale, catalogs=self.desk.catalogs)
        if isinstance(story, RenderedStory) and story.language == said.tag:
            said.headline, said.body = story.headline, story.body
        self.locales.add(locale)
        return said

    def _versions(
        self, item: Item, locale: str
    ) -> Iterator[tuple[list[str], RenderedPost, Fitted]]:
        """Yield each text once, with the titles of its networks; "" is any other place."""
        found: list[tuple[list[str], RenderedPost, Fitted]] = []
        for channel, title in self._networks(item):
            ready = self._post(item, locale, channel)
            if ready is None:
                continue
            post, fitted = ready
            for titles, _, known in found:
                if known.text == fitted.text and known.limit == fitted.limit:
                    titles.append(title)
                    break
            else:
                found.append(([title], post, fitted))
        yield from found

    def _networks(self, item: Item) -> Sequence[tuple[str, str]]:
        """Return the networks of the campaign's accounts, each once; last what is for any other."""
        networks: dict[tuple[str, str], None] = {}
        for name in self.desk.posting(self.campaign):
            account = self.desk.accounts[name]
            networks[account.channel, network_title(account)] = None
        if ANY in item.texts:
            networks["", ""] = None
        return list(networks)

    def _post(self, item: Item, locale: str, channel: str) -> tuple[RenderedPost, Fitted] | None:
        campaign, desk = self.campaign, self.desk
        identity = Identity(
            campaign=campaign.id, run="kit", item=item.id, repetition=0, account=SOURCE,
            locale=locale,
        )  # fmt: skip
        post = render_post(
            campaign,
            item,
            channel=channel,
            locale=locale,
            link=tracked_link(campaign, item, identity, channel=channel, source=SOURCE),
            catalogs=desk.catalogs,
            environment=desk.environment,
        )
        match post:
            case NotRendered(reason=reason, faults=faults):
                self._leave_out(item, locale, "; ".join(faults), reason is Hold.TRANSLATION)
                return None
            case RenderedPost() if post.language != bcp47(locale):
                self._leave_out(item, locale, "it is not translated", True)
                return None
            case RenderedPost():
                pass
            case _:
                return None
        fitted = fit(
            lambda hashtags: layout(post, hashtags),
            hashtags=post.hashtags,
            channel=channel,
            limit=LIMITS.get(channel, 0),
        )
        if isinstance(fitted, Fitted):
            return post, fitted
        self._leave_out(item, locale, f"it is too long for {channel}", False)
        return None

    def _leave_out(self, item: Item, locale: str, note: str, is_translation: bool) -> None:
        entry = LeftOut(item=item.id, locale=locale, is_translation=is_translation, note=note)
        if entry not in self.left_out:
            self.left_out.append(entry)

    def _title(self, item: Item) -> tuple[str, str]:
        """Return what an item is called, and in which language (BCP 47)."""
        source = item.source_locale or self.campaign.source_locale
        if item.title:
            return item.title, bcp47(source)
        for locale in (self.language, source):
            story = render_story(self.campaign, item, locale=locale, catalogs=self.desk.catalogs)
            if isinstance(story, RenderedStory):
                return story.headline, story.language
        return item.id, bcp47(source)
