"""Which strings there are to translate: those of the templates, and those of campaigns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from babel.messages.extract import DEFAULT_KEYWORDS, extract
from jinja2.exceptions import TemplateSyntaxError

from campaigner.core.campaign import Campaign, Item, Wording
from campaigner.core.locales import chain
from campaigner.rendering.environment import FaultyTemplateError
from campaigner.rendering.placeholders import has_words

SHARED = {"library": "campaigns/data/library.yaml"}
"""Where texts stand that campaigns share, by the first word of their context."""
READ_BY_PEOPLE = (".html", ".mjml", ".txt")
_OPTIONS = {
    "encoding": "utf-8",
    "extensions": "jinja2.ext.loopcontrols",
    "lstrip_blocks": "true",
    "newstyle_gettext": "true",
    "silent": "false",
    "trim_blocks": "true",
    "trimmed": "true",
}


@dataclass(frozen=True, kw_only=True, order=True)
class Extracted:
    """One string to translate. `file` is relative to its folder; `line` 0 is unknown.

    `source_locale` is its own language, `locales` are those that wait for it;
    empty for what has the language of the package, and every locale waits for.
    """

    file: str
    line: int
    message: str
    plural: str = ""
    context: str | None = None
    source_locale: str = ""
    locales: tuple[str, ...] = ()


def extract_templates(folders: Sequence[Path]) -> tuple[Extracted, ...]:
    """Return the strings of all templates, by file and line; a name's first folder counts.

    A string that several places share is there several times. Raises
    FaultyTemplateError for a template that cannot be read.
    """
    files: dict[str, Path] = {}
    for folder in folders:
        for path in folder.rglob("*"):
            if path.suffix in READ_BY_PEOPLE and path.is_file():
                files.setdefault(path.relative_to(folder).as_posix(), path)
    return tuple(
        string for name in sorted(files) for string in sorted(_of_template(name, files[name]))
    )


def extract_campaign(campaign: Campaign, *, file: str) -> tuple[Extracted, ...]:
    """Return the strings of a campaign that translators see, in the order of its file.

    Left out is what has nothing to translate, and what every locale of the
    campaign was given in words of its own, or reads as it is.
    """
    return tuple(
        Extracted(
            file=SHARED.get(wording.context.partition(" ")[0], file),
            line=wording.line,
            message=wording.source.strip(),
            context=wording.context,
            source_locale=campaign.language_of(wording),
            locales=locales,
        )
        for wording in wordings_of(campaign)
        if (locales := awaiting(wording, campaign))
    )


def awaiting(wording: Wording, campaign: Campaign) -> tuple[str, ...]:
    """Return the locales of the campaign whose readers need a translation of a text, in order."""
    source = campaign.language_of(wording)
    return tuple(
        locale
        for locale in campaign.locales
        if not reads(locale, source) and needs_translation(wording, locale)
    )


def reads(locale: str, source_locale: str) -> bool:
    """Whether a reader of `locale` gets a text of `source_locale` as it is."""
    return not {source_locale, source_locale.split("_")[0]}.isdisjoint(chain(locale))


def needs_translation(wording: Wording, locale: str) -> bool:
    """Whether a text has words, and none of its own for the locale or an ancestor of it."""
    return has_words(wording.source) and wording.given.keys().isdisjoint(chain(locale))


def wordings_of(campaign: Campaign) -> tuple[Wording, ...]:
    """Return every text of a campaign, each once; a partner's name is never translated."""
    once = {(wording.context, wording.source): wording for wording in _wordings(campaign)}
    return tuple(once.values())


def _of_template(name: str, path: Path) -> Iterator[Extracted]:
    try:
        with path.open("rb") as file:
            found = list(
                extract("jinja2.ext:babel_extract", file, DEFAULT_KEYWORDS, options=_OPTIONS)
            )
    except TemplateSyntaxError as error:
        text = f"this is not a template that can be read: {error.message}"
        raise FaultyTemplateError(name, error.lineno, text, "Correct this line.") from None
    except UnicodeDecodeError:
        raise FaultyTemplateError(name, 0, "it is not UTF-8", "Save it as UTF-8.") from None
    for line, strings, _, context in found:
        message, plural = (strings, "") if isinstance(strings, str) else strings
        yield Extracted(file=name, line=line, message=message, plural=plural, context=context)


def _wordings(campaign: Campaign) -> Iterator[Wording]:
    yield from campaign.variables.values()
    if campaign.digest:
        yield from (campaign.digest.subject, campaign.digest.introduction)
    if campaign.newsletter:
        said = campaign.newsletter
        yield from filter(None, (said.subject, said.introduction, said.note and said.note.text))
    for item in campaign.items:
        yield from _of_item(item)


def _of_item(item: Item) -> Iterator[Wording]:
    yield from item.texts.values()
    for pictures in item.pictures.values():
        yield from (picture.alt for picture in pictures if picture.alt)
    if item.story:
        yield from (item.story.headline, item.story.body)
