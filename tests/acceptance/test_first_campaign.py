"""docs/first-campaign.md, followed as a new user does: the commands print what it says."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.sample import bare_environment
from tests.acceptance.shell import Shell

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "first-campaign.md"
PIECE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"`([\w./-]+\.(?:yaml|po))`")
LEFT_OUT = "…"
# What differs from day to day, and from machine to machine.
PASSING = (
    (re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}"), "DATE"),
    (re.compile(r"^\w+day \d{2} \w+ \d{4}$"), "DAY"),
    (re.compile(r"\d+\.\d s\."), "TIME."),
    (re.compile(r"\d+ KB\."), "SIZE."),
    (re.compile(r"[ \t]+"), " "),
)


@dataclass(frozen=True)
class File:
    """What the reader writes: all of a file, or what is added to one that is there."""

    name: str
    text: str
    added: bool


@dataclass(frozen=True)
class Command:
    """What the reader types, and what the page says is printed."""

    words: list[str]
    printed: list[str]


def test_a_new_user_gets_what_the_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = bare_environment() | {
        "CAMPAIGNER_STATE_DIR": str(tmp_path / "state-of-this-user"),
        "CAMPAIGNER_USER": "maria",
        "CAMPAIGNER_LOOPBACK_ONLY": "1",
    }
    shell = Shell(tmp_path, environment, monkeypatch, capsys)
    commands = 0
    for step in steps(PAGE.read_text(encoding="utf-8")):
        match step:
            case File(name=name, text=text, added=added):
                with (shell.root / name).open("a" if added else "w", encoding="utf-8") as file:
                    file.write(text)
            case Command(words=["cd", target]):
                shell.root /= target
            case Command(words=["campaigner", *rest], printed=printed):
                told = shell(*rest, code=None)
                said = told.out + told.err
                assert says(said, printed), f"{shlex.join(rest)}\n{said}"
                commands += 1
            case _:
                pytest.fail(f"the page tells the reader to do {step}: teach this test")
    assert commands >= 15


def steps(page: str) -> Iterator[File | Command]:
    """Yield what the page tells the reader to do, in order."""
    end = 0
    for found in PIECE.finditer(page):
        told, (language, body) = page[end : found.start()], found.groups()
        end = found.end()
        if language == "console":
            yield from commands_in(body)
        else:
            name = NAMED.findall(told)[-1]
            yield File(name, body, added="at the end of" in told)


def commands_in(body: str) -> Iterator[Command]:
    _, *typed = re.split(r"^\$ ", body, flags=re.MULTILINE)
    for each in typed:
        command, *printed = each.splitlines()
        yield Command(shlex.split(command), printed)


def says(output: str, printed: list[str]) -> bool:
    """Whether the output has these lines in their order; `…` stands for any number of lines."""
    lines = [plain(line) for line in output.splitlines()]
    at, anywhere = 0, False
    for wanted in map(plain, printed):
        if wanted == LEFT_OUT:
            anywhere = True
            continue
        places = range(at, len(lines)) if anywhere else range(at, min(at + 1, len(lines)))
        place = next((number for number in places if lines[number].startswith(wanted)), None)
        if place is None:
            return False
        at, anywhere = place + 1, False
    return True


def plain(line: str) -> str:
    for passing, name in PASSING:
        line = passing.sub(name, line.strip())
    return line


def test_what_is_printed_otherwise_is_noticed() -> None:
    assert says("one\ntwo\nthree 1.2 s.", ["one", LEFT_OUT, "three 9.9 s."])
    assert not says("one\ntwo", ["two"])
    assert not says("one\ntwo", ["one", "2"])
    assert not says("one\ntwo", ["one", LEFT_OUT, "three"])
