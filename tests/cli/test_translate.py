"""`campaigner translate`, from the command line, on the sample workspace."""

import json
import os
import shutil
import sys
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


SPANISH = Path("locales/es/LC_MESSAGES/campaigns.po")
CAMPAIGN = Path("campaigns/dns-security-awareness.yaml")
PLACE = "dns-security-awareness/phishing text.x"


@pytest.mark.usefixtures("workspace")
def test_extract_writes_every_string_with_what_a_translator_should_know(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("translate", "extract", "--templates") == 0
    assert "locales/campaigns.pot: 47 strings" in capsys.readouterr().out
    assert Path("locales/templates.pot").is_file()
    text = Path("locales/campaigns.pot").read_text(encoding="utf-8")
    (entry,) = [block for block in text.split("\n\n") if f'msgctxt "{PLACE}"' in block]
    assert "#. Post on X, item phishing of dns-security-awareness." in entry
    assert "characters on X, of its 280; the rest is for link and hashtags." in entry
    assert "phishing: es phishing, pt_BR phishing, fr hameçonnage" in entry
    assert "#: campaigns/dns-security-awareness.yaml:" in entry


@pytest.mark.usefixtures("workspace")
def test_a_campaign_that_is_queued_tells_its_translators_the_day(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("db", "upgrade") == 0
    assert run("queue", str(CAMPAIGN), "--start", "2026-12-01") == 0
    assert run("translate", "extract") == 0
    capsys.readouterr()
    text = Path("locales/campaigns.pot").read_text(encoding="utf-8")
    (entry,) = [block for block in text.split("\n\n") if f'msgctxt "{PLACE}"' in block]
    assert "#. Due 2026-12-08." in entry


@pytest.mark.usefixtures("workspace")
def test_an_edit_is_to_be_checked_again_until_somebody_says_otherwise(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("translate", "update") == 0
    edited = CAMPAIGN.read_text(encoding="utf-8").replace("Check before you click", "Look first")
    CAMPAIGN.write_text(edited, encoding="utf-8")

    assert run("translate", "update", "--dry-run") == 0
    told = capsys.readouterr().out
    assert f"to be checked again: {PLACE}" in told
    assert "Nothing was changed" in told
    assert "fuzzy" not in SPANISH.read_text(encoding="utf-8")

    assert run("translate", "update") == 0
    assert "--kept CONTEXT" in capsys.readouterr().out
    assert SPANISH.read_text(encoding="utf-8").count("#, fuzzy") == 1
    assert run(*CHECK) == 1

    assert run("translate", "update", "--kept", PLACE) == 0
    assert "fuzzy" not in SPANISH.read_text(encoding="utf-8")


@pytest.mark.usefixtures("workspace")
def test_meaning_kept_may_be_said_of_all(capsys: pytest.CaptureFixture[str]) -> None:
    edited = CAMPAIGN.read_text(encoding="utf-8").replace("Check before you click", "Look first")
    CAMPAIGN.write_text(edited, encoding="utf-8")
    assert run("translate", "update", "--meaning", "kept", "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["locale"], row["kept"]) for row in rows] == [
        (locale, [PLACE]) for locale in ("es", "fr", "pt_BR")
    ]
    assert "fuzzy" not in SPANISH.read_text(encoding="utf-8")


def update_at_a_terminal(typed: bytes, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    """Edit a text, and update in front of a terminal; return the exit code, and what it shows."""
    edited = CAMPAIGN.read_text(encoding="utf-8").replace("Check before you click", "Look first")
    CAMPAIGN.write_text(edited, encoding="utf-8")
    ours, theirs = os.openpty()
    os.write(ours, typed)
    with (
        open(theirs, encoding="utf-8") as stdin,
        open(os.dup(theirs), "w", encoding="utf-8") as stdout,
        monkeypatch.context() as patch,
    ):
        patch.setattr(sys, "stdin", stdin)
        patch.setattr(sys, "stdout", stdout)
        code = run("translate", "update")
        stdout.flush()
        shown = os.read(ours, 1 << 16).decode()
    os.close(ours)
    return code, shown


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize(("typed", "changed"), [(b"y\n", True), (b"n\n", False), (b"\n", True)])
def test_who_sits_at_a_terminal_is_asked_once_whether_the_meaning_changed(
    typed: bytes, changed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, shown = update_at_a_terminal(typed, monkeypatch)
    assert code == 0
    assert shown.count(f"{PLACE} was edited.") == 1, "for all three languages"
    before, now = (
        line for line in shown.splitlines() if line.startswith(("  before: ", "  now: "))
    )
    assert before.endswith("Check before you click.")
    assert now.endswith("Look first.")
    assert "Did its meaning change? [Y/n]:" in shown
    assert "--kept CONTEXT" not in shown
    for locale in ("es", "fr", "pt_BR"):
        catalog = Path(f"locales/{locale}/LC_MESSAGES/campaigns.po").read_text(encoding="utf-8")
        (entry,) = [block for block in catalog.split("\n\n") if f'msgctxt "{PLACE}"' in block]
        assert 'Look first."' in entry
        assert ("#, fuzzy" in entry) is changed
        assert not entry.endswith('msgstr ""'), "its translation stays either way"


@pytest.mark.usefixtures("workspace")
def test_who_breaks_the_question_off_finds_every_catalog_as_it_was(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.read_bytes() for path in Path("locales").rglob("*.po*")}
    end_of_file = b"\x04"  # Ctrl-D
    code, shown = update_at_a_terminal(end_of_file, monkeypatch)
    assert (code, "Did its meaning change?" in shown) == (1, True)
    assert capsys.readouterr().err.strip() == "Aborted!"
    assert {path: path.read_bytes() for path in Path("locales").rglob("*.po*")} == before


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize("kind", ["xlsx", "po"])
def test_what_goes_out_comes_back(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = SPANISH.read_bytes()
    assert run("translate", "export", "--locale", "es", f"--{kind}", f"es.{kind}") == 0
    assert "47 strings in Spanish" in capsys.readouterr().out
    assert run("translate", "import", f"es.{kind}") == 0
    assert "0 texts in Spanish are new or changed." in capsys.readouterr().out
    assert SPANISH.read_bytes() == before


@pytest.mark.usefixtures("workspace")
def test_what_is_wrong_is_told_on_stderr_and_the_rest_is_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("translate", "export", "--locale", "es", "--po", "es.po") == 0
    text = Path("es.po").read_text(encoding="utf-8")
    text = text.replace('msgstr "Uso indebido del DNS: qué es y qué no es"', 'msgstr "Abuso"')
    text = text.replace("Verifique antes de hacer clic.", "Mire antes: {{ x }}.")
    Path("es.po").write_text(text, encoding="utf-8")
    capsys.readouterr()

    assert run("translate", "import", "es.po", "--dry-run") == 1

    shown = capsys.readouterr()
    assert f"{PLACE}: it has {{{{ x }}}}: not taken." in shown.err
    assert shown.err.count("\n") == 1
    assert "- Uso indebido del DNS: qué es y qué no es\n  + Abuso" in shown.out
    assert "lacks 'uso indebido del DNS', the official words for 'DNS Abuse'" in shown.out
    assert "Nothing was changed (--dry-run)." in shown.out


@pytest.mark.usefixtures("workspace")
def test_only_what_is_not_done_goes_out_if_so_wished(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("translate", "export", "--locale", "es", "--missing", "--po", "es.po") == 0
    assert "Nothing was written" in capsys.readouterr().out
    assert not Path("es.po").exists()


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("export", "--locale", "es"), "say one file to write"),
        (("export", "--locale", "de", "--po", "de.po"), "nothing is published in 'de'"),
        (("export", "--locale", "español", "--po", "es.po"), "is not the name of a locale"),
        (("update", "--campaign", "pdp-digst"), "Did you mean 'pdp-digest'?"),
        (("import", "es.po"), "there is no such file"),
        (("import", "es.ods"), "only .xlsx and .po"),
    ],
)
def test_a_slip_is_one_sentence(
    arguments: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("translate", *arguments) == 1
    shown = capsys.readouterr().err
    assert told in shown
    assert shown.count("\n") == 1


def test_check_and_status_tell_what_looks_odd(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    catalog = (workspace / SPANISH).read_text(encoding="utf-8")
    official = "Uso indebido del DNS: qué es y qué no es"
    (workspace / SPANISH).write_text(catalog.replace(official, "Abuso"), encoding="utf-8")

    assert run("check") == 0
    assert "translations to look at: 1 (`campaigner translate status`)" in capsys.readouterr().out

    assert run("translate", "status", *CHECK[3:]) == 0
    assert (
        "es: dns-security-awareness/dns-abuse story.headline lacks 'uso indebido del DNS'"
        in capsys.readouterr().out
    )


@pytest.mark.usefixtures("workspace")
def test_the_sample_gives_no_false_alarm(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("translate", "status", *CHECK[3:], "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert [warning for row in rows for warning in row["warnings"]] == []
