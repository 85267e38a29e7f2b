"""Catalogs, templates and campaigns in a few words."""

from collections.abc import Mapping
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from campaigner.core.cadence import OnDates
from campaigner.core.campaign import ANY, Campaign, Item, Schedule, Wording
from campaigner.rendering.catalogs import Catalogs
from campaigner.rendering.environment import TemplateEnvironment, Voice, build_environment, render
from campaigner.rendering.pofiles import plural_forms

PACKAGED_TEMPLATES = Path(__file__).parents[2] / "templates"


def write_po(folder: Path, locale: str, entries: str, *, domain: str = "campaigns") -> Path:
    """Write a catalog with a proper header and these entries; return its path."""
    path = folder / locale / "LC_MESSAGES" / f"{domain}.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    header = (
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        f'"Plural-Forms: {plural_forms(locale)}\\n"\n\n'
    )
    path.write_text(header + entries, encoding="utf-8")
    return path


def po_entry(message: str, translation: str, *, context: str = "", flags: str = "") -> str:
    lines = [f"#, {flags}"] if flags else []
    lines += [f'msgctxt "{context}"'] if context else []
    return "\n".join([*lines, f'msgid "{message}"', f'msgstr "{translation}"', "", ""])


def wording(text: str, *, context: str = "demo/one text", **given: str) -> Wording:
    return Wording(context=context, source=text, given=given, line=7)


def campaign(*items: Item, **changes: Any) -> Campaign:
    values: dict[str, Any] = {
        "id": "demo",
        "title": "Demo",
        "owner": "lac",
        "projects": ("1.1.3",),
        "accounts": ("x-en",),
        "locales": ("en", "es", "fr"),
        "source_locale": "en",
        "schedule": Schedule(
            cadence=OnDates(dates=((date(2026, 12, 1), time(10)),)), zone=ZoneInfo("UTC")
        ),
        "items": items,
        "not_after": timedelta(days=1),
        **changes,
    }
    return Campaign(**values)


def item(text: str | Wording | Mapping[str, Wording], **changes: Any) -> Item:
    if isinstance(text, str):
        text = wording(text)
    return Item(id="one", texts={ANY: text} if isinstance(text, Wording) else text, **changes)


def voice(locale: str = "en", *, catalogs: Catalogs | None = None, zone: str = "UTC") -> Voice:
    translator = (catalogs or Catalogs([])).translations("templates", locale)
    return Voice(locale=locale, zone=zone, translator=translator)


def rendered(folder: Path, source: str, *, name: str = "t.txt", **variables: Any) -> str:
    """Render a template of this source for an English reader."""
    (folder / name).write_text(source, encoding="utf-8")
    return render(build_environment([folder]), name, variables, voice=voice())


def packaged_environment(*before: Path) -> TemplateEnvironment:
    return build_environment([*before, PACKAGED_TEMPLATES])
