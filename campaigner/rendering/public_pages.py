"""The pages for readers: subscribe, confirm, preferences, unsubscribe, archive and feeds.

They come in LANGUAGES, need no script, and fetch nothing from elsewhere. What
people agree to has a text of its own, so that its wording can be proved.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from campaigner.core.locales import bcp47, nearest
from campaigner.rendering.catalogs import TEMPLATES, Catalogs
from campaigner.rendering.environment import TemplateEnvironment, Voice, render
from campaigner.rendering.formats import locale_name
from campaigner.rendering.languages import LANGUAGES
from campaigner.rendering.zone_choices import Choice

FOLDER = "web/public"


@dataclass(frozen=True, kw_only=True)
class PageLanguage:
    """A language that a page is there in: `tag` is BCP 47, `name` in the language itself."""

    tag: str
    name: str


OURS = tuple(PageLanguage(tag=bcp47(locale), name=name) for locale, name in LANGUAGES.items())


@dataclass(frozen=True, kw_only=True)
class RenderedWording:
    """What people agree to. `version` changes when the words do."""

    text: str
    version: str


@dataclass(frozen=True, kw_only=True)
class PublicPages:
    """Makes pages. `brand` is what the installation is called, and stands above all of them."""

    environment: TemplateEnvironment
    catalogs: Catalogs
    brand: str

    def page(self, name: str, values: Mapping[str, Any], *, locale: str, zone: str = "UTC") -> str:
        """Return a page in a locale of LANGUAGES, times in `zone`.

        Raises FaultyTemplateError for a workspace's own template that is faulty.
        """
        known = {"brand": self.brand, "languages": OURS, **values}
        return self._render(name, known, locale=locale, zone=zone)

    def wording(self, list: str, *, locale: str) -> RenderedWording:
        """Return what a subscriber of a list, by its title, agrees to."""
        text = " ".join(self._render("wording.txt", {"list": list}, locale=locale).split())
        return RenderedWording(text=text, version=hashlib.sha256(text.encode()).hexdigest()[:12])

    def say(self, key: str, *, locale: str, **values: str) -> str:
        """Return one of the sentences of `sentences.txt`, by its key; `values` stand in it."""
        return self._render("sentences.txt", {"key": key, **values}, locale=locale).strip()

    def _render(
        self, name: str, values: Mapping[str, Any], *, locale: str, zone: str = "UTC"
    ) -> str:
        translator = self.catalogs.translations(TEMPLATES, locale)
        voice = Voice(locale=locale, zone=zone, translator=translator)
        return render(self.environment, f"{FOLDER}/{name}", values, voice=voice)


def locale_choices(locales: Sequence[str]) -> tuple[Choice, ...]:
    """Return the languages of a list, each called as its own readers call it."""
    return tuple(
        Choice(value=locale, label=own_name(locale), lang=bcp47(locale)) for locale in locales
    )


def own_name(locale: str) -> str:
    """Return what a locale's own readers call it, at the start of a line."""
    name = LANGUAGES.get(locale) or locale_name(locale, locale)
    return name[:1].upper() + name[1:]


def topic_choices(titles: Mapping[str, Mapping[str, str]], *, locale: str) -> tuple[Choice, ...]:
    """Return topics in the nearest language that each has: {id: {locale: title}}."""
    return tuple(
        Choice(value=id, label=_title(id, known, locale=locale)) for id, known in titles.items()
    )


def _title(id: str, known: Mapping[str, str], *, locale: str) -> str:
    found = nearest(locale, known, otherwise="en")
    return known.get(found) or next(iter(known.values()), id)
