"""Write the strings that there are to translate, for whoever begins a language: a .pot file."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from campaigner.core.glossary import Glossary
from campaigner.loading.files import write_whole
from campaigner.rendering.briefs import Brief, comments_for
from campaigner.rendering.podocuments import (
    PoDocument,
    PoEntry,
    new_podocument,
    parse_podocument,
)
from campaigner.rendering.pofiles import read_checked


def extract_strings(
    path: Path, briefs: Sequence[Brief], glossary: Glossary, *, title: str, now: datetime
) -> bool:
    """Write the strings to `path`; False if it holds just these already, and so stays.

    Raises FileError for a file there that is no catalog.
    """
    fresh = new_podocument("", title=title, stamp=f"{now:%Y-%m-%d %H:%M%z}")
    entries = tuple(
        PoEntry(
            context=brief.string.context,
            message=brief.string.message,
            plural=brief.string.plural,
            strings=("", "") if brief.string.plural else ("",),
            extracted=comments_for(brief, glossary),
            references=brief.references,
        )
        for brief in briefs
    )
    if path.is_file() and parse_podocument(read_checked(path)).entries == entries:
        return False
    document = PoDocument(head=fresh.head, entries=entries)
    write_whole(path, document.text().encode())
    return True
