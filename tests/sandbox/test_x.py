"""X as its real clients meet it: Tweepy, and httpx for what Tweepy cannot do."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest
import requests
from requests.adapters import HTTPAdapter
from tweepy.client import Client
from tweepy.errors import BadRequest, Forbidden, TooManyRequests, TwitterServerError

from campaigner.sandbox.faults import parse_fault
from campaigner.sandbox.log import read_log
from campaigner.sandbox.server import Sandbox
from tests.fakes import FakeClock
from tests.sandbox.conftest import PIXEL

Connect = Callable[[str], Any]


class ToSandbox(HTTPAdapter):
    def __init__(self, base: str) -> None:
        super().__init__()
        self.base = base

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        assert request.url is not None
        request.url = request.url.replace("https://api.twitter.com", self.base)
        return super().send(request, *args, **kwargs)


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Connect]:
    """Make Tweepy's client for an account; OAuth 1.0a."""
    made: list[Any] = []

    def make(account: str) -> Any:
        new: Any = Client
        client = new(None, "key", "secret", f"sandbox-{account}", "secret")
        client.session.trust_env = False
        client.session.mount("https://api.twitter.com", ToSandbox(sandbox.ports.base("x")))
        made.append(client)
        return client

    yield make
    for one in made:
        one.session.close()


@pytest.fixture
def http(sandbox: Sandbox, account: str) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=sandbox.ports.base("x"),
        headers={"Authorization": f"Bearer sandbox-{account}"},
        trust_env=False,
    ) as client:
        yield client


def accepted(sandbox: Sandbox, account: str) -> list[dict[str, Any]]:
    entries = read_log(sandbox.folder)
    return [e for e in entries if (e["event"], e["account"]) == ("accepted", account)]


def upload(http: httpx.Client, data: bytes = PIXEL) -> str:
    begun = http.post(
        "/2/media/upload/initialize",
        json={"media_type": "image/png", "total_bytes": len(data), "media_category": "tweet_image"},
    )
    id: str = begun.raise_for_status().json()["data"]["id"]
    for index, start in enumerate(range(0, len(data), 40)):
        part = http.post(
            f"/2/media/upload/{id}/append",
            data={"segment_index": str(index)},
            files={"media": ("part", data[start : start + 40])},
        )
        part.raise_for_status()
    done = http.post(f"/2/media/upload/{id}/finalize")
    assert done.raise_for_status().json()["data"]["size"] == len(data)
    return id


def test_tweepy_posts_finds_and_counts(
    sandbox: Sandbox, client: Connect, account: str, time: FakeClock
) -> None:
    x = client(account)
    text = "Phishing & <spoofing> #DNS https://www.icann.org/es?utm_content=k1"
    created = x.create_tweet(text=text).data
    assert created["text"].startswith("Phishing &amp; &lt;spoofing&gt; #DNS https://t.co/")

    me = x.get_me().data
    fields = ["created_at", "entities", "public_metrics"]
    (found,) = x.get_users_tweets(me.id, tweet_fields=fields, user_auth=True).data
    (url,) = found.entities["urls"]
    assert str(found.id) == created["id"]
    assert url["expanded_url"] == "https://www.icann.org/es?utm_content=k1"
    assert found.text[url["start"] : url["end"]] == url["url"]
    assert found.created_at == time.now

    time.tick(minutes=5)
    response = x.get_tweets([found.id, 12], tweet_fields=["public_metrics"], user_auth=True)
    (sample,) = response.data
    assert sample.public_metrics["impression_count"] > 0
    assert [error["resource_id"] for error in response.errors] == ["12"]

    (entry,) = accepted(sandbox, account)
    assert (entry["text"], entry["length"], entry["limit"]) == (text, 50, 280)
    assert entry["links"] == ["https://www.icann.org/es?utm_content=k1"]
    assert (entry["network"], entry["status"], entry["fault"], entry["key"]) == ("x", 201, "", "")


def test_the_same_text_again_is_refused_until_it_is_deleted(client: Connect, account: str) -> None:
    x = client(account)
    first = x.create_tweet(text="Once only").data
    with pytest.raises(Forbidden, match="duplicate content"):
        x.create_tweet(text="Once only")
    client(f"{account}-other").create_tweet(text="Once only")
    assert x.delete_tweet(first["id"]).data == {"deleted": True}
    x.create_tweet(text="Once only")


def test_a_text_too_long_by_one_is_refused(sandbox: Sandbox, client: Connect, account: str) -> None:
    x = client(account)
    x.create_tweet(text="日" * 140)
    with pytest.raises(BadRequest, match="too long"):
        x.create_tweet(text="日" * 140 + ".")
    assert read_log(sandbox.folder)[-1]["length"] == 281


def test_a_stranger_is_unauthorized_in_xs_words(sandbox: Sandbox) -> None:
    address = sandbox.ports.base("x")
    for header in ({}, {"Authorization": "Bearer real-token"}, {"Authorization": "Basic eDp5"}):
        reply = httpx.post(f"{address}/2/tweets", json={"text": "hello"}, headers=header)
        assert reply.status_code == 401
        assert reply.json() == {
            "title": "Unauthorized",
            "detail": "Unauthorized",
            "type": "about:blank",
            "status": 401,
        }


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"text": 3}', b'{"text": "  "}'])
def test_a_body_that_is_no_post_is_a_bad_request(http: httpx.Client, content: bytes) -> None:
    assert http.post("/2/tweets", content=content).status_code == 400


def test_pages_follow_each_other_without_gap(
    http: httpx.Client, account: str, time: FakeClock
) -> None:
    made = []
    for number in range(12):
        made.append(http.post("/2/tweets", json={"text": f"post {number}"}).json()["data"]["id"])
        time.tick(seconds=1)
    me = http.get("/2/users/me").json()["data"]["id"]
    first = http.get(f"/2/users/{me}/tweets", params={"max_results": 5}).json()
    token = first["meta"]["next_token"]
    rest = http.get(
        f"/2/users/{me}/tweets", params={"max_results": 100, "pagination_token": token}
    ).json()
    assert [post["id"] for post in first["data"] + rest["data"]] == made[::-1]
    assert "next_token" not in rest["meta"]
    later = {"since_id": made[9]}
    newest = http.get(f"/2/users/{me}/tweets", params=later).json()["data"]
    assert [post["id"] for post in newest] == [made[11], made[10]]
    start = (time.now - timedelta(seconds=2)).isoformat().replace("+00:00", "Z")
    recent = http.get(f"/2/users/{me}/tweets", params={"start_time": start}).json()
    assert recent["meta"]["result_count"] == 2
    assert http.get(f"/2/users/{me}/tweets", params={"max_results": 3}).status_code == 400


def test_a_picture_with_its_words_is_posted(
    sandbox: Sandbox, http: httpx.Client, account: str
) -> None:
    id = upload(http)
    words = {"id": id, "metadata": {"alt_text": {"text": "Un anzuelo"}}}
    assert http.post("/2/media/metadata", json=words).status_code == 200
    posted = http.post("/2/tweets", json={"text": "Look", "media": {"media_ids": [id]}})
    assert posted.status_code == 201
    post_id = posted.json()["data"]["id"]
    fields = {"tweet.fields": "attachments,entities"}
    found = http.get(f"/2/tweets/{post_id}", params=fields).json()["data"]
    assert found["attachments"]["media_keys"] == [f"3_{id}"]
    assert found["text"].startswith("Look https://t.co/")
    (entry,) = accepted(sandbox, account)
    assert entry["media"][0]["alt"] == "Un anzuelo"
    assert len(entry["media"][0]["sha256"]) == 64


def test_only_pictures_that_are_ones_own_and_whole_can_be_posted(http: httpx.Client) -> None:
    reply = http.post("/2/tweets", json={"text": "Look", "media": {"media_ids": ["77"]}})
    assert reply.status_code == 400
    assert "media IDs are invalid" in reply.text
    begun = http.post(
        "/2/media/upload/initialize", json={"media_type": "image/png", "total_bytes": 9}
    )
    id = begun.json()["data"]["id"]
    http.post(
        f"/2/media/upload/{id}/append", json={"segment_index": 0, "media": "bm90IGEgcG5n"}
    ).raise_for_status()
    assert http.post(f"/2/media/upload/{id}/finalize").status_code == 400


def test_the_hundred_and_first_post_of_a_quarter_of_an_hour_is_refused(
    http: httpx.Client, time: FakeClock
) -> None:
    replies = [http.post("/2/tweets", json={"text": f"number {n}"}) for n in range(101)]
    assert [reply.status_code for reply in replies] == [201] * 100 + [429]
    assert replies[0].headers["x-rate-limit-remaining"] == "99"
    reset = int(replies[-1].headers["x-rate-limit-reset"])
    assert reset == int((time.now + timedelta(minutes=15)).timestamp())
    time.tick(minutes=15)
    assert http.post("/2/tweets", json={"text": "after the pause"}).status_code == 201


def test_told_to_be_rate_limited_it_names_the_reset(
    sandbox: Sandbox, client: Connect, account: str, time: FakeClock
) -> None:
    sandbox.add_fault(parse_fault(f"x/{account}:rate-limited:1:0:90"))
    x = client(account)
    with pytest.raises(TooManyRequests) as caught:
        x.create_tweet(text="not now")
    assert caught.value.reset_time == int((time.now + timedelta(seconds=90)).timestamp())
    assert read_log(sandbox.folder)[-1]["fault"] == "rate-limited"
    x.create_tweet(text="not now")
    assert len(accepted(sandbox, account)) == 1


def test_told_to_drop_it_takes_the_post_and_says_nothing(
    sandbox: Sandbox, client: Connect, account: str
) -> None:
    sandbox.add_fault(parse_fault(f"x/{account}:accept-and-drop:1"))
    x = client(account)
    with pytest.raises(requests.ConnectionError, match="without response"):
        x.create_tweet(text="am I there?")
    (entry,) = accepted(sandbox, account)
    assert entry["fault"] == "accept-and-drop"
    with pytest.raises(Forbidden, match="duplicate"):
        x.create_tweet(text="am I there?")


def test_told_to_err_it_takes_the_post_and_answers_500(
    sandbox: Sandbox, client: Connect, account: str
) -> None:
    sandbox.add_fault(parse_fault(f"x/{account}:error-after-accept:1"))
    with pytest.raises(TwitterServerError):
        client(account).create_tweet(text="am I there?")
    assert accepted(sandbox, account)[0]["fault"] == "error-after-accept"


def test_told_to_hold_it_answers_when_released(
    sandbox: Sandbox, http: httpx.Client, page: httpx.Client, account: str
) -> None:
    sandbox.add_fault(parse_fault(f"x/{account}:hold:1"))
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(http.post, "/2/tweets", json={"text": "patience"})
        while page.get("/api/version").json()["waiting"] == 0:
            pass
        assert len(accepted(sandbox, account)) == 1
        assert not answer.done()
        page.post("/faults/release")
        assert answer.result(timeout=5).status_code == 201


def test_a_held_client_that_goes_leaves_nothing_waiting(
    sandbox: Sandbox, http: httpx.Client, page: httpx.Client, account: str
) -> None:
    sandbox.add_fault(parse_fault(f"x/{account}:hold:1"))
    with pytest.raises(httpx.ReadTimeout):
        http.post("/2/tweets", json={"text": "goodbye"}, timeout=0.2)
    while page.get("/api/version").json()["waiting"]:
        pass
    assert len(accepted(sandbox, account)) == 1


def test_people_are_led_to_the_page(sandbox: Sandbox, http: httpx.Client) -> None:
    id = http.post("/2/tweets", json={"text": "see me"}).json()["data"]["id"]
    reply = http.get(f"/anybody/status/{id}")
    assert reply.headers["location"] == f"{sandbox.address}/post/x/{id}"
