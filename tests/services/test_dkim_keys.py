"""DKIM keys: made where nobody else reads them, and published as they are."""

import stat
from pathlib import Path

import pytest

from campaigner.errors import UserError
from campaigner.services.dkim_keys import dkim_records, make_key
from campaigner.settings import AccountSettings, DkimSettings, Settings


def settings(workspace: Path, *selectors: str) -> Settings:
    mail = AccountSettings(
        channel="email",
        locales=("en",),
        sender="us@example.org",
        dkim=tuple(DkimSettings(selector=each) for each in selectors),
    )
    post = AccountSettings(channel="x", locales=("en",))
    return Settings(workspace=workspace, accounts={"lac-news": mail, "x-en": post})


def test_a_new_key_is_in_a_file_of_its_owners_alone(tmp_path: Path) -> None:
    made = make_key(settings(tmp_path), "lac-news", "mail2026")
    assert made.path == tmp_path / "state" / "dkim" / "lac-news-mail2026.pem"
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert made.variable == "CAMPAIGNER_LAC_NEWS_DKIM_MAIL2026_FILE"
    assert made.record.name == "mail2026._domainkey.example.org"
    assert all(len(each) <= 255 for each in made.record.zone_file.split('"')[1::2])
    assert "".join(made.record.zone_file.split('"')[1::2]) == made.record.text
    with pytest.raises(UserError, match="Choose another selector"):
        make_key(settings(tmp_path), "lac-news", "mail2026")


def test_what_is_made_is_what_is_published_and_signs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [
        make_key(settings(tmp_path), "lac-news", "mail2026"),
        make_key(settings(tmp_path), "lac-news", "ed", ed=True),
    ]
    for each in made:
        monkeypatch.setenv(each.variable, str(each.path))
    configured = settings(tmp_path, "ed", "mail2026")
    found = dkim_records(
        configured, "lac-news", secret=lambda name: configured.secret("lac-news", name)
    )
    assert found == tuple(each.record for each in made)


def test_only_accounts_that_send_mail_have_keys(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="'x-en' is no account that sends mail"):
        make_key(settings(tmp_path), "x-en", "mail2026")
    with pytest.raises(UserError, match="is no selector"):
        make_key(settings(tmp_path), "lac-news", "../x")
