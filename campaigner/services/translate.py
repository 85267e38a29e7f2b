"""How far the translations are: per locale, for each campaign, the processes and the templates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from campaigner.core.campaign import Campaign
from campaigner.core.glossary import Glossary
from campaigner.core.locales import chain
from campaigner.core.remarks import Remark, remarks_on
from campaigner.rendering.catalogs import (
    CAMPAIGNS,
    PROCESSES,
    TEMPLATES,
    Catalogs,
    Translated,
    Untranslated,
    Why,
    quoted,
)
from campaigner.rendering.extraction import Extracted, extract_campaign, extract_templates, reads
from campaigner.rendering.podocuments import Key

NO_TERMS = Glossary()
SOURCE = "en"  # of templates, and of the facts of policy processes


@dataclass(frozen=True, kw_only=True)
class TranslationStatus:
    """One locale of one part. `file` is the catalog that a translator opens.

    `campaign` is empty for templates and processes. `stale` strings of the
    catalog belong to no source text any more: they do no harm. `remarks` are
    for a person to look at: a context or source text, and what is odd.
    """

    locale: str
    domain: str
    campaign: str = ""
    file: Path
    total: int
    untranslated: tuple[Untranslated, ...]
    faults: tuple[str, ...]
    stale: int
    remarks: tuple[tuple[str, Remark], ...] = ()

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
    source_locale: str = SOURCE,
    glossary: Glossary = NO_TERMS,
) -> list[TranslationStatus]:
    """Look every string up as rendering would; return a row for each locale and part.

    A campaign has rows for its own locales; `locales` are those of templates
    and processes, whose source is `source_locale`. `processes` are context
    and text of each publishable fact. Locales whose chain meets the source
    have no row. Raises UserError for a catalog or template that is broken.
    """
    rows = [row for campaign in campaigns for row in campaign_status(campaign, catalogs, glossary)]
    shared = {
        PROCESSES: [
            Extracted(
                file="processes",
                line=0,
                message=message,
                context=context,
                source_locale=source_locale,
            )
            for context, message in processes
        ],
        TEMPLATES: [
            replace(string, source_locale=source_locale)
            for string in extract_templates(template_folders)
        ],
    }
    for domain, strings in shared.items():
        named = [locale for locale in locales if source_locale not in chain(locale)]
        if strings:
            rows += _of_strings(domain, strings, named, catalogs, glossary)
    return rows


def campaign_status(
    campaign: Campaign, catalogs: Catalogs, glossary: Glossary
) -> list[TranslationStatus]:
    """Return a row for each locale of a campaign whose readers wait for translations.

    An item may have a language of its own: then also the campaign's locale
    waits. Raises UserError for a catalog that is broken.
    """
    strings = extract_campaign(campaign, file=f"campaigns/{campaign.id}.yaml")
    awaited = {locale for string in strings for locale in string.locales}
    locales = [
        locale
        for locale in campaign.locales
        if locale in awaited or campaign.source_locale not in chain(locale)
    ]
    return _of_strings(CAMPAIGNS, strings, locales, catalogs, glossary, campaign=campaign.id)


def _of_strings(
    domain: str,
    strings: Sequence[Extracted],
    locales: Sequence[str],
    catalogs: Catalogs,
    glossary: Glossary,
    *,
    campaign: str = "",
) -> list[TranslationStatus]:
    once = {(string.context, string.message): string for string in reversed(strings)}
    wanted = sorted(once.values())
    found = {locale: _look_up_all(domain, wanted, locale, catalogs) for locale in locales}
    remarks = _remarks(domain, wanted, found, glossary)
    rows = []
    for locale in locales:
        untranslated = [each for each in found[locale].values() if isinstance(each, Untranslated)]
        file = catalogs.file(domain, locale)
        mine = {key for key in once if key in found[locale]}
        stale = [
            context
            for context, message in (file.entries if file else ())
            if (context, message) not in mine and _belongs(context, campaign)
        ]
        rows.append(
            TranslationStatus(
                locale=locale,
                domain=domain,
                campaign=campaign,
                file=catalogs.path(domain, locale),
                total=len(mine),
                untranslated=tuple(untranslated),
                faults=tuple(
                    f"{_place(string)}: {each.sentence()}"
                    for string in wanted
                    if isinstance(
                        each := found[locale].get((string.context, string.message)), Untranslated
                    )
                ),
                stale=len(stale),
                remarks=tuple((name, one) for name, one in remarks if one.locale == locale),
            )
        )
    return rows


def _look_up_all(
    domain: str, strings: Sequence[Extracted], locale: str, catalogs: Catalogs
) -> Mapping[Key, Translated | Untranslated]:
    """Return what a reader of the locale gets for each string that needs a translation."""
    return {
        (string.context, string.message): catalogs.look_up_plural(
            domain,
            string.message,
            string.plural,
            0,
            context=string.context,
            locale=locale,
            source_locale=string.source_locale,
        )
        for string in strings
        if not reads(locale, string.source_locale)
        and (not string.locales or locale in string.locales)
    }


def _remarks(
    domain: str,
    strings: Sequence[Extracted],
    found: Mapping[str, Mapping[Key, Translated | Untranslated]],
    glossary: Glossary,
) -> list[tuple[str, Remark]]:
    """Return what is odd about the translations, each with its string's context or source text."""
    out = []
    for string in strings:
        key = (string.context, string.message)
        said = {
            locale: each.text
            for locale, texts in found.items()
            if isinstance(each := texts.get(key), Translated)
        }
        # A plural string was looked up with 0, which takes the plural in some languages.
        source = string.message if not string.plural else f"{string.message} {string.plural}"
        out += [
            (string.context or quoted(string.message), remark)
            for remark in remarks_on(
                source,
                said,
                source_locale=string.source_locale,
                glossary=glossary,
                label=domain == TEMPLATES,
            )
        ]
    return out


def _place(string: Extracted) -> str:
    return f"{string.file}:{string.line}" if string.line else string.file


def _belongs(context: str | None, campaign: str) -> bool:
    """Whether a catalog's entry is of this campaign (`<id>/…` or `<id> …`); "" is every entry's."""
    return not campaign or (context or "").startswith((f"{campaign}/", f"{campaign} "))
