"""What a campaign says: its items, each a bundle of texts, link, hashtags, pictures and a story."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

from campaigner.core.campaign import ANY, Item, Story, Wording
from campaigner.core.spelling import listed
from campaigner.loading import shapes
from campaigner.loading.hashtags import SharedTags, read_hashtags
from campaigner.loading.links import link_fault
from campaigner.loading.newsletters import without_attachments
from campaigner.loading.pictures import PictureReader
from campaigner.loading.problems import Problems, quoted
from campaigner.loading.times import read_moment
from campaigner.loading.wordings import Wordings, read_locale
from campaigner.loading.yaml import MapNode, Node, ScalarNode
from campaigner.settings import AccountSettings

ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
ID_RULE = "Write small letters and digits, with hyphens between them."
CHANNELS: tuple[str, ...] = get_args(AccountSettings.model_fields["channel"].annotation)
KNOWN = (
    "id", "text", "title", "owner", "due", "embargo_until", "source_locale", "link", "hashtags",
    "media", "alt", "story",
)  # fmt: skip
OF_NEWSLETTER = (
    "id", "story", "link", "title", "owner", "due", "embargo_until", "source_locale",
)  # fmt: skip
MOST_ORDER = 999


@dataclass(frozen=True, kw_only=True)
class ItemReader:
    """Reads the items of one campaign. `folder` is what pictures are relative to.

    `zone` is the one in which embargoes are written; `shared` the library's
    hashtags. `names` reads what nobody translates. `posts`: whether items are
    posted; else they are stories of a newsletter.
    """

    wordings: Wordings
    names: Wordings
    campaign: str
    channels: frozenset[str]
    folder: Path
    zone: ZoneInfo
    shared: SharedTags
    posts: bool = True

    @property
    def problems(self) -> Problems:
        return self.wordings.problems

    def items(self, node: Node | None) -> tuple[Item, ...]:
        """Return the items that could be read, in order."""
        lines: dict[str, int] = {}
        out: list[Item] = []
        for part in shapes.items(self.problems, node, "items"):
            item = self._item(part)
            if item.id in lines:
                found = f"the item id {quoted(item.id)} is taken, in line {lines[item.id]}"
                self.problems.add(item.line, found, "Give each item an id of its own.")
            elif item.id:
                lines[item.id] = item.line
            out.append(item)
        return tuple(out)

    def _item(self, node: Node) -> Item:
        required = ("id", _content_of(node, "text" if self.posts else "story"))
        if not self.posts:
            node = without_attachments(self.problems, node, "a newsletter")
        known = KNOWN if self.posts else OF_NEWSLETTER
        found = shapes.fields(self.problems, node, "the item", known=known, required=required)
        id = read_id(self.problems, found.get("id"))
        context = f"{self.campaign}/{id.text if id else ''}"
        source = shapes.text(self.problems, found.get("source_locale"), "source_locale")
        locale = read_locale(self.problems, source) or ""
        reader = replace(self, wordings=self.wordings.written_in(locale)) if locale else self
        pictures = PictureReader(wordings=reader.wordings, folder=self.folder, context=context)
        return Item(
            id=id.text if id else "",
            texts=reader._texts(found.get("text"), context),
            title=self._plain(found, "title"),
            owner=self._plain(found, "owner"),
            due=shapes.day(self.problems, found.get("due"), "due"),
            embargo_until=read_embargo(self.problems, found, self.zone),
            source_locale=locale,
            links=reader._links(found.get("link")),
            hashtags=read_hashtags(reader.wordings, found.get("hashtags"), self.shared),
            pictures=pictures.pictures(found.get("media"), found.get("alt")),
            story=reader._story(found.get("story"), context),
            line=id.line if id else node.line,
        )

    def _plain(self, found: Mapping[str, Node], name: str) -> str:
        value = shapes.text(self.problems, found.get(name), name)
        return value.text if value else ""

    def _texts(self, node: Node | None, context: str) -> Mapping[str, Wording]:
        """Return the texts by channel. Keys are channels if one of them is, else locales."""
        if not isinstance(node, MapNode) or not self._is_by_channel(node):
            node = self._checked_locales(node)
            words = self.wordings.wording(node, "text", context=f"{context} text")
            return {ANY: words} if words else {}
        out: dict[str, Wording] = {}
        for key, value in node.entries:
            known = (*CHANNELS, ANY)
            if key.text in self.wordings.languages.named:
                found = f"`text` mixes channels with the locale {quoted(key.text)}"
                fix = "Write the channel first and the locales in it: x: {en: …, es: …}."
                self.problems.add(key.line, found, fix)
            elif shapes.one_of(self.problems, key, "in `text`,", known, where="a channel"):
                field = "text" if key.text == ANY else f"text.{key.text}"
                words = self.wordings.wording(value, field, context=f"{context} {field}")
                if words is not None:
                    out[key.text] = words
        if out and not (self.channels & out.keys()) and ANY not in out and self.channels:
            wanted = sorted(self.channels)
            found = f"`text` has nothing for {listed(wanted)}, where this campaign posts"
            self.problems.add(
                node.line, found, f"Add `{wanted[0]}: …`, or `{ANY}: …` for every channel."
            )
        return out

    def _is_by_channel(self, node: MapNode) -> bool:
        keys = {key.text for key, _ in node.entries}
        return not keys.isdisjoint(CHANNELS) or keys == {ANY}

    def _checked_locales(self, node: Node | None) -> Node | None:
        """Return a mapping by locale without the keys that are none, each told."""
        if not isinstance(node, MapNode):
            return node
        right = self.wordings.by_locale(node, "text", besides=CHANNELS)
        values = {id(value) for value in right.values()}
        entries = tuple(entry for entry in node.entries if id(entry[1]) in values)
        return MapNode(line=node.line, entries=entries) if entries else None

    def _links(self, node: Node | None) -> Mapping[str, str]:
        if node is None:
            return {}
        out: dict[str, str] = {}
        for locale, value in self.wordings.by_locale(node, "link").items():
            link = shapes.text(self.problems, value, "link")
            if link is None:
                continue
            if (fault := link_fault(link.text)) is not None:
                self.problems.add(link.line, *fault)
            out[locale] = link.text
        return out

    def _story(self, node: Node | None, context: str) -> Story | None:
        if node is None:
            return None
        parts = ("headline", "body")
        known = (*parts, "by", "order")
        found = shapes.fields(self.problems, node, "the story", known=known, required=parts)
        headline, body = (
            self.wordings.wording(
                found.get(part), f"story.{part}", context=f"{context} story.{part}"
            )
            for part in parts
        )
        byline = self.names.wording(found.get("by"), "by", context=f"{context} story.by")
        fix = "Write its place among the stories of an edition, or remove it."
        order = shapes.number(self.problems, found.get("order"), "order", most=MOST_ORDER, fix=fix)
        if headline is None or body is None:
            return None
        return Story(headline=headline, body=body, byline=byline, order=order)


def _content_of(node: Node, content: str) -> str:
    """Return which field an item needs: its content, or the title of one still to be written."""
    keys = {key.text for key, _ in node.entries} if isinstance(node, MapNode) else set()
    planned = content not in keys and not keys.isdisjoint(("title", "owner", "due"))
    return "title" if planned else content


def read_embargo(problems: Problems, fields: Mapping[str, Node], zone: ZoneInfo) -> datetime | None:
    """Return until when nothing is public, from wall-clock in `zone`; None if nothing is said."""
    return read_moment(problems, fields.get("embargo_until"), "embargo_until", zone)


def read_id(problems: Problems, node: Node | None) -> ScalarNode | None:
    """Return an id of small letters, digits and hyphens; a wrong one too, told."""
    id = shapes.text(problems, node, "id")
    if id is not None and not ID.fullmatch(id.text):
        problems.add(id.line, f"{quoted(id.text)} cannot be an id", ID_RULE)
    return id
