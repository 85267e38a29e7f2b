"""By hand: one mail to all who publish there, and what the relay's answers mean for the post."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from campaigner.channels.manual import handover_key, outcome_of
from campaigner.core.channel import (
    Absent,
    Disconnected,
    Handed,
    NotOffered,
    NotSampled,
    Outcome,
    Reject,
    Retry,
    Sent,
    Unknown,
)
from tests.handing import PICTURE, TEXT, manual, origin, post
from tests.relays import Relayed, body, opened

OK = Sent(remote_id="q1")


def test_each_of_the_people_gets_the_very_same_mail() -> None:
    relay = Relayed()
    people = ("ana@example.org", "bea@example.net")
    assert manual(relay, people=people).send(post()) == Handed(
        "told ana@example.org, bea@example.net"
    )
    assert [mail.recipient for mail in relay.mails] == list(people)
    assert {mail.envelope_from for mail in relay.mails} == {"lac@example.org"}
    assert len({mail.data for mail in relay.mails}) == 1


def test_the_mail_holds_all_that_publishing_takes() -> None:
    relay = Relayed()
    manual(relay).send(post(media=(PICTURE,)))
    mail = opened(relay.mails[0])
    assert mail["Subject"] == "Publish by hand on LinkedIn group: phishing (Spanish)"
    text, html = body(relay.mails[0]), body(relay.mails[0], "html")
    assert f"-\n{TEXT}\n-" in text
    for said in ("campaigner outbox done 123 ADDRESS", "Thursday, December 3, 2026", "a lock.png"):
        assert said in text
        assert said in html
    assert 'alt="Un &lt;candado&gt;"' in html
    assert "Antes de  hacer clic: https://example.org/?a=1&amp;b=2 👍🏽<br>" in html
    *_, file = mail.iter_attachments()
    assert file.get_payload(decode=True) == TEXT.encode()


def test_a_second_asking_says_that_it_may_be_one() -> None:
    relay = Relayed()
    channel = manual(relay)
    channel.send(post())
    channel.send(post(attempt=2, reply_to="https://example.org/first"))
    first, second = map(body, relay.mails)
    assert "do not publish it again" not in first
    assert "do not publish it again" in second
    assert "as an answer to: https://example.org/first" in second


def test_a_handover_has_one_message_id_and_the_next_one_another() -> None:
    one = post()
    assert handover_key(one) == handover_key(replace(one, attempt=2))
    later = one.first_attempt_at + timedelta(hours=1)
    others = [
        replace(one, first_attempt_at=later),
        replace(one, origin=origin(delivery=124)),
        replace(one, key="other"),
    ]
    assert len({handover_key(each) for each in (one, *others)}) == 4


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ([OK, OK], Handed("told a, b")),
        ([OK, Reject("550")], Handed("told a (b was not told: 550)")),
        ([Retry("450"), OK], Handed("told b (a was not told: 450)")),
        ([OK, Unknown("lost")], Handed("told a (b was not told: not for certain, lost)")),
        ([Unknown("lost"), Reject("550")], Unknown("lost")),
        ([Reject("550"), Unknown("lost")], Unknown("lost")),
        ([Retry("450"), Disconnected("535")], Disconnected("535")),
        ([Reject("550"), Retry("450")], Retry("450")),
        ([Reject("550"), Reject("551")], Reject("550")),
    ],
)
def test_one_who_surely_has_it_is_enough_and_a_doubt_is_kept(
    answers: list[Outcome], outcome: Outcome
) -> None:
    assert outcome_of(dict(zip("ab", answers, strict=True))) == outcome


def test_a_faulty_template_keeps_every_post_waiting_and_asks_nobody(tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "handover.txt").write_text("{{ nonsense }}", encoding="utf-8")
    relay = Relayed()
    outcome = manual(relay, templates=[tmp_path]).send(post())
    assert isinstance(outcome, Disconnected)
    assert "templates/mail/handover.txt:1" in outcome.reason
    assert relay.mails == []


def test_no_program_looks_counts_or_corrects_there() -> None:
    channel = manual(Relayed())
    assert channel.find(post()) == Absent()
    assert isinstance(channel.sample(["https://example.org/1"]), NotSampled)
    assert isinstance(channel.edit("https://example.org/1", "new"), NotOffered)
    assert isinstance(channel.delete("https://example.org/1"), NotOffered)
    assert channel.whoami() == Sent(remote_id="ana@example.org")
