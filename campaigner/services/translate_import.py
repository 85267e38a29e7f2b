"""Take translations in that came back, as a spreadsheet or as a .po file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from campaigner.core.exchange import Offer
from campaigner.core.glossary import Glossary
from campaigner.core.locales import chain, normalize
from campaigner.core.remarks import remarks_on
from campaigner.errors import Problem, UserError
from campaigner.loading.files import write_whole
from campaigner.loading.spreadsheets import read_workbook
from campaigner.rendering.briefs import Brief
from campaigner.rendering.catalog_files import begin_catalog, catalog_path, read_catalog
from campaigner.rendering.catalogs import TEMPLATES
from campaigner.rendering.drafts import Desk
from campaigner.rendering.extraction import reads
from campaigner.rendering.offers import offers_of
from campaigner.rendering.podocuments import Key, header_field, parse_podocument
from campaigner.rendering.pofiles import read_checked
from campaigner.rendering.returning import Comparison, Taken, compare


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What an import took, or would take. `remarks` are sentences about what was taken."""

    locale: str
    comparison: Comparison
    problems: Sequence[Problem]
    remarks: Sequence[str]
    written: Sequence[Path]


def import_translations(
    file: Path,
    folders: Sequence[Path],
    briefs: Sequence[Brief],
    glossary: Glossary,
    desk: Desk,
    *,
    locale: str | None,
    now: datetime,
    dry_run: bool,
) -> Imported:
    """Take in what changed in `file`; the catalogs of the first of `folders` are written to.

    `locale` is for a file that does not say its own. Everything else in the
    catalogs stays as it is.

    Raises UserError for a file without a language or of another one,
    FileError for one that cannot be read.
    """
    own, offers, problems = _read(file, briefs, locale)
    wanted = [
        brief for brief in briefs if brief.awaited_in(own) and not reads(own, brief.source_locale)
    ]
    paths, documents = {}, {}
    for domain in dict.fromkeys(brief.domain for brief in wanted):
        name = _nearest(folders[0], domain, own)
        paths[domain] = catalog_path(folders[0], domain, name)
        documents[domain] = read_catalog(folders[0], domain, name) or begin_catalog(
            folders[1:],
            domain,
            [brief for brief in wanted if brief.domain == domain],
            locale=name,
            now=now,
        )
    comparison = compare(offers, wanted, documents, locale=own)
    written = []
    for domain, entries in comparison.entries.items():
        if not dry_run:
            write_whole(paths[domain], documents[domain].replaced(entries).text().encode())
            written.append(paths[domain])
    return Imported(
        locale=own,
        comparison=comparison,
        problems=problems,
        remarks=[
            said for taken in comparison.taken for said in _remarks(taken, own, glossary, desk)
        ],
        written=written,
    )


def _read(
    file: Path, briefs: Sequence[Brief], locale: str | None
) -> tuple[str, Sequence[Offer], Sequence[Problem]]:
    if file.suffix.casefold() in (".po", ".pot"):
        if not file.is_file():
            raise UserError(f"{file}: there is no such file. Check its name and folder")
        document = parse_podocument(read_checked(file, foreign=True))
        own = _language(file, header_field(document, "Language"), locale)
        domains: dict[Key, str] = {brief.key: brief.domain for brief in briefs}
        offers = offers_of(document, locale=own, domain_of=lambda key: domains.get(key, ""))
        return own, list(offers), ()
    if file.suffix.casefold() != ".xlsx":
        raise UserError(f"{file}: only .xlsx and .po files can be taken in. Save it as one of them")
    returned = read_workbook(file)
    return _language(file, returned.locale, locale), returned.offers, returned.problems


def _language(file: Path, stated: str, asked: str | None) -> str:
    try:
        own = normalize(stated) if stated else ""
        wanted = normalize(asked) if asked else ""
    except ValueError as error:
        raise UserError(f"{file}: {error}. Say which it is with --locale es") from None
    if own and wanted and own != wanted:
        raise UserError(
            f"{file} is in {own}, not in {wanted}. Take the right file, or leave --locale out"
        )
    if not own and not wanted:
        raise UserError(f"{file} does not say its language. Say it with --locale es")
    return own or wanted


def _nearest(folder: Path, domain: str, locale: str) -> str:
    """Return the locale of the catalog that readers look into first; their own if there is none."""
    there = (name for name in chain(locale) if catalog_path(folder, domain, name).is_file())
    return next(there, locale)


def _remarks(taken: Taken, locale: str, glossary: Glossary, desk: Desk) -> list[str]:
    brief = taken.brief
    name = brief.string.context or taken.source
    said = [
        f"{name} {remark.found}"
        for remark in remarks_on(
            taken.source,
            {locale: taken.after},
            source_locale=brief.source_locale,
            glossary=glossary,
            label=brief.domain == TEMPLATES,
        )
    ]
    left = brief.left(locale, taken.after, desk)
    if left is not None and left < 0:
        room = brief.rooms[locale]
        said.append(f"{name} is {-left} characters too long on {room.channel}, with its hashtags")
    return said
