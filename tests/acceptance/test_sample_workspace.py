"""From `campaigner init` in an empty folder to the first posts, with every command on the way."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import typer.main

from campaigner.app import utc_now
from campaigner.cli import COMMANDS, root
from campaigner.db.engine import make_sessions, open_engine
from campaigner.db.models import Heartbeat
from campaigner.sandbox.faults import Fault, Kind
from tests.acceptance.processes import Process, started, stop, until
from tests.acceptance.sample import DIGEST, DNS, LANGUAGES, Sample
from tests.acceptance.shell import Shell


def test_every_command_has_a_help_with_an_example(sample_shell: Shell) -> None:
    group: Any = typer.main.get_command(root)
    pages: list[tuple[str, ...]] = [(name,) for name in COMMANDS]
    for name in COMMANDS:
        command = group.get_command(None, name)
        pages += [(name, part) for part in getattr(command, "commands", ())]
    assert len(pages) > len(COMMANDS) + 10
    for page in [(), *pages]:
        assert "Example: campaigner" in sample_shell(*page, "--help").out, page


def test_in_a_new_workspace_every_command_works_at_once(
    sample: Sample, sample_shell: Shell
) -> None:
    shell = sample_shell
    for command in (
        ["check"],
        ["strategy"],
        ["preview", DNS, "--locale", "es"],
        ["preview", DIGEST, "--locale", "fr"],
        ["pdp", "import", "campaigns/data/pdps.yaml"],
        ["subscribers", "import", "campaigns/data/subscribers.csv"],
        ["db", "upgrade"],
        ["db", "check"],
        ["accounts"],
        ["translate", "status"],
        ["doctor"],
        ["queue", DNS, "--start", "now"],
        ["queue", DIGEST, "--start", "now"],
        ["outbox", "list"],
        ["outbox", "show", "1"],
        ["approve", "pdp-digest", "--as", "approver"],
        ["approve", "dns-security-awareness", "--as", "approver"],
        ["calendar"],
        ["pause", "--account", "mastodon"],
        ["pause", "--list"],
        ["resume", "--account", "mastodon"],
        ["outbox", "retry", "1"],
        ["outbox", "cancel", "1"],
        ["reach", "report"],
    ):
        assert shell(*command).out.strip(), command
    assert "not unknown" in shell("outbox", "resolve", "2", "--sent", code=1).err

    for listing, least in {
        ("strategy",): 37,
        ("preview", DNS): 64,
        ("preview", DIGEST): 4,
        ("queue", DNS, "--dry-run"): 64,
        ("approve", "pdp-digest", "--as", "approver"): 0,
        ("pause", "--list"): 0,
        ("calendar",): 8,
        ("outbox", "list"): 64,
        ("outbox", "show", "1"): 1,
        ("accounts", "list"): 6,
        ("subscribers", "list"): 8,
        ("pdp", "list"): 20,
        ("translate", "status"): 6,
        ("reach", "report"): 0,
        ("doctor",): 6,
        ("check",): 0,
    }.items():
        assert len(shell(*listing, "--json").rows) >= least, listing


def test_what_is_wrong_with_a_call_is_2_and_with_the_work_1(
    sample_shell: Shell, tmp_path: Path
) -> None:
    for usage in (["nonsense"], ["queue"], ["check", "--nonsense"], ["outbox", "show", "first"]):
        told = sample_shell(*usage, code=2)
        assert told.out == ""
        assert "Usage: campaigner" in told.err
    assert "no campaigner.toml" in sample_shell("check", "-w", str(tmp_path), code=1).err
    assert "--all" in sample_shell("pause", code=1).err
    assert "there is no delivery 999" in sample_shell("outbox", "show", "999", code=1).err


def test_init_needs_an_empty_folder_and_leaves_a_full_one_alone(
    sample: Sample, sample_shell: Shell
) -> None:
    files = sorted(sample.root.rglob("*"))
    told = sample_shell("init", code=1)
    assert told.err.strip()
    assert sample_shell("init", "--if-missing").out.strip()
    assert sorted(sample.root.rglob("*")) == files


def test_whoever_reads_only_the_beginning_gets_no_traceback(
    sample: Sample, sample_shell: Shell
) -> None:
    sample_shell("queue", DNS, "--start", "now")
    with subprocess.Popen(
        [sys.executable, "-m", "campaigner", "outbox", "list", "--json"],
        cwd=sample.root,
        env=sample.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(1) == b"["
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode in (0, 1)


def test_healthz_says_when_the_daemon_is_dead_and_all_stop_when_told(sample: Sample) -> None:
    with running(sample, "web", "sandbox", "daemon") as processes:
        until(lambda: health(sample)[0] == 200, *processes, what="all well")
        web, sandbox, daemon = processes
        daemon.kill()
        daemon.wait()
        let_minutes_pass(sample, minutes=3)
        status, found = health(sample)
        assert status == 503
        assert found["status"] == "failing"
        assert found["heartbeat_age_seconds"] > 120

        with running(sample, "daemon") as [other]:
            until(lambda: health(sample)[0] == 200, other, what="all well again")
            assert stop(other, signal.SIGINT) == 0
        until(lambda: listens(sample.ports.smtp), sandbox, what="the sandbox")
        assert [stop(sandbox, signal.SIGINT), stop(web, signal.SIGTERM)] == [0, 0]


def test_run_publishes_in_four_languages_and_restarts_what_dies(
    sample: Sample, sample_shell: Shell
) -> None:
    sample.hurry()
    queue_and_approve(sample_shell)
    with running(sample, "run --sandbox") as [run]:
        until(lambda: languages(sample, "x") == LANGUAGES, run, what="posts on X")
        until(lambda: languages(sample, "mastodon") == LANGUAGES, run, what="posts on Mastodon")
        until(lambda: languages(sample, "smtp") == LANGUAGES, run, what="digests")
        assert health(sample)[0] == 200
        first = children(run)
        assert first.keys() == {"sandbox", "daemon", "web"}
        os.kill(first["daemon"], signal.SIGKILL)
        until(lambda: children(run).get("daemon", first["daemon"]) != first["daemon"], run,
              what="another daemon")  # fmt: skip
        second = children(run)
        assert {name: second[name] for name in ("sandbox", "web")} == {
            name: first[name] for name in ("sandbox", "web")
        }
        assert stop(run, signal.SIGINT) == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in (first | second).values())
    assert "daemon ended with -9; starting it again" in log_of(sample)
    assert "Traceback" not in log_of(sample)


def test_a_mail_in_doubt_waits_for_a_person_who_is_told_and_reach_follows(
    sample: Sample, sample_shell: Shell
) -> None:
    sample.hurry()
    queue_and_approve(sample_shell)
    with sample.sandbox() as sandbox:
        doubt = Fault(network="smtp", kind=Kind.ACCEPT_AND_DROP, times=1)
        sandbox.add_fault(doubt)
        with running(sample, "daemon") as [daemon]:
            until(lambda: told(sample), daemon, what="a mail to the operator")
            until(lambda: not open_rows(sample_shell), daemon, what="all that is due")
            assert stop(daemon) == 0
        [unknown] = sample_shell("outbox", "list", "--state", "unknown", "--json").rows
        assert unknown["account"] == "newsletter"
        assert unknown["why"].startswith("could not confirm, please look")
        [alert] = told(sample)
        assert alert["subject"] == "campaigner: a message could not be confirmed"
        assert f"outbox resolve {unknown['id']}" in body(sample, alert)
        recipients = [mail["recipients"][0] for mail in sample.received("smtp")]
        assert len(recipients) == len(set(recipients)), "no mail twice, the doubtful one neither"
        sample_shell("outbox", "resolve", str(unknown["id"]), "--sent", "--as", "operator")
        shown = sample_shell("outbox", "show", str(unknown["id"])).out
        assert "operator saw it on the network" in shown


def test_reach_after_seven_minutes_counts_for_both_projects(
    sample: Sample, sample_shell: Shell
) -> None:
    sample.hurry()
    queue_and_approve(sample_shell)
    with sample.sandbox(), running(sample, "daemon") as [daemon]:
        until(lambda: not open_rows(sample_shell), daemon, what="all that is due")
        assert stop(daemon) == 0

    ahead = timedelta(seconds=400)
    sample_shell.ahead = ahead
    ran = started(
        "tests.acceptance.daemon_ahead",
        str(ahead.total_seconds()),
        environment=sample.environment | {"CAMPAIGNER_WORKSPACE": str(sample.root)},
        log=sample.root / "processes.log",
    )
    with sample.sandbox(ahead), ran as daemon:
        until(lambda: figures(sample_shell, "channel")["x"]["impressions"], daemon, what="X")
        until(
            lambda: figures(sample_shell, "channel")["mastodon"]["reactions"],
            daemon,
            what="Mastodon",
        )
        assert stop(daemon) == 0

    by_project = figures(sample_shell, "project")
    assert by_project.keys() == {"1.1.3", "2.2.1"}
    social, digest = by_project["1.1.3"], by_project["2.2.1"]
    assert social["messages"] == 8
    assert social["impressions"] > 0
    assert social["reactions"] > 0
    assert social["delivered"] is None
    assert digest["messages"] == 4
    assert digest["delivered"] == len(sample.received("smtp"))
    assert digest["impressions"] is digest["reactions"] is digest["opened"] is None
    assert set(social["locales"]) == set(digest["locales"]) == {"en", "es", "pt_BR", "fr"}

    by_channel = figures(sample_shell, "channel")
    assert by_channel["mastodon"]["impressions"] is None, "Mastodon counts none: absent, not 0"
    assert by_channel["email"]["delivered"] == digest["delivered"]
    for by in ("objective", "key-area", "campaign", "locale"):
        assert figures(sample_shell, by)
    table = sample_shell("reach", "report").out
    assert "—" in table
    assert "1.1.3" in table
    assert "2.2.1" in table


def figures(shell: Shell, by: str) -> dict[str, dict[str, Any]]:
    """Return the reach report's rows by their key."""
    return {row["key"]: row for row in shell("reach", "report", "--by", by, "--json").rows}


@contextmanager
def running(sample: Sample, *commands: str) -> Iterator[list[Process]]:
    """Run commands of the product in the sample workspace, each in a process of its own."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                started(
                    "campaigner",
                    *command.split(),
                    environment=sample.environment,
                    log=sample.root / "processes.log",
                    cwd=sample.root,
                )
            )
            for command in commands
        ]


def queue_and_approve(shell: Shell) -> None:
    for file, id in ((DNS, "dns-security-awareness"), (DIGEST, "pdp-digest")):
        shell("queue", file, "--start", "now")
        shell("approve", id, "--as", "approver")


def open_rows(shell: Shell) -> list[dict[str, Any]]:
    """Return what is due and not settled."""
    now = utc_now().isoformat()
    rows = shell("outbox", "list", "--json").rows
    return [
        row
        for row in rows
        if row["state"] in ("queued", "claimed", "sending") and row["due_at"] <= now
    ]


def languages(sample: Sample, network: str) -> set[str]:
    return {entry["language"] for entry in sample.received(network)}


def told(sample: Sample) -> list[dict[str, Any]]:
    """Return the mails that the operator got."""
    mails = sample.received("smtp")
    return [mail for mail in mails if mail["recipients"] == ["operator@example.org"]]


def body(sample: Sample, mail: dict[str, Any]) -> str:
    """Return a plain mail's text, its lines joined as quoted-printable broke them."""
    path: Path = sample.root / "state" / "sandbox" / "mail" / mail["file"]
    return path.read_text(encoding="utf-8").replace("=\n", "")


def health(sample: Sample) -> tuple[int, dict[str, Any]]:
    """Return what /healthz answers: its status, 0 if nobody listens, and what it found."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{sample.web}/healthz") as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)
    except urllib.error.URLError:
        return 0, {}


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def let_minutes_pass(sample: Sample, *, minutes: int) -> None:
    """Age every sign of life, as if so many minutes had gone by since."""
    engine = open_engine(f"sqlite:///{sample.root / 'state' / 'campaigner.db'}")
    with make_sessions(engine).begin() as session:
        for beat in session.query(Heartbeat):
            beat.seen_at -= timedelta(minutes=minutes)
    engine.dispose()


def children(process: Process) -> dict[str, int]:
    """Return the living children of `campaigner run` by command, from the system's own list."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            parent = re.search(r"^PPid:\s+(\d+)", (entry / "status").read_text(), re.MULTILINE)
            words = (entry / "cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue  # it ended meanwhile
        if parent and int(parent[1]) == process.pid and "campaigner" in words:
            found[words[words.index("campaigner") + 1]] = int(entry.name)
    return found


def log_of(sample: Sample) -> str:
    return (sample.root / "processes.log").read_text(encoding="utf-8")
