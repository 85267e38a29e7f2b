"""The translations: which text a reader of a locale gets, or why there is none.

Catalogs are gettext's .po files, read as they are: nobody runs a compiler. The
first of the folders that has a domain's file for a locale supplies all of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from campaigner.core.locales import chain
from campaigner.rendering.placeholders import differences, stray_percent
from campaigner.rendering.pofiles import Entry, PoFile, plural_forms, read_pofile

CAMPAIGNS, PROCESSES, TEMPLATES = "campaigns", "processes", "templates"
SHOWN = 60  # characters of a source text that a sentence about it quotes


class Why(StrEnum):
    MISSING = "missing"
    CHECK_AGAIN = "check again"
    PLACEHOLDER = "placeholder"


@dataclass(frozen=True)
class Translated:
    """`locale` is the one of the chain that had it, or the source locale."""

    text: str
    locale: str


@dataclass(frozen=True, kw_only=True)
class Untranslated:
    """A string that holds what it stands in. `detail` says more where there is more to say."""

    message: str
    context: str | None
    locale: str
    why: Why
    detail: str = ""

    def sentence(self, place: str = "") -> str:
        """Say it to a person. `place` is where the string stands if its context does not say so."""
        match self.why:
            case Why.MISSING:
                said = "has no translation"
            case Why.CHECK_AGAIN:
                said = "has a translation that is marked to be checked again"
            case Why.PLACEHOLDER:
                said = "has a translation with other placeholders"
        detail = f": {self.detail}" if self.detail else ""
        where = self.context or place
        return f'{self.locale}: "{quoted(self.message)}" {said}{detail}' + (
            f" ({where})" if where else ""
        )


def quoted(text: str) -> str:
    """Return the beginning of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else line[: SHOWN - 1].rstrip() + "…"


class Catalogs:
    """All catalogs of some `locales/` folders, read when they are needed.

    A file that is edited is read again at its next use. Methods raise
    FileError for a catalog that is broken.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = tuple(folders)
        self._read: dict[Path, tuple[tuple[int, int], PoFile]] = {}

    def look_up(
        self, domain: str, message: str, *, context: str | None, locale: str, source_locale: str
    ) -> Translated | Untranslated:
        """Find the translation of `message` for a reader of `locale`.

        The locale's chain decides: the first that has the string. Where it
        meets the source locale, or its language, the message itself is right.
        """
        return self.look_up_plural(
            domain, message, "", 0, context=context, locale=locale, source_locale=source_locale
        )

    def look_up_plural(
        self,
        domain: str,
        message: str,
        plural: str,
        number: int,
        *,
        context: str | None,
        locale: str,
        source_locale: str,
    ) -> Translated | Untranslated:
        """Find the form for `number` (a whole one). Without `plural` there is only one form.

        All forms of the language must be there: next week's number needs another.
        """
        for candidate in chain(locale):
            if candidate in (source_locale, source_locale.split("_")[0]):
                return Translated(plural if plural and number != 1 else message, candidate)
            file = self.file(domain, candidate)
            entry = file.entries.get((context, message)) if file else None
            if file is None or entry is None or not any(entry.strings):
                continue
            percent = domain == TEMPLATES  # Jinja fills these in with Python's %
            if fault := _fault(message, plural, entry, file, candidate, percent=percent):
                why, detail = fault
                return Untranslated(
                    message=message, context=context, locale=locale, why=why, detail=detail
                )
            index = file.form_of(number) if plural else 0
            return Translated(entry.strings[index], candidate)
        return Untranslated(message=message, context=context, locale=locale, why=Why.MISSING)

    def translations(self, domain: str, locale: str, *, source_locale: str = "en") -> "Translator":
        """Return what Jinja asks for the strings of one rendering."""
        return Translator(self, domain, locale, source_locale)

    def file(self, domain: str, locale: str) -> PoFile | None:
        """Return the catalog that supplies a domain in just this locale; None if there is none."""
        for folder in self.folders:
            path = folder / locale / "LC_MESSAGES" / f"{domain}.po"
            try:
                stat = path.stat()
            except OSError:
                continue
            stamp = (stat.st_mtime_ns, stat.st_size)
            known = self._read.get(path)
            if known is None or known[0] != stamp:
                known = self._read[path] = (stamp, read_pofile(path, locale=locale))
            return known[1]
        return None

    def path(self, domain: str, locale: str) -> Path:
        """Return the file in which a translator finds, or begins, a domain in a locale."""
        for candidate in chain(locale):
            if file := self.file(domain, candidate):
                return file.path
        return self.folders[0] / locale / "LC_MESSAGES" / f"{domain}.po"


def _fault(
    message: str, plural: str, entry: Entry, file: PoFile, locale: str, *, percent: bool
) -> tuple[Why, str] | None:
    if entry.check_again:
        return Why.CHECK_AGAIN, ""
    if plural:
        needed = int(plural_forms(locale).split(";")[0].removeprefix("nplurals="))
        if file.forms < needed:
            stated = f"its catalog's header has {file.forms} plural forms and must have {needed}"
            return Why.MISSING, f"{stated}: {plural_forms(locale)}"
        if len(entry.strings) < file.forms or not all(entry.strings):
            there = sum(1 for string in entry.strings if string)
            return (
                Why.MISSING,
                f"{there} of the {file.forms} plural forms of this language are there",
            )
        wrong = [
            differences((message, plural) if form == 0 else (plural,), string)
            for form, string in enumerate(entry.strings)
        ]
    else:
        wrong = [differences((message,), entry.strings[0])]
    if percent and any(stray_percent(string) for string in entry.strings):
        wrong.append("a % that stands for itself is written %%")
    return next(((Why.PLACEHOLDER, detail) for detail in wrong if detail), None)


class Translator:
    """One rendering's strings, by gettext's four verbs. Collects what it could not translate.

    It then answers with the source text: a page of our own shows that; a
    message is held if `untranslated` is not empty.
    """

    def __init__(self, catalogs: Catalogs, domain: str, locale: str, source_locale: str) -> None:
        self._catalogs = catalogs
        self._domain = domain
        self._locale = locale
        self._source_locale = source_locale
        self._untranslated: dict[tuple[str | None, str], Untranslated] = {}

    @property
    def untranslated(self) -> tuple[Untranslated, ...]:
        """Each string once, in the order in which they were asked for."""
        return tuple(self._untranslated.values())

    def gettext(self, message: str) -> str:
        return self._find(None, message, "", 0)

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        return self._find(None, singular, plural, number)

    def pgettext(self, context: str, message: str) -> str:
        return self._find(context, message, "", 0)

    def npgettext(self, context: str, singular: str, plural: str, number: int) -> str:
        return self._find(context, singular, plural, number)

    def _find(self, context: str | None, message: str, plural: str, number: int) -> str:
        found = self._catalogs.look_up_plural(
            self._domain,
            message,
            plural,
            number,
            context=context,
            locale=self._locale,
            source_locale=self._source_locale,
        )
        if isinstance(found, Translated):
            return found.text
        self._untranslated[context, message] = found
        return plural if plural and number != 1 else message
