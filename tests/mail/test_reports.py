"""Mails that came back, as they were really sent: a set of them with what each one means."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigner.core.bounces import HARD, Finding, Kind, Reason
from campaigner.core.tokens import Keyring, Purpose, bounce_local, read, sign
from campaigner.mail.parts import mails_in, parts_of
from campaigner.mail.reports import read_report

FOLDER = Path(__file__).parent.parent / "data" / "bounces"
LABELS = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))
KEYRING = Keyring((b"k" * 32,))
NEVER_HARD = {
    "mailboxfull", "blocked", "badreputation", "requireptr", "policyviolation", "authfailure",
    "spamdetected", "virusdetected", "mesgtoobig", "expired", "suspend", "speeding",
}  # fmt: skip


def findings_in(file: Path) -> list[Finding]:
    return [
        finding for mail in mails_in(file.read_bytes()) for finding in read_report(mail).findings
    ]


def test_hardness_is_right_for_97_percent_of_the_labelled_readers() -> None:
    told = Counter[tuple[bool, bool | None]]()
    never = []
    for name, labels in LABELS.items():
        found = findings_in(FOLDER / "eml" / name)
        for number, label in enumerate(labels):
            one = found[number] if number < len(found) else None
            told[label["hard"], one.hard if one else None] += 1
            if one is not None and one.hard and label["reason"] in NEVER_HARD:
                never.append(name)
    right = told[True, True] + told[False, False]
    assert right >= 0.97 * sum(told.values()), told
    assert never == [], "hard, and says nothing about the reader"


def test_as_many_readers_are_found_as_there_are() -> None:
    off = [
        name
        for name, labels in LABELS.items()
        if len(findings_in(FOLDER / "eml" / name)) != len(labels)
    ]
    assert off == []


def test_reasons_are_those_of_the_labels_for_nine_in_ten() -> None:
    wrong = [
        (name, label["reason"], one.reason.value)
        for name, labels in LABELS.items()
        for label, one in zip(labels, findings_in(FOLDER / "eml" / name), strict=True)
        if one.reason != label["reason"]
    ]
    assert len(wrong) <= 0.1 * sum(map(len, LABELS.values())), wrong


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("arf-14", Kind.COMPLAINT),
        ("arf-26", Kind.UNSUBSCRIBE),
        ("rfc3834-04", Kind.VACATION),
        ("rfc3464-28", Kind.DELIVERED),
        ("lhost-amazonses-13", Kind.DELIVERED),
        ("lhost-postfix-42", Kind.BOUNCE),
    ],
)
def test_a_mail_is_told_by_its_kind(name: str, kind: Kind) -> None:
    (first, *_) = mails_in((FOLDER / "eml" / f"{name}.eml").read_bytes())
    assert read_report(first).kind is kind


def test_an_answering_machine_is_no_bounce_though_its_sender_is_nobody() -> None:
    mail = (
        b"From: Ana <ana@example.org>\nReturn-Path: <>\nAuto-Submitted: auto-replied\n"
        b"Subject: Fuera de oficina\n\nEl lunes. The user unknown to you is bo@example.org.\n"
    )
    report = read_report(mail)
    assert (report.kind, report.findings[0].reason) == (Kind.VACATION, Reason.VACATION)


def a_report(
    to: str, *, status: str = "5.1.1", recipient: str = "rfc822; ana@example.org"
) -> bytes:
    return (
        f"From: MAILER-DAEMON@mx.example.org\nTo: {to}\nSubject: Undelivered Mail\n"
        "MIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        "--b\nContent-Type: text/plain\n\nIt could not be delivered.\n\n"
        "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\n"
        f"Final-Recipient: {recipient}\nAction: failed\nStatus: {status}\n"
        f"Diagnostic-Code: smtp; 550 {status} user unknown\n\n"
        "--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <m-abc@example.net>\n"
        "Subject: News\n\n--b--\n"
    ).encode()


@pytest.mark.parametrize(
    "local",
    [
        "{}", "prvs=1234abcdef={}", "SRS0=abcd=XY=example.net={}", "{}+ext",
        "prvs={}/12345678",
    ],
)  # fmt: skip
def test_our_token_is_found_whatever_servers_wrap_around_it(local: str) -> None:
    token = sign(KEYRING, Purpose.BOUNCE, 4711)
    address = local.format(bounce_local(token).upper())
    report = read_report(a_report(f"<{address}@example.net>"))
    assert [read(KEYRING, Purpose.BOUNCE, one) for one in report.returns] == [4711]


def test_the_message_id_of_what_came_back_is_found_and_not_the_reports_own() -> None:
    mail = a_report("us@example.net").replace(b"To: us", b"Message-ID: <own@mx>\nTo: us")
    assert read_report(mail).message_ids == ("m-abc@example.net",)


def test_an_international_recipient_is_read_as_people_write_it() -> None:
    mail = a_report("us@example.net", recipient=r"utf-8; jos\x{E9}@b\x{FC}cher.example")
    (finding,) = read_report(mail).findings
    assert (finding.recipient, finding.hard) == ("josé@bücher.example", True)


def test_what_fails_for_now_is_never_hard() -> None:
    (finding,) = read_report(a_report("us@example.net", status="4.1.1")).findings
    assert not finding.hard


def test_words_of_our_own_unsubscribe_address_are_told_with_their_token() -> None:
    token = sign(KEYRING, Purpose.UNSUBSCRIBE, 12)
    report = read_report(f"From: a@example.org\nSubject: unsubscribe {token}\n\n\n".encode())
    assert (report.kind, report.unsubscribe) == (Kind.UNSUBSCRIBE, token)


@pytest.mark.parametrize("wrap", [b"Content-Type: message/rfc822\n\n%s", b"\n%s"])
def test_a_bounce_that_a_person_passed_on_is_read_inside(wrap: bytes) -> None:
    inner = a_report("us@example.net")
    quoted = b"\n".join(b"> " + line for line in inner.split(b"\n"))
    whole = b"From: ana@example.org\nSubject: Fwd: Undelivered Mail\n" + wrap % (
        inner if b"rfc822" in wrap else quoted
    )
    assert [one.recipient for one in read_report(whole).findings] == ["ana@example.org"]


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_whatsoever_make_it_fail(data: bytes) -> None:
    read_report(data)
    read_report(b"From: MAILER-DAEMON\nContent-Type: multipart/report; boundary=a\n\n--a\n" + data)


@pytest.mark.parametrize(
    "body",
    [
        b"\n" * 200_000, b"a@b.example " * 20_000, b"=" * 200_000, b"<" * 200_000,
        b"--x--\n" * 40_000, b"message-id:" * 20_000, b"> From: a\n" * 20_000,
    ],
)  # fmt: skip
def test_a_mail_made_to_be_slow_is_not(body: bytes) -> None:
    head = b"From: MAILER-DAEMON\nContent-Type: multipart/mixed; boundary=x\n\n"
    read_report(head + body)  # quadratic, it would take minutes


def test_nested_beyond_reason_ends_as_text() -> None:
    deep = b"".join(
        b"Content-Type: multipart/mixed; boundary=x%d\n\n--x%d\n" % (n, n) for n in range(2000)
    )
    assert len(parts_of(deep)) <= 200


def test_hard_reasons_are_about_the_address_alone() -> None:
    assert {reason.value for reason in HARD} == {
        "userunknown", "hostunknown", "hasmoved", "notaccept",
    }  # fmt: skip
