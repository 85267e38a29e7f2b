"""Pages that stand alone in one file: they fetch nothing, and send nothing anywhere.

A page is a shell (`templates/web/NAME.html`) and sections between its first
and last line, each rendered by itself, so that a long campaign stays within
what one template may cost. In our own words it speaks one of LANGUAGES.
"""

import base64
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from campaigner.core.campaign import Campaign
from campaigner.core.locales import bcp47
from campaigner.rendering.catalogs import TEMPLATES, Catalogs
from campaigner.rendering.drafts import Desk
from campaigner.rendering.environment import TemplateEnvironment, Voice, render
from campaigner.rendering.formats import locale_name

FOLDER = "web"
SECTIONS = "<!-- sections -->"  # where they go; no value can say this, since values are escaped
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'"
)

# Attributes whose value stands for a picture. A value's own quotes are escaped,
# so nothing that an author wrote can look like this.
_PICTURE = re.compile(r'(?<==)"picture:([0-9a-f]{64})"')


@dataclass(frozen=True, kw_only=True)
class PagePicture:
    """A picture of a page. Templates name it as `picture:` and its `id`, in `href` or `src`.

    `name` is what it is called when it is downloaded.
    """

    id: str
    name: str
    alt: str


class Album:
    """The pictures of one page, each read once, however often it is shown."""

    def __init__(self, read: Callable[[str], tuple[str, bytes]]) -> None:
        self._read = read
        self._pictures: dict[str, PagePicture] = {}
        self._addresses: dict[str, str] = {}

    def add(self, file: str, *, alt: str) -> PagePicture:
        """Take a picture in by its file's name in `campaigns/`. Raises what reading it raises."""
        if file not in self._pictures:
            mime, data = self._read(file)
            id = hashlib.sha256(data).hexdigest()
            self._addresses[id] = f"data:{mime};base64,{base64.b64encode(data).decode()}"
            name = file.rpartition("/")[2]
            self._pictures[file] = PagePicture(id=id, name=name, alt="")
        known = self._pictures[file]
        return PagePicture(id=known.id, name=known.name, alt=alt)

    @property
    def ids(self) -> tuple[str, ...]:
        """Every picture's id, each once, in the order in which they came."""
        return tuple(self._addresses)

    def put_into(self, html: str) -> str:
        return _PICTURE.sub(lambda found: f'"{self._addresses[found[1]]}"', html)


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of a page: its template in `templates/web/`, and what that shows."""

    template: str
    values: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Press:
    """Makes pages in one language of ours; times are shown in `zone`."""

    environment: TemplateEnvironment
    catalogs: Catalogs
    language: str
    zone: str

    def page(
        self,
        shell: str,
        values: Mapping[str, Any],
        *,
        sections: Iterable[Section],
        album: Album,
        script: str = "",
    ) -> str:
        """Return a page. `script` names a file of `templates/web/`: no other one may run.

        Raises FaultyTemplateError for a template that cannot be used.
        """
        code = self._render(script, {}) if script else ""
        policy = f"{POLICY}; script-src '{_fingerprint(code)}'" if code else POLICY
        parts = [self._render(section.template, section.values) for section in sections]
        known = {**values, "policy": policy, "script": code, "pictures": album.ids}
        before, _, after = self._render(shell, known).partition(SECTIONS)
        return album.put_into("".join((before, *parts, after)))

    def _render(self, name: str, values: Mapping[str, Any]) -> str:
        translator = self.catalogs.translations(TEMPLATES, self.language)
        voice = Voice(locale=self.language, zone=self.zone, translator=translator)
        return render(self.environment, f"{FOLDER}/{name}", values, voice=voice)


def press_for(campaign: Campaign, desk: Desk, language: str) -> Press:
    """Return the press of a campaign's pages: times are shown in its own zone."""
    return Press(
        environment=desk.environment,
        catalogs=desk.catalogs,
        language=language,
        zone=campaign.schedule.zone.key,
    )


@dataclass(frozen=True, kw_only=True)
class PageLanguage:
    """A language of what a page shows: `tag` is BCP 47, `name` is in the language itself."""

    tag: str
    name: str


def page_languages(locales: Iterable[str]) -> tuple[PageLanguage, ...]:
    return tuple(
        PageLanguage(tag=bcp47(locale), name=locale_name(locale, locale)) for locale in locales
    )


def _fingerprint(code: str) -> str:
    digest = hashlib.sha256(code.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
