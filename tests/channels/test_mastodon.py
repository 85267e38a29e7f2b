"""Mastodon: what its answers mean, and what becomes of a post on a bad line."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from campaigner.channels import open_channel
from campaigner.channels.mastodon import (
    SLACK,
    Mastodon,
    counters_in,
    found_in,
    outcome_of,
    reset_time,
)
from campaigner.core.channel import (
    Absent,
    Channel,
    Counters,
    Disconnected,
    NotSampled,
    Outcome,
    Reject,
    Retry,
    Sent,
    Unknown,
)
from campaigner.errors import UserError
from campaigner.net import Reply
from tests.channels.posts import IMPATIENT, LINK, NOW, PICTURE, post
from tests.channels.stub import DROP, STALL, Stub, answer, closed_port

URL = "https://mastodon.example/@icann/42"
CREATED = json.dumps({"id": "42", "url": URL, "content": "<p>Hola</p>"})
ME = answer(200, json.dumps({"id": "7", "url": "https://mastodon.example/@icann"}))
RESET = "2026-03-02T09:05:00.123456Z"


def account(base: str, **settings: Any) -> Mastodon:
    settings = {"credentials": {"token": "t0ken"}, **settings}
    return Mastodon(name="mastodon", base=base, patience=IMPATIENT, **settings)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, CREATED, Sent),
        (200, "{}", Unknown),
        (200, "<html>", Unknown),
        (200, "[]", Unknown),
        (301, "", Disconnected),
        (401, '{"error": "The access token is invalid"}', Disconnected),
        (403, '{"error": "This action is outside the authorized scopes"}', Disconnected),
        (404, "", Disconnected),
        (422, '{"error": "Validation failed: Text character limit of 500 exceeded"}', Reject),
        (422, '{"error": "Cannot attach files that have not finished processing."}', Retry),
        (429, '{"error": "Too many requests"}', Retry),
        (408, "", Unknown),
        (409, '{"error": "Conflict: this key is in use"}', Unknown),
        (200, '{"id": ["42"], "url": ["https://example.org/42"]}', Unknown),
        (500, "", Unknown),
        (503, '{"error": "There was a temporary problem"}', Unknown),
    ],
)
def test_what_an_answer_means(status: int, body: str, expected: type[Outcome]) -> None:
    assert type(outcome_of(Reply(status=status, body=body.encode()))) is expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (RESET, datetime(2026, 3, 2, 9, 5, 0, 123456, tzinfo=UTC)),
        ("2026-03-02T09:05:00", datetime(2026, 3, 2, 9, 5, tzinfo=UTC)),
        ("1772442300", datetime.fromtimestamp(1772442300, UTC)),
        ("soon", None),
        ("", None),
    ],
)
def test_the_reset_is_read_in_both_its_forms(said: str, expected: datetime | None) -> None:
    assert reset_time(Reply(status=429, headers={"x-ratelimit-reset": said})) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (answer(200, CREATED), Sent("42", URL)),
        # Mastodon.py raises over an odd header although the post was made.
        (answer(200, CREATED, {"X-RateLimit-Reset": "odd"}), Sent("42", URL)),
        (answer(429, "{}", {"X-RateLimit-Reset": RESET, "X-RateLimit-Remaining": "0"}), Retry),
        (answer(422, '{"error": "too long"}'), Reject),
        (answer(500), Unknown),
        (answer(307, headers={"Location": "/elsewhere"}), Disconnected),
        (DROP, Unknown),
        (STALL, Unknown),
        (b"garbage", Unknown),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", Unknown),
        (answer(200, "not json"), Unknown),
    ],
    ids=str,
)
def test_what_becomes_of_a_post(said: bytes, expected: Any) -> None:
    with Stub(said, answer(200, CREATED)) as stub:
        outcome = account(stub.base).send(post())
    assert outcome == expected if isinstance(expected, Sent) else type(outcome) is expected
    assert stub.connections == 1, "nothing is sent twice, and nothing asked before"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_refused_connection_is_surely_not_sent(scheme: str) -> None:
    outcome = account(f"{scheme}://127.0.0.1:{closed_port()}").send(post())
    assert isinstance(outcome, Retry)
    assert not outcome.reached


def test_a_failed_handshake_is_surely_not_sent() -> None:
    with Stub(unread=True) as stub:
        outcome = account(f"https://127.0.0.1:{stub.port}").send(post())
    assert isinstance(outcome, Retry)
    assert not outcome.reached


def test_the_key_and_the_language_go_with_the_post() -> None:
    with Stub(answer(200, CREATED)) as stub:
        account(stub.base).send(post())
    head, _, body = stub.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /api/v1/statuses HTTP/1.1")
    assert b"Idempotency-Key: k3y" in head
    assert b"Authorization: Bearer t0ken" in head
    assert b"language=es-419" in body


def test_the_same_post_is_the_same_request() -> None:
    with Stub(answer(500), answer(200, CREATED)) as stub:
        channel = account(stub.base)
        channel.send(post())
        channel.send(post(attempt=2))
    assert stub.requests[0] == stub.requests[1]


def test_pictures_go_first_and_are_waited_for() -> None:
    waited: list[float] = []
    making = answer(202, '{"id": "5", "url": null}')
    answers = (making, answer(206, '{"id": "5"}'), answer(200, '{"id": "5"}'), answer(200, CREATED))
    with Stub(*answers) as stub:
        outcome = account(stub.base, sleep=waited.append).send(post(media=(PICTURE,)))
    assert (outcome, len(waited)) == (Sent("42", URL), 2)
    paths = [request.split(b" ")[1] for request in stub.requests]
    assert paths == [b"/api/v2/media", b"/api/v1/media/5", b"/api/v1/media/5", b"/api/v1/statuses"]
    assert b"A lock" in stub.requests[0]
    assert b"media_ids%5B%5D=5" in stub.requests[3]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (DROP, Retry),
        (STALL, Retry),
        (answer(200, "garbage"), Retry),
        (answer(500), Retry),
        (answer(429), Retry),
        (answer(422), Reject),
        (answer(401), Disconnected),
    ],
    ids=str,
)
def test_a_failed_upload_is_never_unknown(said: bytes, expected: type[Outcome]) -> None:
    with Stub(said, answer(200, CREATED)) as stub:
        outcome = account(stub.base).send(post(media=(PICTURE,)))
    assert type(outcome) is expected
    assert stub.connections == 1


def test_a_picture_never_ready_is_tried_again_later() -> None:
    making = answer(206, '{"id": "5"}')
    with Stub(*[making] * 20) as stub:
        outcome = account(stub.base, sleep=lambda _: None).send(post(media=(PICTURE,)))
    assert outcome == Retry("the server is still processing a.png")
    assert stub.connections == 11


def shown(link: str = LINK) -> str:
    address = link.replace("&", "&amp;")
    return (
        f'<p>Hola &amp; adiós<br /><a href="{address}" rel="nofollow">'
        f'<span class="invisible">https://</span><span class="ellipsis">{address[8:30]}</span>'
        f'<span class="invisible">{address[30:]}</span></a></p>'
    )


def status(**parts: Any) -> dict[str, Any]:
    whole = {
        "id": "42",
        "url": URL,
        "content": shown(),
        "created_at": "2026-03-02T09:00:05.000Z",
        "media_attachments": [],
    }
    return {**whole, **parts}


UNTAGGED = "https://example.org/a?b=1&c=2&d=34567890"


@pytest.mark.parametrize(
    ("seen", "sought", "found"),
    [
        (status(), post(), True),
        (status(content=f'<p>reworded <a href="{LINK}&amp;utm_source=x">a</a></p>'), post(), True),
        (status(content="<p>Hola</p>"), post(), False),
        (
            status(content=shown(UNTAGGED)),
            post(text=f"Hola & adiós\n{UNTAGGED}", link=UNTAGGED),
            True,
        ),
        (
            status(content='<p>Hola</p><p>mundo <a href="/t">#<span>DNS</span></a></p>'),
            post(text="Hola\n\nmundo #DNS", link=""),
            True,
        ),
        (
            status(content="<p>Hola</p>", created_at="2026-03-02T08:00:00Z"),
            post(text="Hola", link=""),
            False,
        ),
        (status(content="<p>Hola</p>", created_at=None), post(text="Hola", link=""), False),
        (status(content="<p>Hola</p>"), post(text="Hola", link="", media=(PICTURE,)), False),
    ],
)
def test_a_post_is_found_by_key_or_by_text_media_and_time(
    seen: dict[str, Any], sought: Any, found: bool
) -> None:
    result = found_in([seen], sought, since=NOW - SLACK)
    assert result == (Sent("42", URL) if found else None)


def timeline(*statuses: dict[str, Any]) -> bytes:
    return answer(200, json.dumps(statuses))


OTHER = status(id="9", content="<p>other</p>")
OLD = status(id="1", content="<p>old</p>", created_at="2026-03-01T00:00:00Z")


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([ME, timeline(status())], Sent("42", URL)),
        ([ME, timeline()], Absent()),
        ([ME, timeline(OTHER, OLD)], Absent()),
        ([ME, timeline(OTHER), timeline(status())], Sent("42", URL)),
        ([ME, *[timeline(OTHER)] * 5], Unknown),
        ([ME, answer(200, "{}")], Unknown),
        ([ME, answer(200, "garbage")], Unknown),
        ([ME, answer(429)], Unknown),
        ([ME, DROP], Unknown),
        ([answer(401)], Unknown),
    ],
    ids=str,
)
def test_only_a_whole_look_can_tell_that_it_is_absent(answers: list[bytes], expected: Any) -> None:
    with Stub(*answers) as stub:
        finding = account(stub.base).find(post())
    assert finding == expected if not isinstance(expected, type) else type(finding) is expected


def test_counters_that_are_not_shown_are_absent() -> None:
    assert counters_in({"favourites_count": 3, "reblogs_count": 0}) == Counters(
        {"reactions": 3, "shares": 0}
    )


def test_what_is_gone_is_missing_from_a_sample() -> None:
    one = answer(200, json.dumps(status(favourites_count=1, replies_count=2, reblogs_count=3)))
    with Stub(one, answer(404, "{}")) as stub:
        sampled = account(stub.base).sample(["42", "43"])
    assert sampled == {"42": Counters({"reactions": 1, "replies": 2, "shares": 3})}


def test_a_refused_sample_says_when_to_come_back() -> None:
    with Stub(answer(429, "{}", {"X-RateLimit-Reset": RESET})) as stub:
        sampled = account(stub.base).sample(["42"])
    assert isinstance(sampled, NotSampled)
    assert sampled.reset_at == datetime(2026, 3, 2, 9, 5, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (ME, Sent("7", "https://mastodon.example/@icann")),
        (answer(401, "{}"), Disconnected),
        (DROP, Unknown),
    ],
    ids=str,
)
def test_who_we_are(said: bytes, expected: Any) -> None:
    with Stub(said) as stub:
        me = account(stub.base).whoami()
    assert me == expected if isinstance(expected, Sent) else type(me) is expected


def test_an_account_without_a_token_says_what_to_set() -> None:
    with pytest.raises(UserError, match="Set its token"):
        account("https://mastodon.example", credentials={})


def test_a_rehearsal_goes_nowhere_else() -> None:
    with pytest.raises(UserError, match="only this machine"):
        account("https://mastodon.example", loopback_only=True)


def test_it_is_a_channel() -> None:
    channel: Channel = open_channel(
        "mastodon", base="https://mastodon.example", secret=lambda name: name
    )
    assert channel.recovery.resend_from == timedelta(seconds=60)
    assert channel.recovery.resend_until == timedelta(minutes=50)
    assert channel.rates[0].limit == 300
