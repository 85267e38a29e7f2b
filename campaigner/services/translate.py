"""How far the translations are: per locale, for each campaign, the processes and the templates."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from campaigner.core.campaign import Campaign
from campaigner.core.locales import chain
from campaigner.rendering.catalogs import (
    CAMPAIGNS,
    PROCESSES,
    TEMPLATES,
    Catalogs,
    Translated,
    Untranslated,
    Why,
)
from campaigner.rendering.extraction import (
    Extracted,
    extract_campaign,
    extract_templates,
    needs_translation,
    wordings_of,
)


@dataclass(frozen=True, kw_only=True)
class TranslationStatus:
    """One locale of one part. `file` is the catalog that a translator opens.

    `campaign` is empty for templates and processes. `stale` strings of the
    catalog belong to no source text any more: they do no harm.
    """

    locale: str
    domain: str
    campaign: str = ""
    file: Path
    total: int
    untranslated: tuple[Untranslated, ...]
    faults: tuple[str, ...]
    stale: int

    @property
    def translated(self) -> int:
        return self.total - len(self.untranslated)

    @property
    def is_complete(self) -> bool:
        return not self.untranslated

    def count(self, why: Why) -> int:
        return sum(1 for string in self.untranslated if string.why is why)


def translation_status(
    campaigns: Sequence[Campaign],
    catalogs: Catalogs,
    template_folders: Sequence[Path],
    processes: Sequence[tuple[str, str]],
    locales: Sequence[str],
    *,
    source_locale: str = "en",
) -> list[TranslationStatus]:
    """Look every string up as rendering would; return a row for each locale and part.

    A campaign has rows for its own locales; `locales` are those of templates
    and processes, whose source is `source_locale`. `processes` are context
    and text of each publishable fact. Locales whose chain meets the source
    have no row. Raises UserError for a catalog or template that is broken.
    """
    rows = []
    for campaign in campaigns:
        rows += _of_campaign(campaign, catalogs)
    shared = {
        PROCESSES: [
            Extracted(file="processes", line=0, message=message, context=context)
            for context, message in processes
        ],
        TEMPLATES: list(extract_templates(template_folders)),
    }
    for domain, strings in shared.items():
        for locale in locales:
            if strings and source_locale not in chain(locale):
                rows.append(_of_strings(domain, strings, locale, source_locale, catalogs))
    return rows


def _of_campaign(campaign: Campaign, catalogs: Catalogs) -> list[TranslationStatus]:
    file = f"campaigns/{campaign.id}.yaml"
    rows = []
    for locale in campaign.locales:
        if campaign.source_locale in chain(locale):
            continue
        own = {
            wording.context
            for wording in wordings_of(campaign)
            if not needs_translation(wording, locale)
        }
        strings = [
            string for string in extract_campaign(campaign, file=file) if string.context not in own
        ]
        rows.append(
            _of_strings(
                CAMPAIGNS, strings, locale, campaign.source_locale, catalogs, campaign=campaign.id
            )
        )
    return rows


def _of_strings(
    domain: str,
    strings: Iterable[Extracted],
    locale: str,
    source_locale: str,
    catalogs: Catalogs,
    *,
    campaign: str = "",
) -> TranslationStatus:
    wanted: Mapping[tuple[str | None, str], Extracted] = {
        (string.context, string.message): string for string in reversed(list(strings))
    }
    untranslated, faults = [], []
    for string in sorted(wanted.values()):
        found = catalogs.look_up_plural(
            domain,
            string.message,
            string.plural,
            0,
            context=string.context,
            locale=locale,
            source_locale=source_locale,
        )
        if not isinstance(found, Translated):
            untranslated.append(found)
            place = f"{string.file}:{string.line}" if string.line else string.file
            faults.append(f"{place}: {found.sentence()}")
    file = catalogs.file(domain, locale)
    stale = [
        context
        for context, message in (file.entries if file else ())
        if (context, message) not in wanted and _belongs(context, campaign)
    ]
    return TranslationStatus(
        locale=locale,
        domain=domain,
        campaign=campaign,
        file=catalogs.path(domain, locale),
        total=len(wanted),
        untranslated=tuple(untranslated),
        faults=tuple(faults),
        stale=len(stale),
    )


def _belongs(context: str | None, campaign: str) -> bool:
    """Whether a catalog's entry is of this campaign (`<id>/…` or `<id> …`); "" is every entry's."""
    return not campaign or (context or "").startswith((f"{campaign}/", f"{campaign} "))
