"""`campaigner pdp`, from the command line."""

import json
from pathlib import Path

import pytest

from campaigner.cli import main
from tests.processes import PDPS


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "campaigner.toml").write_text('title = "Test"\n', encoding="utf-8")
    monkeypatch.setenv("CAMPAIGNER_STATE_DIR", str(tmp_path / "own"))
    monkeypatch.chdir(tmp_path)
    main_quietly("db", "upgrade")
    return tmp_path


def main_quietly(*arguments: str) -> int:
    try:
        main(list(arguments))
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def test_an_import_says_what_it_changes_and_is_quiet_the_second_time(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main_quietly("pdp", "import", str(PDPS), "--dry-run") == 0
    assert capsys.readouterr().out.endswith(
        "Processes: 23 would be added, 0 would be changed, 0 unchanged.\n"
    )
    assert main_quietly("pdp", "import", str(PDPS)) == 0
    out = capsys.readouterr().out
    assert "+ SubPro (subpro), 6 milestones\n" in out
    assert out.endswith("Processes: 23 added, 0 changed, 0 unchanged.\n")
    assert main_quietly("pdp", "import", str(PDPS)) == 0
    assert capsys.readouterr().out == "Processes: 0 added, 0 changed, 23 unchanged.\n"


def test_a_listing_says_what_may_not_be_published(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main_quietly("pdp", "import", str(PDPS))
    capsys.readouterr()
    assert main_quietly("pdp", "list", "--json") == 0
    listed = {each["id"]: each for each in json.loads(capsys.readouterr().out)}
    assert len(listed) == 23
    assert listed["latin-diacritics"]["comments"] == [
        {
            "opens": "2026-01-12",
            "closes_at": "2026-02-23T23:59:00+00:00",
            "url": listed["latin-diacritics"]["milestones"][3]["source"],
            "publishable": True,
        }
    ]
    assert listed["rpm-1"]["stage_publishable"] is False
    assert [each["publishable"] for each in listed["ppsai"]["milestones"]] == [False, True]
    assert main_quietly("pdp", "list") == 0
    table = capsys.readouterr().out
    assert "4 of 7: Working Group" in table
    assert "7 of 7: Implementation (not confirmed)" in table


def test_an_empty_listing_says_what_to_do(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    main_quietly("pdp", "list")
    assert "campaigner pdp import FILE" in capsys.readouterr().out
    main_quietly("pdp", "list", "--json")
    assert json.loads(capsys.readouterr().out) == []


def test_a_faulty_file_is_one_message_and_exit_1(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (workspace / "bad.yaml").write_text("pdps: [{id: X}]\n", encoding="utf-8")
    assert main_quietly("pdp", "import", "bad.yaml") == 1
    said = capsys.readouterr().err
    assert "bad.yaml:1: 'X' is not an id." in said
    assert "Traceback" not in said
    assert main_quietly("pdp", "import", "nowhere.yaml") == 1
