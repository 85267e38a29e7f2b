"""Queueing, again and again: once per identity, and only what changed is asked about."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.acceptance.sample import DNS, LOCALES, Sample
from tests.acceptance.shell import Shell

MONTEVIDEO = ZoneInfo("America/Montevideo")
OPEN = {"held", "queued"}


def outbox(shell: Shell) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Return what is to go out, by item, account and locale: each once."""
    rows = [row for row in shell("outbox", "list", "--json").rows if row["state"] in OPEN]
    found = {(row["item"], row["account"], row["locale"]): row for row in rows}
    assert len(found) == len(rows)
    return found


def put_clock(shell: Shell, moment: datetime) -> None:
    shell.ahead += moment - shell.now()


def test_queueing_twice_queues_once_also_across_midnight(sample_shell: Shell) -> None:
    before_midnight = datetime(2026, 12, 2, 23, 59, 58, tzinfo=MONTEVIDEO)
    put_clock(sample_shell, before_midnight)
    first = sample_shell("queue", DNS, "--start", "now", "--json").rows
    assert {row["what"] for row in first} == {"new"}
    queued = outbox(sample_shell)
    assert len(queued) == 64
    assert min(row["day"] for row in queued.values()) == "2026-12-02"

    for later in (timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1, hours=9)):
        put_clock(sample_shell, before_midnight + later)
        again = sample_shell("queue", DNS, "--start", "now", "--json").rows
        assert {row["what"] for row in again} == {"unchanged"}
        assert outbox(sample_shell).keys() == queued.keys()
        assert ids(outbox(sample_shell)) == ids(queued)


def test_a_second_start_needs_a_new_run(sample_shell: Shell) -> None:
    sample_shell("queue", DNS, "--start", "2030-12-03")
    told = sample_shell("queue", DNS, "--start", "2030-12-10", code=1)
    assert "--new-run" in told.err
    assert sample_shell("queue", DNS, "--start", "soon", code=1).err.startswith(
        "'soon' is no start"
    )


def test_an_edited_item_changes_and_asks_for_itself_alone(
    sample: Sample, sample_shell: Shell
) -> None:
    sample_shell("queue", DNS, "--start", "2030-12-03")
    sample_shell("approve", "dns-security-awareness", "--as", "approver")
    before = outbox(sample_shell)
    assert {row["state"] for row in before.values()} == {"queued"}

    sample.edit(DNS, "en: [DNSAbuse, CyberSecurity]", "en: [DNSAbuse]")
    sample_shell("queue", DNS)
    after = outbox(sample_shell)
    changed = {key for key in before if before[key]["id"] != after[key]["id"]}
    assert changed == {("dns-abuse", "x-en", "en"), ("dns-abuse", "mastodon", "en")}
    for key in changed:
        assert after[key]["hash"] != before[key]["hash"]
        assert (after[key]["state"], after[key]["hold"]) == ("held", "approval")
    for key in before.keys() - changed:
        assert (after[key]["id"], after[key]["hash"]) == (before[key]["id"], before[key]["hash"])
        assert after[key]["state"] == "queued"

    asked = sample_shell("approve", "dns-security-awareness", "--as", "approver", "--json").rows
    assert {(row["item"], row["account"], row["locale"]) for row in asked} == changed
    assert {row["state"] for row in outbox(sample_shell).values()} == {"queued"}


def test_a_campaign_moved_to_another_weekday_leaves_nothing_on_the_old_days(
    sample: Sample, sample_shell: Shell
) -> None:
    sample_shell("queue", DNS, "--start", "2030-12-03")
    sample_shell("approve", "dns-security-awareness", "--as", "approver")
    sample.edit(DNS, "on: tuesday", "on: wednesday")
    sample_shell("queue", DNS)
    moved = outbox(sample_shell)
    assert len(moved) == 64
    assert {date.fromisoformat(row["day"]).isoweekday() for row in moved.values()} == {3}
    due = {datetime.fromisoformat(row["due_at"]) for row in moved.values()}
    assert {moment.astimezone(MONTEVIDEO).isoweekday() for moment in due} == {3}
    assert {row["state"] for row in moved.values()} == {"held"}, "a new day is approved anew"
    calendar = sample_shell("calendar", "--days", "3660", "--json").rows
    assert {date.fromisoformat(row["day"]).isoweekday() for row in calendar} == {3}


def test_a_dry_run_prints_the_difference_and_changes_nothing(
    sample: Sample, sample_shell: Shell
) -> None:
    told = sample_shell("queue", DNS, "--start", "2030-12-03", "--dry-run").out
    assert "64 new" in told
    assert told.endswith("Nothing was changed (--dry-run).\n")
    assert outbox(sample_shell) == {}

    sample_shell("queue", DNS, "--start", "2030-12-03")
    before = outbox(sample_shell)
    sample.edit(DNS, "en: [DNSAbuse, CyberSecurity]", "en: [DNSAbuse]")
    told = sample_shell("queue", DNS, "--dry-run").out
    assert "2 changed" in told
    assert "62 unchanged" in told
    rows = sample_shell("queue", DNS, "--dry-run", "--json").rows
    changed = [row for row in rows if row["what"] != "unchanged"]
    assert {(row["what"], row["item"], row["locale"]) for row in changed} == {
        ("changed", "dns-abuse", "en")
    }
    assert outbox(sample_shell) == before


def test_who_queued_it_needs_somebody_elses_yes(sample: Sample, sample_shell: Shell) -> None:
    sample_shell("queue", DNS, "--start", "2030-12-03")
    told = sample_shell("approve", "dns-security-awareness", code=1)
    assert "64 not approved" in told.err
    assert "--as" in told.err
    assert {row["state"] for row in outbox(sample_shell).values()} == {"held"}

    would = sample_shell("approve", "dns-security-awareness", "--as", "approver", "--dry-run").out
    assert "64 would be approved by approver" in would
    assert {row["state"] for row in outbox(sample_shell).values()} == {"held"}

    one = outbox(sample_shell)["dns-abuse", "x-es", "es"]
    sample_shell("approve", "--message", str(one["message"]), "--as", "approver")
    approved = [row for row in outbox(sample_shell).values() if row["state"] == "queued"]
    assert [row["message"] for row in approved] == [one["message"]]
    assert approved[0]["approved_by"] == "approver"

    sample.edit(DNS, "approval: four-eyes", "approval: one-person")
    sample_shell("queue", DNS)
    sample_shell("approve", "dns-security-awareness")
    assert {row["state"] for row in outbox(sample_shell).values()} == {"queued"}
    assert {row["locale"] for row in outbox(sample_shell).values()} == LOCALES


def test_what_is_due_is_the_wall_time_of_the_campaign(sample_shell: Shell) -> None:
    sample_shell("queue", DNS, "--start", "2030-12-03")
    first = outbox(sample_shell)["dns-abuse", "x-en", "en"]
    assert datetime.fromisoformat(first["due_at"]) == datetime(2030, 12, 3, 13, tzinfo=UTC)


def ids(rows: dict[tuple[str, str, str], dict[str, Any]]) -> dict[object, tuple[int, str]]:
    return {key: (row["id"], row["hash"]) for key, row in rows.items()}
