"""`campaigner translate`, from the command line, on the sample workspace."""

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.test_strategy import run

ROOT = Path(__file__).parents[2]
CHECK = ("translate", "status", "--check", "--processes", "campaigns/data/pdps.yaml")
FRENCH = Path("locales/fr/LC_MESSAGES/campaigns.po")


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the sample workspace, in which the commands run."""
    for name in ("campaigns", "templates", "locales"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "campaigner.toml", tmp_path)
    monkeypatch.setenv("CAMPAIGNER_STATE_DIR", str(tmp_path / "own"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("workspace")
def test_the_sample_is_translated_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*CHECK) == 0
    shown = capsys.readouterr().out
    assert "Portuguese (Brazil)" in shown
    assert shown.rstrip().endswith("Every string has its translation.")


def test_a_string_to_be_checked_again_fails_the_check_and_is_named_with_its_file(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    catalog = (workspace / FRENCH).read_text(encoding="utf-8")
    place = 'msgctxt "dns-security-awareness/dns-abuse text.x"'
    assert place in catalog
    (workspace / FRENCH).write_text(catalog.replace(place, f"#, fuzzy\n{place}"), encoding="utf-8")

    assert run(*CHECK) == 1

    shown = capsys.readouterr().out
    assert f"Translate these in {FRENCH}" in shown
    assert "fr: “DNS Abuse” means five" in shown.replace('"', "")
    assert "(dns-security-awareness/dns-abuse text.x)" in shown


def test_rows_are_a_json_array(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (workspace / FRENCH).unlink()

    assert run(*CHECK[:2], *CHECK[3:], "--json") == 0

    rows = json.loads(capsys.readouterr().out)
    french = [row for row in rows if row["locale"] == "fr" and row["campaign"] == "pdp-digest"]
    assert [(row["total"], row["missing"], len(row["faults"])) for row in french] == [(2, 0, 0)], (
        "the packaged catalog stands in for the workspace's"
    )


def test_a_broken_catalog_is_one_message_and_exit_1(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = workspace / FRENCH
    path.write_text(path.read_text(encoding="utf-8") + "\n<<<<<<< HEAD\n", encoding="utf-8")

    assert run(*CHECK) == 1

    told = capsys.readouterr().err
    assert "campaigns.po:" in told
    assert "is not a line of a .po file" in told
    assert "Traceback" not in told


@pytest.mark.usefixtures("workspace")
def test_imported_processes_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("db", "upgrade") == 0
    assert run("pdp", "import", "campaigns/data/pdps.yaml") == 0
    capsys.readouterr()

    assert run("translate", "status", "--json") == 0

    rows = json.loads(capsys.readouterr().out)
    assert all(row["total"] > 0 for row in rows if row["domain"] == "processes")
    assert {row["locale"] for row in rows} == {"es", "fr", "pt_BR"}
