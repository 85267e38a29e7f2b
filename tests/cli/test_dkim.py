import json
import os
from pathlib import Path

import pytest

from campaigner.app import App
from campaigner.cli import main
from campaigner.core.delivery import State
from campaigner.core.message import Kind
from campaigner.db import editions
from campaigner.db.schema import upgrade
from campaigner.settings import load_settings
from tests.mail.signing import LONG_AGO, verified
from tests.rows import add_delivery, add_message

SETTINGS = """
[web]
public_url = "https://news.example.org"

[accounts.lac-news]
channel = "email"
locales = ["en"]
sender = "LAC <news@example.org>"
live = "smtp://127.0.0.1:2525"
dkim = [{selector = "mail2026"}]
"""


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "campaigner.toml").write_text(SETTINGS, encoding="utf-8")
    monkeypatch.setenv("CAMPAIGNER_STATE_DIR", str(tmp_path / "own"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> int:
    """Run a command; return its exit code."""
    with pytest.raises(SystemExit) as left:
        main([*arguments])
    return int(left.value.code or 0)


def test_a_key_is_made_named_and_published(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("accounts", "dkim", "lac-news") == 1
    assert "campaigner accounts dkim lac-news --new mail2026" in capsys.readouterr().err
    assert run("accounts", "dkim", "lac-news", "--new", "mail2026") == 0
    made = capsys.readouterr().out
    variable = "CAMPAIGNER_LAC_NEWS_DKIM_MAIL2026_FILE"
    assert f"Set {variable} to that path" in made
    assert "PRIVATE" not in made
    monkeypatch.setenv(variable, os.fspath(workspace / "state/dkim/lac-news-mail2026.pem"))
    assert run("accounts", "dkim", "lac-news", "--json") == 0
    (record,) = json.loads(capsys.readouterr().out)
    assert record["name"] == "mail2026._domainkey.example.org"
    assert record["text"] in made


def test_a_mail_is_printed_as_its_reader_got_it(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert run("accounts", "dkim", "lac-news", "--new", "mail2026") == 0
    key = workspace / "state/dkim/lac-news-mail2026.pem"
    monkeypatch.setenv("CAMPAIGNER_LAC_NEWS_DKIM_MAIL2026_FILE", os.fspath(key))
    app = App(load_settings(workspace))
    upgrade(app.engine)
    with app.sessions() as session:
        message = add_message(
            session,
            kind=Kind.MAIL,
            account="lac-news",
            channel="email",
            text="News",
            due_at=LONG_AGO,
            base="smtp://127.0.0.1:2525",
        )
        block = {"zone": "", "position": 0, "name": "a", "html": "⟦unsubscribe⟧", "text": "Hi"}
        editions.add_blocks(session, message.id, [block])
        id = add_delivery(
            session, message, recipient="ana@example.net", state=State.SENT, slots={"name": "Ana"}
        ).id
        session.commit()
    signers = app.signers("lac-news", "smtp://127.0.0.1:2525")
    app.close()
    capsysbinary.readouterr()
    assert run("outbox", "show", str(id), "--eml") == 0
    mail = capsysbinary.readouterr().out
    assert b"\r\nTo: Ana\r\n <ana@example.net>\r\n" in mail
    assert b"https://news.example.org/u/" in mail
    assert verified(mail, *signers)
