"""Hand a language's strings to a translator: as rows of a spreadsheet, or as a .po of their own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from campaigner.core.exchange import Row, State, key_of
from campaigner.core.glossary import Glossary
from campaigner.core.locales import chain
from campaigner.rendering.briefs import Brief, comments_for, limit_in_words, terms_for
from campaigner.rendering.catalogs import Catalogs, Translated
from campaigner.rendering.drafts import Desk
from campaigner.rendering.extraction import reads
from campaigner.rendering.podocuments import (
    PoDocument,
    PoEntry,
    new_podocument,
    parse_podocument,
)
from campaigner.rendering.pofiles import plural_names, read_checked


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One string in one language: its entry, empty where there is none, and its state."""

    brief: Brief
    entry: PoEntry
    state: State


def strings_of(
    briefs: Sequence[Brief], catalogs: Catalogs, *, locale: str, missing: bool
) -> list[Standing]:
    """Return the strings that readers of a locale wait for, as the nearest catalog has them.

    `missing`: only those that hold something back. Raises FileError for a
    catalog that is broken.
    """
    documents: dict[str, list[PoDocument]] = {}
    found = []
    for brief in briefs:
        if not brief.awaited_in(locale) or reads(locale, brief.source_locale):
            continue
        if brief.domain not in documents:
            documents[brief.domain] = _documents(catalogs, brief.domain, locale)
        entry = _entry(brief, documents[brief.domain])
        state = _state(brief, entry, catalogs, locale)
        if not missing or state is not State.DONE:
            found.append(Standing(brief=brief, entry=entry, state=state))
    return found


def to_rows(
    strings: Sequence[Standing], glossary: Glossary, desk: Desk, *, locale: str
) -> list[Row]:
    """Return a row for each text: of a plural string one for each form of the language."""
    return [row for string in strings for row in _rows(string, glossary, desk, locale)]


def to_catalog(
    strings: Sequence[Standing], glossary: Glossary, *, locale: str, now: datetime
) -> str:
    """Return a catalog of just these strings, with the comments of both sides."""
    fresh = new_podocument(locale, title="For a translator.", stamp=f"{now:%Y-%m-%d %H:%M%z}")
    forms = len(plural_names(locale))
    entries = []
    for string in strings:
        brief, entry = string.brief, string.entry
        strings_ = entry.strings + ("",) * (forms - len(entry.strings)) if entry.plural else None
        entries.append(
            entry.changed(
                strings=strings_ or entry.strings,
                extracted=comments_for(brief, glossary, locale=locale),
                references=brief.references,
            )
        )
    return PoDocument(head=fresh.head, entries=tuple(entries)).text()


def _documents(catalogs: Catalogs, domain: str, locale: str) -> list[PoDocument]:
    """Return the catalogs of the locale's chain, nearest first."""
    files = [catalogs.file(domain, candidate) for candidate in chain(locale)]
    return [parse_podocument(read_checked(file.path)) for file in files if file]


def _entry(brief: Brief, documents: Sequence[PoDocument]) -> PoEntry:
    """Return the nearest entry with a translation; else the nearest, else an empty one."""
    found = [document.by_key[brief.key] for document in documents if brief.key in document.by_key]
    for entry in found:
        if any(entry.strings):
            return entry.changed(plural=brief.string.plural)
    empty = PoEntry(
        context=brief.string.context,
        message=brief.string.message,
        plural=brief.string.plural,
        strings=("",),
    )
    return found[0].changed(plural=brief.string.plural) if found else empty


def _state(brief: Brief, entry: PoEntry, catalogs: Catalogs, locale: str) -> State:
    if not any(entry.strings):
        return State.NEW
    if entry.check_again:
        return State.CHECK
    looked_up = catalogs.look_up_plural(
        brief.domain,
        brief.string.message,
        brief.string.plural,
        0,
        context=brief.string.context,
        locale=locale,
        source_locale=brief.source_locale,
    )
    return State.DONE if isinstance(looked_up, Translated) else State.FAULTY


def _rows(string: Standing, glossary: Glossary, desk: Desk, locale: str) -> Iterator[Row]:
    brief, entry = string.brief, string.entry
    names = [name for name, _ in plural_names(locale)] if brief.string.plural else [""]
    before = entry.previous if entry.check_again else {}
    room = brief.rooms.get(locale)
    for form, name in enumerate(names):
        translation = entry.strings[form] if form < len(entry.strings) else ""
        plural = bool(form)
        state = string.state
        if state is not State.CHECK and not translation:
            state = State.NEW
        yield Row(
            key=key_of(brief.domain, brief.string.context, brief.string.message, name),
            context=brief.string.context or "",
            where=brief.where,
            form=name,
            source=brief.string.plural if plural else brief.string.message,
            previous=before.get("msgid_plural" if plural else "msgid", ""),
            translation=translation,
            left=brief.left(locale, translation, desk),
            limit=limit_in_words(room) if room else "",
            glossary=terms_for(brief, glossary, locale=locale).replace("; ", "\n"),
            due=str(brief.due or ""),
            state=state,
            note="\n".join(entry.notes),
        )
