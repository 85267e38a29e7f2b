"""`campaigner count`, as a process of its own: outside a workspace, line for line, at once."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.sample import bare_environment

CASES = Path(__file__).parent.parent / "data" / "counting"
COMMAND = [sys.executable, "-m", "campaigner", "count"]


@pytest.fixture
def count(tmp_path: Path) -> Any:
    """Run it in an empty folder; return what it said."""

    def run(*arguments: str, given: str | bytes = b"", code: int = 0) -> str:
        told = subprocess.run(
            [*COMMAND, *arguments],
            input=given if isinstance(given, bytes) else given.encode(),
            capture_output=True,
            cwd=tmp_path,
            env=bare_environment(),
            check=False,
        )
        assert told.returncode == code, told.stderr.decode()
        assert b"Traceback" not in told.stderr
        return (told.stderr if code and not told.stdout else told.stdout).decode()

    return run


def lines(texts: Sequence[str]) -> str:
    return "".join(json.dumps(text) + "\n" for text in texts)


def answers(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def test_every_case_of_x_comes_out_of_the_command_as_x_says(count: Any) -> None:
    sets = json.loads((CASES / "x-weighted-length.json").read_text(encoding="utf-8"))
    cases = sets["WeightedTweetsWithDiscountedEmojiCounterTest"]
    out = count("--channel", "x", "--jsonl", given=lines([case["text"] for case in cases]))
    assert answers(out) == [
        {
            "length": case["expected"]["weightedLength"],
            "limit": 280,
            "valid": case["expected"]["valid"],
        }
        for case in cases
    ]


def test_every_address_of_xs_cases_weighs_23(count: Any) -> None:
    cases = json.loads((CASES / "x-extract-urls.json").read_text(encoding="utf-8"))
    found = [url for case in cases for url in case["expected"]]
    spelled = [f"see {url if '://' in url else 'https://' + url} ." for url in found]
    out = answers(count("--channel", "x", "--jsonl", given=lines(spelled)))
    assert [answer["length"] for answer in out] == [len("see  .") + 23] * len(found)


def test_a_text_is_counted_and_judged(count: Any) -> None:
    assert count("--channel", "x", "语 https://example.org") == "length 26, limit 280, valid\n"
    assert count("--channel", "x", "") == "length 0, limit 280, not valid\n"
    assert count("--channel", "mastodon", given="👩‍👩‍👧‍👦\n") == "length 1, limit 500, valid\n"
    assert count("--channel", "email", "x" * 600) == "length 600, limit none, valid\n"


def test_too_long_is_no_error(count: Any) -> None:
    assert count("--channel", "manual", "--limit", "3", "four") == "length 4, limit 3, not valid\n"


def test_what_is_no_text_is_told_in_its_place(count: Any) -> None:
    given = b'"a"\n12\n{"text": \n\n"\xff"\n"\\ud83d"\n"\xc3\xb1"'
    said = answers(count("--channel", "x", "--jsonl", given=given, code=1))
    assert [next(iter(answer)) for answer in said] == [
        "length", "problem", "problem", "problem", "problem", "length", "length",
    ]  # fmt: skip
    assert said[1] == {"problem": 'this line is no text: write each as "text"'}
    assert said[4] == {"problem": "this line is not UTF-8"}
    assert said[-1]["length"] == 1


def test_a_line_without_end_takes_no_memory(count: Any) -> None:
    given = b'"' + b"a" * 3_000_000 + b'"\n"a"\n'
    long, short = answers(count("--channel", "x", "--jsonl", given=given, code=1))
    assert (list(long), short["length"]) == (["problem"], 1)


def test_an_answer_comes_before_the_next_line() -> None:
    with subprocess.Popen(
        [*COMMAND, "--channel", "x", "--jsonl"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stdout
        for number in (1, 2, 3):
            process.stdin.write(json.dumps("a" * number).encode() + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["length"] == number
        process.stdin.close()
    assert process.returncode == 0


def test_a_thousand_lines_take_no_more_than_a_moment(count: Any) -> None:
    text = "¿Qué es DNSSEC? 👩🏽‍🎤 语 https://www.icann.org/resources/dnssec?a=1 #DNS @icann"
    before = os.times().children_user
    count("--channel", "x", "--jsonl", given=lines([text] * 1000))
    spent = os.times().children_user - before
    assert spent < 5.0, "a budget ten times what it takes"


def test_an_account_has_its_own_limit(count: Any, tmp_path: Path) -> None:
    (tmp_path / "campaigner.toml").write_text(
        '[accounts.m]\nchannel = "mastodon"\nlocales = ["en"]\nmax_length = 1000\n',
        encoding="utf-8",
    )
    assert count("--account", "m", "hello") == "length 5, limit 1000, valid\n"
    assert "Did you mean 'm'?" in count("--account", "mm", "hello", code=1)


def test_whose_rules_count_has_to_be_said(count: Any) -> None:
    assert "--channel x" in count("hello", code=2)
    assert "no such" not in count("--channel", "myspace", "hello", code=2)
    assert "leave TEXT out" in count("--channel", "x", "--jsonl", "hello", code=2)


def test_it_starts_without_what_a_workspace_needs() -> None:
    program = (
        "import sys\n"
        "from campaigner.cli import main\n"
        "try:\n"
        "    main(['count', '--channel', 'x', 'a'])\n"
        "finally:\n"
        "    print(sorted({'sqlalchemy', 'httpx', 'babel', 'jinja2'} & set(sys.modules)))\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert told.stdout.splitlines()[-1] == "[]"
