"""A .po file as a document that is changed in places: the rest of it stays, byte for byte.

Babel's own writer rewrites the header, rewraps comments and spoils previous
source texts (`#|`); here an entry keeps the lines it was read from until it
is replaced. What is parsed was read by `pofiles.read_checked`, so that every
line means something.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from babel.messages.pofile import normalize, unescape

from campaigner.rendering.pofiles import plural_forms

Key = tuple[str | None, str]
"""What gettext finds a string by: its context, and its source text."""

FUZZY = "fuzzy"
WIDTH = 100
_KEYWORD = re.compile(r"(msgctxt|msgid_plural|msgid|msgstr(?:\[\d\])?)\s*(\".*\")\s*")
_HEADER = 'msgid ""\nmsgstr ""\n'


@dataclass(frozen=True, kw_only=True)
class PoEntry:
    """One string with all that stands with it. `strings` has one text, or one per plural form.

    Comments are without their sign: `notes` are the translator's (`#`),
    `extracted` ours (`#.`), `references` places (`#:`). `previous` are the
    context, source text and plural before an edit (`#|`).
    """

    context: str | None = None
    message: str
    plural: str = ""
    strings: tuple[str, ...]
    notes: tuple[str, ...] = ()
    extracted: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    previous: Mapping[str, str] = field(default_factory=dict)
    obsolete: bool = False
    lines: tuple[str, ...] = field(default=(), compare=False)  # as read; empty: to be written anew

    @property
    def key(self) -> Key:
        return self.context, self.message

    @property
    def check_again(self) -> bool:
        return FUZZY in self.flags

    def changed(self, **values: object) -> "PoEntry":
        """Return the entry with other values; itself where they are what it has."""
        fresh: PoEntry = replace(self, **values)  # type: ignore[arg-type]
        return self if fresh == self else replace(fresh, lines=())

    def to_check(self, *, previous: str, previous_plural: str = "") -> "PoEntry":
        """Return the entry marked to be checked again, with the source text of before."""
        before = {"msgid": previous, **({"msgid_plural": previous_plural} if self.plural else {})}
        flags = (FUZZY, *(flag for flag in self.flags if flag != FUZZY))
        return self.changed(flags=flags, previous=before)

    def settled(self) -> "PoEntry":
        """Return the entry as a translation that is good."""
        flags = tuple(flag for flag in self.flags if flag != FUZZY)
        return self.changed(flags=flags, previous={})


@dataclass(frozen=True, kw_only=True)
class PoDocument:
    """A whole file. `head` is everything before the first string, `tail` after the last.

    `newline` is how its lines end. Of a string that stands there twice the last counts.
    """

    head: tuple[str, ...]
    entries: tuple[PoEntry, ...]
    tail: tuple[str, ...] = ()
    newline: str = "\n"

    @cached_property
    def by_key(self) -> Mapping[Key, PoEntry]:
        """The strings in use, without the obsolete ones."""
        return {entry.key: entry for entry in self.entries if not entry.obsolete}

    def replaced(self, fresh: Mapping[Key, PoEntry]) -> "PoDocument":
        """Return the document with these entries in place of those in use with their keys.

        What is not there yet is added behind the last string in use.
        """
        entries = [
            entry if entry.obsolete else fresh.get(entry.key, entry) for entry in self.entries
        ]
        added = [entry for key, entry in fresh.items() if key not in self.by_key]
        in_use = [entry for entry in entries if not entry.obsolete]
        gone = [entry for entry in entries if entry.obsolete]
        if added or in_use + gone != entries:
            entries = [*in_use, *added, *gone]
        return replace(self, entries=tuple(entries))

    def text(self) -> str:
        """Return the file's text."""
        blocks = [self.head, *(entry.lines or _written(entry) for entry in self.entries), self.tail]
        parts = []
        for block in blocks:
            lines = "\n".join(block).strip("\n")
            if lines:
                parts.append(lines)
        return self.newline.join("\n\n".join(parts).split("\n")) + self.newline


def parse_podocument(text: str) -> PoDocument:
    """Read a document whose lines were checked. Line ends may be of any kind; a BOM is dropped."""
    newline = "\r\n" if text.count("\r\n") * 2 > text.count("\n") else "\n"
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n")
    *blocks, tail = _blocks(plain.split("\n"))
    entries = [_read(block) for block in blocks]
    header = next((entry for entry in entries if entry.key == (None, "")), None)
    return PoDocument(
        head=header.lines if header else (),
        entries=tuple(entry for entry in entries if entry.message),
        tail=tuple(tail),
        newline=newline,
    )


def new_podocument(locale: str, *, title: str, stamp: str) -> PoDocument:
    """Return an empty catalog. `stamp` is its date in gettext's form: 2026-12-01 10:00+0000."""
    fields = [
        f"POT-Creation-Date: {stamp}",
        "PO-Revision-Date: YEAR-MO-DA HO:MI+ZONE",
        *(
            [f"Language: {locale}", f"Plural-Forms: {plural_forms(locale).rstrip(';')};"]
            if locale
            else []
        ),
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
    ]
    lines = [f"# {title}", "#", *_HEADER.splitlines(), *(f'"{field}\\n"' for field in fields)]
    return PoDocument(head=tuple(lines), entries=())


def header_field(document: PoDocument, name: str) -> str:
    """Return a field of the header (`Language`); empty if it has none."""
    stated = "".join(unescape(line) for line in document.head if line.startswith('"'))
    for line in stated.split("\n"):
        key, _, value = line.partition(":")
        if key.strip().casefold() == name.casefold():
            return value.strip()
    return ""


def _blocks(lines: Iterable[str]) -> list[list[str]]:
    """Return the lines of each entry, comments before it included; at last those after all."""
    blocks: list[list[str]] = [[]]
    complete = False  # whether the last block has its translation
    for line in lines:
        bare = _bare(line)
        begins = bare.startswith(("msgctxt", "msgid ", 'msgid"')) or (
            line.startswith("#") and not line.startswith("#~")
        )
        previous = line.startswith("#~|")
        if complete and (begins or previous or not line.strip()):
            blocks.append([])
            complete = False
        blocks[-1].append(line)
        complete = complete or bare.startswith("msgstr")
    if complete:
        blocks.append([])
    return blocks


def _bare(line: str) -> str:
    """Return a line without the mark of an obsolete one."""
    stripped = line.strip()
    return stripped[2:].lstrip() if stripped.startswith("#~") else stripped


def _read(lines: Sequence[str]) -> PoEntry:
    comments: dict[str, list[str]] = {"#.": [], "#:": [], "#,": [], "#": []}
    parts: dict[str, list[str]] = {}
    before: dict[str, list[str]] = {}
    obsolete = False
    for line in lines:
        stripped = line.strip()
        if stripped.startswith("#~|") or stripped.startswith("#|"):
            _gather(before, stripped.partition("|")[2].strip())
        elif stripped.startswith("#~"):
            obsolete = True
            _gather(parts, _bare(line))
        elif stripped.startswith("#"):
            sign = stripped[:2] if stripped[:2] in comments else "#"
            comments[sign].append(stripped[len(sign) :].strip())
        elif stripped:
            _gather(parts, stripped)
    said = {keyword: "".join(map(unescape, texts)) for keyword, texts in parts.items()}
    forms = sorted(key for key in said if key.startswith("msgstr["))
    return PoEntry(
        context=said.get("msgctxt"),
        message=said.get("msgid", ""),
        plural=said.get("msgid_plural", ""),
        strings=tuple(said[form] for form in forms) if forms else (said.get("msgstr", ""),),
        notes=tuple(comments["#"]),
        extracted=tuple(comments["#."]),
        references=tuple(comments["#:"]),
        flags=tuple(
            flag.strip() for line in comments["#,"] for flag in line.split(",") if flag.strip()
        ),
        previous={keyword: "".join(map(unescape, texts)) for keyword, texts in before.items()},
        obsolete=obsolete,
        lines=tuple(lines),
    )


def _gather(parts: dict[str, list[str]], line: str) -> None:
    """Take up a keyword with its text, or a text that goes on."""
    if found := _KEYWORD.fullmatch(line):
        parts[found[1]] = [found[2]]
    elif line.startswith('"') and parts:
        parts[next(reversed(parts))].append(line)


def _written(entry: PoEntry) -> tuple[str, ...]:
    before = "#~ " if entry.obsolete else ""
    lines = [f"# {note}".rstrip() for note in entry.notes]
    if not entry.obsolete:
        lines += [f"#. {comment}".rstrip() for comment in entry.extracted]
        lines += [f"#: {place}" for place in entry.references]
    lines += [f"#, {', '.join(entry.flags)}"] if entry.flags else []
    previous = before.rstrip() + "| " if entry.obsolete else "#| "
    for keyword, text in entry.previous.items():
        lines += _keyword(keyword, text, previous)
    said: list[tuple[str, str]] = []
    if entry.context is not None:
        said.append(("msgctxt", entry.context))
    said.append(("msgid", entry.message))
    if entry.plural:
        said.append(("msgid_plural", entry.plural))
        said += [(f"msgstr[{form}]", text) for form, text in enumerate(entry.strings)]
    else:
        said.append(("msgstr", entry.strings[0]))
    for keyword, text in said:
        lines += _keyword(keyword, text, before)
    return tuple(lines)


def _keyword(keyword: str, text: str, before: str) -> list[str]:
    quoted = normalize(text, prefix="", width=WIDTH - len(before)).split("\n")
    return [f"{before}{keyword} {quoted[0]}", *(f"{before}{line}" for line in quoted[1:])]
