"""One post, in one language, for one channel: its parts, and how they are laid out.

What an account says is complete in its language or is not said: a post with
one untranslated string is NotRendered, and tells which.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from campaigner.core.campaign import ANY, Campaign, Item, Missing, Wording
from campaigner.core.delivery import Hold
from campaigner.core.locales import bcp47, chain
from campaigner.rendering.catalogs import TEMPLATES, Catalogs
from campaigner.rendering.environment import (
    FaultyTemplateError,
    TemplateEnvironment,
    Voice,
    render,
)
from campaigner.rendering.wordings import Fault, Localized, localize

Value = TypeVar("Value")


@dataclass(frozen=True, kw_only=True)
class RenderedPicture:
    """`file` is relative to `campaigns/`."""

    file: str
    alt: str


@dataclass(frozen=True, kw_only=True)
class RenderedPost:
    """A post in parts, so that hashtags can be dropped until it fits: see `layout`.

    `language` is BCP 47: the locale asked for, or the source's if the campaign
    allows that. `link` is as it was given; `hashtags` are without `#`.
    `layouts[n]` is the whole post with the first n of its hashtags.
    """

    text: str
    hashtags: tuple[str, ...]
    link: str
    pictures: tuple[RenderedPicture, ...]
    language: str
    template: str
    layouts: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RenderedStory:
    """A newsletter story. `body` is Markdown, `language` BCP 47."""

    headline: str
    body: str
    language: str


@dataclass(frozen=True, kw_only=True)
class NotRendered:
    """It must wait. Each fault is a sentence that names the string or the line."""

    reason: Hold
    faults: tuple[str, ...]


@dataclass(frozen=True)
class Silent:
    """The item says nothing there: not a fault."""


def render_post(
    campaign: Campaign,
    item: Item,
    *,
    channel: str,
    locale: str,
    link: str,
    catalogs: Catalogs,
    environment: TemplateEnvironment,
) -> RenderedPost | NotRendered | Silent:
    """Say an item in a locale on a channel. `link` is the final one (see `find_link`), or empty.

    With `missing_translation: source` the whole post falls back to the item's
    own language, never a part of it. Whether NotRendered is held or skipped is
    the caller's decision.
    """
    wording = item.text_on(channel)
    if wording is None:
        return Silent()

    def attempt(locale: str) -> RenderedPost | NotRendered:
        pictures = _own(item.pictures, locale, default=())
        said = localize(wording, campaign, locale=locale, catalogs=catalogs, channel=channel)
        alt_texts = [picture.alt for picture in pictures if picture.alt]
        texts = _all_of([said, *_localize_all(campaign, alt_texts, locale, catalogs)])
        if isinstance(texts, NotRendered):
            return texts
        hashtags = _own(item.hashtags, locale, default=())
        parts = {"text": texts[0], "link": link}
        layouts = _lay_out(campaign, parts, hashtags, locale, catalogs, environment)
        if isinstance(layouts, NotRendered):
            return layouts
        alts = iter(texts[1:])
        return RenderedPost(
            text=texts[0],
            hashtags=hashtags,
            link=link,
            pictures=tuple(
                RenderedPicture(file=picture.file, alt=next(alts) if picture.alt else "")
                for picture in pictures
            ),
            language=bcp47(locale),
            template=campaign.template,
            layouts=layouts,
        )

    return _or_in_source(campaign, item, locale, attempt)


def render_story(
    campaign: Campaign, item: Item, *, locale: str, catalogs: Catalogs
) -> RenderedStory | NotRendered | Silent:
    """Tell an item's newsletter story in a locale; the source may stand in as for a post."""
    story = item.story
    if story is None:
        return Silent()

    def attempt(locale: str) -> RenderedStory | NotRendered:
        texts = _all_of(_localize_all(campaign, (story.headline, story.body), locale, catalogs))
        if isinstance(texts, NotRendered):
            return texts
        return RenderedStory(headline=texts[0], body=texts[1], language=bcp47(locale))

    return _or_in_source(campaign, item, locale, attempt)


def layout(post: RenderedPost, hashtags: Sequence[str]) -> str:
    """Return the post as it leaves, with just these hashtags: the first few of its own, or none."""
    return post.layouts[len(hashtags)]


def find_link(item: Item, locale: str) -> str:
    """Return where a post of this locale leads, as its author wrote it; empty if nowhere."""
    return _own(item.links, locale, default="")


def _own(values: Mapping[str, Value], locale: str, *, default: Value) -> Value:
    """Return what is given for the locale, for the nearest of its ancestors, or for all."""
    for key in (*chain(locale), ANY):
        if key in values:
            return values[key]
    return default


def _or_in_source(
    campaign: Campaign, item: Item, locale: str, attempt: Callable[[str], Value | NotRendered]
) -> Value | NotRendered:
    rendered = attempt(locale)
    if not isinstance(rendered, NotRendered) or rendered.reason is not Hold.TRANSLATION:
        return rendered
    source = item.source_locale or campaign.source_locale
    if campaign.missing is not Missing.SOURCE or locale == source:
        return rendered
    return attempt(source)


def _localize_all(
    campaign: Campaign, wordings: Sequence[Wording], locale: str, catalogs: Catalogs
) -> list[Localized | tuple[Fault, ...]]:
    return [localize(wording, campaign, locale=locale, catalogs=catalogs) for wording in wordings]


def _all_of(found: Sequence[Localized | tuple[Fault, ...]]) -> list[str] | NotRendered:
    faults = [fault for one in found if not isinstance(one, Localized) for fault in one]
    return _held(faults) if faults else [one.text for one in found if isinstance(one, Localized)]


def _held(faults: Sequence[Fault]) -> NotRendered:
    """A fault that no translator can mend comes before those that one can."""
    broken = any(fault.reason is Hold.RENDERING for fault in faults)
    reason = Hold.RENDERING if broken else Hold.TRANSLATION
    return NotRendered(
        reason=reason, faults=tuple(dict.fromkeys(fault.sentence for fault in faults))
    )


def _lay_out(
    campaign: Campaign,
    parts: Mapping[str, str],
    hashtags: Sequence[str],
    locale: str,
    catalogs: Catalogs,
    environment: TemplateEnvironment,
) -> tuple[str, ...] | NotRendered:
    """Return the post with none of its hashtags, with the first of them, and so on to all."""
    translator = catalogs.translations(TEMPLATES, locale)
    voice = Voice(locale=locale, zone=campaign.schedule.zone.key, translator=translator)
    layouts = []
    try:
        for kept in range(len(hashtags) + 1):
            variables = {**parts, "hashtags": tuple(hashtags[:kept])}
            layouts.append(render(environment, campaign.template, variables, voice=voice).strip())
    except FaultyTemplateError as error:
        return NotRendered(reason=Hold.RENDERING, faults=(str(error),))
    if faults := tuple(string.sentence(campaign.template) for string in translator.untranslated):
        return NotRendered(reason=Hold.TRANSLATION, faults=faults)
    return tuple(layouts)
