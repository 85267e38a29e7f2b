"""`campaigner rehearse`: what it plays, what it tells, and what it leaves alone."""

import hashlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from ruamel.yaml import YAML

from campaigner.sandbox.log import Entry, read_log
from tests.acceptance.sample import DIGEST, DNS, Sample
from tests.acceptance.shell import Shell

EXPECTED = Path(__file__).parents[1] / "data" / "rehearsals" / "dns-security-awareness.yaml"
Row = tuple[str, str, str, str, str, str]


def received(folder: Path, *, zone: str) -> list[tuple[Entry, datetime]]:
    """Return what a kept rehearsal's sandbox took, with the local time, in order."""
    entries = read_log(folder / "state" / "sandbox")
    assert {entry["event"] for entry in entries} == {"accepted"}
    return [
        (entry, datetime.fromisoformat(entry["at"]).astimezone(ZoneInfo(zone))) for entry in entries
    ]


def test_what_the_sandbox_received_is_what_a_person_wrote_down(
    sample: Sample, sample_shell: Shell, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    begun = time.monotonic()
    told = sample_shell("rehearse", DNS, "--start", "2026-12-01", "--keep", str(kept))
    assert time.monotonic() - begun < 20
    expected = YAML(typ="safe").load(EXPECTED.read_text(encoding="utf-8"))
    wanted = [(str(day), *rest) for day, *rest in expected["received"]]
    items = {
        hashlib.sha256(path.read_bytes()).hexdigest(): path.stem
        for path in (sample.root / "campaigns" / "media").iterdir()
    }
    found = [
        (
            f"{at:%Y-%m-%d}",
            f"{at:%H:%M:%S}",
            entry["account"],
            entry["language"],
            items[entry["media"][0]["sha256"]],
            " ".join(entry["text"].split()),
        )
        for entry, at in received(kept, zone=expected["zone"])
    ]
    assert len(found) == len(wanted) == 64
    for (*left, text), (*said, words) in zip(sorted(found), sorted(wanted), strict=True):
        assert left == said
        assert text.startswith(words)
    assert "8 posts on Mastodon in português (Brasil)" in told.out
    assert "Nothing left this machine." in told.out
    assert "cannot go out" not in told.out


def test_nothing_of_the_real_workspace_changes_and_no_secret_is_used(
    sample: Sample, sample_shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample_shell("queue", DNS, "--start", "now")
    sample_shell("accounts", "go-live", "mastodon", "--yes")
    before = files_of(sample.root)
    database = tmp_path / "hostile.db"
    for name, value in {
        "CAMPAIGNER_DATABASE": f"sqlite:///{database}",
        "CAMPAIGNER_X_ES_TOKEN": "a-real-secret",
        "CAMPAIGNER_MASTODON_TOKEN": "another-one",
        "CAMPAIGNER_NEWSLETTER_PASSWORD": "and-one-more",
        "CAMPAIGNER_FAILPOINTS": "deliver.fenced=kill",
        "CAMPAIGNER_ACCOUNTS__X-EN__LIVE": "http://127.0.0.1:1",
        "HTTP_PROXY": "http://127.0.0.1:1",
    }.items():
        monkeypatch.setenv(name, value)
    kept = tmp_path / "kept"
    arguments = ("--start", "2026-12-01", "--until", "2026-12-08", "--keep", str(kept))
    rows = sample_shell("rehearse", DNS, *arguments, "--json").rows
    assert [row["state"] for row in rows[:16]] == ["sent"] * 16
    assert not database.exists()
    assert files_of(sample.root) == before
    everything = b"".join(path.read_bytes() for path in kept.rglob("*") if path.is_file())
    assert b"a-real-secret" not in everything
    assert b"another-one" not in everything


def test_rows_tell_when_where_in_which_language_and_what(sample_shell: Shell) -> None:
    arguments = ("--start", "2026-12-01", "--until", "2026-12-01", "--locale", "es")
    first, second, *rest = sample_shell("rehearse", DNS, *arguments, "--json").rows
    assert {key: first[key] for key in first if key != "text"} == {
        "at": "2026-12-01T13:00:00+00:00",
        "zone": "America/Montevideo",
        "state": "sent",
        "item": "dns-abuse",
        "account": "x-es",
        "channel": "x",
        "locale": "es",
        "note": None,
        "moved": None,
        "counts": {"sent": 1},
    }
    assert first["text"].startswith("«Uso indebido del DNS» son cinco cosas")
    assert (second["account"], second["locale"]) == ("mastodon", "es")
    assert {row["state"] for row in rest} == {"queued"}, "what comes later is not played"
    assert len(rest) == 14


def test_what_is_held_is_told_with_its_reason(sample: Sample, sample_shell: Shell) -> None:
    sample.edit(DNS, "Check before you click.", "Check twice before you click.")
    told = sample_shell("rehearse", DNS, "--start", "2026-12-01", "--locale", "fr", "--json")
    held = [row for row in told.rows if row["state"] == "held"]
    assert [(row["item"], row["account"], row["at"]) for row in held] == [
        ("phishing", "x-fr", "2026-12-08T13:00:00+00:00")
    ]
    assert held[0]["note"].startswith("waiting for a translation")
    text = sample_shell("rehearse", DNS, "--start", "2026-12-01", "--locale", "fr").out
    assert "1 cannot go out as they are" in text
    assert "WAITS; waiting for a translation" in text


def test_dates_that_do_not_exist_and_texts_to_be_written_are_told(
    sample: Sample, sample_shell: Shell
) -> None:
    file = write(
        sample,
        "weekly: {on: friday, at: '10:00'}, end: 2026-12-25, "
        "holidays: {countries: [UY], then: skip}",
    )
    rows = sample_shell("rehearse", file, "--start", "2026-12-10", "--json").rows
    assert [(row["state"], row["item"], row["at"] and row["at"][:10]) for row in rows] == [
        ("sent", "one", "2026-12-11"),
        ("placeholder", "two", "2026-12-18"),
        ("skipped", "", "2026-12-25"),
        ("undated", "three", None),
    ]
    assert rows[1]["note"] == "The second one, maria, due 2026-12-17"
    assert "(UY)" in rows[2]["note"]
    text = sample_shell("rehearse", file, "--start", "2026-12-10").out
    for words in ("NO TEXT YET", "NO DATE", "no such date", "2 cannot go out as they are"):
        assert words in text


def test_a_date_that_moved_says_from_when_and_why(sample: Sample, sample_shell: Shell) -> None:
    dates = '"2026-12-22 10:00", "2026-12-23 10:00", "2026-12-25 10:00"'
    file = write(sample, f"dates: [{dates}], holidays: {{countries: [UY]}}")
    *_, moved = sample_shell("rehearse", file, "--start", "2026-12-10", "--json").rows
    assert (moved["state"], moved["item"]) == ("sent", "three")
    assert moved["at"].startswith("2026-12-26")
    assert "2026-12-25" in moved["moved"]
    assert "(UY)" in moved["moved"]


def write(sample: Sample, schedule: str) -> str:
    """Write a campaign of three items, the second without a text yet; return its file."""
    file = "campaigns/short.yaml"
    text = f"""\
id: short
title: Short
owner: team
projects: [1.1.3]
accounts: [x-en]
source_locale: en
locales: [en]
schedule: {{zone: America/Montevideo, {schedule}}}
items:
  - {{id: one, text: The first one.}}
  - {{id: two, title: The second one, owner: maria, due: 2026-12-17}}
  - {{id: three, text: The third one.}}
"""
    (sample.root / file).write_text(text, encoding="utf-8")
    return file


def test_what_a_person_publishes_is_handed_over_and_counted(
    sample: Sample, sample_shell: Shell, tmp_path: Path
) -> None:
    sample.edit(
        "campaigner.toml",
        "[alerts]",
        '[accounts.group]\nchannel = "manual"\nplace = "LinkedIn group"\nlocales = ["en"]\n'
        'people = ["ana@example.org"]\nthrough = "newsletter"\n\n[alerts]',
    )
    file = write(sample, "weekly: {on: friday, at: '10:00'}")
    sample.edit(file, "[x-en]", "[group]")
    kept = tmp_path / "kept"
    arguments = ("--start", "2026-12-10", "--keep", str(kept))
    rows = sample_shell("rehearse", file, *arguments, "--json").rows
    assert [(row["state"], row["item"]) for row in rows] == [
        ("handed", "one"),
        ("placeholder", "two"),
        ("handed", "three"),
    ]
    mails = [entry for entry, _ in received(kept, zone="UTC")]
    assert [mail["recipients"] for mail in mails] == [["ana@example.org"]] * 2
    assert "2 posts by hand in English" in sample_shell("rehearse", file, *arguments[:2]).out


def test_a_digest_goes_to_the_sample_readers_and_quiet_weeks_are_told(
    sample: Sample, sample_shell: Shell, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    arguments = ("--start", "2026-11-30", "--until", "2026-12-18", "--keep", str(kept))
    rows = sample_shell("rehearse", DIGEST, *arguments, "--json").rows
    mails = received(kept, zone="America/Montevideo")
    assert {entry["network"] for entry, _ in mails} == {"smtp"}
    assert sum(row["counts"].get("sent", 0) for row in rows) == len(mails) > 0
    assert {f"{at:%A %H:%M}" for _, at in mails} == {"Thursday 09:00"}
    sent = {row["locale"] for row in rows if row["state"] == "sent"}
    assert sent == {"en", "es", "pt_BR", "fr"}
    assert any(row["state"] == "quiet" for row in rows)


def test_without_a_file_of_readers_some_are_invented(sample: Sample, sample_shell: Shell) -> None:
    (sample.root / "campaigns" / "data" / "subscribers.csv").unlink()
    told = sample_shell("rehearse", DIGEST, "--start", "2026-11-30", "--until", "2026-12-04")
    assert "one reader for each language was invented" in told.out
    assert "1 mail in español" in told.out


def test_a_file_with_problems_is_told_as_check_tells_it(
    sample: Sample, sample_shell: Shell
) -> None:
    sample.edit(DNS, "[x-en,", "[x-xx,")
    told = sample_shell("rehearse", DNS, code=1)
    assert f"{DNS}:" in told.err
    assert "x-xx" in told.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--until", "someday"), "'someday' is no day"),
        (("--start", "someday"), "'someday' is no start"),
        (("--locale", "de"), "is not in de. Choose among en, es, pt_BR, fr"),
        (("--locale", "Klingon!"), "is no language"),
        (("--keep", "campaigns"), "is not empty"),
        (("--keep", "campaigns/new"), "which is copied"),
    ],
)
def test_what_cannot_be_done_is_said_with_what_can(
    sample_shell: Shell, arguments: tuple[str, ...], said: str
) -> None:
    assert said in sample_shell("rehearse", DNS, *arguments, code=1).err


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


def begun(sample: Sample, temporary: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "campaigner", "rehearse", DNS, *arguments],
        cwd=sample.root,
        env=sample.environment | {"TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def two(sample: Sample, temporary: Path) -> Iterator[list[subprocess.Popen[str]]]:
    arguments = ("--start", "2026-12-01", "--until", "2026-12-08", "--locale", "es", "--json")
    processes = [begun(sample, temporary, *arguments) for _ in range(2)]
    yield processes
    for process in processes:
        process.kill()
        process.wait()


def test_two_at_once_do_not_disturb_each_other_and_leave_nothing_behind(
    two: list[subprocess.Popen[str]], temporary: Path
) -> None:
    one, other = (process.communicate(timeout=60) for process in two)
    assert [process.returncode for process in two] == [0, 0], (one[1], other[1])
    assert one == other
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_stops_it_half_way_leaves_nothing_behind(
    sample: Sample, temporary: Path, number: signal.Signals
) -> None:
    process = begun(sample, temporary, "--start", "2026-12-01")
    try:
        deadline = time.monotonic() + 30
        while not list(temporary.glob("*/workspace/state/sandbox/log.jsonl")):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        os.kill(process.pid, number)
        _, err = process.communicate(timeout=30)
        assert process.returncode == 130
        assert "Traceback" not in err
        assert list(temporary.iterdir()) == []
    finally:
        process.kill()
        process.wait()


def files_of(root: Path) -> dict[str, Any]:
    """Return what lies in a folder, by path; of a database what its dump says."""
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not re.search(r"-(wal|shm)$", path.name)
    }
