"""The mail server as smtplib meets it."""

import smtplib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email import policy
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
    assert {"size", "8bitmime", "smtputf8", "auth"} <= smtp.esmtp_features.keys()
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


@pytest.mark.parametrize("name", ["bounce", "the.BOUNCE.box", "refused+1"])
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
