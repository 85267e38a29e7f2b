"""The sample newsletter, from its file to the readers' inboxes."""

from collections import Counter
from pathlib import Path

from campaigner.sandbox.log import read_log
from tests.acceptance.sample import DNS, Sample
from tests.acceptance.shell import Shell

NEWS = "campaigns/lac-newsletter.yaml"


def test_a_newsletter_is_previewed_queued_and_approved(sample: Sample, sample_shell: Shell) -> None:
    sample_shell("queue", DNS, "--start", "now")
    shown = sample_shell("preview", NEWS, "--json").rows
    assert [row["locale"] for row in shown] == ["en", "es", "pt_BR", "fr"]
    assert all(row["notes"] == [] and row["faults"] == [] for row in shown)
    assert "4 editions" in sample_shell("preview", NEWS, "--html", "news.html").out
    told = sample_shell("queue", NEWS, "--start", "now")
    assert "4 new" in told.out
    assert "11 readers get what is new or changed." in told.out
    assert "The next edition is composed" in told.out
    again = sample_shell("queue", NEWS, "--json").rows
    assert Counter(row["what"] for row in again) == {"unchanged": 4}
    approved = sample_shell("approve", "lac-newsletter", "--as", "maria", "--json").rows
    assert sum(row["recipients"] for row in approved) == 11
    assert "is a newsletter" in sample_shell("kit", NEWS, code=1).err


def test_a_story_without_a_translation_is_told_where_a_person_looks(
    sample: Sample, sample_shell: Shell
) -> None:
    sample.edit(NEWS, "Policy is made by whoever takes part", "Policy is made by all of us")
    why = "the story lac-newsletter/taking-part-in-policy is left out: fr:"
    (french,) = sample_shell("preview", NEWS, "--locale", "fr", "--json").rows
    assert "no story in this language" in french["text"], "no other story is queued"
    sample_shell("queue", DNS, "--start", "now")
    (french,) = sample_shell("preview", NEWS, "--locale", "fr", "--json").rows
    assert french["notes"][0].startswith(why)
    rows = sample_shell("queue", NEWS, "--start", "now", "--json").rows
    notes = {row["locale"]: row["note"] for row in rows}
    assert notes["fr"].startswith(why)
    assert notes["en"] == ""
    assert why in sample_shell("approve", "lac-newsletter", "--as", "maria").out
    assert "strings wait for a translator" in sample_shell("check", NEWS).out


def test_a_rehearsed_newsletter_reaches_every_reader_once_an_edition(
    sample: Sample, sample_shell: Shell, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    span = ("--start", "2026-12-01", "--until", "2027-01-08")
    told = sample_shell("rehearse", NEWS, *span, "--keep", str(kept))
    assert "The stories are those of dns-security-awareness, as if begun with it." in told.out
    mails = [entry for entry in read_log(kept / "state" / "sandbox") if entry["network"] == "smtp"]
    assert len(mails) == 22
    got = Counter((entry["at"][:10], *entry["recipients"]) for entry in mails)
    assert set(got.values()) == {1}, "each reader gets each edition once"
    assert Counter(day for day, _ in got) == {"2026-12-03": 11, "2027-01-07": 11}
    assert "cannot go out" not in told.out
    assert {entry["network"] for entry in read_log(kept / "state" / "sandbox")} == {"smtp"}, (
        "the campaigns that it tells of are laid out, not posted"
    )
