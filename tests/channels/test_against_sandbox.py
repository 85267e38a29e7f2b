"""The channels against the sandbox: real libraries, real protocols, and its faults."""

import base64
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from campaigner.channels import open_channel, open_relay
from campaigner.core.channel import (
    Absent,
    Channel,
    Disconnected,
    Duplicate,
    Outcome,
    Reject,
    Relay,
    Retry,
    Sent,
    Unknown,
)
from campaigner.core.counting import length
from campaigner.core.message import Attachment, Outgoing, OutgoingMail
from campaigner.sandbox.faults import Fault, Kind
from campaigner.sandbox.log import read_log
from campaigner.sandbox.server import Sandbox
from campaigner.settings import SandboxSettings
from tests.channels.posts import post

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
NETWORKS = ("x", "mastodon")


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    ports = SandboxSettings(page=0, x=0, mastodon=0, smtp=0)
    with Sandbox(ports, tmp_path / "sandbox") as sandbox:
        yield sandbox


@pytest.fixture
def opened(sandbox: Sandbox) -> Callable[[str], Channel]:
    def open_one(network: str, *, token: str = "sandbox-icann") -> Channel:
        return open_channel(
            network,
            base=sandbox.ports.base(network),
            secret=lambda name: token if name == "token" else "",
            loopback_only=True,
        )

    return open_one


def fresh(number: int = 1, **parts: object) -> Outgoing:
    link = f"https://example.org/?a=1&utm_content=key{number}"
    text = f"Hola & adiós {number} #DNS\n{link}"
    whole = {
        "key": f"key{number}",
        "text": text,
        "link": link,
        "first_attempt_at": datetime.now(UTC),
    }
    return post(**{**whole, **parts})


@pytest.mark.parametrize("network", NETWORKS)
def test_a_post_arrives_and_is_found_and_sampled(
    sandbox: Sandbox, opened: Callable[[str], Channel], network: str
) -> None:
    channel = opened(network)
    me = channel.whoami()
    sent = channel.send(fresh())
    assert isinstance(me, Sent)
    assert isinstance(sent, Sent)
    found = channel.find(fresh())
    assert isinstance(found, Sent)
    assert found.remote_id == sent.remote_id
    assert channel.find(fresh(2)) == Absent()
    sampled = channel.sample([sent.remote_id, "404404"])
    assert isinstance(sampled, dict)
    assert list(sampled) == [sent.remote_id]
    assert {"reactions", "replies", "shares"} <= set(sampled[sent.remote_id].values)
    assert ("impressions" in sampled[sent.remote_id].values) is (network == "x")
    entry = next(entry for entry in read_log(sandbox.folder) if entry["event"] == "accepted")
    assert entry["text"] == fresh().text
    assert entry["length"] == length(network, fresh().text), "two codes count alike"


@pytest.mark.parametrize("network", NETWORKS)
def test_a_post_without_a_link_is_found_by_its_words(
    opened: Callable[[str], Channel], network: str
) -> None:
    channel = opened(network)
    plain = fresh(text="¿Qué es <DNS>?\n\nDos líneas & más  #DNS", link="")
    sent = channel.send(plain)
    assert isinstance(sent, Sent)
    found = channel.find(plain)
    assert isinstance(found, Sent)
    assert found.remote_id == sent.remote_id


@pytest.mark.parametrize("network", NETWORKS)
def test_pictures_arrive_with_their_words(
    sandbox: Sandbox, opened: Callable[[str], Channel], network: str
) -> None:
    picture = Attachment(name="lock.png", mime="image/png", data=PNG, alt="Un candado")
    with_picture = fresh(media=(picture, picture))
    channel = opened(network)
    assert isinstance(channel.send(with_picture), Sent)
    assert isinstance(channel.find(with_picture), Sent)
    entry = next(entry for entry in read_log(sandbox.folder) if entry["event"] == "accepted")
    assert [medium["alt"] for medium in entry["media"]] == ["Un candado"] * 2


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Kind.RATE_LIMITED, Retry),
        (Kind.ACCEPT_AND_DROP, Unknown),
        (Kind.ERROR_AFTER_ACCEPT, Unknown),
        (Kind.MALFORMED, Unknown),
    ],
)
@pytest.mark.parametrize("network", NETWORKS)
def test_faults_are_told_apart(
    sandbox: Sandbox,
    opened: Callable[[str], Channel],
    network: str,
    kind: Kind,
    expected: type[Outcome],
) -> None:
    sandbox.add_fault(Fault(network=network, kind=kind, times=1, seconds=90))
    channel = opened(network)
    outcome = channel.send(fresh())
    assert type(outcome) is expected
    if isinstance(outcome, Retry):
        assert outcome.reset_at is not None
        assert outcome.reset_at > datetime.now(UTC) + timedelta(seconds=30)
        assert channel.find(fresh()) == Absent()
    else:
        assert isinstance(channel.find(fresh()), Sent)
    accepted = [entry for entry in read_log(sandbox.folder) if entry["event"] == "accepted"]
    assert len(accepted) == kind.accepts


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Kind.SERVER_ERROR, Unknown),
        (Kind.CONFLICT, Unknown),
        (Kind.EXPIRED_TOKEN, Disconnected),
        (Kind.REVOKED_TOKEN, Disconnected),
    ],
)
@pytest.mark.parametrize("network", NETWORKS)
def test_what_was_not_taken_is_not_there(
    sandbox: Sandbox,
    opened: Callable[[str], Channel],
    network: str,
    kind: Kind,
    expected: type[Outcome],
) -> None:
    sandbox.add_fault(Fault(network=network, kind=kind, times=1))
    channel = opened(network)
    assert type(channel.send(fresh())) is expected
    assert channel.find(fresh()) == Absent()
    assert isinstance(channel.send(fresh()), Sent)


@pytest.mark.parametrize("network", NETWORKS)
def test_no_malformed_answer_is_taken_for_an_id(
    sandbox: Sandbox, opened: Callable[[str], Channel], network: str
) -> None:
    sandbox.add_fault(Fault(network=network, kind=Kind.MALFORMED, times=3))
    channel = opened(network)
    outcomes = [channel.send(fresh(number)) for number in range(1, 4)]
    assert [type(outcome) for outcome in outcomes] == [Unknown] * 3
    assert all(isinstance(channel.find(fresh(number)), Sent) for number in range(1, 4))


def test_the_same_key_on_mastodon_is_the_same_post(
    sandbox: Sandbox, opened: Callable[[str], Channel]
) -> None:
    sandbox.add_fault(Fault(network="mastodon", kind=Kind.ACCEPT_AND_DROP, times=1))
    channel = opened("mastodon")
    assert isinstance(channel.send(fresh()), Unknown)
    sent, found = channel.send(fresh()), channel.find(fresh())
    assert isinstance(sent, Sent)
    assert isinstance(found, Sent)
    assert sent.remote_id == found.remote_id


def test_the_same_text_on_x_is_a_duplicate(opened: Callable[[str], Channel]) -> None:
    channel = opened("x")
    assert isinstance(channel.send(fresh()), Sent)
    assert isinstance(channel.send(fresh()), Duplicate)


@pytest.mark.parametrize("network", NETWORKS)
def test_what_is_too_long_is_rejected(opened: Callable[[str], Channel], network: str) -> None:
    assert isinstance(opened(network).send(fresh(text="语" * 600, link="")), Reject)


@pytest.mark.parametrize("network", NETWORKS)
def test_a_wrong_token_disconnects(sandbox: Sandbox, network: str) -> None:
    channel = open_channel(
        network, base=sandbox.ports.base(network), secret=lambda _: "wrong", loopback_only=True
    )
    assert isinstance(channel.send(fresh()), Disconnected)
    assert isinstance(channel.whoami(), Disconnected)


def test_keys_of_the_older_kind_are_understood(sandbox: Sandbox) -> None:
    keys = {
        "api_key": "a",
        "api_secret": "b",
        "access_token": "sandbox-icann",
        "access_secret": "c",
    }
    channel = open_channel(
        "x", base=sandbox.ports.base("x"), secret=lambda name: keys.get(name, "")
    )
    assert isinstance(channel.send(fresh()), Sent)


def mail(recipient: str = "ana@example.com") -> OutgoingMail:
    data = b"From: ICANN LAC <lac@example.org>\r\nSubject: Hola\r\n\r\n.Hola\r\n"
    return OutgoingMail(key="k3y", envelope_from="lac@example.org", recipient=recipient, data=data)


@pytest.fixture
def relay(sandbox: Sandbox) -> Iterator[Relay]:
    relay = open_relay(base=sandbox.ports.base("email"), secret=lambda _: "", loopback_only=True)
    yield relay
    relay.close()


def test_a_mail_arrives_as_it_was(sandbox: Sandbox, relay: Relay) -> None:
    assert isinstance(relay.send(mail()), Sent)
    assert isinstance(relay.send(mail("josé@correo.example")), Sent)
    stored = sorted((sandbox.folder / "mail").glob("*.eml"))
    assert len(stored) == 2
    assert stored[0].read_bytes().endswith(b"\r\n\r\n.Hola\r\n")


def test_a_refused_mail_is_rejected_and_the_next_arrives(relay: Relay) -> None:
    assert isinstance(relay.send(mail("refused@example.com")), Reject)
    assert isinstance(relay.send(mail()), Sent)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Kind.RATE_LIMITED, Retry),
        (Kind.ACCEPT_AND_DROP, Unknown),
        (Kind.ERROR_AFTER_ACCEPT, Unknown),
        (Kind.SERVER_ERROR, Retry),
        (Kind.CONFLICT, Retry),
        (Kind.EXPIRED_TOKEN, Disconnected),
        (Kind.REVOKED_TOKEN, Disconnected),
        (Kind.MALFORMED, Unknown),
    ],
)
def test_faults_of_a_relay_are_told_apart(
    sandbox: Sandbox, relay: Relay, kind: Kind, expected: type[Outcome]
) -> None:
    sandbox.add_fault(Fault(network="smtp", kind=kind, times=1))
    assert type(relay.send(mail())) is expected
    assert isinstance(relay.send(mail()), Sent)
