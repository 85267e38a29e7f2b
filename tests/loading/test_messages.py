"""Every message of `campaigner check`: the situation, the text, and what the person does next.

The table is `tests/data/messages.yaml`. A message without a row in it fails here: whoever adds
one has to write down how it comes about, to read it as its reader will, and to say what it leads
to.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from ruamel.yaml import YAML

import campaigner.loading
from campaigner.core.strategy import Strategy
from campaigner.loading.yaml import _HINTS
from tests.loading.messages import read_rows, told

TABLE = Path(__file__).parents[1] / "data" / "messages.yaml"
ROWS = read_rows(YAML(typ="safe", pure=True).load(TABLE))
LOADING = Path(next(iter(campaigner.loading.__path__)))
CHECKED = (
    "cadences", "campaigns", "hashtags", "items", "library", "links", "moving", "partners",
    "pictures", "schedules", "shapes", "wordings", "yaml", "glossary", "newsletters", "audiences",
    "kinds",
)  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What was told in each situation, and the lines of the loaders that were gone through."""

    told: dict[str, list[str]]
    lines: set[tuple[str, int]]


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory, strategy: Strategy) -> Outcome:
    lines: set[tuple[str, int]] = set()
    names = {str(LOADING / f"{name}.py"): name for name in CHECKED}

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        if (name := names.get(frame.f_code.co_filename)) is None:
            return None
        if row.special == "many" and frame.f_code.co_name != "_refuse":
            return None  # of a file with 50,000 values only what refuses it is followed
        lines.add((name, frame.f_lineno))
        return trace

    found, before = {}, sys.gettrace()
    for row in ROWS:
        sys.settrace(trace)  # anew: a template without an end takes it away
        try:
            found[row.situation] = told(row, tmp_path_factory.mktemp("told"), strategy)
        finally:
            sys.settrace(before)
    return Outcome(told=found, lines=lines)


def test_each_message_is_as_the_table_has_it(outcome: Outcome) -> None:
    wrong = {
        row.situation: outcome.told[row.situation]
        for row in ROWS
        if row.text not in outcome.told[row.situation]
    }
    assert wrong == {}


def test_each_situation_is_there_once_and_leads_somewhere() -> None:
    situations = [row.situation for row in ROWS]
    assert len(set(situations)) == len(situations)
    assert [row.situation for row in ROWS if not row.next] == []


def test_each_message_says_where_what_is_wrong_and_what_to_do() -> None:
    for row in ROWS:
        where, _, said = row.text.partition(": ")
        assert where.rpartition(":")[2].isdigit(), row
        found, _, fix = said.partition(". ")
        assert found, row
        assert fix.endswith((".", "?", "`…`", ")")), row
        assert fix[0].isupper(), row


def test_no_message_is_without_a_row(outcome: Outcome) -> None:
    missing = [
        f"{name}.py:{first}"
        for name in CHECKED
        for first, last in messages_in(LOADING / f"{name}.py")
        if not any((name, line) in outcome.lines for line in range(first, last + 1))
    ]
    assert missing == []


def test_no_explanation_of_the_parsers_words_is_without_a_row(outcome: Outcome) -> None:
    everything = "\n".join(line for lines in outcome.told.values() for line in lines)
    assert [found for _, found, fix in _HINTS if f"{found}. {fix}" not in everything] == []


def messages_in(path: Path) -> Iterator[tuple[int, int]]:
    """Yield the first and last lines of every place where a problem is told, or worded."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if (isinstance(node, ast.Call) and is_telling(node.func)) or (
            isinstance(node, ast.Return) and is_worded(node.value)
        ):
            yield node.lineno, node.end_lineno or node.lineno


def is_telling(function: ast.expr) -> bool:
    return (
        isinstance(function, ast.Attribute)
        and function.attr in ("add", "stop")
        and ast.unparse(function.value).endswith("problems")
    )


def is_worded(value: ast.expr | None) -> bool:
    """Whether a function returns what is wrong and what to do."""
    return (
        isinstance(value, ast.Tuple)
        and len(value.elts) == 2
        and isinstance(value.elts[0], ast.JoinedStr | ast.Constant)
        and (not isinstance(value.elts[0], ast.Constant) or isinstance(value.elts[0].value, str))
    )
