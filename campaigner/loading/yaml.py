"""YAML files that anybody may have written, as nodes that know their lines.

YAML 1.2, and of it what people write: mappings, lists and plain values. What
it offers to attackers (tags, aliases, bottomless nesting, endless files) is
refused while events are read, before anything is built. A value stays the
text that was written: `1.10`, `no` and `2026-01-01` mean what the reader of
the field says. `loading.shapes` reads nodes into expected shapes, `loading.problems` gathers
what does not fit.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from campaigner.loading.problems import Problems, quoted

MAX_BYTES = 1_000_000
MAX_LINE = 20_000  # the parser needs quadratic time for some constructs within a line
MAX_DEPTH = 50
MAX_NODES = 50_000


@dataclass(frozen=True, kw_only=True)
class ScalarNode:
    """A value as it was written. `plain`: without quotes and not a block."""

    line: int
    text: str
    plain: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether it stands for no value: nothing, `~` or `null`."""
        return self.plain and self.text in ("", "~", "null", "Null", "NULL")


@dataclass(frozen=True, kw_only=True)
class ListNode:
    line: int
    items: tuple["Node", ...]


@dataclass(frozen=True, kw_only=True)
class MapNode:
    """Keys with their values, in order; of a key given twice the first."""

    line: int
    entries: tuple[tuple[ScalarNode, "Node"], ...]


Node = ScalarNode | ListNode | MapNode
_Start = SequenceStartEvent | MappingStartEvent


def read_yaml(path: Path, problems: Problems | None = None) -> Node:
    """Read the one document of `path`.

    Faults that leave the rest readable (a key given twice, a control
    character) are added to `problems` where the caller gathers them, and
    raised otherwise. Raises FileError for those, and at once for any fault
    after which nothing can be read.
    """
    gathered = problems or Problems(path)
    text = _text_of(path, gathered)
    node = _Builder(gathered).build(text)
    if problems is None:
        gathered.raise_any()
    return node


def _text_of(path: Path, problems: Problems) -> str:
    """Return the file's text, checked for what the parser cannot bear."""
    data = _bytes_of(path, problems)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise problems.stop(1, "the file is UTF-16, not UTF-8", "Save it again as UTF-8.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = len(re.findall(rb"\r\n|\r|\n", data[: error.start])) + 1
        found = f"the file is not UTF-8: byte 0x{data[error.start]:02X} cannot be read"
        raise problems.stop(line, found, "Save the file again as UTF-8.") from None
    for number, line_text in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        if len(line_text) > MAX_LINE:
            found = f"the line has {len(line_text):,} characters, more than {MAX_LINE:,}"
            raise problems.stop(number, found, "Break it into several lines (`>-` joins them).")
        if raw := _CONTROL.search(line_text):
            raise problems.stop(number, *_control(raw.group()))
    return text


def _bytes_of(path: Path, problems: Problems) -> bytes:
    """Return what is in the file, of which never more than the limit is read."""
    try:
        if not path.exists():
            raise problems.stop(1, "there is no such file", "Check its name and folder.")
        if not path.is_file():  # a pipe would never end
            raise problems.stop(1, "this is not a file", "Name a YAML file.")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        size = path.stat().st_size
    except OSError as error:
        reason = error.strerror or str(error)
        fix = "Check its name and permissions."
        raise problems.stop(1, f"it cannot be read: {reason}", fix) from None
    if len(data) > MAX_BYTES:
        found = f"the file has {size / 1e6:,.1f} MB, more than the 1 MB that is allowed"
        raise problems.stop(1, found, "Split it, or keep pictures and data in files of their own.")
    return data


# C0 and C1 controls except tab, line ends and NEL; DEL, lone surrogates, non-characters.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


def _control(character: str) -> tuple[str, str]:
    code = f"U+{ord(character):04X}"
    return f"there is a control character ({code}), which no reader can see", "Remove it."


class _Builder:
    """Turns events into nodes on a stack of its own: nesting never becomes recursion."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.line = 1
        self.nodes = 0

    def build(self, text: str) -> Node:
        root: Node | None = None
        open_: list[tuple[_Start, list[Node]]] = []
        for event in self._events(text):
            match event:
                case SequenceStartEvent() | MappingStartEvent():
                    open_.append((event, []))
                    if len(open_) > MAX_DEPTH:
                        found = f"it is nested more than {MAX_DEPTH} levels deep"
                        raise self.problems.stop(self.line, found, "Write it flatter.")
                    continue
                case ScalarEvent():
                    node: Node = self._scalar(event)
                case SequenceEndEvent():
                    start, items = open_.pop()
                    node = ListNode(line=_line(start), items=tuple(items))
                case MappingEndEvent():
                    start, items = open_.pop()
                    node = self._mapping(_line(start), items)
                case DocumentStartEvent() if root is not None:
                    found = "a second document begins here (`---` or `...`)"
                    raise self.problems.stop(self.line, found, "Keep one document in a file.")
                case _:
                    continue
            if open_:
                open_[-1][1].append(node)
            else:
                root = node
        if root is None or (isinstance(root, ScalarNode) and root.is_empty):
            raise self.problems.stop(1, "the file is empty", "Write something into it.")
        return root

    def _events(self, text: str) -> Iterator[Event]:
        """Yield the parser's events; raise FileError for bad YAML and whatever we refuse."""
        try:
            for event in YAML(typ="safe", pure=True).parse(text):
                self.line = _line(event)
                self._refuse(event)
                yield event
        except MarkedYAMLError as error:
            raise self.problems.stop(*_explained(error)) from None
        except (YAMLError, ValueError, OverflowError) as error:
            # An escape beyond Unicode ("\UFFFFFFFF") reaches chr() unchecked.
            fix = "Look for a wrong escape (`\\U…`) here or a little below."
            found = "an escape stands for no sign that exists"
            raise self.problems.stop(self.line, found, fix) from error

    def _refuse(self, event: Event) -> None:
        if (anchor := getattr(event, "anchor", None)) is not None:
            sign = f"{'*' if isinstance(event, AliasEvent) else '&'}{anchor}"
            found = f"anchors and aliases ({quoted(sign)}) are not allowed"
            fix = "Write the value itself (or put a value that begins with & or * in quotes)."
            raise self.problems.stop(self.line, found, fix)
        if (tag := getattr(event, "tag", None)) is not None:
            found = f"tags ({quoted(str(tag))}) are not allowed"
            fix = "Remove the tag (or put a value that begins with ! in quotes)."
            raise self.problems.stop(self.line, found, fix)
        self.nodes += isinstance(event, ScalarEvent | SequenceStartEvent | MappingStartEvent)
        if self.nodes > MAX_NODES:
            found = f"the file holds more than {MAX_NODES:,} values"
            raise self.problems.stop(self.line, found, "Split it into several files.")

    def _scalar(self, event: ScalarEvent) -> ScalarNode:
        text = str(event.value)
        if escaped := _CONTROL.search(text):
            self.problems.add(self.line, *_control(escaped.group()))
            text = _CONTROL.sub("", text)
        return ScalarNode(line=self.line, text=text, plain=event.style is None)

    def _mapping(self, line: int, items: list[Node]) -> MapNode:
        entries: dict[str, tuple[ScalarNode, Node]] = {}
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not isinstance(key, ScalarNode):
                fix = (
                    "Write a word before the colon (a value that begins with { or [ needs quotes)."
                )
                self.problems.add(key.line, "a list or mapping stands where a key belongs", fix)
                continue
            if (first := entries.get(key.text)) is not None:
                found = f"{quoted(key.text)} is given twice, first in line {first[0].line}"
                self.problems.add(key.line, found, "Keep one of the two.")
                continue
            if isinstance(value, ScalarNode) and value.is_empty:
                # The parser places a missing value where the next thing begins.
                value = ScalarNode(line=key.line, text=value.text, plain=True)
            entries[key.text] = key, value
        return MapNode(line=line, entries=tuple(entries.values()))


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


# The parser's own words; what is wrong in ours; what the author most likely has to do.
_HINTS = (
    (
        "mapping values are not allowed",
        "a colon stands where no key can be",
        "Put a text that holds a colon in quotes, and indent the line like those around it.",
    ),
    ("'\\t' that cannot start", "the line begins with a tab", "Indent with spaces, not with tabs."),
    (
        "that cannot start any token",
        "a value begins with a sign that means something else in YAML",
        "Put the whole value in quotes.",
    ),
    (
        "unexpected end of stream",
        "a quotation mark is not closed",
        "Close the quotation mark that is opened here.",
    ),
    (
        "could not find expected ':'",
        "there is no colon after a key, here or in the line above",
        "Put a colon after the key, or indent the line as text.",
    ),
    (
        "unknown escape character",
        "a backslash between double quotes begins a sign that YAML does not know",
        "Use single quotes, or write the backslash twice.",
    ),
    ("got '<stream end>'", "a bracket is not closed", "Close the bracket that is opened here."),
    (
        "expected ',' or",
        "a bracket is not closed, or a comma is missing",
        "Close the bracket that is opened above, or put a comma between values.",
    ),
    (
        "found '<scalar>'",
        "a text goes on after its quotation mark",
        "Quote the whole value ({{ needs it; inside '…', write '' for ').",
    ),
    (
        "expected <block end>",
        "the line is not indented like those that it belongs to",
        "Indent this line like the ones that it belongs to.",
    ),
    (
        "sequence entries are not allowed",
        "a list begins in the line of its key",
        "Begin the list on a line of its own.",
    ),
    (
        "expected '<document start>'",
        "the first keys of the file are not indented alike",
        "Indent the file's first keys all alike, without a space.",
    ),
)


def _explained(error: MarkedYAMLError) -> tuple[int, str, str]:
    """Return line, what is wrong and what to do for the parser's complaint."""
    problem = " ".join(str(error.problem or error.context or "").split())
    opened = "end of stream" in problem or "<stream end>" in problem
    mark = (error.context_mark if opened else None) or error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    for words, found, fix in _HINTS:
        if words in problem:
            return line, found, fix
    return line, f"this is not YAML: {problem}", "Correct the YAML here."
