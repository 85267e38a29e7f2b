"""The mail server as smtplib meets it."""

import smtplib
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import httpx
import pytest

from campaigner.sandbox.faults import parse_fault
from campaigner.sandbox.log import read_log
from campaigner.sandbox.server import Sandbox


@pytest.fixture
def smtp(sandbox: Sandbox) -> Iterator[smtplib.SMTP]:
    client = smtplib.SMTP("127.0.0.1", sandbox.ports.smtp, timeout=5)
    yield client
    client.close()


def letter(account: str, subject: str = "Políticas de la ICANN") -> EmailMessage:
    message = EmailMessage()
    message.set_content("Hola\n.punto\n")
    message.add_alternative("<p>Hola</p>", subtype="html")
    message["From"] = f"{account} <lac-digest@example.org>"
    message["To"] = "lectora@example.net"
    message["Subject"] = subject
    message["Content-Language"] = "es"
    message["Message-ID"] = f"<{account}@example.org>"
    return message


def entries(sandbox: Sandbox, account: str) -> list[dict[str, Any]]:
    return [entry for entry in read_log(sandbox.folder) if entry["account"] == account]


def test_a_mail_is_kept_byte_for_byte(sandbox: Sandbox, smtp: smtplib.SMTP, account: str) -> None:
    sent = letter(account).as_bytes(policy=policy.SMTP)
    smtp.ehlo()
    assert {"pipelining", "size", "8bitmime", "smtputf8", "auth"} <= smtp.esmtp_features.keys()
    assert smtp.sendmail("lac-digest@example.org", ["lectora@example.net"], sent) == {}
    (entry,) = entries(sandbox, account)
    assert (sandbox.folder / "mail" / entry["file"]).read_bytes() == sent
    assert entry["from"] == "lac-digest@example.org"
    assert entry["recipients"] == ["lectora@example.net"]
    assert entry["message_id"] == f"<{account}@example.org>"
    assert (entry["subject"], entry["language"]) == ("Políticas de la ICANN", "es")
    assert (entry["network"], entry["event"], entry["status"]) == ("smtp", "accepted", 250)


def test_the_answer_names_the_mail(sandbox: Sandbox, smtp: smtplib.SMTP, account: str) -> None:
    smtp.ehlo()
    smtp.mail("a@example.org")
    smtp.rcpt("b@example.org")
    code, reply = smtp.data(letter(account).as_bytes())
    assert (code, reply.decode()) == (
        250,
        f"2.0.0 Ok: queued as {entries(sandbox, account)[0]['id']}",
    )


@pytest.mark.parametrize("name", ["refused", "the.REFUSED.box", "refused+1"])
def test_some_mailboxes_do_not_exist(sandbox: Sandbox, smtp: smtplib.SMTP, name: str) -> None:
    smtp.ehlo()
    smtp.mail("a@example.org")
    code, reply = smtp.rcpt(f"{name}@example.org")
    assert (code, reply[:5]) == (550, b"5.1.1")
    entry = read_log(sandbox.folder)[-1]
    assert (entry["event"], entry["recipients"]) == ("refused", [f"{name}@example.org"])


def test_an_international_address_is_welcome(
    sandbox: Sandbox, smtp: smtplib.SMTP, account: str
) -> None:
    message = letter(account)
    message.replace_header("To", "josé@niños.example")
    smtp.send_message(message, to_addrs=["josé@niños.example"])
    assert entries(sandbox, account)[0]["recipients"] == ["josé@niños.example"]


def test_any_password_is_right(smtp: smtplib.SMTP, account: str) -> None:
    smtp.login("anybody", "whatever")
    assert smtp.send_message(letter(account)) == {}


def test_told_to_be_rate_limited_it_refuses_for_now(
    sandbox: Sandbox, smtp: smtplib.SMTP, account: str
) -> None:
    sandbox.add_fault(parse_fault(f"smtp/{account}:rate-limited:1"))
    with pytest.raises(smtplib.SMTPDataError) as caught:
        smtp.send_message(letter(account))
    assert caught.value.smtp_code == 451
    smtp.send_message(letter(account))
    assert [entry["event"] for entry in entries(sandbox, account)] == ["refused", "accepted"]


@pytest.mark.parametrize("fault", ["accept-and-drop", "error-after-accept"])
def test_told_to_drop_it_hangs_up_after_the_final_dot(
    sandbox: Sandbox, smtp: smtplib.SMTP, account: str, fault: str
) -> None:
    sandbox.add_fault(parse_fault(f"smtp/{account}:{fault}:1"))
    with pytest.raises(smtplib.SMTPServerDisconnected):
        smtp.send_message(letter(account))
    (entry,) = entries(sandbox, account)
    assert (entry["event"], entry["fault"]) == ("accepted", fault)
    assert (sandbox.folder / "mail" / entry["file"]).exists()


def test_told_to_hold_it_answers_when_released(
    sandbox: Sandbox, smtp: smtplib.SMTP, page: httpx.Client, account: str
) -> None:
    sandbox.add_fault(parse_fault(f"smtp/{account}:hold:1"))
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(smtp.send_message, letter(account))
        while page.get("/api/version").json()["waiting"] == 0:
            pass
        assert len(entries(sandbox, account)) == 1
        page.delete("/faults")
        assert answer.result(timeout=5) == {}


def returned(sandbox: Sandbox) -> list[EmailMessage]:
    """Return what providers sent back, as a mail program opens it."""
    folder = sandbox.folder / "bounces" / "new"
    found = []
    for path in sorted(folder.iterdir()):
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        assert isinstance(message, EmailMessage)
        found.append(message)
        path.unlink()
    return found


def fields(report: EmailMessage) -> dict[str, str]:
    """Return what the machine-readable part of a report says, of the message and the recipient."""
    part = next(part for part in report.walk() if "status" in part.get_content_subtype()
                or part.get_content_subtype() == "feedback-report")  # fmt: skip
    blocks = part.get_payload()
    text = "\n".join(str(block) for block in blocks) if isinstance(blocks, list) else str(blocks)
    return dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)


@pytest.mark.parametrize(
    ("name", "status"), [("bounce", "5.1.1"), ("a.Bounce", "5.1.1"), ("full+1", "4.2.2")]
)
def test_some_mails_come_back_as_a_report_to_their_envelope_sender(
    sandbox: Sandbox, smtp: smtplib.SMTP, account: str, name: str, status: str
) -> None:
    assert smtp.sendmail("b-token@r.example.org", [f"{name}@example.net"],
                         letter(account).as_bytes(policy=policy.SMTP)) == {}  # fmt: skip
    (report,) = returned(sandbox)
    assert report["To"] == "b-token@r.example.org"
    assert report["Return-Path"] == "<>"
    assert report.get_content_type() == "multipart/report"
    said = fields(report)
    assert (said["Status"], said["Action"]) == (status, "failed")
    assert said["Final-Recipient"] == f"rfc822; {name}@example.net"
    assert f"Message-ID: <{account}@example.org>" in report.as_string()


def test_an_international_mailbox_bounces_in_utf_8(
    sandbox: Sandbox, smtp: smtplib.SMTP, account: str
) -> None:
    smtp.send_message(letter(account), to_addrs=["bouncé-bounce@niños.example"])
    (report,) = returned(sandbox)
    kinds = [part.get_content_type() for part in report.walk()]
    assert "message/global-delivery-status" in kinds
    assert "message/global-headers" in kinds
    assert "utf-8; bouncé-bounce@niños.example" in report.as_bytes().decode()


def test_some_readers_complain(sandbox: Sandbox, smtp: smtplib.SMTP, account: str) -> None:
    smtp.sendmail("b-token@r.example.org", ["complains@example.net"],
                  letter(account).as_bytes(policy=policy.SMTP))  # fmt: skip
    (report,) = returned(sandbox)
    said = fields(report)
    assert said["Feedback-Type"] == "abuse"
    assert said["Original-Mail-From"] == "<b-token@r.example.org>"
    assert said["Original-Rcpt-To"] == "<complains@example.net>"
    assert f"<{account}@example.org>" in report.as_string()


def test_commands_may_come_in_one_piece_or_in_many(sandbox: Sandbox, account: str) -> None:
    group = (
        b"EHLO me\r\nMAIL FROM:<a@example.org> SIZE=30\r\nRCPT TO:<refused@example.net>\r\n"
        b"RCPT TO:<b@example.net>\r\nDATA\r\n"
        b"Subject: x\r\nFrom: " + account.encode() + b" <a@example.org>\r\n\r\n"
        b"..dot\r\n.\r\nMAIL FROM:<a@example.org>\r\nRSET\r\nNOOP\r\nQUIT\r\n"
    )
    for size in (1, 7, len(group)):
        with socket.create_connection(("127.0.0.1", sandbox.ports.smtp), timeout=5) as wire:
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for start in range(0, len(group), size):
                wire.sendall(group[start : start + size])
            said = b"".join(iter(lambda: wire.recv(65536), b""))
        codes = [line[:3] for line in said.splitlines() if line[3:4] == b" "]
        assert codes == [
            b"220", b"250", b"250", b"550", b"250", b"354", b"250", b"250", b"250", b"250", b"221",
        ]  # fmt: skip
        kept = entries(sandbox, account)[-1]
        assert kept["recipients"] == ["b@example.net"]
        assert (sandbox.folder / "mail" / kept["file"]).read_bytes().endswith(b"\r\n.dot\r\n")


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (["MAIL FROM:<josé@example.org>"], "553"),
        (["MAIL FROM:<josé@example.org> SMTPUTF8"], "250"),
        (["MAIL FROM:<a@example.org> SIZE=99999999"], "552"),
        (["MAIL FROM: a@example.org"], "501"),
        (["RCPT TO:<a@example.org>"], "503"),
        (["DATA"], "503"),
        (["MAIL FROM:<a@example.org>", "DATA"], "554"),
        (["MAIL FROM:<a@example.org>", "MAIL FROM:<a@example.org>"], "503"),
        (["NONSENSE"], "500"),
        (["x" * 5000], "500"),
        (["AUTH NTLM"], "504"),
    ],
)
def test_what_is_said_wrongly_is_answered(sandbox: Sandbox, lines: list[str], code: str) -> None:
    with socket.create_connection(("127.0.0.1", sandbox.ports.smtp), timeout=5) as wire:
        answers = wire.makefile("rb")
        answers.readline()
        for line in lines:
            wire.sendall(line.encode() + b"\r\n")
            answer = answers.readline().decode()
        answers.close()
    assert answer[:3] == code


def test_mails_that_come_at_once_are_all_in_the_log(sandbox: Sandbox, account: str) -> None:
    def send(number: int) -> None:
        with smtplib.SMTP("127.0.0.1", sandbox.ports.smtp, timeout=5) as client:
            for each in range(5):
                client.send_message(letter(account, f"{number}-{each}"))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(send, range(4)))
    found = entries(sandbox, account)
    assert sorted(entry["subject"] for entry in found) == sorted(
        f"{number}-{each}" for number in range(4) for each in range(5)
    )
    assert len({entry["id"] for entry in found}) == 20
