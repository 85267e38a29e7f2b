import json
from pathlib import Path

import pytest

from campaigner.cli import main


@pytest.fixture
def workspace(tmp_path: Path) -> str:
    (tmp_path / "campaigner.toml").write_text("", encoding="utf-8")
    return str(tmp_path)


def run(*arguments: str) -> int:
    """Run a command; return its exit code."""
    with pytest.raises(SystemExit) as left:
        main([*arguments])
    return int(left.value.code or 0)


def test_the_tree_shows_every_entry_and_that_the_plan_has_ended(
    workspace: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("strategy", "--workspace", workspace) == 0
    shown = capsys.readouterr().out
    assert all(id in shown for id in ("1.1.3", "2.2.1", "4.1.2"))
    assert "valid from 2020-07-01 to 2025-06-30: it has ended" in " ".join(shown.split())


def test_one_entry_is_shown_with_what_it_belongs_to(
    workspace: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("strategy", "1.1.3", "--workspace", workspace) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "Security of the Domain Name System" in shown
    assert "Create social media campaigns to raise awareness" in shown


def test_the_list_is_a_json_array_in_the_order_of_the_plan(
    workspace: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("strategy", "--json", "--workspace", workspace) == 0
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == 4 + 9 + 24
    assert [row["id"] for row in rows[:3]] == ["1", "1.1", "1.1.1"]
    assert {row["part_of"] for row in rows if row["kind"] == "key area"} == {None}
    assert [row["part_of"] for row in rows if row["id"] == "1.1.3"] == ["1.1"]


def test_an_unknown_id_gets_did_you_mean(
    workspace: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("strategy", "1.1.33", "--workspace", workspace) == 1
    told = capsys.readouterr()
    assert told.err == "'1.1.33' is not in the strategy. Did you mean '1.1.3'?\n"
    assert told.out == ""
