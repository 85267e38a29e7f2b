"""Something wrong is out: edited, repointed, answered, deleted, and told honestly."""

import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest

from campaigner.app import utc_now
from campaigner.rounds import send_account
from campaigner.sandbox.log import Entry, read_log
from tests.acceptance.shell import Shell, Told
from tests.acceptance.workspace import Workspace, lessons, worker

WHY = ("--reason", "wrong date")


def received(workspace: Workspace, event: str) -> list[Entry]:
    return [entry for entry in read_log(workspace.sandbox.folder) if entry["event"] == event]


def publish(workspace: Workspace, shell: Shell) -> None:
    """Queue two lessons of which the first is due, approve them, and send what is due."""
    now = utc_now()
    dates = [f"{now - timedelta(minutes=1):%Y-%m-%d %H:%M}", f"{now.year + 1}-01-01 10:00"]
    path = workspace.write_campaign(lessons(count=2, dates=dates))
    shell("queue", str(path), "--start", f"{now - timedelta(days=1):%Y-%m-%d}")
    shell("approve", "lessons", "--as", "maria")
    send(workspace)


def send(workspace: Workspace) -> None:
    app = workspace.open(utc_now)
    try:
        for account in workspace.accounts:
            send_account(app, account, worker(utc_now() - timedelta(days=1)))
    finally:
        app.close()


def numbers(shell: Shell) -> dict[str, int]:
    """Return the numbers of the first lesson's posts that are out, by account."""
    rows = shell("outbox", "list", "--state", "sent", "--json").rows
    return {row["account"]: row["id"] for row in rows if row["item"] == "lesson-1"}


def test_what_is_out_is_set_right_each_way(workspace: Workspace, shell: Shell) -> None:
    publish(workspace, shell)
    ids = numbers(shell)
    assert set(ids) == {"x-en", "x-es", "m-en", "m-es"}

    dry = shell("correct", "delete", "--campaign", "lessons", "--item", "lesson-1", *WHY,
                "--dry-run").out  # fmt: skip
    assert dry.count("would be deleted") == 4
    assert "cannot be undone" in dry
    assert "Screenshots" in dry
    assert not received(workspace, "deleted")

    refused = shell("correct", "edit", str(ids["m-en"]), "--text", "Right.", *WHY, "--yes", code=1)
    assert "author queued it" in refused.out
    shell("correct", "edit", str(ids["m-en"]), "--text", "Right.", *WHY, "--yes", "--as", "maria")
    shell("correct", "repoint", str(ids["m-es"]), "--link", "https://example.net/es", *WHY,
          "--yes", "--as", "maria")  # fmt: skip
    edited = received(workspace, "edited")
    assert edited[0]["text"] == "Right."
    assert "https://example.net/es?utm_" in edited[1]["text"]
    assert "example.org" not in edited[1]["text"]

    on_x = shell("correct", "edit", str(ids["x-en"]), "--text", "Right.", *WHY, "--yes", "--as",
                 "maria", code=1)  # fmt: skip
    assert "X lets no program edit" in on_x.out

    shell("correct", "reply", str(ids["x-en"]), "--text", "Correction: Tuesday.", *WHY, "--yes")
    shell("approve", "lessons", "--as", "maria")
    send(workspace)
    first = next(one for one in received(workspace, "accepted") if one["account"] == "x-en")
    answers = [one for one in received(workspace, "accepted") if one["reply_to"]]
    assert [(one["reply_to"], one["text"]) for one in answers] == [
        (first["id"], "Correction: Tuesday.")
    ]

    shell("correct", "delete", str(ids["x-es"]), *WHY, "--yes")
    assert [one["account"] for one in received(workspace, "deleted")] == ["x-es"]
    again = shell("correct", "delete", str(ids["x-es"]), *WHY, "--yes", code=1)
    assert "deleted already" in again.out

    listed = shell("correct", "list", "--json").rows
    assert [(row["kind"], row["state"], row["by"]) for row in listed] == [
        ("delete", "done", "author"),
        ("reply", "done", "author"),
        ("repoint", "done", "maria"),
        ("edit", "done", "maria"),
    ]
    assert "sent" in listed[1]["says"]
    (shown,) = shell("correct", "show", str(ids["m-en"]), "--json").rows
    assert (shown["text"], shown["doubtful"]) == ("Right.", False)
    assert shown["approved"].startswith("Lesson 1")
    assert "Right." in shell("correct", "show", str(ids["m-en"])).out
    assert "edition" not in shell("correct", "list").out


def test_a_whole_item_is_taken_back_and_what_still_waits_is_named(
    workspace: Workspace, shell: Shell
) -> None:
    publish(workspace, shell)
    path = workspace.root / "campaigns" / "lessons.yaml"
    whole = ("--campaign", "lessons", "--item", "lesson-1")
    assert "--yes" in shell("correct", "delete", *whole, *WHY, code=1).err
    told = shell("correct", "delete", *whole, *WHY, "--yes")
    assert told.out.count(": deleted") == 4
    assert len(received(workspace, "deleted")) == 4
    again = {row["what"] for row in shell("queue", str(path), "--json").rows}
    assert "new" not in again, "what was deleted is not made again"
    send(workspace)
    assert len(received(workspace, "accepted")) == 4

    waits = shell("correct", "delete", "--campaign", "lessons", "--item", "lesson-2", *WHY, "--yes",
                  code=1)  # fmt: skip
    assert "4 have not left yet" in waits.out
    assert "outbox cancel" in waits.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("correct", "delete", "--reason", "x"),
        ("correct", "delete", "1", "--item", "lesson-1", "--reason", "x"),
        ("correct", "delete", "--campaign", "lessons", "--reason", "x"),
        ("correct", "delete", "404", "--reason", "x"),
        ("correct", "delete", "--campaign", "c", "--item", "i", "--locale", "?", "--reason", "x"),
        ("correct", "show", "404"),
    ],
)
def test_a_wrong_question_is_answered_with_what_to_do(
    shell: Shell, arguments: tuple[str, ...]
) -> None:
    told: Told = shell(*arguments, code=1)
    assert told.err
    assert not told.out


@pytest.mark.parametrize("point", ["correct.asked", "correct.answered"])
def test_a_kill_leaves_a_doubt_that_saying_it_again_ends(
    workspace: Workspace, shell: Shell, point: str
) -> None:
    publish(workspace, shell)
    number = str(numbers(shell)["m-en"])
    killed = subprocess.run(
        [sys.executable, "-m", "campaigner", "correct", "delete", number, *WHY, "--yes"],
        env=workspace.environment | {"CAMPAIGNER_FAILPOINTS": f"{point}=kill"},
        cwd=workspace.root,
        capture_output=True,
        check=False,
    )
    assert killed.returncode == -9
    assert len(received(workspace, "deleted")) == (point == "correct.answered")
    (row,) = shell("correct", "list", "--json").rows
    assert (row["state"], row["doubtful"]) == ("asked", True)
    shell.ahead += timedelta(minutes=5)
    assert "may have happened, please look" in shell("correct", "list").out

    shell("correct", "delete", number, *WHY, "--yes")
    assert len(received(workspace, "deleted")) == 1
    newest, oldest = shell("correct", "list", "--json").rows
    assert (newest["state"], newest["doubtful"]) == ("done", False)
    assert (oldest["state"], oldest["doubtful"]) == ("asked", False)
    assert deleted_at(shell, number) is not None


def deleted_at(shell: Shell, number: str) -> Any:
    (row,) = shell("correct", "show", number, "--json").rows
    return row["deleted_at"]
