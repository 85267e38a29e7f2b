"""Mastodon as its real client meets it: Mastodon.py, with its version check on."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
import requests
from mastodon import Mastodon
from mastodon.errors import (
    MastodonAPIError,
    MastodonInternalServerError,
    MastodonNetworkError,
    MastodonNotFoundError,
    MastodonRatelimitError,
    MastodonUnauthorizedError,
)

from campaigner.sandbox.faults import parse_fault
from campaigner.sandbox.log import read_log
from campaigner.sandbox.mastodon_objects import as_html
from campaigner.sandbox.server import Sandbox
from tests.fakes import FakeClock
from tests.sandbox.conftest import PIXEL

Connect = Callable[[str], Any]


@pytest.fixture
def connect(sandbox: Sandbox) -> Iterator[Connect]:
    session = requests.Session()
    session.trust_env = False

    def make(token: str) -> Any:
        return Mastodon(
            access_token=token,
            api_base_url=sandbox.ports.base("mastodon"),
            ratelimit_method="throw",
            version_check_mode="changed",
            session=session,
        )

    yield make
    session.close()


@pytest.fixture
def mastodon(connect: Connect, account: str) -> Any:
    return connect(f"sandbox-{account}")


def entries(sandbox: Sandbox, account: str) -> list[dict[str, Any]]:
    return [entry for entry in read_log(sandbox.folder) if entry["account"] == account]


def test_mastodon_py_posts_finds_and_counts(
    sandbox: Sandbox, mastodon: Any, account: str, time: FakeClock
) -> None:
    text = "Un <término> por semana #DNS\n\nhttps://www.icann.org/es?a=1&utm_content=k1"
    status = mastodon.status_post(text, language="es", idempotency_key="key-1")
    assert status.language == "es"
    assert "&lt;término&gt;" in status.content
    assert 'href="https://www.icann.org/es?a=1&amp;utm_content=k1"' in status.content
    assert status.created_at == time.now

    me = mastodon.account_verify_credentials()
    (found,) = mastodon.account_statuses(me.id, exclude_replies=True, exclude_reblogs=True)
    assert found.id == status.id

    time.tick(minutes=10)
    assert mastodon.status(status.id).favourites_count > 0

    (entry,) = entries(sandbox, account)
    assert (entry["text"], entry["language"], entry["key"]) == (text, "es", "key-1")
    assert (entry["length"], entry["limit"]) == (53, 500)
    assert entry["links"] == ["https://www.icann.org/es?a=1&utm_content=k1"]


def test_the_instance_tells_its_limits(mastodon: Any) -> None:
    limits = mastodon.instance().configuration
    assert limits.statuses.max_characters == 500
    assert limits.statuses.characters_reserved_per_url == 23
    assert limits.media_attachments.description_limit == 1500
    assert mastodon.instance_v1().configuration.statuses.max_characters == 500


def test_a_known_key_gets_the_first_status_for_an_hour(
    sandbox: Sandbox, mastodon: Any, connect: Connect, account: str, time: FakeClock
) -> None:
    first = mastodon.status_post("once", idempotency_key="same")
    again = mastodon.status_post("once", idempotency_key="same")
    other = connect(f"sandbox-{account}-other").status_post("once", idempotency_key="same")
    assert again.id == first.id != other.id
    assert [entry["event"] for entry in entries(sandbox, account)] == ["accepted", "repeated"]
    time.tick(minutes=61)
    assert mastodon.status_post("once", idempotency_key="same").id != first.id


def test_a_picture_keeps_its_words(sandbox: Sandbox, mastodon: Any, account: str) -> None:
    medium = mastodon.media_post(PIXEL, mime_type="image/png", description="Un anzuelo")
    assert mastodon.media(medium.id).description == "Un anzuelo"
    mastodon.media_update(medium.id, description="Un anzuelo y un sobre")
    status = mastodon.status_post("look", media_ids=[medium])
    (shown,) = status.media_attachments
    assert shown.description == "Un anzuelo y un sobre"
    assert httpx.get(shown.url, trust_env=False).content == PIXEL
    (entry,) = entries(sandbox, account)
    assert entry["media"][0]["alt"] == "Un anzuelo y un sobre"


def test_what_mastodon_refuses_is_refused_in_its_words(sandbox: Sandbox, mastodon: Any) -> None:
    with pytest.raises(MastodonAPIError) as too_long:
        mastodon.status_post("a" * 501)
    _, status, _, error = too_long.value.args
    assert (status, error) == (422, "Validation failed: Text character limit of 500 exceeded")
    assert read_log(sandbox.folder)[-1]["event"] == "refused"
    with pytest.raises(MastodonAPIError, match="can't be blank"):
        mastodon.status_post(" ")
    with pytest.raises(MastodonAPIError, match="Media attachments not found"):
        mastodon.status_post("look", media_ids=["123"])
    with pytest.raises(MastodonAPIError, match="Description is too long"):
        mastodon.media_post(PIXEL, mime_type="image/png", description="a" * 1501)
    with pytest.raises(MastodonAPIError, match="content type is invalid"):
        mastodon.media_post(b"no picture", mime_type="image/png")
    with pytest.raises(MastodonNotFoundError):
        mastodon.status("1")


def test_a_stranger_is_unauthorized(connect: Connect) -> None:
    with pytest.raises(MastodonUnauthorizedError):
        connect("a-real-token").status_post("hello")


def test_json_is_as_good_as_a_form(sandbox: Sandbox, account: str) -> None:
    reply = httpx.post(
        f"{sandbox.ports.base('mastodon')}/api/v1/statuses",
        json={"status": "from JSON", "language": "pt-BR"},
        headers={"Authorization": f"Bearer sandbox-{account}"},
        trust_env=False,
    )
    assert (reply.status_code, reply.json()["language"]) == (200, "pt")
    assert entries(sandbox, account)[0]["language"] == "pt-BR", "the log has what was sent"


def test_pages_follow_each_other_without_gap(mastodon: Any) -> None:
    made = [mastodon.status_post(f"status {number}").id for number in range(7)]
    me = mastodon.account_verify_credentials()
    page = mastodon.account_statuses(me.id, limit=3)
    rest = mastodon.fetch_next(page)
    assert [status.id for status in [*page, *rest]] == made[:0:-1]
    since = mastodon.account_statuses(me.id, since_id=made[4])
    assert [status.id for status in since] == [made[6], made[5]]


def test_a_deleted_status_is_gone(mastodon: Any) -> None:
    status = mastodon.status_post("a mistake")
    mastodon.status_delete(status.id)
    with pytest.raises(MastodonNotFoundError):
        mastodon.status(status.id)


def test_the_reset_of_a_limit_is_iso_8601(sandbox: Sandbox, account: str, time: FakeClock) -> None:
    sandbox.add_fault(parse_fault(f"mastodon/{account}:rate-limited:1:0:90"))
    reply = httpx.post(
        f"{sandbox.ports.base('mastodon')}/api/v1/statuses",
        data={"status": "not now"},
        headers={"Authorization": f"Bearer sandbox-{account}"},
        trust_env=False,
    )
    assert (reply.status_code, reply.json()) == (429, {"error": "Too many requests"})
    reset = (time.now + timedelta(seconds=90)).isoformat(timespec="milliseconds")
    assert reply.headers["X-RateLimit-Reset"] == reset.replace("+00:00", "Z")
    assert reply.headers["X-RateLimit-Remaining"] == "0"


def test_thirty_pictures_in_half_an_hour_are_enough(mastodon: Any) -> None:
    for _ in range(30):
        mastodon.media_post(PIXEL, mime_type="image/png")
    with pytest.raises(MastodonRatelimitError):
        mastodon.media_post(PIXEL, mime_type="image/png")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("accept-and-drop", MastodonNetworkError),
        ("error-after-accept", MastodonInternalServerError),
    ],
)
def test_what_was_taken_without_an_answer_is_found_by_its_key(
    sandbox: Sandbox, mastodon: Any, account: str, fault: str, error: type[Exception]
) -> None:
    sandbox.add_fault(parse_fault(f"mastodon/{account}:{fault}:1"))
    with pytest.raises(error):
        mastodon.status_post("am I there?", idempotency_key="k")
    status = mastodon.status_post("am I there?", idempotency_key="k")
    first, again = entries(sandbox, account)
    assert (first["fault"], again["event"]) == (fault, "repeated")
    assert str(status.id) == first["id"]


def test_a_long_link_is_cut_in_three_for_people() -> None:
    html = as_html("See https://www.example.org/a/page/with/a/long/name.", base="http://b")
    assert '<span class="invisible">https://www.</span>' in html
    assert '<span class="ellipsis">example.org/a/page/with/a/long</span>' in html
    assert html.endswith('<span class="invisible">/name</span></a>.</p>')
    assert as_html("one\ntwo\n\nthree", base="") == "<p>one<br />two</p><p>three</p>"
