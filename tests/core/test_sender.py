"""What a sender of mailings must have before anything leaves."""

from dataclasses import replace

import pytest

from campaigner.core.checkup import Verdict
from campaigner.core.sender import SenderFacts, Texts, judge_sender, policy_names

KEY = "v=DKIM1; k=rsa; p=MIIBabc"
RECORD = "s1._domainkey.news.example.org"
WHOLE = SenderFacts(
    account="newsletter",
    domain="news.example.org",
    keys={RECORD: KEY},
    records={
        RECORD: ["v=DKIM1;k=rsa; p=MIIB abc"],
        "_dmarc.news.example.org": [],
        "_dmarc.example.org": ["v=DMARC1; p=quarantine"],
    },
    public_url="https://news.example.org",
    return_domain="b.example.org",
    takes_mail=True,
    reports="imaps://mail.example.org",
)


def failed(facts: SenderFacts) -> list[str]:
    return [check.name for check in judge_sender(facts) if check.verdict is Verdict.FAIL]


def test_who_has_everything_may_send() -> None:
    checks = judge_sender(WHOLE)
    assert {check.verdict for check in checks} == {Verdict.OK}
    assert len(checks) == 5


@pytest.mark.parametrize(
    ("published", "words"),
    [
        ([], "is not published"),
        (["v=DKIM1; p=other"], "has another key"),
        (["v=DKIM1; p="], "has another key"),  # revoked
        (None, "nobody tells"),
    ],
)
def test_the_key_must_be_the_published_one(published: Texts, words: str) -> None:
    facts = replace(WHOLE, records={**WHOLE.records, RECORD: published})
    (check,) = [each for each in judge_sender(facts) if each.verdict is Verdict.FAIL]
    assert words in check.found
    assert published is None or KEY in check.fix


def test_mail_without_a_signature_of_its_own_fails_unless_the_relays_sign() -> None:
    assert failed(replace(WHOLE, keys={})) == ["DKIM of newsletter"]
    assert failed(replace(WHOLE, keys={}, key_fault="its key is missing")) == ["DKIM of newsletter"]
    facts = replace(WHOLE, keys={}, relays_sign=True)
    assert next(check.verdict for check in judge_sender(facts)) is Verdict.WARN
    assert failed(facts) == []


@pytest.mark.parametrize(
    "records",
    [
        {},
        {"_dmarc.example.org": ["some other text"]},
        {"_dmarc.example.org": ["v=DMARC1; rua=mailto:a@example.org"]},  # no policy in it
        {"_dmarc.example.org": None},
    ],
)
def test_a_domain_without_a_policy_fails(records: dict[str, Texts]) -> None:
    facts = replace(WHOLE, records={RECORD: [KEY], **records})
    assert failed(facts) == ["DMARC of newsletter"]


def test_the_nearest_policy_counts() -> None:
    assert policy_names("a.b.example.org") == [
        "_dmarc.a.b.example.org", "_dmarc.b.example.org", "_dmarc.example.org",
    ]  # fmt: skip


@pytest.mark.parametrize("address", ["", "http://news.example.org", "http://127.0.0.1:8700"])
def test_one_click_needs_https(address: str) -> None:
    assert failed(replace(WHOLE, public_url=address)) == ["one click of newsletter"]


@pytest.mark.parametrize("takes_mail", [False, None])
def test_somebody_must_read_what_bounces(takes_mail: bool | None) -> None:
    assert failed(replace(WHOLE, reports="")) == ["bounces of newsletter"]
    assert failed(replace(WHOLE, takes_mail=takes_mail)) == ["bounces of newsletter"]
    called = replace(WHOLE, takes_mail=takes_mail, by_mail=False, reports="the calls of postmark")
    assert failed(called) == []
