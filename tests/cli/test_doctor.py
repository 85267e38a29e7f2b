import json
from pathlib import Path

import pytest

from campaigner.cli import main

SETTINGS = """
title = "Test"
zone = "America/Montevideo"

[accounts.x-es]
channel = "x"
locales = ["es"]
"""


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "campaigner.toml").write_text(SETTINGS, encoding="utf-8")
    monkeypatch.setenv("CAMPAIGNER_STATE_DIR", str(tmp_path / "own"))
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*arguments: str) -> int:
    try:
        main(list(arguments))
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def verdicts(out: str) -> dict[str, str]:
    return {check["name"]: check["verdict"] for check in json.loads(out)}


def test_a_new_workspace_without_a_database_fails_and_says_what_to_do(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("doctor") == 1
    out = capsys.readouterr().out
    assert "campaigner db upgrade" in out
    assert "1 of " in out


def test_a_workspace_with_a_database_passes(
    workspace: Path,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("CAMPAIGNER_DATABASE", database_url)
    assert call("doctor", "--json") == 0
    found = verdicts(capsys.readouterr().out)
    assert found["migrations"] == found["instance"] == found["account x-es"] == "ok"
    assert (found["daemon"], found["strategy"]) == ("warn", "warn")
    assert call("doctor") == 0
    assert "ask for your attention" in capsys.readouterr().out


def test_a_live_network_that_is_not_there_fails_only_when_asked(
    workspace: Path,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("CAMPAIGNER_DATABASE", database_url)
    monkeypatch.setenv("CAMPAIGNER_SANDBOX__X", "9")  # nobody listens there
    assert call("doctor", "--network", "--json") == 1
    assert verdicts(capsys.readouterr().out)["network of x-es"] == "fail"


def test_settings_that_cannot_be_read_are_the_finding(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (workspace / "campaigner.toml").write_text("zone = [", encoding="utf-8")
    assert call("doctor", "--json") == 1
    assert verdicts(capsys.readouterr().out) == {"settings": "fail"}


def test_a_broken_campaign_is_a_finding_with_its_line(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (workspace / "campaigns").mkdir()
    (workspace / "campaigns" / "one.yaml").write_text("id: [", encoding="utf-8")
    assert call("doctor", "--json") == 1
    checks = {check["name"]: check for check in json.loads(capsys.readouterr().out)}
    assert checks["translations"]["verdict"] == "fail"
    assert "one.yaml:1" in checks["translations"]["found"]
