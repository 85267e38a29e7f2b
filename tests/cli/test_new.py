"""`campaigner new` and `campaigner schema`: a first file that is right, whatever is answered."""

import json
import shutil
import string
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigner.core.campaign import ANY
from campaigner.errors import UserError
from campaigner.loading.campaigns import load_campaign
from campaigner.loading.strategy import load_strategy
from campaigner.services.new import Answers, accounts_for, find_projects, text_of, write_campaign
from campaigner.settings import FILE, load_settings
from tests.cli.test_strategy import run

ROOT = Path(__file__).parents[2]
STRATEGY = load_strategy()
ACCOUNTS = load_settings(ROOT).accounts
GIVEN = ("new", "passwords", "--project", "1.1.3", "--text", "Long beats complicated.", "--yes")


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copy(ROOT / FILE, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def answers(**changes: object) -> Answers:
    plain: dict[str, object] = {
        "id": "passwords",
        "title": "Better passwords",
        "owner": "maria",
        "project": find_projects(STRATEGY, "1.1.3")[0],
        "locales": ("en", "es"),
        "accounts": ("x-en", "x-es"),
        "zone": "America/Montevideo",
        "weekdays": ("monday",),
        "times": ("10:00",),
        "text": "Long beats complicated.",
    }
    return Answers(**(plain | changes))  # type: ignore[arg-type]


def test_options_alone_make_a_campaign_that_is_right(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*GIVEN) == 0
    told = capsys.readouterr().out
    assert "campaigner rehearse campaigns/passwords.yaml" in told
    assert run("check") == 0


@pytest.mark.usefixtures("workspace")
def test_a_newsletter_is_made_that_is_right(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("new", "news", "--newsletter", "--project", "1.1.3", "--yes") == 0
    assert "news: a newsletter by newsletter in en, es, pt_BR, fr" in capsys.readouterr().out
    assert run("check") == 0


def test_a_campaign_that_exists_is_never_written_over(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*GIVEN) == 0
    before = (workspace / "campaigns" / "passwords.yaml").read_bytes()
    assert run(*GIVEN, "--title", "Another") == 1
    assert "there is a campaign 'passwords' already" in capsys.readouterr().err
    assert (workspace / "campaigns" / "passwords.yaml").read_bytes() == before


def test_one_that_comes_into_being_meanwhile_is_not_written_over_either(tmp_path: Path) -> None:
    (tmp_path / "passwords.yaml").write_text("somebody else's", encoding="utf-8")
    with pytest.raises(UserError, match="exists already"):
        write_campaign(tmp_path, answers())
    assert [path.name for path in tmp_path.iterdir()] == ["passwords.yaml"]


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--project", "9.9.9", "no project is like '9.9.9'"),
        ("--project", "DNS security", "several are like 'DNS security'"),
        ("--languages", "en,tlh", "no account posts in tlh"),
        ("--accounts", "x-em", "Did you mean 'x-en'"),
        ("--zone", "America/Montevide", "Did you mean 'America/Montevideo'?"),
        ("--when", "mondey 10:00", "Did you mean 'monday'?"),
        ("--when", "10:00", "a weekday and a time are needed"),
        ("--link", "http://example.org", "is not https"),
        ("--hashtags", "#DNS", "cannot be a hashtag"),
        ("--text", " ", "something has to be written here"),
    ],
)
def test_a_wrong_answer_is_told_and_nothing_is_written(
    option: str, value: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*GIVEN, option, value) == 1
    assert told in capsys.readouterr().err
    assert not Path("campaigns").exists()


def test_words_find_a_project_by_title_whatever_their_capitals() -> None:
    assert [one.id for one in find_projects(STRATEGY, "social MEDIA dns")] == ["1.1.3"]
    assert [one.id for one in find_projects(STRATEGY, " 1.1.3 ")] == ["1.1.3"]
    assert find_projects(STRATEGY, " ") == []


def test_only_accounts_that_post_in_these_languages_are_offered() -> None:
    assert list(accounts_for(ACCOUNTS, ["es"])) == ["x-es", "mastodon"]


printable = st.text(
    st.characters(categories=["L", "M", "N", "P", "S", "Zs"]), min_size=1, max_size=60
).filter(lambda text: text.strip() == text and text.isprintable() and "{" not in text)
tricky = st.sampled_from(["yes", "null", "1.10", "- a", "# b", "a: b", '"', "'", "&a", "*a", "%"])
words = (
    printable
    | tricky
    | st.text(string.printable, min_size=1, max_size=20).filter(
        lambda text: text.strip() == text and text.isprintable() and not set("{}") & set(text)
    )
)


@settings(max_examples=150, deadline=None)
@given(title=words, owner=words, text=words)
def test_whatever_is_answered_the_file_holds_just_that(
    tmp_path_factory: pytest.TempPathFactory, title: str, owner: str, text: str
) -> None:
    path = tmp_path_factory.mktemp("new") / "passwords.yaml"
    given = answers(title=title, owner=owner, text=text)
    path.write_text(text_of(given, with_schema=True), encoding="utf-8")
    campaign = load_campaign(path, strategy=STRATEGY, accounts=ACCOUNTS)
    assert (campaign.title, campaign.owner) == (title, owner)
    assert campaign.items[0].texts[ANY].source == text


def test_the_schema_is_put_where_a_new_file_names_it(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (workspace / "campaigns").mkdir()
    assert run("schema", "--write") == 0
    schema = json.loads((workspace / "campaigns" / ".schema.json").read_text(encoding="utf-8"))
    named = schema["properties"]["accounts"]["anyOf"][0]["oneOf"]
    assert "mastodon" in {account["const"] for account in named}
    assert run(*GIVEN) == 0
    written = (workspace / "campaigns" / "passwords.yaml").read_text(encoding="utf-8")
    assert written.startswith("# yaml-language-server: $schema=.schema.json\n")
    capsys.readouterr()


def test_outside_of_a_workspace_the_schema_takes_any_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("schema") == 0
    schema = json.loads(capsys.readouterr().out)
    assert "oneOf" not in schema["properties"]["accounts"]["anyOf"][0]


def test_a_schema_of_another_kind_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("schema", "--for", "nonsense") == 1
    assert "there is no schema for 'nonsense'" in capsys.readouterr().err
