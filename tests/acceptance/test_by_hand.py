"""By hand: stop a country, decide on what was missed, move, and read the calendar."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.acceptance.sample import DNS, Sample
from tests.acceptance.shell import Shell

MONTEVIDEO = ZoneInfo("America/Montevideo")
TUESDAY = datetime(2030, 12, 3, 10, tzinfo=MONTEVIDEO)
CAMPAIGN = "dns-security-awareness"


def at(shell: Shell, moment: datetime) -> None:
    shell.ahead += moment - shell.now()


def rows(shell: Shell, *options: str) -> list[dict[str, Any]]:
    return shell("outbox", "list", "--json", *options).rows


def queue_it(shell: Shell) -> None:
    at(shell, TUESDAY - timedelta(days=1))
    shell("queue", DNS, "--start", "2030-12-03")
    shell("approve", CAMPAIGN, "--as", "approver")


def test_a_paused_country_is_resumed_and_what_it_missed_is_moved_or_dropped(
    sample_shell: Shell,
) -> None:
    queue_it(sample_shell)
    told = sample_shell("pause", "--country", "Brazil", "--reason", "an election").out
    assert told.startswith("Country BR (Brazil) is paused.")
    assert "was paused already" in sample_shell("pause", "--country", "br").out
    assert "country BR (Brazil)" in sample_shell("pause", "--list").out
    whys = {row["locale"]: row["why"] for row in rows(sample_shell)}
    assert whys["pt_BR"] == "paused by author: an election"
    assert whys["es"] == "waits for its time"

    at(sample_shell, TUESDAY + timedelta(hours=1))
    told = sample_shell("resume", "--country", "BR").out
    assert "2 fell due meanwhile" in told, "one on X, one on Mastodon"
    missed = rows(sample_shell, "--state", "held")
    assert {(row["locale"], row["hold"]) for row in missed} == {("pt_BR", "missed")}

    would = sample_shell("outbox", "missed", "--move-by", "3 hours", "--dry-run").out
    assert "2 would be decided, 0 still wait." in would
    assert "was due" in would
    sample_shell("outbox", "missed", "--drop", "--account", "x-pt")
    (moved,) = sample_shell("outbox", "missed", "--move-by", "3 hours", "--json").rows
    assert datetime.fromisoformat(moved["at"]) == TUESDAY + timedelta(hours=3)
    assert "Nothing of that kind" in sample_shell("outbox", "missed", "--send").out
    states = {row["account"]: row["state"] for row in rows(sample_shell) if row["id"] in
              {each["id"] for each in missed}}  # fmt: skip
    assert states == {"x-pt": "canceled", "mastodon": "queued"}


def test_what_nobody_can_mean_is_told(sample_shell: Shell) -> None:
    assert "Did you mean BR (Brazil)?" in sample_shell("pause", "--country", "Brasil", code=1).err
    assert "one of --all" in sample_shell("pause", "--country", "BR", "--all", code=1).err
    assert "not paused" in sample_shell("resume", "--country", "UY", code=1).err
    assert "say what becomes" in sample_shell("outbox", "missed", code=1).err
    assert "no length of time" in sample_shell("outbox", "missed", "--move-by", "soon", code=1).err


def test_a_post_is_moved_by_hand_and_stays_there(sample_shell: Shell) -> None:
    queue_it(sample_shell)
    number = str(next(row["id"] for row in rows(sample_shell) if row["account"] == "x-es"))
    told = sample_shell("outbox", "move", number, "--at", "2030-12-03 16:00").out
    assert told.startswith(f"{number} goes out 2030-12-03 16:00 Montevideo, ")
    assert told.endswith(" at the latest.\n")
    assert {row["what"] for row in sample_shell("queue", DNS, "--json").rows} == {"unchanged"}
    shown = sample_shell("outbox", "show", number).out
    assert "moved by author to 2030-12-03 16:00 Montevideo" in shown
    calendar = sample_shell("calendar", "--days", "2").out
    assert "16:00  dns-security-awareness · dns-abuse · x-es  [scheduled]" in calendar
    assert "moved by author to 2030-12-03 16:00 Montevideo" in calendar
    assert "has passed" in sample_shell(
        "outbox", "retry", number, "--at", "2030-11-01 10:00", code=1
    ).err  # fmt: skip


def test_the_calendar_shows_what_is_to_be_written_and_two_campaigns_too_close(
    sample: Sample, sample_shell: Shell
) -> None:
    text = (sample.root / DNS).read_text(encoding="utf-8")
    twin = text.replace(f"id: {CAMPAIGN}", "id: twin").replace('at: "10:00"', 'at: "10:15"')
    assert twin != text
    (sample.root / "campaigns" / "twin.yaml").write_text(
        twin + "\n  - id: later\n    title: Ransomware\n    owner: maria\n    due: 2030-11-29\n",
        encoding="utf-8",
    )
    queue_it(sample_shell)
    told = sample_shell("queue", "campaigns/twin.yaml", "--start", "2030-12-03").out
    assert "no text yet: Ransomware, maria, due 2030-11-29, overdue" in told
    assert "warning: close to each other on mastodon" in told
    kinds = [row["what"] for row in sample_shell("queue", "campaigns/twin.yaml", "--json").rows]
    assert kinds.count("collision") == 40
    assert kinds.count("placeholder") == 1

    calendar = sample_shell("calendar", "--days", "70").out
    assert "twin · later  [no text yet: Ransomware, maria, due 2030-11-29, overdue]" in calendar
    assert "close to twin · dns-abuse at 10:15" in calendar
    written = sample_shell("calendar", "--days", "70", "--ics").out
    assert written.startswith("BEGIN:VCALENDAR\r\n")
    uids = [line for line in written.splitlines() if line.startswith("UID:")]
    assert len(uids) == len(set(uids)) == 81
