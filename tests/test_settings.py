from pathlib import Path

import pytest

from campaigner.errors import UserError
from campaigner.settings import FILE, Settings, is_loopback, load_settings

MANUAL = """
[accounts.post]
channel = "email"
locales = ["en"]
live = "smtps://relay.example.org:465"
sender = "a@example.org"

[accounts.group]
channel = "manual"
locales = ["es"]
place = "A group"
people = ["ana@example.org"]
through = "post"
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / FILE).write_text('[accounts.x-es]\nchannel = "x"\nlocales = ["es-419"]\n', "utf-8")
    return tmp_path


def test_the_environment_wins_over_the_file_one_level_deep_too(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPAIGNER_ZONE", "America/Bogota")
    monkeypatch.setenv("CAMPAIGNER_SANDBOX__PAGE", "9000")
    settings = load_settings(workspace)
    assert (settings.zone, settings.sandbox.page, settings.sandbox.x) == (
        "America/Bogota",
        9000,
        8711,
    )


def test_the_workspace_that_was_named_wins_over_the_environments(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPAIGNER_WORKSPACE", str(tmp_path / "elsewhere"))
    assert load_settings(workspace).workspace == workspace


def test_a_workspace_is_found_from_any_folder_in_it(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CAMPAIGNER_WORKSPACE", raising=False)
    deep = workspace / "campaigns" / "data"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert load_settings().workspace == workspace


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("zone = ", "cannot be read"),
        ('colour = "red"', "there is no setting 'colour'"),
        ('[accounts.a]\nchannel = "telex"\nlocales = ["en"]', "accounts.a.channel"),
        ('[accounts.a]\nchannel = "x"\nlocales = ["español"]', "español"),
        ('[accounts.a]\nchannel = "email"\nlocales = ["en"]', "sender must be an address"),
        (
            '[accounts.a]\nchannel = "email"\nlocales = ["en"]\nsender = "a@example.org"\n'
            'reply_to = "nobody"',
            "reply_to must be an address",
        ),
        ('[alerts]\nmail = ["a@example.org"]\nthrough = "post"', "must name a mail account"),
        (MANUAL.replace('place = "A group"', ""), "place must say where"),
        (MANUAL.replace('["ana@example.org"]', "[]"), "people must name who publishes it"),
        (MANUAL.replace('["ana@example.org"]', '["ana"]'), "'ana' is no address"),
        (MANUAL.replace('through = "post"', ""), "accounts.group: through must name the mail"),
        (MANUAL + 'language = "español"', "español"),
        ('[utm]\ncontent = "a"', "utm.*`content` is what campaigner itself sets"),
        ('[utm]\nsorce = "a"', "'sorce' is no part of a link.*Did you mean 'source'"),
        ('[utm]\nterm = "{itm}"', "the rule for `term` holds '{itm}'"),
    ],
)
def test_a_fault_in_the_file_is_named(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / FILE).write_text(content, "utf-8")
    with pytest.raises(UserError, match=told):
        load_settings(tmp_path)


def test_a_secret_comes_from_the_environment_or_the_file_that_it_names(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings: Settings = load_settings(workspace)
    assert settings.secret("x-es", "token") == ""
    file = workspace / "token"
    file.write_text("from-file\n", "utf-8")
    monkeypatch.setenv("CAMPAIGNER_X_ES_TOKEN_FILE", str(file))
    assert settings.secret("x-es", "token") == "from-file"
    monkeypatch.setenv("CAMPAIGNER_X_ES_TOKEN", "from-environment")
    assert settings.secret("x-es", "token") == "from-environment"


def test_a_secret_file_that_cannot_be_read_is_told_without_its_content(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPAIGNER_X_ES_TOKEN_FILE", str(workspace / "nowhere"))
    with pytest.raises(UserError, match="CAMPAIGNER_X_ES_TOKEN_FILE"):
        load_settings(workspace).secret("x-es", "token")


def test_rules_for_links_are_read(workspace: Path) -> None:
    with (workspace / FILE).open("a", encoding="utf-8") as file:
        file.write('[utm]\nmedium = ""\ncampaign = "{campaign}-{locale}"\n')
    assert load_settings(workspace).utm == {"medium": "", "campaign": "{campaign}-{locale}"}


def test_locales_are_read_in_either_spelling(workspace: Path) -> None:
    assert load_settings(workspace).accounts["x-es"].locales == ("es_419",)


@pytest.mark.parametrize(
    ("address", "ours"),
    [
        ("http://127.0.0.1:8711", True),
        ("smtp://localhost:25", True),
        ("http://[::1]:80", True),
        ("http://127.evil.example", False),
        ("https://api.x.com", False),
        ("http://127.0.0.1@evil.example/", False),
    ],
)
def test_only_this_machines_own_names_are_loopback(address: str, ours: bool) -> None:
    assert is_loopback(address) is ours


def test_a_manual_account_sends_to_the_relay_that_it_goes_through(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(MANUAL + 'language = "pt-br"', "utf-8")
    settings = load_settings(tmp_path)
    assert settings.base_of("group", live=False) == "smtp://127.0.0.1:8725"
    assert settings.base_of("group", live=True) == "smtps://relay.example.org:465"
    assert settings.accounts["group"].language == "pt_BR"
    (tmp_path / FILE).write_text(MANUAL.replace("live =", "title ="), "utf-8")
    with pytest.raises(UserError, match=r"account 'post' has no live address"):
        load_settings(tmp_path).base_of("group", live=True)


@pytest.mark.parametrize(
    ("hook", "told"),
    [
        ('[hooks.postmark]\naccount = "group"', "hooks.postmark: account"),
        ('[hooks.ses]\naccount = "post"', "topic_arn"),
        ('[hooks.other]\naccount = "post"', "other"),
    ],
)
def test_a_hook_is_of_a_mail_account_and_of_a_known_relay(
    tmp_path: Path, hook: str, told: str
) -> None:
    (tmp_path / FILE).write_text(f"{MANUAL}\n{hook}\n", "utf-8")
    with pytest.raises(UserError, match=told):
        load_settings(tmp_path)
