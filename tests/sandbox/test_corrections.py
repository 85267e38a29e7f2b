"""What is out in the sandbox is edited, answered and deleted by the networks' real clients."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from mastodon.errors import MastodonAPIError, MastodonNotFoundError
from tweepy.errors import BadRequest, Forbidden

from campaigner.sandbox.log import read_log
from campaigner.sandbox.server import Sandbox
from tests.fakes import FakeClock
from tests.sandbox.conftest import ANY_PORT, PIXEL
from tests.sandbox.test_mastodon import Connect, connect, entries, mastodon
from tests.sandbox.test_x import client

__all__ = ["client", "connect", "mastodon"]


def test_mastodon_py_edits_and_reads_the_history(
    sandbox: Sandbox, mastodon: Any, account: str, time: FakeClock
) -> None:
    status = mastodon.status_post("wrong words", language="es")
    assert status.edited_at is None
    time.tick(minutes=5)
    edited = mastodon.status_update(status.id, "right words #DNS")
    assert (edited.id, edited.text, edited.language) == (status.id, "right words #DNS", "es")
    assert edited.edited_at == time.now
    assert edited.created_at == status.created_at
    history = mastodon.status_history(status.id)
    assert history[0].content == "<p>wrong words</p>"
    assert [version.created_at for version in history] == [status.created_at, time.now]
    log = [(entry["event"], entry["text"]) for entry in entries(sandbox, account)]
    assert log == [("accepted", "wrong words"), ("edited", "right words #DNS")]


def test_an_edit_that_does_not_name_the_pictures_takes_them_away(mastodon: Any) -> None:
    picture = mastodon.media_post(PIXEL, mime_type="image/png", description="a dot")
    status = mastodon.status_post("wrong", media_ids=[picture.id])
    kept = mastodon.status_update(status.id, "right", media_ids=[picture.id])
    assert [medium.description for medium in kept.media_attachments] == ["a dot"]
    assert mastodon.status_update(status.id, "right").media_attachments == []


def test_an_edit_is_measured_and_for_the_account_alone(
    sandbox: Sandbox, mastodon: Any, connect: Connect, account: str
) -> None:
    status = mastodon.status_post("fits")
    with pytest.raises(MastodonAPIError, match="500 exceeded"):
        mastodon.status_update(status.id, "n" * 501)
    with pytest.raises(MastodonNotFoundError):
        connect(f"sandbox-{account}-other").status_update(status.id, "not mine")
    assert mastodon.status(status.id).text == "fits"
    assert [entry["event"] for entry in entries(sandbox, account)] == ["accepted", "refused"]


def test_mastodon_py_answers_a_post(mastodon: Any) -> None:
    status = mastodon.status_post("wrong")
    answer = mastodon.status_post("right", in_reply_to_id=status.id)
    assert answer.in_reply_to_id == status.id
    assert answer.in_reply_to_account_id == status.account.id
    with pytest.raises(MastodonNotFoundError, match="trying to reply"):
        mastodon.status_post("right", in_reply_to_id="404")


def test_tweepy_answers_a_post(client: Callable[[str], Any], account: str) -> None:
    x = client(account)
    wrong = x.create_tweet(text="wrong").data["id"]
    answer = x.create_tweet(text="right", in_reply_to_tweet_id=wrong).data["id"]
    found = x.get_tweets([answer], tweet_fields=["referenced_tweets"], user_auth=True).data[0]
    assert [(one.type, str(one.id)) for one in found.referenced_tweets] == [("replied_to", wrong)]
    x.delete_tweet(wrong)
    with pytest.raises(Forbidden, match="deleted or not visible"):
        x.create_tweet(text="again", in_reply_to_tweet_id=wrong)
    with pytest.raises(BadRequest, match="missing but it is required"):
        x.create_tweet(text="again", in_reply_to_tweet_id="")


@pytest.fixture
def shown(sandbox: Sandbox, mastodon: Any) -> dict[str, str]:
    """A post that was edited, its answer, and one that was deleted: by the paths of their pages."""
    wrong = mastodon.status_post("wrong <words>")
    mastodon.status_update(wrong.id, "right words")
    answer = mastodon.status_post("this is right", in_reply_to_id=wrong.id)
    gone = mastodon.status_post("names the wrong person")
    mastodon.status_delete(gone.id)
    ids = {"edited": wrong.id, "answer": answer.id, "deleted": gone.id}
    return {name: f"/post/mastodon/{id}" for name, id in ids.items()}


def test_the_page_shows_what_was_edited_answered_and_deleted(
    page: httpx.Client, shown: dict[str, str], account: str
) -> None:
    edited = page.get(shown["edited"]).text
    assert "What it said before" in edited
    assert "wrong &lt;words&gt;" in edited
    assert "this is right" in edited, "with its answer below"
    assert shown["edited"] in page.get(shown["answer"]).text, "and the answer leads to it"
    deleted = page.get(shown["deleted"])
    assert deleted.status_code == 410
    assert "Nobody sees it any more." in deleted.text
    assert "wrong person" not in page.get(f"/timeline/mastodon/{account}").text
    assert "Ya nadie la ve." in page.get(shown["deleted"], headers={"Accept-Language": "es"}).text


def test_a_restart_remembers_what_was_set_right(folder: Any, time: FakeClock) -> None:
    token = {"Authorization": "Bearer sandbox-m"}
    with Sandbox(ANY_PORT, folder, clock=time) as sandbox:
        with httpx.Client(base_url=sandbox.ports.base("mastodon"), headers=token) as network:
            statuses = "/api/v1/statuses"
            wrong = network.post(statuses, data={"status": "wrong"}).json()["id"]
            network.put(f"{statuses}/{wrong}", data={"status": "right"})
            network.post(statuses, data={"status": "sorry", "in_reply_to_id": wrong})
            gone = network.post(statuses, data={"status": "gone"}).json()["id"]
            network.delete(f"{statuses}/{gone}")
        before = httpx.get(f"{sandbox.address}/api/timeline", trust_env=False).json()
    with Sandbox(ANY_PORT, folder, clock=time) as sandbox:
        assert httpx.get(f"{sandbox.address}/api/timeline", trust_env=False).json() == before
        page = httpx.get(f"{sandbox.address}/post/mastodon/{gone}", trust_env=False)
        assert page.status_code == 410
    assert [(one["text"], one["earlier"], one["reply_to"]) for one in before] == [
        ("sorry", [], wrong),
        ("right", ["wrong"], ""),
    ]
    events = [entry["event"] for entry in read_log(folder)]
    assert events == ["accepted", "edited", "accepted", "accepted", "deleted"]
