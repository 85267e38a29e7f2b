"""A mail on its way to the relay: what each answer, and each silence, means."""

import ssl
from datetime import timedelta
from typing import Any

import pytest

from campaigner.channels import open_relay
from campaigner.channels.email import Email, server_at
from campaigner.core.channel import Disconnected, Outcome, Reject, Relay, Retry, Sent, Unknown
from campaigner.core.message import OutgoingMail
from campaigner.errors import UserError
from campaigner.mail.smtp import SmtpReply, Timeouts
from campaigner.mail.transport import Server, Transport, after_dot, after_mail, id_in
from tests.channels.stub import closed_port
from tests.mail.relay_stub import DROP, EHLO, STALL, TLS, RelayStub

SOON = timedelta(milliseconds=200)
IMPATIENT = Timeouts(
    connect=SOON, greeting=SOON, command=SOON, data=SOON, block=SOON, final=SOON, goodbye=SOON
)
SENT = Sent("4F1A2B")


def mail(**parts: Any) -> OutgoingMail:
    whole = {
        "key": "k3y",
        "envelope_from": "lac@example.org",
        "recipient": "ana@example.com",
        "data": b"Subject: Hola\r\n\r\nHola\r\n",
    }
    return OutgoingMail(**{**whole, **parts})


def email(stub: RelayStub, **settings: Any) -> Email:
    return Email(
        name="newsletter",
        base=f"smtp://127.0.0.1:{stub.port}",
        timeouts=IMPATIENT,
        **{"credentials": {}, **settings},
    )


def over_tls(stub: RelayStub, **settings: Any) -> Transport:
    context = ssl.create_default_context(cafile=TLS / "localhost.crt")
    whole = {
        "host": "localhost",
        "port": stub.port,
        "encrypted": False,
        "start_tls": True,
        "context": context,
        "timeouts": Timeouts(),
    }
    return Transport(Server(**{**whole, **settings}))


def test_a_mail_is_submitted_over_a_kept_connection() -> None:
    with RelayStub() as stub:
        relay = email(stub)
        assert [relay.send(mail()), relay.send(mail(recipient="eva@example.com"))] == [SENT, SENT]
        relay.close()
    assert stub.connections == 1
    assert stub.lines[1:4] == [
        "MAIL FROM:<lac@example.org> SIZE=23",
        "RCPT TO:<ana@example.com>",
        "DATA",
    ]
    assert stub.verbs == ["EHLO", "MAIL", "RCPT", "DATA", "MAIL", "RCPT", "DATA", "QUIT"]
    assert stub.mails[0] == b"Subject: Hola\r\n\r\nHola\r\n"


@pytest.mark.parametrize(
    ("verb", "said", "expected"),
    [
        ("GREETING", "554 5.3.2 No service", Retry),
        ("GREETING", "421 4.3.2 Busy", Retry),
        ("GREETING", DROP, Retry),
        ("GREETING", STALL, Retry),
        ("GREETING", "HTTP/1.1 400 Bad Request", Retry),
        ("EHLO", "421 4.3.2 Busy", Retry),
        ("EHLO", DROP, Retry),
        ("MAIL", "421 4.7.0 Too many", Retry),
        ("MAIL", "451 4.3.0 Later", Retry),
        ("MAIL", "452 4.3.1 Full", Retry),
        ("MAIL", "530 5.7.0 Authentication required", Disconnected),
        ("MAIL", "550 5.7.1 Sender not allowed", Disconnected),
        ("MAIL", "552 5.3.4 Too big", Reject),
        ("MAIL", DROP, Retry),
        ("MAIL", STALL, Retry),
        ("RCPT", "421 4.7.0 Too many", Retry),
        ("RCPT", "450 4.2.0 Greylisted", Retry),
        ("RCPT", "550 5.1.1 No such user", Reject),
        ("RCPT", "550-5.1.1 No such\r\n550 5.1.1 user", Reject),
        ("RCPT", "530 5.7.0 Authentication required", Disconnected),
        ("RCPT", DROP, Retry),
        ("DATA", "451 4.3.0 Later", Retry),
        ("DATA", "554 5.5.1 No recipients", Reject),
        ("DATA", "250 What?", Retry),
        ("DATA", DROP, Retry),
        ("DATA", STALL, Retry),
        (".", "421 4.3.0 Closing", Retry),
        (".", "451 4.3.0 Later", Retry),
        (".", "554 5.7.1 Spam", Reject),
        (".", "250 Ok", Sent),
        (".", "354 Go on", Unknown),
        (".", DROP, Unknown),
        (".", STALL, Unknown),
        (".", "garbage", Unknown),
        (".", "250-and so", Unknown),
    ],
)
def test_what_becomes_of_a_mail(verb: str, said: str, expected: type[Outcome]) -> None:
    with RelayStub({verb: said}) as stub:
        relay = email(stub)
        outcome = relay.send(mail())
        relay.close()
    assert type(outcome) is expected
    assert stub.connections == 1, "a mail is not tried again by itself"


def test_a_refused_connection_costs_the_mail_nothing() -> None:
    relay = Email(name="n", base=f"smtp://127.0.0.1:{closed_port()}", credentials={})
    outcome = relay.send(mail())
    assert isinstance(outcome, Retry)
    assert not outcome.reached


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
def test_a_refusal_leaves_the_connection_to_the_next(verb: str) -> None:
    with RelayStub({verb: "550 5.1.1 No"}) as stub:
        relay = email(stub)
        assert isinstance(relay.send(mail()), Reject)
        assert isinstance(relay.send(mail()), Reject)
        relay.close()
    assert stub.connections == 1
    assert stub.verbs.count("RSET") == 2


@pytest.mark.parametrize("said", [DROP, "421 4.4.2 Idle too long"])
def test_a_kept_connection_that_went_away_is_made_anew(said: str) -> None:
    with RelayStub({"MAIL": ("250 2.1.0 Ok", said)}, {}) as stub:
        relay = email(stub)
        assert [relay.send(mail()), relay.send(mail())] == [SENT, SENT]
        relay.close()
    assert (stub.connections, len(stub.mails)) == (2, 2)


def test_silence_after_the_dot_is_not_tried_again() -> None:
    with RelayStub({".": DROP}, {}) as stub:
        relay = email(stub)
        assert isinstance(relay.send(mail()), Unknown)
        assert len(stub.mails) == 1
        assert relay.send(mail(recipient="eva@example.com")) == SENT
        relay.close()
    assert stub.connections == 2


@pytest.mark.parametrize(
    ("offered", "per_connection"), [("", 100), ("\r\n250 LIMITS MAILMAX=3", 3)]
)
def test_a_connection_is_recycled(offered: str, per_connection: int) -> None:
    ehlo = f"250-relay.example\r\n250-SIZE 10000{offered}" if offered else EHLO
    with RelayStub({"EHLO": ehlo}) as stub:
        relay = email(stub)
        for _ in range(per_connection + 1):
            assert relay.send(mail()) == SENT
        relay.close()
    assert stub.connections == 2
    assert stub.verbs.count("QUIT") == 2


@pytest.mark.parametrize(
    ("data", "on_the_wire"),
    [
        (b"A: b\r\n\r\n.\r\n..\r\n.x\r\n", b"A: b\r\n\r\n..\r\n...\r\n..x\r\n"),
        (b".A: b\r\n\r\nx", b"..A: b\r\n\r\nx\r\n"),
    ],
)
def test_a_dot_at_the_start_of_a_line_is_doubled(data: bytes, on_the_wire: bytes) -> None:
    with RelayStub() as stub:
        relay = email(stub)
        assert relay.send(mail(data=data)) == SENT
        relay.close()
    assert stub.mails == [on_the_wire]


@pytest.mark.parametrize(
    "parts",
    [
        {"data": b"A: b\r\n\r\nx\ny\r\n"},
        {"data": b"A: b\r\n\r\nx\ry\r\n"},
        {"data": b"A: b\r\n\r\nx\x00\r\n"},
        {"data": b"A: b\n.\r\nMAIL FROM:<evil@example.org>\r\n"},
        {"recipient": "ana@example.com>\r\nRCPT TO:<eva@example.com"},
        {"recipient": "ana maria@example.com"},
        {"envelope_from": "a\n@example.org"},
    ],
)
def test_what_could_smuggle_is_refused(parts: dict[str, Any]) -> None:
    with RelayStub() as stub:
        assert isinstance(email(stub).send(mail(**parts)), Reject)
    assert stub.connections == 0


@pytest.mark.parametrize(
    ("parts", "line"),
    [
        ({"recipient": "josé@correo.example"}, "SIZE=23 SMTPUTF8"),
        ({"recipient": "jose@ñandú.example"}, "SIZE=23"),
        ({"data": "Subject: año\r\n\r\nx\r\n".encode()}, "SIZE=20 BODY=8BITMIME SMTPUTF8"),
        ({"data": "Subject: x\r\n\r\naño\r\n".encode()}, "SIZE=20 BODY=8BITMIME"),
        ({"envelope_from": ""}, "SIZE=23"),
    ],
)
def test_only_what_is_needed_is_asked_for(parts: dict[str, Any], line: str) -> None:
    with RelayStub() as stub:
        relay = email(stub)
        assert relay.send(mail(**parts)) == SENT
        relay.close()
    sender = parts.get("envelope_from", "lac@example.org")
    assert stub.lines[1] == f"MAIL FROM:<{sender}> {line}"


def test_a_domain_is_written_as_every_relay_can_read_it() -> None:
    with RelayStub() as stub:
        relay = email(stub)
        relay.send(mail(recipient="josé@ñandú.example"))
        relay.close()
    assert stub.lines[2] == "RCPT TO:<josé@xn--and-6ma2c.example>"


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"recipient": "josé@correo.example"}, "SMTPUTF8"),
        ({"data": "Subject: año\r\n\r\nx\r\n".encode()}, "SMTPUTF8"),
        ({"data": "Subject: x\r\n\r\naño\r\n".encode()}, "8BITMIME"),
        ({"data": b"A: b\r\n\r\n" + b"x" * 100 + b"\r\n"}, "the relay takes 50"),
    ],
)
def test_what_the_relay_cannot_take_is_rejected_with_the_reason(
    parts: dict[str, Any], reason: str
) -> None:
    with RelayStub({"EHLO": "250-relay.example\r\n250 SIZE 50"}) as stub:
        relay = email(stub)
        outcome = relay.send(mail(**parts))
        relay.close()
    assert isinstance(outcome, Reject)
    assert reason in outcome.reason
    assert "MAIL" not in stub.verbs


def test_tls_is_started_and_all_is_asked_again() -> None:
    before = {"EHLO": "250-relay.example\r\n250 STARTTLS"}
    after = {"EHLO AFTER TLS": "250-relay.example\r\n250 AUTH LOGIN PLAIN"}
    with RelayStub({**before, **after}) as stub:
        transport = over_tls(stub, user="ana", password="s3cret")
        assert transport.send(mail()) == SENT
        transport.close()
    assert stub.verbs[:5] == ["EHLO", "STARTTLS", "EHLO", "AUTH", "MAIL"]
    assert stub.lines[3] == "AUTH PLAIN AGFuYQBzM2NyZXQ="
    assert stub.lines[4] == "MAIL FROM:<lac@example.org>", "SIZE was offered in the clear only"


def test_without_tls_nothing_is_sent() -> None:
    with RelayStub() as stub:
        outcome = over_tls(stub, user="ana", password="s3cret").send(mail())
    assert isinstance(outcome, Disconnected)
    assert "STARTTLS" in outcome.reason
    assert stub.verbs == ["EHLO"]


def test_a_certificate_that_is_not_trusted_is_refused() -> None:
    with RelayStub({"EHLO": "250-relay.example\r\n250 STARTTLS"}) as stub:
        outcome = over_tls(stub, context=ssl.create_default_context()).send(mail())
    assert isinstance(outcome, Retry)
    assert "certificate" in outcome.reason
    assert "MAIL" not in stub.verbs


def test_a_certificate_for_another_name_is_refused() -> None:
    with RelayStub(encrypted=True) as stub:
        outcome = over_tls(stub, host="127.0.0.1", encrypted=True, start_tls=False).send(mail())
    assert isinstance(outcome, Retry)


def test_words_slipped_in_before_the_encryption_are_noticed() -> None:
    script = {
        "EHLO": "250-relay.example\r\n250 STARTTLS",
        "STARTTLS": "220 Ready\r\n250 Injected",
    }
    with RelayStub(script) as stub:
        assert isinstance(over_tls(stub).send(mail()), Retry)
    assert "MAIL" not in stub.verbs


def test_tls_from_the_first_byte() -> None:
    with RelayStub(encrypted=True) as stub:
        transport = over_tls(stub, encrypted=True)
        assert transport.send(mail()) == SENT
        transport.close()
    assert "STARTTLS" not in stub.verbs


@pytest.mark.parametrize(
    ("offer", "said", "expected"),
    [
        ("AUTH PLAIN", "535 5.7.8 Wrong", Disconnected),
        ("AUTH LOGIN", "504 5.5.4 Unknown", Disconnected),
        ("AUTH PLAIN", "454 4.7.0 Later", Retry),
        ("SIZE 1", "235 Welcome", Disconnected),
    ],
)
def test_a_refused_login_disconnects_the_account(
    offer: str, said: str, expected: type[Outcome]
) -> None:
    with RelayStub({"EHLO": f"250-relay.example\r\n250 {offer}", "AUTH": said}) as stub:
        relay = email(stub, credentials={"user": "ana", "password": "s3cret"})
        outcome = relay.send(mail())
    assert type(outcome) is expected
    assert "MAIL" not in stub.verbs


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ("Ok: queued as 4F1A2B", "4F1A2B"),
        ("OK id=1qX2aB-0001", "1qX2aB-0001"),
        ("Ok 0100018f3c-1a2b-3c4d-000000", "0100018f3c-1a2b-3c4d-000000"),
        ("OK  1700000000 d9443c01a7336-abc.12 - gsmtp", "d9443c01a7336-abc.12"),
        ("<abc@mx.example> [InternalId=5] Queued mail for delivery", "abc@mx.example"),
        ("Message accepted for delivery", ""),
        ("Ok", ""),
    ],
)
def test_the_relays_name_for_a_mail_is_read(text: str, id: str) -> None:
    assert id_in(text) == id


def test_policy_refuses_the_sender_before_the_dot_and_the_mail_after_it() -> None:
    reply = SmtpReply(code=550, status="5.7.1", text="Not allowed")
    assert isinstance(after_mail(reply), Disconnected)
    assert isinstance(after_dot(reply), Reject)


@pytest.mark.parametrize(
    ("base", "host", "port", "encrypted", "start_tls"),
    [
        ("smtp://relay.example.org", "relay.example.org", 587, False, True),
        ("smtp://relay.example.org:25", "relay.example.org", 25, False, True),
        ("smtps://relay.example.org", "relay.example.org", 465, True, True),
        ("smtp://127.0.0.1:8725", "127.0.0.1", 8725, False, False),
    ],
)
def test_a_relays_address(
    base: str, host: str, port: int, encrypted: bool, start_tls: bool
) -> None:
    server = server_at(
        base, credentials={}, timeouts=Timeouts(), context=ssl.create_default_context()
    )
    assert (server.host, server.port) == (host, port)
    assert (server.encrypted, server.start_tls) == (encrypted, start_tls)


@pytest.mark.parametrize("base", ["relay.example.org", "http://a.example", "smtp://a:port", ""])
def test_what_is_no_relays_address_says_what_to_write(base: str) -> None:
    with pytest.raises(UserError, match="Write smtp://"):
        Email(name="n", base=base, credentials={})


def test_a_rehearsal_goes_nowhere_else() -> None:
    with pytest.raises(UserError, match="only this machine"):
        open_relay(base="smtp://relay.example.org", secret=lambda _: "", loopback_only=True)


def test_it_is_a_relay_and_shows_no_secret() -> None:
    relay: Relay = open_relay(base="smtp://127.0.0.1:1", secret=lambda _: "s3cret")
    relay.close()
    server = server_at(
        "smtp://a.example",
        credentials={"password": "s3cret"},
        timeouts=Timeouts(),
        context=ssl.create_default_context(),
    )
    assert "s3cret" not in repr(server)
