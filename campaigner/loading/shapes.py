"""Nodes read into the shapes that a file should have; what does not fit becomes a problem.

Each function returns what it could read, None where nothing; a caller goes on
and so finds the other faults too. `name` is how the file calls the thing.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from datetime import date
from enum import StrEnum
from typing import TypeVar

from campaigner.core.spelling import did_you_mean, listed, near
from campaigner.loading.problems import Problems, quoted
from campaigner.loading.yaml import ListNode, MapNode, Node, ScalarNode

Word = TypeVar("Word", bound=StrEnum)
YEARS = range(2000, 2200)  # computing with days at the ends of the calendar overflows
NO_DAY = date.min
"""Stands where no day could be read, until the problem is raised."""


def fields(
    problems: Problems,
    node: Node,
    name: str,
    *,
    known: Collection[str],
    required: Collection[str] = (),
) -> Mapping[str, Node]:
    """Return the values of a mapping with `known` keys only; nothing if it is none.

    A key without a value is told and left out. Neither it nor what a mistyped
    key was meant to be is told to be missing too.
    """
    if not isinstance(node, MapNode):
        found = f"{name} is {_kind(node)}, but needs keys with values"
        problems.add(node.line, found, f"Write {listed(required or known)} with their values.")
        return {}
    out: dict[str, Node] = {}
    there = {key.text for key, _ in node.entries}
    for key, value in node.entries:
        if key.text not in known:
            fix = did_you_mean(key.text, known, otherwise=f"Known are {listed(known)}.")
            problems.add(key.line, f"{quoted(key.text)} is not known in {name}", fix)
            there.update(near(key.text, known))
        elif isinstance(value, ScalarNode) and value.is_empty:
            problems.add(key.line, f"`{key.text}` has no value", "Give it one, or remove the line.")
        else:
            out[key.text] = value
    for missing in required:
        if missing not in there:
            problems.add(node.line, f"`{missing}` is missing in {name}", f"Add `{missing}: …`.")
    return out


def text(problems: Problems, node: Node | None, name: str) -> ScalarNode | None:
    """Return a text, stripped of white space around it; None if it is none or empty.

    A node of None is passed on: what is missing was told by `fields`.
    """
    if node is None:
        return None
    if not isinstance(node, ScalarNode):
        problems.add(node.line, f"`{name}` is {_kind(node)}, but must be one text", _flat(node))
        return None
    if node.is_empty or not node.text.strip():
        problems.add(node.line, f"`{name}` is empty", "Write something, or remove it.")
        return None
    return ScalarNode(line=node.line, text=node.text.strip(), plain=node.plain)


def texts(problems: Problems, node: Node | None, name: str) -> Iterator[ScalarNode]:
    """Yield one text, or those of a list, in order; an empty list is a problem."""
    if isinstance(node, ListNode):
        if not node.items:
            problems.add(node.line, f"`{name}` is an empty list", "Name at least one.")
        parts: Collection[Node | None] = node.items
    else:
        parts = (node,)
    for part in parts:
        if (value := text(problems, part, name)) is not None:
            yield value


def items(problems: Problems, node: Node | None, name: str) -> tuple[Node, ...]:
    """Return what is in a list of at least one; empty if it is none."""
    if node is None:
        return ()
    if not isinstance(node, ListNode):
        found = f"`{name}` is {_kind(node)}, but must be a list"
        problems.add(node.line, found, "Begin each of its parts with `- `.")
        return ()
    if not node.items:
        problems.add(node.line, f"`{name}` is an empty list", "Add at least one.")
    return node.items


def word(problems: Problems, node: Node | None, name: str, words: type[Word]) -> Word | None:
    """Return the one of `words` that is written."""
    value = text(problems, node, name)
    if value is None:
        return None
    known = [each.value for each in words]
    if value.text not in known:
        fix = did_you_mean(value.text, known, otherwise=f"Write {listed(known, last='or')}.")
        problems.add(value.line, f"`{name}` cannot be {quoted(value.text)}", fix)
        return None
    return words(value.text)


def day(problems: Problems, node: Node | None, name: str) -> date | None:
    """Return a day written as YYYY-MM-DD, in this century or the next."""
    if (value := text(problems, node, name)) is None:
        return None
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value.text):
        with suppress(ValueError):
            day = date.fromisoformat(value.text)
            if day.year in YEARS:
                return day
    found = f"`{name}` is no day: {quoted(value.text)}"
    problems.add(value.line, found, "Write it as year-month-day, like 2026-12-01.")
    return None


def number(problems: Problems, node: Node | None, name: str, *, most: int, fix: str) -> int | None:
    """Return a whole number from 1 to `most`."""
    if (value := text(problems, node, name)) is None:
        return None
    if re.fullmatch(r"[0-9]{1,6}", value.text) and 1 <= int(value.text) <= most:
        return int(value.text)
    found = f"`{name}` is {quoted(value.text)}, but must be a whole number from 1 to {most}"
    problems.add(value.line, found, fix)
    return None


def one_of(
    problems: Problems, value: ScalarNode, what: str, known: Collection[str], *, where: str
) -> bool:
    """Whether `value` is known; a problem (`project '1.1.33' is not in the strategy`) if not."""
    if value.text in known:
        return True
    choice = f"Known are {listed(known)}." if 0 < len(known) <= 12 else "Check the name."
    fix = did_you_mean(value.text, known, otherwise=choice)
    problems.add(value.line, f"{what} {quoted(value.text)} is not {where}", fix)
    return False


def _kind(node: Node) -> str:
    match node:
        case MapNode():
            return "a mapping (key: value)"
        case ListNode():
            return "a list"
        case ScalarNode():
            return "nothing" if node.is_empty else f"the text {quoted(node.text)}"


def _flat(node: Node) -> str:
    if isinstance(node, MapNode):
        return "Write a text; put it in quotes if it begins with { or holds a colon."
    return "Write one text; put it in quotes if it begins with [ or a dash."
