"""Where requests may go, and what happened to them."""

import socket
from datetime import timedelta
from typing import Any

import pytest

from campaigner import net
from campaigner.errors import UserError
from campaigner.net import Http, NoAnswerError, NotReachedError, is_loopback, refuse_remote
from tests.channels.stub import DROP, STALL, Stub, answer, closed_port


def impatient(stub: Stub, **settings: Any) -> Http:
    return Http(base=stub.base, read_timeout=timedelta(milliseconds=200), **settings)


def test_an_answer_is_an_answer_whatever_its_status() -> None:
    with Stub(answer(503, '{"a": 1}', {"X-Thing": "yes"})) as stub:
        reply = impatient(stub).get(f"{stub.base}/path?a=1", params={"b": "2"})
    assert (reply.status, reply.json, reply.headers["x-thing"]) == (503, {"a": 1}, "yes")
    assert stub.requests[0].startswith(b"GET /path?a=1&b=2 HTTP/1.1\r\n")
    assert f"Host: 127.0.0.1:{stub.port}".encode() in stub.requests[0]


def test_what_is_no_json_is_none() -> None:
    with Stub(answer(200, "<html>")) as stub:
        assert impatient(stub).get(stub.base).json is None


def test_a_refused_connection_was_not_reached() -> None:
    base = f"http://127.0.0.1:{closed_port()}"
    with pytest.raises(NotReachedError):
        Http(base=base).get(base)


def test_a_server_without_tls_was_not_reached() -> None:
    with Stub(unread=True) as stub:
        base = f"https://127.0.0.1:{stub.port}"
        with pytest.raises(NotReachedError):
            Http(base=base, connect_timeout=timedelta(seconds=1)).get(base)


@pytest.mark.parametrize(
    "said",
    [DROP, STALL, b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"],
    ids=["dropped", "stalled", "garbage", "cut off"],
)
def test_a_request_without_a_whole_answer_leaves_doubt(said: bytes) -> None:
    with Stub(said, answer(200)) as stub, pytest.raises(NoAnswerError):
        impatient(stub).post(stub.base, json={})
    assert stub.connections == 1, "nothing is tried again"


def test_an_answer_without_end_is_cut_off() -> None:
    with Stub(answer(200, b"x" * 2000)) as stub, pytest.raises(NoAnswerError, match="1000 bytes"):
        impatient(stub, max_bytes=1000).get(stub.base)


def test_a_redirect_is_followed_only_by_get() -> None:
    there = answer(302, headers={"Location": "/there"})
    with Stub(there, answer(200, "here"), there) as stub:
        assert impatient(stub).get(stub.base).text == "here"
        assert impatient(stub).post(stub.base).status == 302
    assert len(stub.requests) == 3


def test_a_redirect_is_checked_like_the_first_address() -> None:
    elsewhere = answer(302, headers={"Location": "http://127.0.0.1:1/secret"})
    with Stub(elsewhere) as stub, pytest.raises(NotReachedError, match="no public address"):
        impatient(stub).get(stub.base)


def test_redirects_have_an_end() -> None:
    again = answer(302, headers={"Location": "/"})
    with Stub(*[again] * 9) as stub, pytest.raises(NoAnswerError, match="redirects"):
        impatient(stub).get(stub.base)
    assert stub.connections == 6


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "[::1]",
        "[::ffff:10.0.0.1]",
        "0.0.0.0",
        "224.0.0.1",
    ],
)
def test_private_addresses_are_refused(host: str) -> None:
    with pytest.raises(NotReachedError, match="no public address"):
        Http().get(f"http://{host}:9/")


def test_only_the_named_port_of_this_machine_is_allowed() -> None:
    with Stub() as stub, pytest.raises(NotReachedError):
        Http(base=f"http://127.0.0.1:{closed_port()}").get(stub.base)
    assert stub.connections == 0


def test_a_name_with_one_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*_args: Any, **_options: Any) -> list[tuple[Any, ...]]:
        return [(0, 0, 0, "", ("8.8.8.8", 80)), (0, 0, 0, "", ("192.168.1.1", 80))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(NotReachedError, match=r"192\.168\.1\.1"):
        net.allowed_addresses("rebinding.example", 80)


def test_with_loopback_only_nothing_else_is_even_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_args: Any, **_options: Any) -> None:
        raise AssertionError("looked up")

    monkeypatch.setattr(socket, "getaddrinfo", never)
    with pytest.raises(NotReachedError, match="not this machine"):
        Http(base="https://api.x.com", loopback_only=True).get("https://api.x.com/2/users/me")


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("http://127.0.0.1:8711", True),
        ("smtp://localhost:8725", True),
        ("http://[::1]:80", True),
        ("http://127.evil.example", False),
        ("http://localhost.evil.example", False),
        ("https://api.x.com", False),
        ("http://127.0.0.1@evil.example", False),
        ("", False),
    ],
)
def test_this_machine_is_known_by_its_very_name(base: str, expected: bool) -> None:
    assert is_loopback(base) is expected
    if not expected:
        with pytest.raises(UserError, match="loopback_only"):
            refuse_remote(base)
