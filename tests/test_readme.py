"""The README's first campaign, done as a reader does it: its own text is the test's script."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from campaigner.cli import COMMANDS
from campaigner.core import delivery
from tests.acceptance.nursery import nursery
from tests.reference import reference

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
HEADING = "A first campaign of your own"
SHOWN_WITHIN = 60.0  # seconds; it takes about five
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"`campaigner ([a-z]+)[^`\n]*`")
LINKED = re.compile(r"\]\((?!https?:|#)([^)#]+)[^)]*\)")


def test_the_first_campaign_of_the_readme_is_seen_in_the_sandbox(tmp_path: Path) -> None:
    section = section_of(README, HEADING)
    name, text = campaign_of(section)
    environment, page = private_environment(tmp_path)
    folder = tmp_path
    for words in command_lines(section):
        match words:
            case ["cd", target]:
                folder = folder / target
                (folder / name).write_text(text, encoding="utf-8")
            case ["campaigner", "run", *rest]:
                watch_run(["run", *rest], folder, environment, page)
            case ["campaigner", *rest]:
                done = nursery().run("campaigner", *rest, environment=environment, cwd=folder)
                assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
            case _:
                pytest.fail(f"the section tells the reader to run {words}: teach this test")


def watch_run(arguments: list[str], folder: Path, environment: dict[str, str], page: str) -> None:
    """Run until each account has shown its first post, then stop it as Ctrl-C does."""
    log = folder / "run.log"
    with log.open("w", encoding="utf-8") as out:
        running = subprocess.Popen(
            [sys.executable, "-m", "campaigner", *arguments],
            cwd=folder,
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            until = time.monotonic() + SHOWN_WITHIN
            seen: dict[str, str] = {}
            while not seen.keys() >= {"x-en", "x-es", "mastodon"} and time.monotonic() < until:
                assert running.poll() is None, log.read_text(encoding="utf-8")
                seen = {post["account"]: post["text"] for post in timeline(page)}
                time.sleep(0.1)
        finally:
            running.send_signal(signal.SIGINT)
            try:
                code = running.wait(90)
            except subprocess.TimeoutExpired:
                running.kill()
                raise
    assert seen["x-en"].startswith("Long beats complicated."), log.read_text(encoding="utf-8")
    assert seen["x-es"].startswith("Larga es mejor que complicada.")
    assert "mastodon" in seen
    assert page in log.read_text(encoding="utf-8")
    assert code == 0


def timeline(page: str) -> list[dict[str, Any]]:
    """Return the sandbox's posts; none while it is not open yet."""
    try:
        with urllib.request.urlopen(f"{page}api/timeline", timeout=5) as reply:
            posts: list[dict[str, Any]] = json.load(reply)
            return posts
    except urllib.error.URLError:
        return []


@pytest.mark.parametrize(
    "path", [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))],
    ids=lambda path: path.name,
)  # fmt: skip
def test_a_document_names_only_commands_and_pages_that_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    commands = set(NAMED.findall(FENCE.sub("", text)))
    commands |= {line[1] for line in command_lines(text) if line[:1] == ["campaigner"]}
    assert commands <= COMMANDS.keys()
    pages = [link for link in LINKED.findall(text) if not (path.parent / link).exists()]
    assert pages == []


def test_the_reference_is_what_the_commands_say_of_themselves() -> None:
    assert (ROOT / "docs/commands.md").read_text(encoding="utf-8") == reference()


def test_every_decision_is_numbered_once_and_without_a_gap() -> None:
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "docs/decisions").glob("*.md"))
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_picture_of_the_states_is_that_of_the_code() -> None:
    page = (ROOT / "docs/delivery.md").read_text(encoding="utf-8")
    picture = page.partition("\n```\n")[2].partition("\n```\n")[0]
    drawn = {line.rstrip() for line in (delivery.__doc__ or "").splitlines()}
    assert "sending" in picture
    assert [line for line in picture.splitlines() if line not in drawn] == []


def section_of(document: str, heading: str) -> str:
    _, found, rest = document.partition(f"\n## {heading}\n")
    assert found, f"the README has no section '{heading}'"
    return rest.partition("\n## ")[0]


def campaign_of(section: str) -> tuple[str, str]:
    """Return the file name that the reader is told to use, and what to write into it."""
    (text,) = [body for language, body in FENCE.findall(section) if language == "yaml"]
    (name,) = re.findall(r"[Ss]ave this as `([^`]+)`", section)
    return name, text


def command_lines(section: str) -> Iterator[list[str]]:
    for language, body in FENCE.findall(section):
        if language == "sh":
            yield from (
                shlex.split(line, comments=True) for line in body.replace("\\\n", " ").splitlines()
            )


def private_environment(folder: Path) -> tuple[dict[str, str], str]:
    """Return settings that keep the run to free ports and this folder, and the page's address."""
    ports = free_ports(5)
    names = ("SANDBOX__PAGE", "SANDBOX__X", "SANDBOX__MASTODON", "SANDBOX__SMTP", "WEB__PORT")
    ours = {f"CAMPAIGNER_{name}": str(port) for name, port in zip(names, ports, strict=True)}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CAMPAIGNER_")}
    settings = {
        "CAMPAIGNER_STATE_DIR": str(folder / "state-of-this-user"),
        "CAMPAIGNER_LOOPBACK_ONLY": "true",
        "PYTHONPATH": str(ROOT),
    }
    return kept | ours | settings, f"http://127.0.0.1:{ports[0]}/"


def free_ports(number: int) -> list[int]:
    """Return ports that were free a moment ago, all different."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [taken.getsockname()[1] for taken in sockets]
    for taken in sockets:
        taken.close()
    return ports
