"""What is found out of a mail account, from its settings and from DNS."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import dns.exception
import dns.resolver
import pytest

from campaigner.core.checkup import Verdict
from campaigner.core.sender import Texts, judge_sender
from campaigner.errors import UserError
from campaigner.mail.dkim import load_signer, new_key, record_of
from campaigner.mail.standing import Dns, facts_of
from campaigner.services.accounts import go_live
from campaigner.settings import AccountSettings, load_settings
from tests.fakes import FakeClock

PEM = new_key()
NAME, TEXT = record_of(load_signer(PEM, selector="s1", domain="news.example.org"))
ACCOUNT = {
    "channel": "email",
    "locales": ["en"],
    "sender": "LAC <lac@news.example.org>",
    "return_path": "b.example.org",
    "bounces": "imaps://reader@mail.example.org/INBOX",
    "dkim": [{"selector": "s1"}],
}


class FakeDns:
    """Answers from a table; whatever is not in it does not exist."""

    def __init__(self, records: Mapping[str, Sequence[str]], *, mail: Sequence[str] = ()) -> None:
        self.records = records
        self.mail = mail

    def texts(self, name: str) -> Texts:
        return self.records.get(name, ())

    def takes_mail(self, domain: str) -> bool | None:
        return domain in self.mail


GOOD = FakeDns({NAME: [TEXT], "_dmarc.example.org": ["v=DMARC1; p=none"]}, mail=["b.example.org"])


def failed(records: FakeDns, *, secret: str = PEM, hooks: str = "", **changed: object) -> list[str]:
    account = AccountSettings.model_validate(ACCOUNT | changed)
    facts = facts_of(
        account,
        name="newsletter",
        public_url="https://news.example.org",
        hooks=hooks,
        secret=lambda name: secret if name == "dkim_s1" else "",
        look_up=records,
    )
    return [each.name for each in judge_sender(facts) if each.verdict is Verdict.FAIL]


def test_a_whole_account_fails_nothing() -> None:
    assert failed(GOOD) == []


def test_what_lacks_is_found() -> None:
    assert failed(FakeDns({})) == [
        "DKIM of newsletter", "DMARC of newsletter", "bounces of newsletter",
    ]  # fmt: skip
    assert failed(GOOD, secret="") == ["DKIM of newsletter"]
    assert failed(GOOD, dkim=[{"selector": "s1", "domain": "elsewhere.example"}]) == [
        "DKIM of newsletter"
    ]
    assert failed(GOOD, bounces="") == ["bounces of newsletter"]
    assert failed(GOOD, bounces="", hooks="postmark") == []


@pytest.mark.parametrize(
    ("error", "texts", "mail"),
    [
        (dns.resolver.NXDOMAIN, [], False),
        (dns.exception.Timeout, None, None),
        (dns.resolver.NoNameservers, None, None),
        (OSError, None, None),
    ],
)
def test_no_answer_is_not_taken_for_no_record(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception], texts: Texts, mail: bool | None
) -> None:
    def resolve(*asked: object, **how: object) -> object:
        raise error

    monkeypatch.setattr("dns.resolver.resolve", resolve)
    assert Dns().texts("_dmarc.example.org") == texts
    assert Dns().takes_mail("example.org") == mail


def test_what_lacks_one_of_them_does_not_go_live(tmp_path: Path, clock: FakeClock) -> None:
    (tmp_path / "campaigner.toml").write_text(
        "[accounts.newsletter]\nchannel = 'email'\nlocales = ['en']\nsender = 'a@example.org'\n"
        "live = 'smtps://relay.example.org'\n"
    )
    settings = load_settings(tmp_path)
    facts = facts_of(
        settings.accounts["newsletter"],
        name="newsletter",
        public_url="",
        hooks="",
        secret=lambda name: "",
        look_up=FakeDns({}),
    )

    def nobody_opens_it() -> object:
        raise AssertionError("the database is not asked")

    with pytest.raises(UserError) as told:
        go_live(
            nobody_opens_it,  # type: ignore[arg-type]
            settings,
            "newsletter",
            live=True,
            by="operator",
            now=clock(),
            checks=lambda name: judge_sender(facts),
        )
    for words in ("not signed", "no policy", "one click", "nobody reads what comes back"):
        assert words in str(told.value)
