"""Files that mean harm, handed to the command line: one clear message, exit 1, at once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.sample import DNS, Sample
from tests.acceptance.shell import Shell
from tests.loading.test_hostile_files import HOSTILE

SOON = 2.0

KINDS = {
    "malformed": "is not closed",
    "alias bomb": "anchors and aliases",
    "nested and closed": "50 levels deep",
    "50 MB": "50.0 MB",
    "latin-1": "not UTF-8",
    "python tag": "tags",
    "missing template": "template 'social/none.txt' does not exist",
    "unknown variable": "'nobody' is not known here",
}


def write(sample: Sample, kind: str) -> str:
    """Write the hostile file of a kind; return how a person names it."""
    name = kind.replace(" ", "-").lower()
    path = sample.root / "campaigns" / f"{name}.yaml"
    right = (sample.root / DNS).read_text(encoding="utf-8")
    right = right.replace("id: dns-security-awareness", f"id: {name}", 1)
    match kind:
        case "missing template":
            path.write_text(f"{right}\ntemplate: social/none.txt\n", encoding="utf-8")
        case "unknown variable":
            path.write_text(f"{right}\ntemplate: social/own.txt\n", encoding="utf-8")
            template = sample.root / "templates" / "social" / "own.txt"
            template.parent.mkdir(parents=True)
            template.write_text("{{ text }} {{ nobody }}\n", encoding="utf-8")
        case _:
            path.write_bytes(HOSTILE[kind][0])
    return f"campaigns/{name}.yaml"


def test_each_gets_one_message_and_all_together_take_no_two_seconds(sample: Sample) -> None:
    files = {kind: write(sample, kind) for kind in KINDS}
    before = children_cpu()
    told = subprocess.run(
        [sys.executable, "-m", "campaigner", "check", *files.values()],
        cwd=sample.root,
        env=sample.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    # The processor's time, not the wall's: the same on a machine that does other things too.
    assert children_cpu() - before < SOON
    assert told.returncode == 1
    assert told.stdout == ""
    lines = told.stderr.splitlines()
    assert len(lines) == len(files)
    for line, (kind, file) in zip(lines, files.items(), strict=True):
        assert_clear(line, kind, file)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_not_queued_either(kind: str, sample: Sample, sample_shell: Shell) -> None:
    file = write(sample, kind)
    for command in (["check", file], ["queue", file, "--start", "now"]):
        [line] = sample_shell(*command, code=1).err.splitlines()
        assert_clear(line, kind, file)
    assert sample_shell("outbox", "list", "--json").rows == []


def test_a_file_that_is_not_there_or_is_a_folder_is_said(
    sample_shell: Shell, tmp_path: Path
) -> None:
    for name, words in (("campaigns/none.yaml", "no such file"), (str(tmp_path), "not a file")):
        for command in ("check", "queue"):
            assert words in sample_shell(command, name, code=1).err


def assert_clear(line: str, kind: str, file: str) -> None:
    """It says where, what and what to do."""
    assert KINDS[kind] in line
    assert line.startswith(f"{file}:")
    assert len(line) < 400


def children_cpu() -> float:
    times = os.times()
    return times.children_user + times.children_system
