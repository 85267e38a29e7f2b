"""The real daemon over real files, databases and networks: late, paused, doubled, refused."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from campaigner.app import utc_now
from campaigner.sandbox.faults import Fault, Kind
from campaigner.sandbox.log import Entry, read_log
from tests.acceptance.processes import daemon, daemons, stop, until
from tests.acceptance.shell import Shell
from tests.acceptance.workspace import Workspace, lessons, minutes

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

SOON = timedelta(minutes=1)


@on_sqlite
def test_what_fell_due_while_it_was_down_goes_out_spaced_or_is_too_late(
    workspace: Workspace, shell: Shell
) -> None:
    space_out(workspace, "x-en", seconds=1)
    start = utc_now() + SOON
    hours = timedelta(hours=1)
    queue(
        workspace, shell, minutes(start, 4, apart=hours), accounts=["x-en"], not_after="150 minutes"
    )
    ahead = 3 * hours + 2 * SOON  # the fourth just fell due, the first can wait no longer
    move_clock(workspace, shell, ahead)

    with daemon(workspace, ahead) as process:
        until(lambda: set(states(shell)) <= {"sent", "expired"}, process, what="all settled")
        assert stop(process) == 0
    rows = shell("outbox", "list", "--json").rows
    assert [row["state"] for row in rows] == ["expired", "sent", "sent", "sent"]
    late, *sent = [row["why"] for row in rows]
    assert "past its last date, not sent" in late
    assert all("min late: no daemon was running when it was due" in why for why in sent)
    table = shell("outbox", "list").out
    assert "too late, not sent" in table
    assert "no daemon was running" in table

    times = [moment(entry) for entry in accepted(workspace)]
    assert len(times) == 3
    gaps = [after - before for before, after in pairwise(times)]
    assert min(gaps) > timedelta(seconds=0.9), "one second apart, as the account is set"


@on_sqlite
def test_a_pause_stops_the_next_post_although_it_is_claimed(
    workspace: Workspace, shell: Shell
) -> None:
    start = utc_now() - SOON
    queue(workspace, shell, minutes(start, 2, apart=SOON), accounts=["m-en"])
    workspace.sandbox.add_fault(Fault(network="mastodon", kind=Kind.HOLD, times=1))
    with daemon(workspace) as process:
        until(lambda: states(shell) == ["sending", "claimed"], process, what="both in hand")
        shell("pause", "--all", "--reason", "wrong link")
        assert [row["reason"] for row in shell("pause", "--list", "--json").rows] == ["wrong link"]
        workspace.sandbox.clear_faults()
        until(lambda: states(shell) == ["sent", "queued"], process, what="the second given back")
        assert len(accepted(workspace)) == 1
        waits = shell("outbox", "list", "--state", "queued", "--json").rows[0]
        assert waits["why"] == "paused by author: wrong link"

        shell("resume", "--all")
        assert states(shell) == ["sent", "held"]
        # What another campaign sends after the resume shows that the daemon has looked since.
        workspace.write_campaign(in_english(lessons(count=1, id="other"), ["m-en"]))
        shell("queue", "campaigns/other.yaml", "--start", "now")
        shell("approve", "other", "--as", "approver")
        until(lambda: len(accepted(workspace)) == 2, process, what="the other campaign's post")
        assert states(shell)[1] == "held", "resuming sends nothing by itself"

        missed = shell("outbox", "list", "--state", "held", "--json").rows[0]
        assert missed["hold"] == "missed"
        shell("outbox", "retry", str(missed["id"]))
        until(lambda: set(states(shell)) == {"sent"}, process, what="what a person sent")
        assert len(accepted(workspace)) == 3


def test_two_daemons_on_one_database_send_nothing_twice(workspace: Workspace, shell: Shell) -> None:
    count = 12
    start = utc_now() + SOON
    queue(workspace, shell, minutes(start, count, apart=SOON))
    ahead = (count + 2) * SOON
    move_clock(workspace, shell, ahead)
    with daemons(workspace, ahead, count=2) as both:
        until(lambda: set(states(shell)) == {"sent"}, *both, what="all sent")
        assert [stop(process) for process in both] == [0, 0]
    received = Counter((entry["account"], entry["links"][0]) for entry in accepted(workspace))
    assert len(received) == 4 * count
    assert set(received.values()) == {1}


def test_an_approval_by_another_process_is_heard_at_once(
    workspace: Workspace, shell: Shell
) -> None:
    queue(workspace, shell, minutes(utc_now(), 1, apart=SOON), accounts=["m-en"], approve=False)
    with daemon(workspace, sweep="PT1H") as process:  # only the change can tell it
        log = workspace.root / "daemon.log"
        until(lambda: "daemon started" in log.read_text(), process, what="its start")
        shell("approve", "lessons", "--as", "approver")
        approved = utc_now()
        until(lambda: accepted(workspace), process, what="the post")
    assert moment(accepted(workspace)[0]) - approved < timedelta(seconds=1)


@on_sqlite
def test_a_rate_limit_is_obeyed_until_its_reset(workspace: Workspace, shell: Shell) -> None:
    start = utc_now() - SOON
    queue(workspace, shell, minutes(start, 2, apart=SOON), accounts=["x-en"])
    limit = Fault(network="x", kind=Kind.RATE_LIMITED, times=1, seconds=2)
    workspace.sandbox.add_fault(limit)
    with daemon(workspace) as process:
        until(lambda: accepted(workspace), process, what="the first after the reset")
    refused, taken, *_ = read_log(workspace.sandbox.folder)
    assert (refused["event"], refused["status"]) == ("refused", 429)
    assert taken["event"] == "accepted", "nobody asked meanwhile, though another post was due"
    reset = moment(refused).replace(microsecond=0) + timedelta(seconds=limit.seconds)
    assert moment(taken) >= reset


@on_sqlite
def test_an_error_after_accepting_is_found_and_not_sent_again(
    workspace: Workspace, shell: Shell
) -> None:
    queue(workspace, shell, minutes(utc_now(), 1, apart=SOON))
    for network in ("x", "mastodon"):
        workspace.sandbox.add_fault(Fault(network=network, kind=Kind.ERROR_AFTER_ACCEPT))
    with daemon(workspace) as process:
        until(lambda: set(states(shell)) == {"unknown"}, process, what="four in doubt")
    workspace.sandbox.clear_faults()
    ahead = timedelta(minutes=3)
    move_clock(workspace, shell, ahead)
    with daemon(workspace, ahead) as process:
        until(lambda: set(states(shell)) == {"sent"}, process, what="all found")
    assert len(accepted(workspace)) == 4
    received = {entry["id"] for entry in accepted(workspace)}
    assert {row["remote_id"] for row in shell("outbox", "list", "--json").rows} == received


def queue(
    workspace: Workspace,
    shell: Shell,
    dates: Sequence[str],
    *,
    accounts: Sequence[str] = (),
    not_after: str = "30 days",
    approve: bool = True,
) -> None:
    """Queue a lesson for each date, and let somebody else approve them."""
    campaign = lessons(count=len(dates), dates=dates, not_after=not_after)
    workspace.write_campaign(in_english(campaign, accounts) if accounts else campaign)
    shell("queue", "campaigns/lessons.yaml", "--start", f"{utc_now() - timedelta(days=1):%Y-%m-%d}")
    if approve:
        shell("approve", "lessons", "--as", "approver")


def in_english(campaign: Mapping[str, Any], accounts: Sequence[str]) -> dict[str, Any]:
    """Return a campaign for these accounts, all of them English, alone."""
    items = [
        {key: value["en"] if isinstance(value, dict) else value for key, value in item.items()}
        for item in campaign["items"]
    ]
    return {**campaign, "accounts": list(accounts), "locales": ["en"], "items": items}


def space_out(workspace: Workspace, account: str, *, seconds: int) -> None:
    """Set how far apart two posts of an account are."""
    path = workspace.root / "campaigner.toml"
    head, name, rest = path.read_text(encoding="utf-8").partition(f"[accounts.{account}]")
    rest = rest.replace("spacing = 0.0", f"spacing = {seconds}", 1)
    path.write_text(head + name + rest, encoding="utf-8")


def move_clock(workspace: Workspace, shell: Shell, ahead: timedelta) -> None:
    """Let networks and people live as much later as the next daemon will."""
    workspace.clock = lambda: utc_now() + ahead
    shell.ahead = ahead


def states(shell: Shell) -> list[str]:
    """Return the states in the outbox, in order of due time."""
    return [row["state"] for row in shell("outbox", "list", "--json").rows]


def accepted(workspace: Workspace) -> list[Entry]:
    """Return what the networks took, oldest first."""
    log = read_log(workspace.sandbox.folder)
    return [entry for entry in log if entry["event"] == "accepted"]


def moment(entry: Entry) -> datetime:
    return datetime.fromisoformat(entry["at"])
