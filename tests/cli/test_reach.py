import json
from datetime import timedelta
from pathlib import Path

import pytest

from campaigner.cli import main
from campaigner.core.message import Kind
from campaigner.db.engine import Sessions
from campaigner.db.models import Broadcast, Delivery, Sample
from tests.rows import NOON, add_message, add_sent

SETTINGS = """
title = "Test"
zone = "America/Montevideo"

[accounts.x-es]
channel = "x"
locales = ["es"]
"""


@pytest.fixture
def workspace(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "campaigner.toml").write_text(SETTINGS, encoding="utf-8")
    monkeypatch.setenv("CAMPAIGNER_DATABASE", database_url)
    monkeypatch.setenv("CAMPAIGNER_STATE_DIR", str(tmp_path / "own"))
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*arguments: str) -> int:
    try:
        main(list(arguments))
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def publish(sessions: Sessions) -> None:
    """Publish a post in Spanish on project 1.1.3, seen once, and one in French of an older plan."""
    with sessions.begin() as session:
        seen: Delivery = add_sent(session, add_message(session, locale="es_419"))
        add_sent(session, add_message(session, locale="fr", projects=["A.7"]))
        for counter, value in {"impressions": 1234, "replies": 0}.items():
            session.add(
                Sample(
                    delivery_id=seen.id,
                    step=0,
                    counter=counter,
                    value=value,
                    taken_at=NOON + timedelta(minutes=5),
                    source="network",
                    total=True,
                )
            )


def test_json_has_every_counter_and_null_where_it_is_absent(
    workspace: Path, sessions: Sessions, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(sessions)
    assert call("reach", "report", "--by", "project", "--json") == 0
    first, second = json.loads(capsys.readouterr().out)
    assert (first["key"], first["messages"], first["locales"]) == ("1.1.3", 1, ["es_419"])
    assert (first["impressions"], first["replies"], first["reactions"]) == (1234, 0, None)
    assert first["sampled_at"] == "2026-03-02T12:05:00+00:00"
    assert (second["key"], second["title"], second["impressions"]) == ("A.7", "", None)
    assert second.keys() == first.keys()


def test_a_table_names_languages_and_shows_a_dash_for_what_is_absent(
    workspace: Path, sessions: Sessions, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(sessions)
    assert call("reach", "report") == 0
    out = capsys.readouterr().out
    lines = {line.split()[0]: line for line in out.splitlines() if line.strip()}
    assert lines["1.1.3"].split()[-3:] == ["1", "1,234", "0"]
    assert "Social Media Communication" in lines["1.1.3"]
    assert "español (Latinoamérica)" in out
    assert "(of another strategy)" in lines["A.7"]
    assert lines["A.7"].split()[-3:] == ["1", "—", "—"]
    assert "2026-03-02 09:05 Montevideo" in out, "in the workspace's zone"
    assert "es_419" not in out
    assert "Reactions" not in out, "no row has that counter"


def test_a_narrow_terminal_shows_every_figure_whole(
    workspace: Path,
    sessions: Sessions,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    publish(sessions)
    assert call("reach", "report") == 0
    out = capsys.readouterr().out
    words = " ".join(out.split())
    assert "1,234 impressions" in words
    assert "— replies" in words
    assert "…" not in out


def test_languages_are_rows_by_name(
    workspace: Path, sessions: Sessions, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(sessions)
    assert call("reach", "report", "--by", "locale", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [(row["key"], row["title"]) for row in found] == [
        ("es_419", "español (Latinoamérica)"),
        ("fr", "français"),
    ]


def test_both_days_of_a_period_are_inclusive_in_the_workspaces_zone(
    workspace: Path, sessions: Sessions, capsys: pytest.CaptureFixture[str]
) -> None:
    with sessions.begin() as session:
        # 2 March, 23:30 in Montevideo.
        add_sent(session, add_message(session), sent_at=NOON + timedelta(hours=14, minutes=30))
    for day, expected in {"2026-03-01": 0, "2026-03-02": 1, "2026-03-03": 0}.items():
        assert call("reach", "report", "--since", day, "--until", day, "--json") == 0
        assert len(json.loads(capsys.readouterr().out)) == expected


def test_mails_are_delivered_and_bounced(
    workspace: Path, sessions: Sessions, capsys: pytest.CaptureFixture[str]
) -> None:
    with sessions.begin() as session:
        mail = add_message(session, kind=Kind.MAIL, channel="email", projects=["2.2.1"])
        for number in range(3):
            add_sent(session, mail, recipient=f"{number}@example.org")
        session.add(Broadcast(message_id=mail.id, stage="whole", recipients=3))
    assert call("reach", "report", "--by", "channel", "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["title"], row["delivered"], row["bounced"], row["opened"]) == ("E-mail", 3, 0, None)


def test_nothing_published_is_said_in_words(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("reach", "report") == 0
    assert "Nothing was published" in capsys.readouterr().out
    assert call("reach", "report", "--json") == 0
    assert json.loads(capsys.readouterr().out) == []


def test_days_in_the_wrong_order_are_refused(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("reach", "report", "--since", "2026-03-02", "--until", "2026-03-01") == 1
    assert "Exchange the two days" in capsys.readouterr().err
