"""X: what its answers mean, and what becomes of a post on a bad line."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from campaigner.channels import open_channel
from campaigner.channels.x import SLACK, X, outcome_of
from campaigner.channels.x_answers import counters_in, found_in, reset_time
from campaigner.core.channel import (
    Absent,
    Channel,
    Counters,
    Disconnected,
    Duplicate,
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

CREATED = json.dumps({"data": {"id": "42", "text": "Hola"}})
ME = answer(200, json.dumps({"data": {"id": "7", "username": "icann_lac"}}))
OAUTH_1 = {"api_key": "a", "api_secret": "b", "access_token": "7-c", "access_secret": "d"}


def account(base: str, **settings: Any) -> X:
    settings = {"credentials": {"token": "t0ken"}, **settings}
    return X(name="x-es", base=base, patience=IMPATIENT, **settings)


def problem(title: str, detail: str) -> str:
    return json.dumps({"title": title, "detail": detail, "type": "about:blank"})


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (201, CREATED, Sent),
        (200, CREATED, Sent),
        (201, "{}", Unknown),
        (201, "<html>", Unknown),
        (201, '{"data": []}', Unknown),
        (302, "", Disconnected),
        (400, problem("Invalid Request", "One or more parameters was invalid"), Reject),
        (401, problem("Unauthorized", "Unauthorized"), Disconnected),
        (402, problem("CreditsDepleted", "Your credits are used up"), Disconnected),
        (403, problem("Forbidden", "You are not permitted to perform this action"), Disconnected),
        (
            403,
            problem("Forbidden", "You are not allowed to create a Tweet with duplicate content."),
            Duplicate,
        ),
        (403, '{"errors": [{"code": 187, "message": "Status is a duplicate."}]}', Duplicate),
        (403, problem("Forbidden", "Your Tweet text is too long."), Reject),
        (403, "garbage", Disconnected),
        (404, "", Disconnected),
        (408, "", Unknown),
        (409, problem("Conflict", "Conflict"), Unknown),
        (413, "", Reject),
        (429, problem("Too Many Requests", "Too Many Requests"), Retry),
        (429, problem("UsageCapExceeded", "Usage cap exceeded: Monthly"), Disconnected),
        (500, "", Unknown),
        (502, "<html>", Unknown),
        (503, problem("Service Unavailable", ""), Unknown),
    ],
)
def test_what_an_answer_means(status: int, body: str, expected: type[Outcome]) -> None:
    assert type(outcome_of(Reply(status=status, body=body.encode()))) is expected


@pytest.mark.parametrize(
    ("headers", "epoch"),
    [
        ({"x-rate-limit-reset": "1772442000"}, 1772442000),
        ({"x-rate-limit-remaining": "0", "x-rate-limit-reset": "1772442000"}, 1772442000),
        (
            {
                "x-rate-limit-remaining": "55",
                "x-rate-limit-reset": "1772442000",
                "x-user-limit-24hour-remaining": "0",
                "x-user-limit-24hour-reset": "1772500000",
            },
            1772500000,
        ),
        ({"x-rate-limit-reset": "soon"}, None),
        ({"x-rate-limit-reset": "9" * 30}, None),
        ({}, None),
    ],
)
def test_the_reset_is_of_the_window_that_is_used_up(
    headers: Mapping[str, str], epoch: int | None
) -> None:
    expected = None if epoch is None else datetime.fromtimestamp(epoch, UTC)
    assert reset_time(Reply(status=429, headers=headers)) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (answer(201, CREATED), Sent("42")),
        (answer(429, "", {"x-rate-limit-reset": "1772442000"}), Retry),
        (answer(429, "", {"x-rate-limit-reset": "odd"}), Retry),
        (answer(403, "[1, 2]"), Disconnected),
        (answer(500), Unknown),
        (answer(307, headers={"Location": "/elsewhere"}), Disconnected),
        (DROP, Unknown),
        (STALL, Unknown),
        (b"garbage", Unknown),
        (b"HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\n{", Unknown),
        (answer(201, "not json"), Unknown),
    ],
    ids=str,
)
def test_what_becomes_of_a_post(said: bytes, expected: Any) -> None:
    with Stub(said, answer(201, CREATED)) as stub:
        outcome = account(stub.base).send(post())
    assert outcome == expected if isinstance(expected, Sent) else type(outcome) is expected
    assert stub.connections == 1, "nothing is sent twice"


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


def test_a_connection_closed_before_the_request_was_read_leaves_doubt() -> None:
    with Stub(unread=True) as stub:
        assert isinstance(account(stub.base).send(post()), Unknown)
    assert stub.connections == 1


def test_an_unknown_host_is_surely_not_sent() -> None:
    assert isinstance(account("https://x.invalid").send(post()), Retry)


def test_the_post_is_asked_for_as_the_network_wants_it() -> None:
    with Stub(answer(201, CREATED)) as stub:
        account(stub.base).send(post())
    head, _, body = stub.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /2/tweets HTTP/1.1")
    assert b"Authorization: Bearer t0ken" in head
    assert json.loads(body) == {"text": f"Hola & adiós\n{LINK}"}


def test_keys_of_the_older_kind_sign_each_request() -> None:
    stages = [answer(200, '{"data": {"id": "5"}}')] * 4
    with Stub(*stages, answer(201, CREATED)) as stub:
        outcome = account(stub.base, credentials=OAUTH_1).send(post(media=(PICTURE,)))
    assert outcome == Sent("42")
    for request in stub.requests:
        assert b'oauth_token="7-c"' in request
        assert b"oauth_signature=" in request


def test_pictures_and_their_words_go_first() -> None:
    done = answer(200, '{"data": {"id": "5"}}')
    with Stub(done, answer(204), done, done, answer(201, CREATED)) as stub:
        assert account(stub.base).send(post(media=(PICTURE,))) == Sent("42")
    paths = [request.split(b" ")[1].decode() for request in stub.requests]
    assert paths == [
        "/2/media/upload/initialize",
        "/2/media/upload/5/append",
        "/2/media/upload/5/finalize",
        "/2/media/metadata",
        "/2/tweets",
    ]
    assert b"\x89PNG" in stub.requests[1]
    assert b"A lock" in stub.requests[3]
    assert json.loads(stub.requests[4].partition(b"\r\n\r\n")[2])["media"] == {"media_ids": ["5"]}


def test_a_picture_in_the_making_is_waited_for() -> None:
    started = answer(200, '{"data": {"id": "5"}}')
    pending = answer(
        200, '{"data": {"processing_info": {"state": "pending", "check_after_secs": 3}}}'
    )
    ready = answer(200, '{"data": {"processing_info": {"state": "succeeded"}}}')
    waited: list[float] = []
    answers = (started, answer(204), pending, pending, ready, answer(200), answer(201, CREATED))
    with Stub(*answers) as stub:
        outcome = account(stub.base, sleep=waited.append).send(post(media=(PICTURE,)))
    assert (outcome, waited) == (Sent("42"), [3.0, 3.0])


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (DROP, Retry),
        (STALL, Retry),
        (answer(500), Retry),
        (answer(429), Retry),
        (answer(400), Reject),
        (answer(413), Reject),
        (answer(401), Disconnected),
        (answer(403), Disconnected),
    ],
    ids=str,
)
@pytest.mark.parametrize("stage", range(4))
def test_a_failed_upload_is_never_unknown(stage: int, said: bytes, expected: type[Outcome]) -> None:
    done = answer(200, '{"data": {"id": "5"}}')
    with Stub(*[done] * stage, said) as stub:
        outcome = account(stub.base).send(post(media=(PICTURE,)))
    assert type(outcome) is expected
    assert stub.connections == stage + 1


def test_an_upload_without_an_id_is_tried_again() -> None:
    with Stub(answer(200, "garbage")) as stub:
        assert isinstance(account(stub.base).send(post(media=(PICTURE,))), Retry)


def tweet(**parts: Any) -> dict[str, Any]:
    whole = {
        "id": "42",
        "text": "Hola &amp; adiós\nhttps://t.co/a",
        "created_at": "2026-03-02T09:00:05.000Z",
        "entities": {"urls": [{"url": "https://t.co/a", "expanded_url": LINK}]},
    }
    return {**whole, **parts}


@pytest.mark.parametrize(
    ("seen", "sought", "found"),
    [
        (tweet(), post(), True),
        (tweet(text="reworded"), post(), True),  # the link's key is enough
        (
            tweet(entities={"urls": [{"url": "https://t.co/a", "expanded_url": "https://a.b/"}]}),
            post(),
            False,
        ),
        (tweet(text="Hola  &amp;\nadiós", entities={}), post(text="Hola & adiós", link=""), True),
        (tweet(text="Hola", entities={}), post(text="Hola & adiós", link=""), False),
        (
            tweet(text="Hola", entities={}, created_at="2026-03-02T08:00:00Z"),
            post(text="Hola", link=""),
            False,
        ),
        (tweet(text="Hola", entities={}, created_at=None), post(text="Hola", link=""), False),
        (tweet(text="Hola", entities={}), post(text="Hola", link="", media=(PICTURE,)), False),
        (
            tweet(
                text="Hola https://t.co/m",
                entities={"urls": [{"url": "https://t.co/m", "media_key": "3_5"}]},
                attachments={"media_keys": ["3_5"]},
            ),
            post(text="Hola", link="", media=(PICTURE,)),
            True,
        ),
    ],
)
def test_a_post_is_found_by_key_or_by_text_media_and_time(
    seen: dict[str, Any], sought: Any, found: bool
) -> None:
    result = found_in({"data": [seen]}, sought, since=NOW - SLACK)
    assert result == (Sent("42") if found else None)


def timeline(*tweets: dict[str, Any], more: str | None = None) -> bytes:
    meta = {"result_count": len(tweets)} | ({"next_token": more} if more else {})
    return answer(200, json.dumps({"data": list(tweets), "meta": meta}))


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([ME, timeline(tweet())], Sent("42")),
        ([ME, timeline()], Absent()),
        ([ME, answer(200, '{"meta": {"result_count": 0}}')], Absent()),
        (
            [ME, timeline(tweet(id="1", entities={}, text="a"), more="p2"), timeline(tweet())],
            Sent("42"),
        ),
        ([ME, *[timeline(more="again")] * 5], Unknown),
        ([ME, answer(200, "{}")], Unknown),
        ([ME, answer(200, "garbage")], Unknown),
        ([ME, answer(429)], Unknown),
        ([ME, DROP], Unknown),
        ([answer(401)], Unknown),
        ([DROP], Unknown),
    ],
    ids=str,
)
def test_only_a_whole_look_can_tell_that_it_is_absent(answers: list[bytes], expected: Any) -> None:
    with Stub(*answers) as stub:
        finding = account(stub.base).find(post())
    assert finding == expected if not isinstance(expected, type) else type(finding) is expected


def test_the_look_begins_a_little_before_the_first_attempt() -> None:
    with Stub(ME, timeline()) as stub:
        account(stub.base).find(post())
    assert b"GET /2/users/7/tweets?" in stub.requests[1]
    assert b"start_time=2026-03-01T08%3A55%3A00Z" in stub.requests[1], "a clock may be far off"


def test_counters_that_are_not_shown_are_absent() -> None:
    metrics = {
        "impression_count": 90,
        "like_count": 3,
        "reply_count": 0,
        "retweet_count": 2,
        "quote_count": 1,
    }
    answered = {
        "data": [
            {"id": "1", "public_metrics": metrics},
            {"id": "2", "public_metrics": {"like_count": 3, "retweet_count": 2}},
            {"id": "3"},
        ],
        "errors": [{"resource_id": "4", "title": "Not Found Error"}],
    }
    assert counters_in(answered) == {
        "1": Counters({"impressions": 90, "reactions": 3, "replies": 0, "shares": 3}),
        "2": Counters({"reactions": 3}),
        "3": Counters({}),
    }


def test_samples_are_asked_for_a_hundred_at_a_time() -> None:
    one = answer(200, '{"data": [{"id": "1", "public_metrics": {"like_count": 1}}]}')
    with Stub(one, answer(200, "{}")) as stub:
        sampled = account(stub.base).sample([str(id) for id in range(101)])
    assert sampled == {"1": Counters({"reactions": 1})}
    assert stub.connections == 2


def test_a_refused_sample_says_when_to_come_back() -> None:
    with Stub(answer(429, "", {"x-rate-limit-reset": "1772442000"})) as stub:
        sampled = account(stub.base).sample(["1"])
    assert isinstance(sampled, NotSampled)
    assert sampled.reset_at == datetime.fromtimestamp(1772442000, UTC)


@pytest.mark.parametrize(
    ("said", "expected"), [(ME, Sent("7")), (answer(401), Disconnected), (DROP, Unknown)], ids=str
)
def test_who_we_are(said: bytes, expected: Any) -> None:
    with Stub(said) as stub:
        me = account(stub.base).whoami()
    assert me == expected if isinstance(expected, Sent) else type(me) is expected


def test_only_what_is_on_x_itself_has_an_address_there() -> None:
    reply = Reply(status=201, body=CREATED.encode())
    assert outcome_of(reply, site="https://x.com") == Sent("42", "https://x.com/i/web/status/42")
    assert outcome_of(reply) == Sent("42")


def test_an_account_without_credentials_says_what_to_set() -> None:
    with pytest.raises(UserError, match="Set its token"):
        account("https://api.x.com", credentials={"api_key": "a"})


def test_a_rehearsal_goes_nowhere_else() -> None:
    with pytest.raises(UserError, match="only this machine"):
        account("https://api.x.com", loopback_only=True)


def test_secrets_are_not_shown() -> None:
    assert "t0ken" not in repr(account("https://api.x.com"))


def test_it_is_a_channel() -> None:
    channel: Channel = open_channel("x", base="https://api.x.com", secret=lambda name: name)
    assert channel.recovery.sole_text
    assert channel.rates[0].per == timedelta(minutes=15)
