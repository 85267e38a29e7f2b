"""Where catalogs lie, and how one is begun that a workspace lacks."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from campaigner.core.locales import chain
from campaigner.rendering.briefs import Brief
from campaigner.rendering.podocuments import PoDocument, new_podocument, parse_podocument
from campaigner.rendering.pofiles import read_checked


def catalog_path(folder: Path, domain: str, locale: str) -> Path:
    """Return the file of a domain in just this locale, there or not."""
    return folder / locale / "LC_MESSAGES" / f"{domain}.po"


def read_catalog(folder: Path, domain: str, locale: str) -> PoDocument | None:
    """Return the catalog in just this locale; None if there is none. Raises FileError."""
    path = catalog_path(folder, domain, locale)
    return parse_podocument(read_checked(path)) if path.is_file() else None


def nearest_catalog(folders: Sequence[Path], domain: str, locale: str) -> PoDocument | None:
    """Return the nearest catalog of the locale's chain in the first folder that has one."""
    for folder in folders:
        for name in chain(locale):
            if (found := read_catalog(folder, domain, name)) is not None:
                return found
    return None


def begin_catalog(
    folders: Sequence[Path], domain: str, briefs: Sequence[Brief], *, locale: str, now: datetime
) -> PoDocument:
    """Return a new catalog, with what a packaged one in `folders` has of its strings."""
    packaged = nearest_catalog(folders, domain, locale)
    if packaged is None:
        stamp = f"{now:%Y-%m-%d %H:%M%z}"
        return new_podocument(locale, title=f"Translations of {domain}.", stamp=stamp)
    keys = {brief.key for brief in briefs}
    entries = tuple(entry for key, entry in packaged.by_key.items() if key in keys)
    return PoDocument(head=packaged.head, entries=entries)
