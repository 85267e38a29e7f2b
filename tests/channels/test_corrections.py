"""Editing, deleting and answering what is out: against the sandbox, and servers that misbehave."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from campaigner.channels import open_channel
from campaigner.core.channel import (
    Absent,
    Channel,
    Corrected,
    Disconnected,
    Done,
    Gone,
    NotOffered,
    Reject,
    Retry,
    Sent,
    Unknown,
)
from campaigner.core.message import Attachment
from campaigner.sandbox.log import Entry, read_log
from campaigner.sandbox.server import Sandbox
from campaigner.settings import SandboxSettings
from tests.channels.posts import post
from tests.channels.stub import DROP, Stub, answer, closed_port
from tests.channels.test_against_sandbox import PNG

NETWORKS = ("x", "mastodon")
Open = Callable[[str], Channel]


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    ports = SandboxSettings(page=0, x=0, mastodon=0, smtp=0)
    with Sandbox(ports, tmp_path / "sandbox") as sandbox:
        yield sandbox


@pytest.fixture
def opened(sandbox: Sandbox) -> Open:
    return lambda network: at(network, sandbox.ports.base(network))


def at(network: str, base: str) -> Channel:
    secrets = {"token": "sandbox-icann"}
    return open_channel(
        network, base=base, secret=lambda name: secrets.get(name, ""), loopback_only=True
    )


def events(sandbox: Sandbox, event: str) -> list[Entry]:
    return [entry for entry in read_log(sandbox.folder) if entry["event"] == event]


def send(channel: Channel, **parts: object) -> str:
    sent = channel.send(post(**{"first_attempt_at": datetime.now(UTC), **parts}))
    assert isinstance(sent, Sent)
    return sent.remote_id


def test_an_edit_keeps_pictures_and_language(sandbox: Sandbox, opened: Open) -> None:
    picture = Attachment(name="lock.png", mime="image/png", data=PNG, alt="Un candado")
    channel = opened("mastodon")
    id = send(channel, media=(picture, picture))
    assert channel.edit(id, "Otra cosa") == Done()
    (before,), (edited,) = events(sandbox, "accepted"), events(sandbox, "edited")
    assert (edited["id"], edited["text"]) == (id, "Otra cosa")
    assert edited["language"] == before["language"]
    assert edited["media"] == before["media"]


def test_to_say_the_same_edit_again_changes_nothing(sandbox: Sandbox, opened: Open) -> None:
    channel = opened("mastodon")
    id = send(channel)
    assert channel.edit(id, "Otra cosa") == Done()
    assert channel.edit(id, "Otra cosa") == Done()
    assert len(events(sandbox, "edited")) == 1


def test_an_edit_that_does_not_fit_is_rejected(opened: Open) -> None:
    channel = opened("mastodon")
    assert isinstance(channel.edit(send(channel), "n" * 501), Reject)


def test_x_offers_no_edit(opened: Open) -> None:
    channel = opened("x")
    assert isinstance(channel.edit(send(channel), "Otra cosa"), NotOffered)


@pytest.mark.parametrize("network", NETWORKS)
def test_what_is_deleted_is_gone(sandbox: Sandbox, opened: Open, network: str) -> None:
    channel = opened(network)
    id = send(channel)
    assert channel.delete(id) == Done()
    assert channel.delete(id) == Gone(), "to say it again is safe"
    assert channel.find(post(first_attempt_at=datetime.now(UTC))) == Absent()
    assert len(events(sandbox, "deleted")) == 1


def test_what_is_gone_is_not_edited(opened: Open) -> None:
    assert opened("mastodon").edit("404404", "Otra cosa") == Gone()


@pytest.mark.parametrize("network", NETWORKS)
def test_an_answer_stands_below_its_post_and_is_found(
    sandbox: Sandbox, opened: Open, network: str
) -> None:
    channel = opened(network)
    id = send(channel)
    answers = post(
        key="c1", text="Corrección: mañana", link="", reply_to=id,
        first_attempt_at=datetime.now(UTC),
    )  # fmt: skip
    sent = channel.send(answers)
    assert isinstance(sent, Sent)
    assert [entry["reply_to"] for entry in events(sandbox, "accepted")] == ["", id]
    found = channel.find(answers)
    assert isinstance(found, Sent)
    assert found.remote_id == sent.remote_id


@pytest.mark.parametrize("network", NETWORKS)
def test_an_answer_to_nothing_is_rejected_and_the_account_stays(opened: Open, network: str) -> None:
    channel = opened(network)
    id = send(channel)
    channel.delete(id)
    outcome = channel.send(
        post(text="Corrección", link="", reply_to=id, first_attempt_at=datetime.now(UTC))
    )
    assert isinstance(outcome, Reject)


def test_a_wrong_token_is_told(sandbox: Sandbox) -> None:
    for network in NETWORKS:
        channel = open_channel(
            network, base=sandbox.ports.base(network), secret=lambda _: "wrong", loopback_only=True
        )
        assert isinstance(channel.delete("1"), Disconnected)
    assert isinstance(channel.edit("1", "Otra cosa"), Disconnected)


def test_a_limit_on_deletions_says_until_when(opened: Open) -> None:
    channel = opened("mastodon")
    id = send(channel)
    answers = [channel.delete("404404") for _ in range(30)]
    assert answers == [Gone()] * 30
    refused = channel.delete(id)
    assert isinstance(refused, Retry)
    assert refused.reset_at is not None
    assert refused.reset_at > datetime.now(UTC)


STATUS = answer(200, json.dumps({"id": "1", "media_attachments": [{"id": "9"}], "sensitive": True}))


def test_an_edit_sends_back_what_it_must_not_lose() -> None:
    with Stub(STATUS, STATUS) as stub:
        assert at("mastodon", stub.base).edit("1", "Otra cosa") == Done()
    asked = stub.requests[1].decode()
    assert asked.startswith("PUT /api/v1/statuses/1 ")
    assert "media_ids%5B%5D=9" in asked
    assert "sensitive=1" in asked


def test_a_picture_that_cannot_be_read_loses_no_edit_in_silence() -> None:
    for said in (DROP, answer(503), answer(200, "no JSON")):
        with Stub(said) as stub:
            assert isinstance(at("mastodon", stub.base).edit("1", "Otra cosa"), Retry)
        assert len(stub.requests) <= 1, "nothing was asked to change"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (DROP, Unknown),
        (answer(500), Unknown),
        (answer(200, "{"), Unknown),
        (answer(301, headers={"Location": "/"}), Disconnected),
        (answer(404, "<html>"), Disconnected),
        (answer(422, '{"error": "no"}'), Reject),
        (answer(429, '{"error": "no"}'), Retry),
    ],
)
@pytest.mark.parametrize("network", NETWORKS)
def test_answers_to_a_deletion_are_told_apart(
    network: str, said: bytes, expected: type[Corrected]
) -> None:
    with Stub(said) as stub:
        assert type(at(network, stub.base).delete("1")) is expected


@pytest.mark.parametrize("network", NETWORKS)
def test_where_nobody_listens_nothing_was_deleted(network: str) -> None:
    refused = at(network, f"http://127.0.0.1:{closed_port()}").delete("1")
    assert isinstance(refused, Retry)
    assert not refused.reached


@pytest.mark.parametrize(
    "looked",
    [
        answer(503),
        DROP,
        answer(200, '{"data": [{"id": "1"}]}'),
        answer(200, '{"errors": [{"resource_id": "1", "type": "about:blank"}]}'),
    ],
)
def test_x_that_says_no_is_believed_unless_the_post_is_missing(looked: bytes) -> None:
    with Stub(answer(403, '{"detail": "You are not authorized"}'), looked) as stub:
        assert isinstance(at("x", stub.base).delete("1"), Reject)


def test_x_that_deletes_and_does_not_say_so_leaves_doubt() -> None:
    with Stub(answer(200, '{"data": {"deleted": false}}'), answer(503)) as stub:
        assert isinstance(at("x", stub.base).delete("1"), Unknown)


@pytest.mark.parametrize("network", NETWORKS)
def test_an_answer_in_the_same_words_to_another_post_is_not_taken_for_this_one(
    opened: Open, network: str
) -> None:
    channel = opened(network)
    first = send(channel, key="p1", text="Martes", link="")
    second = send(channel, key="p2", text="Martes otra vez", link="")
    words = {"text": "Corrección: mañana", "link": "", "first_attempt_at": datetime.now(UTC)}
    send(channel, key="c1", reply_to=first, **words)
    lost = post(key="c2", reply_to=second, **words)
    assert channel.find(lost) == Absent()
    assert channel.find(post(key="c3", **words)) == Absent(), "and no answer for a post"
    assert isinstance(channel.find(post(key="c1", reply_to=first, **words)), Sent)
