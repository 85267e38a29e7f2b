import json
import shutil
from pathlib import Path

import pytest

from tests.cli.test_strategy import run

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data" / "campaigns"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the sample workspace, in which the commands run."""
    for name in ("campaigns", "templates", "locales"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "campaigner.toml", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("workspace")
def test_the_sample_campaigns_are_right(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("dns-security-awareness: 8 items, 64 posts in en, es, pt_BR, fr")
    assert lines[1] == (
        "lac-newsletter: a newsletter by newsletter in en, es, pt_BR, fr, stories: 1 of its own, "
        "dns-security-awareness"
    )
    assert lines[2].startswith("pdp-digest: a digest by newsletter in en, es, pt_BR, fr")


def test_ten_faults_are_ten_lines_and_exit_1(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(DATA / "ten-faults.yaml", workspace / "campaigns")
    assert run("check", "campaigns/ten-faults.yaml") == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert [line.split(": ")[0] for line in told.err.splitlines()] == [
        f"campaigns/ten-faults.yaml:{line}" for line in (3, 5, 6, 10, 11, 12, 17, 18, 19, 21)
    ]


def test_problems_are_a_json_array_too(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(DATA / "ten-faults.yaml", workspace / "campaigns")
    assert run("check", "--json") == 1
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == 10
    assert rows[0] == {
        "file": "campaigns/ten-faults.yaml",
        "line": 3,
        "found": "'titel' is not known in the campaign",
        "fix": "Did you mean 'title'?",
    }


def test_a_fault_in_what_campaigns_share_is_told_once(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (workspace / "campaigns" / "data" / "library.yaml").open("a", encoding="utf-8") as file:
        file.write("  dns: '#DNS'\n")
    assert run("check") == 1
    [told] = capsys.readouterr().err.splitlines()
    place, _, said = told.partition(": ")
    assert place == "campaigns/data/library.yaml:10"
    assert said == "'#DNS' cannot be a hashtag. Write DNS: the # is added when it is posted."


def test_what_only_shows_when_rendered_is_told_too(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = workspace / "campaigns" / "dns-security-awareness.yaml"
    path.write_text(f"{path.read_text(encoding='utf-8')}\ntemplate: social/none.txt\n")
    assert run("check", str(path)) == 1
    assert "the template 'social/none.txt' does not exist" in capsys.readouterr().err


def test_a_workspace_without_campaigns_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "campaigner.toml").write_text("", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert run("check") == 1
    assert "there is no campaign in" in capsys.readouterr().err
