"""What a campaign says: its items, each a bundle of texts, link, hashtags, pictures and a story."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import get_args
from urllib.parse import urlsplit

import idna
import regex

from campaigner.core.campaign import ANY, Digest, Item, Story, Wording
from campaigner.core.spelling import listed
from campaigner.loading import shapes
from campaigner.loading.pictures import PictureReader
from campaigner.loading.problems import Problems, quoted
from campaigner.loading.schedules import read_duration
from campaigner.loading.wordings import Wordings
from campaigner.loading.yaml import MapNode, Node, ScalarNode
from campaigner.settings import AccountSettings

ID = regex.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
ID_RULE = "Write small letters and digits, with hyphens between them."
CHANNELS: tuple[str, ...] = get_args(AccountSettings.model_fields["channel"].annotation)
COMPOSE_BEFORE = "2 days"

_HASHTAG = regex.compile(r"[\p{L}\p{M}\p{N}_]*\p{L}[\p{L}\p{M}\p{N}_]*")


@dataclass(frozen=True, kw_only=True)
class ItemReader:
    """Reads the items of one campaign. `folder` is what pictures are relative to."""

    wordings: Wordings
    campaign: str
    channels: frozenset[str]
    folder: Path

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
        required = ("id", "text")
        known = (*required, "link", "hashtags", "media", "alt", "story")
        found = shapes.fields(self.problems, node, "the item", known=known, required=required)
        id = read_id(self.problems, found.get("id"))
        context = f"{self.campaign}/{id.text if id else ''}"
        pictures = PictureReader(wordings=self.wordings, folder=self.folder, context=context)
        return Item(
            id=id.text if id else "",
            texts=self._texts(found.get("text"), context),
            links=self._links(found.get("link")),
            hashtags=self._hashtags(found.get("hashtags")),
            pictures=pictures.pictures(found.get("media"), found.get("alt")),
            story=self._story(found.get("story"), context),
            line=id.line if id else node.line,
        )

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

    def _hashtags(self, node: Node | None) -> Mapping[str, tuple[str, ...]]:
        if node is None:
            return {}
        return {
            locale: tuple(tag.text for tag in self._tags(value))
            for locale, value in self.wordings.by_locale(node, "hashtags").items()
        }

    def _tags(self, node: Node) -> list[ScalarNode]:
        tags = list(shapes.texts(self.problems, node, "hashtags"))
        for tag in tags:
            bare = regex.sub(r"[^\p{L}\p{M}\p{N}_]", "", tag.text)
            if not _HASHTAG.fullmatch(tag.text):
                fix = "Use letters, digits and underscores, one letter at least."
                if _HASHTAG.fullmatch(bare):
                    fix = f"Write {bare}: the # is added when it is posted."
                self.problems.add(tag.line, f"{quoted(tag.text)} cannot be a hashtag", fix)
        return tags

    def _story(self, node: Node | None, context: str) -> Story | None:
        if node is None:
            return None
        parts = ("headline", "body")
        found = shapes.fields(self.problems, node, "the story", known=parts, required=parts)
        headline, body = (
            self.wordings.wording(
                found.get(part), f"story.{part}", context=f"{context} story.{part}"
            )
            for part in parts
        )
        return Story(headline=headline, body=body) if headline and body else None


def read_digest(wordings: Wordings, node: Node | None, *, campaign: str) -> Digest | None:
    """Return what a digest says beside its data; None, and a problem, where it cannot be read."""
    if node is None:
        return None
    required = ("subject", "introduction")
    found = shapes.fields(
        wordings.problems,
        node,
        "the digest",
        known=(*required, "compose_before"),
        required=required,
    )
    subject, introduction = (
        wordings.wording(found.get(part), part, context=f"{campaign} digest.{part}")
        for part in required
    )
    default = ScalarNode(line=node.line, text=COMPOSE_BEFORE)
    before = read_duration(
        wordings.problems, found.get("compose_before", default), "compose_before"
    )
    if subject is None or introduction is None or before is None:
        return None
    return Digest(subject=subject, introduction=introduction, compose_before=before)


def read_id(problems: Problems, node: Node | None) -> ScalarNode | None:
    """Return an id of small letters, digits and hyphens; a wrong one too, told."""
    id = shapes.text(problems, node, "id")
    if id is not None and not ID.fullmatch(id.text):
        problems.add(id.line, f"{quoted(id.text)} cannot be an id", ID_RULE)
    return id


def link_fault(link: str) -> tuple[str, str] | None:
    """Return what is wrong with a link and what to do; None if it is an https address.

    The host may be internationalized (IDNA 2008, with UTS 46 mapping).
    """
    shown = quoted(link)
    if any(character.isspace() for character in link):
        return f"the link {shown} has white space in it", "Write it without, or as %20."
    try:
        parts = urlsplit(link)
        host, _ = parts.hostname or "", parts.port
        if host:
            idna.encode(host, uts46=True)
    except (ValueError, UnicodeError):  # idna.IDNAError is a UnicodeError
        return f"the link {shown} has an impossible host", "Correct the part after https://."
    if parts.scheme != "https":
        secure = f"https{link.removeprefix(parts.scheme)}" if parts.scheme == "http" else None
        fix = f"Write {secure}" if secure else "Begin it with https://"
        return f"the link {shown} is not https", f"{fix}."
    if not host:
        return f"the link {shown} has no host", "Write it whole, like https://example.org/page."
    if parts.username is not None or parts.password is not None:
        return f"the link {shown} holds a user name or password", "Remove what is before the @."
    return None
