"""Bring the catalogs of a workspace up to date: what is new comes in, what is gone goes aside."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from campaigner.core.glossary import Glossary
from campaigner.core.locales import chain
from campaigner.loading.files import write_whole
from campaigner.rendering.briefs import Brief
from campaigner.rendering.catalog_files import (
    begin_catalog,
    catalog_path,
    nearest_catalog,
    read_catalog,
)
from campaigner.rendering.extraction import reads
from campaigner.rendering.merging import Edit, Merged, belongs_to, merge
from campaigner.rendering.podocuments import PoDocument


@dataclass(frozen=True, kw_only=True)
class Updated:
    """One catalog: what the update changes in it, and whether that was written."""

    path: Path
    locale: str
    domain: str
    changes: Merged
    differs: bool
    written: bool


def update_catalogs(
    folders: Sequence[Path],
    domain: str,
    briefs: Sequence[Brief],
    glossary: Glossary,
    *,
    locales: Sequence[str],
    campaigns: Collection[str] | None,
    kept: Callable[[Edit], bool],
    settled: Collection[str] = (),
    now: datetime,
    dry_run: bool,
) -> list[Updated]:
    """Update a domain's catalog of each language; return what that changes, by locale.

    The first of `folders` is written to; the others hold catalogs that stand in
    for one that it lacks, and a new catalog begins with their translations.
    `locales` are all that are published in. Of `campaigns` (None: all) strings
    may become obsolete. `kept` is asked once for each edited text, before
    anything is written; `settled` as for `merge`. Files are replaced one by
    one, each whole: what is interrupted is completed by running it again.

    Raises FileError for a catalog that is broken.
    """
    answers: dict[Edit, bool] = {}

    def answer(edit: Edit) -> bool:
        if edit not in answers:
            answers[edit] = kept(edit)
        return answers[edit]

    before = {
        locale: read_catalog(folders[0], domain, locale)
        for locale in _wanted(folders, domain, briefs, locales)
    }
    documents = {
        locale: document or begin_catalog(folders[1:], domain, briefs, locale=locale, now=now)
        for locale, document in before.items()
    }
    planned = []
    for locale, document in documents.items():
        changes = merge(
            document,
            [brief for brief in briefs if _may_stand(brief, locale, locales)],
            glossary,
            locale=locale,
            adds=lambda brief, locale=locale: _looked_up_first(  # type: ignore[misc]
                brief, locale, documents, locales
            ),
            mine=lambda context: campaigns is None or belongs_to(context, campaigns),
            kept=answer,
            settled=settled,
        )
        path = catalog_path(folders[0], domain, locale)
        planned.append((path, locale, changes, changes.document != before[locale]))
    for path, _, changes, differs in planned:
        if differs and not dry_run:
            write_whole(path, changes.document.text().encode())
    return [
        Updated(
            path=path,
            locale=locale,
            domain=domain,
            changes=changes,
            differs=differs,
            written=differs and not dry_run,
        )
        for path, locale, changes, differs in planned
    ]


def _wanted(
    folders: Sequence[Path], domain: str, briefs: Sequence[Brief], locales: Sequence[str]
) -> list[str]:
    """Return the locales of which there is a catalog to write: those there, and those lacking."""
    there = sorted(path.parents[1].name for path in folders[0].glob(f"*/LC_MESSAGES/{domain}.po"))
    lacking = []
    for locale in locales:
        awaited = [
            brief
            for brief in briefs
            if brief.awaited_in(locale) and not reads(locale, brief.source_locale)
        ]
        if not awaited or not set(chain(locale)).isdisjoint(there):
            continue
        packaged = nearest_catalog(folders[1:], domain, locale)
        if packaged is None or any(brief.key not in packaged.by_key for brief in awaited):
            lacking.append(locale)
    return [*there, *lacking]


def _looked_up_first(
    brief: Brief, locale: str, documents: Mapping[str, PoDocument], locales: Sequence[str]
) -> bool:
    """Whether it is some reader's nearest catalog, and none behind it has the string."""
    for reader in locales:
        offered = [name for name in chain(reader) if name in documents]
        if offered[:1] == [locale] and brief.awaited_in(reader):
            return not any(brief.key in documents[name].by_key for name in offered[1:])
    return False


def _may_stand(brief: Brief, locale: str, locales: Sequence[str]) -> bool:
    """Whether some reader who needs a translation would find it in the catalog of `locale`."""
    return not reads(locale, brief.source_locale) and any(
        brief.awaited_in(reader) and locale in chain(reader) for reader in (*locales, locale)
    )
