"""One .po file as its translator saved it, read with Babel and checked more strictly.

Babel skips a line that it does not understand; here it is a fault with its
line, because a string lost that way would hold a post for no visible reason.
"""

import gettext
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.messages.pofile import PoFileError, read_po
from babel.plural import to_gettext

from campaigner.errors import FileError, Problem

ORDER = "An entry is msgctxt (or none), msgid, msgid_plural (or none), msgstr, in this order."

_KEYWORD = r"(?:(?P<keyword>msgctxt|msgid_plural|msgid|msgstr\[(?=\d)|msgstr)(?:\d\])?\s*)?"
_LINE = re.compile(rf'\s*(?:#.*|{_KEYWORD}(?P<text>"(?:[^"\\]|\\.)*"))?\s*')
CLDR_FORMS = ("zero", "one", "two", "few", "many", "other")  # in gettext's order of forms
_FOLLOWERS = {
    "": ("msgctxt", "msgid"),
    "msgctxt": ("msgid",),
    "msgid": ("msgid_plural", "msgstr"),
    "msgid_plural": ("msgstr[",),
    "msgstr": ("msgctxt", "msgid"),
    "msgstr[": ("msgstr[", "msgctxt", "msgid"),
}
_CHARSET = re.compile(rb"charset=([A-Za-z0-9._-]+)")
_FORMS = re.compile(r"nplurals\s*=\s*(\d+)\s*;\s*plural\s*=\s*([^;]+)")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One string. `strings` has one text, or one per plural form; an empty one is missing."""

    strings: tuple[str, ...]
    check_again: bool = False  # gettext's flag "fuzzy"


@dataclass(frozen=True, kw_only=True)
class PoFile:
    """All strings of a file by (context, source text), and how its language counts."""

    path: Path
    entries: Mapping[tuple[str | None, str], Entry]
    forms: int
    form_of: Callable[[int], int]


def read_pofile(path: Path, *, locale: str) -> PoFile:
    """Read a catalog. Raises FileError, with all lines at fault, for one that cannot be read."""
    text = read_checked(path)
    try:
        catalog = read_po(io.StringIO(text), abort_invalid=True)
        # Babel's own default lacks the forms for millions.
        stated = catalog.plural_forms if "Plural-Forms:" in text else plural_forms(locale)
        forms, form_of = counting(stated)
    except PoFileError as error:
        raise FileError(
            path, [Problem(error.lineno + 1, str(error), "Correct this entry.")]
        ) from None
    except (ValueError, TypeError, LookupError) as error:
        fix = "Correct the header at the top, or copy that of another catalog."
        raise FileError(path, [Problem(1, f"the header cannot be read: {error}", fix)]) from None
    entries = {}
    for message in catalog:
        if not message.id:
            continue  # the header
        source = message.id[0] if message.pluralizable else message.id
        strings = message.string if isinstance(message.string, list | tuple) else (message.string,)
        entries[message.context, str(source)] = Entry(
            strings=tuple(string or "" for string in strings),
            check_again=message.fuzzy,
        )
    return PoFile(path=path, entries=entries, forms=forms, form_of=form_of)


def read_checked(path: Path, *, foreign: bool = False) -> str:
    """Return the text of a catalog whose every line means something.

    It is UTF-8; a `foreign` one, which somebody sent, may also be UTF-16 or
    in the charset that its header states. Raises FileError otherwise.
    """
    text = _decode_foreign(path) if foreign else _decode(path)
    if problems := list(_misplaced(text.rstrip().split("\n"))):
        raise FileError(path, problems)
    return text


@cache
def plural_forms(locale: str) -> str:
    """Return gettext's header for the way `locale` counts whole numbers, from CLDR.

    Spanish, Portuguese and French have a form for millions ("1 000 000 de
    votos") which gettext's customary header lacks. A locale without data
    counts like English.
    """
    try:
        # `e` is the exponent of "1.5e6", which nobody counts posts in; gettext does not know it.
        return re.sub(r"\be\b", "0", to_gettext(Locale.parse(locale).plural_form))
    except (UnknownLocaleError, ValueError):
        return "nplurals=2; plural=(n != 1)"


@cache
def plural_names(locale: str) -> tuple[tuple[str, int | None], ...]:
    """Return CLDR's name of each form of `plural_forms`, in order, with a number that takes it.

    Spanish: one 1, many 1000000, other 0. None: no whole number does.
    """
    try:
        rule = Locale.parse(locale).plural_form
    except (UnknownLocaleError, ValueError):
        return ("one", 1), ("other", 0)
    names = [name for name in CLDR_FORMS if name in rule.tags or name == "other"]
    numbers = (*range(201), 1000, 10_000, 1_000_000)
    first = {rule(number): number for number in reversed(numbers)}
    return tuple((name, first.get(name)) for name in names)


def counting(stated: str) -> tuple[int, Callable[[int], int]]:
    """Return what a Plural-Forms header states: how many forms, and which one a number takes.

    Raises ValueError for one that states neither.
    """
    found = _FORMS.search(stated)
    if not found:
        raise ValueError("its Plural-Forms say no nplurals and plural")
    return int(found[1]), gettext.c2py(found[2].strip())


def _misplaced(lines: Sequence[str]) -> Iterator[Problem]:
    """Yield the lines that mean nothing, or nothing where they stand."""
    last = ""
    for number, line in enumerate(lines, start=1):
        found = _LINE.fullmatch(line)
        keyword = (found["keyword"] or "") if found else ""
        if not found or (found["text"] is not None and not (keyword or last)):
            fix = 'Each is a comment, or a keyword and a text in "quotes" closed on the same line.'
            yield Problem(number, f"'{line.strip()[:60]}' is not a line of a .po file", fix)
        elif keyword and keyword not in _FOLLOWERS[last]:
            yield Problem(number, f"{keyword.rstrip('[')} stands in the wrong place", ORDER)
        last = keyword or last
    if last and last not in ("msgstr", "msgstr["):
        yield Problem(len(lines), "the file ends within an entry", ORDER)


def _decode(path: Path) -> str:
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FileError(
            path, [Problem(line, "this is not UTF-8", "Save the file as UTF-8.")]
        ) from None


def _decode_foreign(path: Path) -> str:
    data = path.read_bytes()
    charset = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else ""
    stated = _CHARSET.search(data[:10_000])
    if not charset and not data.startswith(b"\xef\xbb\xbf") and stated:
        charset = stated[1].decode("ascii")
    if charset.casefold() in ("", "charset", "utf-8", "utf8"):
        return _decode(path)
    try:
        return data.decode(charset)
    except (LookupError, UnicodeDecodeError):
        found = f"this is not {charset}, as its header says"
        raise FileError(path, [Problem(1, found, "Save the file as UTF-8.")]) from None
