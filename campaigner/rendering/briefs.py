"""What a translator is told of each string: where it is said, how much room, official words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from campaigner.core.campaign import Campaign, Item
from campaigner.core.glossary import Glossary, Words
from campaigner.core.placeholders import names_in
from campaigner.rendering.catalogs import CAMPAIGNS, PROCESSES, TEMPLATES
from campaigner.rendering.drafts import Desk
from campaigner.rendering.extraction import Extracted, extract_campaign, extract_templates
from campaigner.rendering.podocuments import Key
from campaigner.rendering.rooms import Room, measure, rooms_of

PACKAGED_LOCALE = "en"  # in which templates and policy processes are written
ON_SCREEN = {"x": "X", "mastodon": "Mastodon", "email": "e-mail"}
PARTS = {
    "alt": "words for a picture, for those who cannot see it",
    "story.headline": "headline of a newsletter story",
    "story.body": "newsletter story, in Markdown",
    "digest.subject": "subject of a digest's mails",
    "digest.introduction": "introduction of a digest's mails",
    "newsletter.subject": "subject of a newsletter's mails",
    "newsletter.introduction": "introduction of a newsletter's mails",
    "newsletter.note.text": "editor's note of a newsletter, in Markdown",
}


@dataclass(frozen=True, kw_only=True)
class Brief:
    """One string of a domain with what its translator should know.

    `references` are its places (file:line). `rooms` by locale. `campaigns`
    are those that say it; `said_in` is the item whose text it is, to measure
    a translation in.
    """

    domain: str
    string: Extracted
    where: str
    references: tuple[str, ...]
    rooms: Mapping[str, Room] = field(default_factory=dict)
    due: date | None = None
    campaigns: tuple[str, ...] = ()
    said_in: tuple[Campaign, Item] | None = None

    @property
    def key(self) -> Key:
        return self.string.context, self.string.message

    @property
    def source_locale(self) -> str:
        return self.string.source_locale or PACKAGED_LOCALE

    def awaited_in(self, locale: str) -> bool:
        """Whether the readers of a locale wait for a translation."""
        return not self.string.locales or locale in self.string.locales

    def left(self, locale: str, translation: str, desk: Desk) -> int | None:
        """Return the room that a translation leaves on the tightest network; None: no limit."""
        room = self.rooms.get(locale)
        if room is None or self.said_in is None:
            return None
        if not translation:
            return room.left(0)
        length = measure(*self.said_in, desk, room, locale=locale, text=translation)
        return None if length is None else room.left(length)


def brief_campaign(
    campaign: Campaign, desk: Desk, *, file: str, dues: Mapping[str, date]
) -> list[Brief]:
    """Return the campaign's strings in the order of its file. `dues` by item."""
    rooms = rooms_of(campaign, desk)
    items = {item.id: item for item in campaign.items}
    briefs = []
    for string in extract_campaign(campaign, file=file):
        context = string.context or ""
        name = _item_of(context, campaign.id)
        item = items.get(name)
        due = (item.due if item else None) or dues.get(name)
        briefs.append(
            Brief(
                domain=CAMPAIGNS,
                string=string,
                where=_where(context, campaign, item, desk),
                references=(f"{string.file}:{string.line}",),
                rooms={
                    locale: rooms[context, locale]
                    for locale in campaign.locales
                    if (context, locale) in rooms
                },
                due=due,
                campaigns=(campaign.id,),
                said_in=(campaign, item) if item else None,
            )
        )
    return briefs


def brief_templates(folders: Sequence[Path]) -> list[Brief]:
    """Return the strings of all templates, in order of their files."""
    return [
        Brief(
            domain=TEMPLATES,
            string=string,
            where="words of a mail or page",
            references=(f"templates/{string.file}:{string.line}",),
        )
        for string in extract_templates(folders)
    ]


def brief_processes(facts: Iterable[tuple[str, str]]) -> list[Brief]:
    """Return the facts of policy processes: context and text of each."""
    return [
        Brief(
            domain=PROCESSES,
            string=Extracted(file="processes", line=0, message=message, context=context),
            where="fact of a policy development process",
            references=(),
        )
        for context, message in facts
    ]


def merged(briefs: Iterable[Brief]) -> list[Brief]:
    """Return each string once, in order, with all of its places; the earliest due day counts."""
    once: dict[tuple[str, Key], Brief] = {}
    for brief in briefs:
        same = once.get((brief.domain, brief.key))
        if same is None:
            once[brief.domain, brief.key] = brief
            continue
        once[brief.domain, brief.key] = replace(
            same,
            string=replace(
                same.string,
                plural=same.string.plural or brief.string.plural,
                locales=tuple(dict.fromkeys((*same.string.locales, *brief.string.locales))),
            ),
            references=tuple(dict.fromkeys((*same.references, *brief.references))),
            due=min(filter(None, (same.due, brief.due)), default=None),
            campaigns=tuple(dict.fromkeys((*same.campaigns, *brief.campaigns))),
        )
    return list(once.values())


def comments_for(brief: Brief, glossary: Glossary, *, locale: str = "") -> tuple[str, ...]:
    """Return the lines that stand over a string for its translator; without a locale, for all.

    They say what stays the same while the translation is made, so that an
    update changes a catalog only where there is something new.
    """
    lines = [f"{brief.where[:1].upper()}{brief.where[1:]}."]
    rooms = [brief.rooms[locale]] if locale in brief.rooms else []
    if not locale and brief.rooms:
        rooms = [min(brief.rooms.values(), key=lambda room: room.takes)]
    lines += [
        f"At most {room.takes} characters on {_channel(room.channel)}, of its {room.limit}; "
        "the rest is for link and hashtags."
        for room in rooms
    ]
    if names := names_in(brief.string.message):
        keep = ", ".join(f"{{{{ {name} }}}}" for name in names)
        lines.append(f"Keep {keep} as it is.")
    if terms := terms_for(brief, glossary, locale=locale):
        lines.append(f"Official words: {terms}.")
    if brief.due:
        lines.append(f"Due {brief.due}.")
    return tuple(lines)


def terms_for(brief: Brief, glossary: Glossary, *, locale: str = "") -> str:
    """Return the glossary's terms in a string: `DNS Abuse: uso indebido del DNS; …`."""
    said = []
    for term in glossary.terms_in(brief.string.message, brief.source_locale):
        own = term.in_locale(brief.source_locale)
        if own is None:
            continue
        if locale:
            words = term.in_locale(locale)
            told = _words(words) if words else ""
        else:
            others = [name for name in term.words if term.words[name] is not own]
            told = ", ".join(f"{name} {_words(term.words[name])}" for name in others)
        if told:
            said.append(f"{own.words[0]}: {told}")
    return "; ".join(said)


def limit_in_words(room: Room) -> str:
    """Return how much room there is, and where: `243 of 280 on X`."""
    return f"{room.takes} of {room.limit} on {_channel(room.channel)}"


def _words(words: Words) -> str:
    return " or ".join(words.words) + ("" if words.source else " (usual)")


def _channel(name: str) -> str:
    return ON_SCREEN.get(name, name)


def _item_of(context: str, campaign: str) -> str:
    """Return the item in `CAMPAIGN/ITEM FIELD`; empty for what belongs to none."""
    place, _, _ = context.partition(" ")
    owner, slash, item = place.partition("/")
    return item if slash and owner == campaign else ""


def _where(context: str, campaign: Campaign, item: Item | None, desk: Desk) -> str:
    place, _, part = context.partition(" ")
    if place == "library":
        return f"reusable text, stands for {{{{ library.{part} }}}}"
    if part.startswith("variables."):
        name = part.removeprefix("variables.")
        return f"stands for {{{{ {name} }}}} in the texts of {campaign.id}"
    if item is None:
        return f"{PARTS.get(part, part)}, {campaign.id}"
    said = PARTS.get(part) or PARTS.get(part.split(".")[0], "")
    if part.split(".")[0] == "text":
        said = f"post on {' and '.join(_channels(context, item, campaign, desk)) or 'no account'}"
    return f"{said}, item {item.id} of {campaign.id}"


def _channels(context: str, item: Item, campaign: Campaign, desk: Desk) -> list[str]:
    channels = dict.fromkeys(desk.accounts[account].channel for account in campaign.accounts)
    said = {channel: item.text_on(channel) for channel in channels}
    return [_channel(name) for name, text in said.items() if text and text.context == context]
