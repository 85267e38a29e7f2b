import string
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigner.errors import FileError
from campaigner.loading.problems import Problems
from campaigner.loading.yaml import ListNode, MapNode, Node, ScalarNode, read_yaml


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "file.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    return path


def plain(node: Node) -> object:
    match node:
        case ScalarNode():
            return node.text
        case ListNode():
            return [plain(item) for item in node.items]
        case MapNode():
            return {key.text: plain(value) for key, value in node.entries}


def test_values_stay_what_was_written(tmp_path: Path) -> None:
    text = "a: 1.10\nb: no\nc: 10:00\nd: 2026-01-01\ne: 010\nf: '1'\ng: [x, {h: y}]\ni: |\n  z\n"
    assert plain(read_yaml(write(tmp_path, text))) == {
        "a": "1.10", "b": "no", "c": "10:00", "d": "2026-01-01", "e": "010", "f": "1",
        "g": ["x", {"h": "y"}], "i": "z\n",
    }  # fmt: skip


def test_every_key_and_value_knows_its_line(tmp_path: Path) -> None:
    root = read_yaml(
        write(tmp_path, "# first\na: 1\n\nb:\n  - x\n  -\n    c: >-\n      y\nd:\ne: 2\n")
    )
    assert isinstance(root, MapNode)
    lines = {key.text: (key.line, value.line) for key, value in root.entries}
    assert lines == {"a": (2, 2), "b": (4, 5), "d": (9, 9), "e": (10, 10)}
    b = root.entries[1][1]
    assert isinstance(b, ListNode)
    assert [item.line for item in b.items] == [5, 7]


@pytest.mark.parametrize("text", ["a:\n", "a: ~\n", "a: null\n", "a:   # later\n"])
def test_a_missing_value_is_empty(text: str, tmp_path: Path) -> None:
    root = read_yaml(write(tmp_path, text))
    assert isinstance(root, MapNode)
    [(_, value)] = root.entries
    assert isinstance(value, ScalarNode)
    assert value.is_empty


def test_a_quoted_nothing_is_a_text(tmp_path: Path) -> None:
    root = read_yaml(write(tmp_path, "'null'"))
    assert root == ScalarNode(line=1, text="null")


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["", "bom"])
def test_line_ends_and_a_byte_order_mark_change_nothing(
    newline: str, mark: bytes, tmp_path: Path
) -> None:
    root = read_yaml(write(tmp_path, mark + newline.join(["a: 1", "b: 2"]).encode()))
    assert isinstance(root, MapNode)
    assert [(key.text, key.line) for key, _ in root.entries] == [("a", 1), ("b", 2)]


def test_a_key_given_twice_is_told_with_both_lines_and_the_rest_is_read(tmp_path: Path) -> None:
    path = write(tmp_path, "a: 1\nb: 2\na: 3\n")
    problems = Problems(path)
    assert plain(read_yaml(path, problems)) == {"a": "1", "b": "2"}
    [problem] = problems.found
    assert (problem.line, problem.found) == (3, "'a' is given twice, first in line 1")
    with pytest.raises(FileError, match="given twice"):
        read_yaml(path)


def test_an_escaped_control_character_is_told_and_taken_out(tmp_path: Path) -> None:
    path = write(tmp_path, 'a: "b\\ac\\uD800"\n')
    problems = Problems(path)
    assert plain(read_yaml(path, problems)) == {"a": "bc"}
    assert "U+0007" in problems.found[0].found


@pytest.mark.parametrize(
    ("text", "line", "hint"),
    [
        ("a: b: c\n", 1, "in quotes"),
        ("a:\n\tb: 1\n", 2, "spaces, not with tabs"),
        ("a: 1\nb: 'x\nc: 2\n", 2, "Close the quotation mark"),
        ("a: [1, 2\nb: 3\n", 2, "Close the bracket"),
        ("a: {b: 1\n", 1, "Close the bracket"),
        ("a:\n  b: 1\n c: 2\n", 3, "Indent"),
        ("a: @home\n", 1, "in quotes"),
        ("a: {{ year }}\n", 1, "quotes"),
        ("a: 'don't'\n", 1, "write ''"),
        ('a: "\\q"\n', 1, "backslash"),
        ("a: - b\n", 1, "line of its own"),
    ],
)
def test_a_slip_of_the_pen_gets_a_hint(text: str, line: int, hint: str, tmp_path: Path) -> None:
    with pytest.raises(FileError) as caught:
        read_yaml(write(tmp_path, text))
    [problem] = caught.value.problems
    assert problem.line == line
    assert hint in problem.fix


@given(
    st.one_of(
        st.text(
            alphabet=st.sampled_from(" \n\t-:?[]{},&*!|>'\"%@`#~abc01\\Ux\ufeff\u2028"), max_size=80
        ),
        st.text(max_size=60),
        st.binary(max_size=60),
        st.text(alphabet=string.printable, max_size=80),
    )
)
@settings(
    max_examples=400, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
def test_whatever_is_in_a_file_nothing_but_a_file_error_comes_out(
    tmp_path: Path, text: str | bytes
) -> None:
    problems = Problems(write(tmp_path, text))
    with suppress(FileError):
        read_yaml(problems.path, problems)
    assert all(problem.line >= 1 and problem.fix for problem in problems.found)
