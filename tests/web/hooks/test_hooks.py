"""A call of a relay is believed where it proves itself, and answered once it is committed."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID
from fastapi import FastAPI
from sqlalchemy import func, select

from campaigner.core.message import Kind as MessageKind
from campaigner.core.tokens import Keyring, Purpose, sign
from campaigner.db.engine import Sessions
from campaigner.db.models import Bounce, Subscriber
from campaigner.net import NoAnswerError
from campaigner.services.apply_bounces import Applier
from campaigner.settings import HookSettings
from campaigner.web import hooks
from tests.fakes import FakeClock
from tests.rows import add_message, add_sent

KEYRING = Keyring((b"k" * 32,))
TOPIC = "arn:aws:sns:us-east-1:123456789012:bounces"
SNS = "https://sns.us-east-1.amazonaws.com"
RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
PUBLIC = base64.b64encode(
    EC.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
).decode()
SECRETS = {
    ("postmark", "user"): "us",
    ("postmark", "password"): "secret",
    ("mailgun", "signing_key"): "key",
    ("sendgrid", "public_key"): PUBLIC,
}


@dataclass
class Wiring:
    """What of the app the hooks see."""

    applier: Applier
    clock: FakeClock
    certificate: bytes
    hooks: Mapping[str, HookSettings] = field(
        default_factory=lambda: {
            "ses": HookSettings(account="news", topic_arn=TOPIC),
            "postmark": HookSettings(account="news"),
            "sendgrid": HookSettings(account="news"),
            "mailgun": HookSettings(account="news"),
        }
    )
    fetched: list[str] = field(default_factory=list)

    def hook_secret(self, hook: str, name: str) -> str:
        return SECRETS.get((hook, name), "")

    def fetch_public(self, url: str) -> bytes:
        self.fetched.append(url)
        if not self.certificate:
            raise NoAnswerError("nobody answers")
        return self.certificate


@dataclass
class Desk:
    """One mail that was sent, and the server that relays call."""

    sessions: Sessions
    wiring: Wiring
    web: FastAPI
    token: str

    @property
    def message_id(self) -> str:
        return f"<m-{self.token}@example.net>"

    def call(self, path: str, body: object, *, method: str = "POST", **headers: str) -> int:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.web)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                return await client.request(method, path, content=raw, headers=headers)

        return asyncio.run(ask()).status_code

    def reports(self) -> list[tuple[str, str]]:
        with self.sessions() as session:
            rows = session.execute(select(Bounce.kind, Bounce.state).order_by(Bounce.id))
            return [(kind, state) for kind, state in rows]

    def is_suppressed(self) -> bool:
        with self.sessions() as session:
            return session.scalars(select(Subscriber.suppressed_at)).one() is not None


def certificate(now: datetime, *, days: int = 30) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(RSA.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=days))
        .sign(RSA, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )


@pytest.fixture
def desk(sessions: Sessions, clock: FakeClock) -> Desk:
    with sessions.begin() as session:
        reader = Subscriber(
            address="ana@example.org", mailbox="ana@example.org", locale="es", zone="UTC",
            added_at=clock.now,
        )  # fmt: skip
        session.add(reader)
        session.flush()
        message = add_message(session, kind=MessageKind.MAIL, account="news", channel="email")
        mail = add_sent(
            session, message, recipient="ana@example.org", subscriber_id=reader.id,
            remote_id="ses-1",
        )  # fmt: skip
    wiring = Wiring(Applier(sessions, KEYRING, clock), clock, certificate(clock.now))
    web = FastAPI()
    hooks.mount(web, wiring)
    return Desk(sessions, wiring, web, sign(KEYRING, Purpose.MESSAGE, mail.id))


def ses_bounce(**mail: Any) -> dict[str, Any]:
    bounced = {
        "emailAddress": "ana@example.org", "status": "5.1.1", "action": "failed",
        "diagnosticCode": "smtp; 550 5.1.1 user unknown",
    }  # fmt: skip
    return {
        "notificationType": "Bounce",
        "bounce": {"bounceType": "Permanent", "bounceSubType": "General",
                   "bouncedRecipients": [bounced], "timestamp": "2026-03-02T08:59:00.000Z"},
        "mail": {"messageId": "ses-1", **mail},
    }  # fmt: skip


def sns(message: object, now: datetime, **changes: str) -> dict[str, str]:
    """Return a notification, signed as Amazon does it; `changes` come after that."""
    note = {
        "Type": "Notification", "MessageId": "1", "TopicArn": TOPIC, "Message": json.dumps(message),
        "Timestamp": now.isoformat(), "SignatureVersion": "2",
        "SigningCertURL": f"{SNS}/SimpleNotificationService-1.pem",
    }  # fmt: skip
    note |= {
        name: value for name, value in changes.items() if name in ("Type", "SubscribeURL", "Token")
    }
    names = ["Message", "MessageId", "Timestamp", "TopicArn", "Type"]
    if note["Type"] == "SubscriptionConfirmation":
        names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    signed = "".join(f"{name}\n{note[name]}\n" for name in names).encode()
    note["Signature"] = base64.b64encode(
        RSA.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    ).decode()
    return note | changes


def test_ses_is_believed_by_its_certificate_which_is_fetched_once(desk: Desk) -> None:
    now = desk.wiring.clock.now
    assert desk.call("/hooks/ses", sns(ses_bounce(), now)) == 200
    assert (desk.reports(), desk.is_suppressed()) == ([("bounce", "applied")], True)
    assert desk.call("/hooks/ses", sns(ses_bounce(), now)) == 200
    assert len(desk.reports()) == 1, "the same notification counts once"
    assert len(desk.wiring.fetched) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"TopicArn": "arn:aws:sns:us-east-1:123456789012:other"},
        {"Message": '{"notificationType": "Bounce"}'},
        {"Signature": "AAAA"},
        {"Signature": ""},
        {"SignatureVersion": "3"},
        {"SigningCertURL": "https://sns.us-east-1.amazonaws.com.example.org/x.pem"},
        {"SigningCertURL": "https://evil@sns.us-east-1.amazonaws.com/x.pem"},
        {"SigningCertURL": "http://sns.us-east-1.amazonaws.com/x.pem"},
        {"SigningCertURL": "https://sns.eu-west-1.amazonaws.com/x.pem"},
        {"SigningCertURL": "https://sns.us-east-1.amazonaws.com/x.html"},
        {"SigningCertURL": "https://example.org/sns.us-east-1.amazonaws.com/x.pem"},
        {"Timestamp": "2026-03-02T07:00:00.000Z"},
        {"Type": "Other"},
    ],
)
def test_ses_is_not_believed_where_anything_is_amiss(desk: Desk, changes: dict[str, str]) -> None:
    note = sns(ses_bounce(), desk.wiring.clock.now) | changes
    assert desk.call("/hooks/ses", note) in (400, 401)
    assert desk.reports() == []
    assert all(url.startswith(f"{SNS}/") for url in desk.wiring.fetched)


def test_ses_must_be_recent_though_it_is_signed(desk: Desk) -> None:
    for hours in (-2, 2):
        note = sns(ses_bounce(), desk.wiring.clock.now + timedelta(hours=hours))
        assert desk.call("/hooks/ses", note) == 401
    assert desk.reports() == []


def test_a_certificate_that_ran_out_is_worth_nothing(desk: Desk) -> None:
    desk.wiring.certificate = certificate(desk.wiring.clock.now, days=-1)
    assert desk.call("/hooks/ses", sns(ses_bounce(), desk.wiring.clock.now)) == 401


def test_where_amazon_cannot_be_asked_it_has_to_tell_again(desk: Desk) -> None:
    desk.wiring.certificate = b""
    assert desk.call("/hooks/ses", sns(ses_bounce(), desk.wiring.clock.now)) == 503


def test_only_our_own_topics_subscription_is_confirmed(desk: Desk) -> None:
    now, url = desk.wiring.clock.now, f"{SNS}/?Action=ConfirmSubscription&Token=t"
    wanted = {"Type": "SubscriptionConfirmation", "SubscribeURL": url, "Token": "t"}
    assert desk.call("/hooks/ses", sns({}, now, **wanted)) == 200
    assert url in desk.wiring.fetched
    elsewhere = wanted | {"SubscribeURL": "https://example.org/?Action=ConfirmSubscription"}
    assert desk.call("/hooks/ses", sns({}, now, **elsewhere)) == 401
    assert desk.call("/hooks/ses", sns({}, now, **wanted, TopicArn=TOPIC + "x")) == 401
    assert "https://example.org/?Action=ConfirmSubscription" not in desk.wiring.fetched


def test_a_mail_that_nothing_ties_to_us_waits_though_the_relay_is_believed(desk: Desk) -> None:
    note = sns(ses_bounce(messageId="another"), desk.wiring.clock.now)
    assert desk.call("/hooks/ses", note) == 200
    assert (desk.reports(), desk.is_suppressed()) == ([("bounce", "waiting")], False)


def postmark_bounce(**values: Any) -> dict[str, Any]:
    return {
        "RecordType": "Bounce", "ID": 42, "Type": "HardBounce", "MessageID": "ses-1",
        "Details": "smtp;550 5.1.1 user unknown", "Email": "ana@example.org",
        "BouncedAt": "2026-03-02T08:50:00.1234567Z", **values,
    }  # fmt: skip


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_postmark_logs_in(desk: Desk) -> None:
    assert desk.call("/hooks/postmark", postmark_bounce()) == 401
    for wrong in (basic("us", "wrong"), basic("", ""), "Basic ????", "Bearer x"):
        assert desk.call("/hooks/postmark", postmark_bounce(), authorization=wrong) == 401
    right = basic("us", "secret")
    assert [desk.call("/hooks/postmark", postmark_bounce(), authorization=right)] * 2 == [200, 200]
    assert (desk.reports(), desk.is_suppressed()) == ([("bounce", "applied")], True)


def test_a_hook_without_its_secret_believes_nobody(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(SECRETS):
        monkeypatch.delitem(SECRETS, name)
    web = FastAPI()
    hooks.mount(web, desk.wiring)
    bare = replace(desk, web=web)
    empty = hmac.new(b"", b"1t", hashlib.sha256).hexdigest()
    mailgun = {"signature": {"timestamp": "1", "token": "t", "signature": empty}}
    assert bare.call("/hooks/postmark", postmark_bounce(), authorization=basic("", "")) == 401
    assert bare.call("/hooks/mailgun", mailgun) == 401
    assert bare.call("/hooks/sendgrid", []) == 401


def test_an_event_from_last_week_is_refused_quietly(desk: Desk) -> None:
    old = postmark_bounce(BouncedAt="2026-02-20T08:50:00Z")
    assert desk.call("/hooks/postmark", old, authorization=basic("us", "secret")) == 200
    assert desk.reports() == []


def sendgrid_call(
    desk: Desk, events: object, *, at: datetime | None = None, spoil: bytes = b""
) -> int:
    body = json.dumps(events).encode()
    time = str(int((at or desk.wiring.clock.now).timestamp()))
    given = EC.sign(time.encode() + body, ec.ECDSA(hashes.SHA256()))
    headers = {
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(given).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": time,
    }
    return desk.call("/hooks/sendgrid", body + spoil, **headers)


def sendgrid_bounce(desk: Desk, **values: Any) -> dict[str, Any]:
    return {
        "event": "bounce", "type": "bounce", "email": "ana@example.org", "status": "5.1.1",
        "reason": "550 5.1.1 user unknown", "smtp-id": desk.message_id, "sg_event_id": "e1",
        "timestamp": int(desk.wiring.clock.now.timestamp()), **values,
    }  # fmt: skip


def test_sendgrid_signs_time_and_body_and_tells_many_at_once(desk: Desk) -> None:
    events = [
        {"event": "processed"},
        sendgrid_bounce(desk),
        sendgrid_bounce(desk, event="spamreport", sg_event_id="e2"),
    ]
    assert sendgrid_call(desk, events, spoil=b" ") == 401
    assert sendgrid_call(desk, events, at=desk.wiring.clock.now - timedelta(minutes=16)) == 401
    assert desk.reports() == []
    assert [sendgrid_call(desk, events) for _ in range(2)] == [200, 200]
    assert desk.reports() == [("bounce", "applied"), ("complaint", "applied")]
    assert desk.is_suppressed()


def test_what_sendgrid_calls_blocked_is_never_hard(desk: Desk) -> None:
    assert sendgrid_call(desk, [sendgrid_bounce(desk, type="blocked")]) == 200
    assert (desk.reports(), desk.is_suppressed()) == ([("bounce", "applied")], False)


def mailgun(
    desk: Desk, *, token: str = "t1", event: str = "failed", key: str = "key"
) -> dict[str, Any]:
    time = str(int(desk.wiring.clock.now.timestamp()))
    given = hmac.new(key.encode(), (time + token).encode(), hashlib.sha256).hexdigest()
    return {
        "signature": {"timestamp": time, "token": token, "signature": given},
        "event-data": {
            "event": event, "severity": "permanent", "id": "1", "recipient": "ana@example.org",
            "delivery-status": {"code": 550, "message": "5.1.1 user unknown"},
            "message": {"headers": {"message-id": desk.message_id.strip("<>")}},
            "timestamp": desk.wiring.clock.now.timestamp(),
        },
    }  # fmt: skip


def test_a_token_of_mailgun_counts_once_whatever_is_told_with_it(desk: Desk) -> None:
    assert desk.call("/hooks/mailgun", mailgun(desk, key="wrong")) == 401
    assert desk.call("/hooks/mailgun", mailgun(desk, event="delivered")) == 200
    assert desk.call("/hooks/mailgun", mailgun(desk, event="failed")) == 200
    assert (desk.reports(), desk.is_suppressed()) == ([("delivered", "applied")], False)
    assert desk.call("/hooks/mailgun", mailgun(desk, token="t2")) == 200
    assert desk.is_suppressed()


@pytest.mark.parametrize("body", [b"", b"[", b"[" * 60_000, b"null", b"[1]", b'{"signature": 1}'])
def test_nonsense_is_refused_and_harms_nobody(desk: Desk, body: bytes) -> None:
    for name in ("ses", "mailgun", "sendgrid"):
        assert desk.call(f"/hooks/{name}", body) in (400, 401)
    answer = desk.call("/hooks/postmark", body, authorization=basic("us", "secret"))
    assert answer in (200, 400)
    assert desk.reports() == []


def test_what_is_longer_than_any_call_is_not_read(desk: Desk) -> None:
    assert desk.call("/hooks/ses", b" " * (hooks.MOST_BYTES + 1)) == 413


def test_get_and_head_change_nothing_and_hooks_that_are_not_set_are_not_there(desk: Desk) -> None:
    for method in ("GET", "HEAD", "OPTIONS"):
        assert desk.call("/hooks/ses", b"", method=method) == 405
    assert desk.call("/hooks/other", b"") == 404
    with desk.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Bounce)) == 0
