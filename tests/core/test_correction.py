"""What each network offers, who may, and what its answers mean."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from campaigner.core.channel import (
    Corrected,
    Disconnected,
    Done,
    Gone,
    NotOffered,
    Reject,
    Retry,
    Unknown,
)
from campaigner.core.correction import (
    OFFERED,
    CorrectionState,
    Way,
    after_answer,
    carried,
    not_offered,
    repointed,
    what_stays,
    who_may_not,
)
from campaigner.core.links import key_in, tag

LINK = tag("https://example.org/a?x=1#top", {"source": "x", "campaign": "spring"}, key="k3y")
RESET = datetime(2026, 3, 2, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize("channel", ["x", "mastodon", "email", "manual", "pigeon"])
@pytest.mark.parametrize("way", Way)
def test_what_is_not_offered_says_what_to_do(channel: str, way: Way) -> None:
    why = not_offered(way, channel)
    assert (why is None) == (way in OFFERED.get(channel, ()))
    if why is None:
        assert what_stays(way, channel), "what stays visible is said"


def test_x_lets_nobody_edit_and_mail_lets_nobody_anything() -> None:
    assert "`correct reply`" in (not_offered(Way.EDIT, "x") or "")
    assert "link" in (not_offered(Way.REPOINT, "x") or "")
    assert all("correction edition" in (not_offered(way, "email") or "") for way in Way)


@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize("four_eyes", [True, False])
@pytest.mark.parametrize("by", ["author", "maria"])
def test_new_words_need_another_than_the_author_and_deleting_needs_nobody(
    way: Way, four_eyes: bool, by: str
) -> None:
    refused = who_may_not(way, by=by, queued_by="author", four_eyes=four_eyes)
    speaks_at_once = way in (Way.EDIT, Way.REPOINT)
    assert (refused is not None) == (speaks_at_once and four_eyes and by == "author")


@pytest.mark.parametrize("way", [Way.EDIT, Way.DELETE, Way.REPOINT])
@pytest.mark.parametrize(
    ("answer", "state", "words"),
    [
        (Done(), CorrectionState.DONE, ""),
        (NotOffered("no"), CorrectionState.REFUSED, "nothing was changed: no"),
        (Reject("422"), CorrectionState.REFUSED, "nothing was changed: 422"),
        (Disconnected("401"), CorrectionState.REFUSED, "reconnected: 401"),
        (Retry("429", reset_at=RESET), CorrectionState.REFUSED, "after 2026-03-02 12:30 UTC"),
        (
            Retry("429", reset_at=RESET.astimezone(ZoneInfo("America/Montevideo"))),
            CorrectionState.REFUSED,
            "after 2026-03-02 12:30 UTC",
        ),
        (Retry("down", reached=False), CorrectionState.REFUSED, "in a few minutes"),
        (Unknown("cut"), CorrectionState.UNKNOWN, "may have happened"),
    ],
)
def test_each_answer_means_one_thing(
    way: Way, answer: Corrected, state: CorrectionState, words: str
) -> None:
    ended = after_answer(answer, way)
    assert ended.state is state
    assert words in ended.note
    assert ended.gone is (way is Way.DELETE and answer == Done())
    assert ended.silent is isinstance(answer, Retry | Disconnected)


def test_what_is_gone_is_deleted_and_cannot_be_edited() -> None:
    assert after_answer(Gone(), Way.DELETE).gone
    assert after_answer(Gone(), Way.DELETE).state is CorrectionState.DONE
    assert after_answer(Gone(), Way.EDIT).state is CorrectionState.REFUSED


def test_a_new_link_carries_what_the_old_one_told() -> None:
    new = carried(LINK, to="https://example.net/b?y=2#end")
    assert new == ("https://example.net/b?y=2&utm_source=x&utm_campaign=spring&utm_content=k3y#end")
    assert carried("https://example.org/plain", to="https://example.net/") == "https://example.net/"


def test_a_link_is_repointed_again_and_again() -> None:
    text = f"Lesson 1\n{LINK}\n#DNS"
    once = repointed(text, link=LINK, to="https://example.net/b")
    assert once is not None
    assert LINK not in once
    twice = repointed(once, link=LINK, to="https://example.com/c")
    assert twice is not None
    assert "example.net" not in twice
    assert key_in(twice.split()[2]) == "k3y"
    assert twice.startswith("Lesson 1\nhttps://example.com/c?")
    assert twice.endswith("\n#DNS")


def test_without_a_link_of_its_own_nothing_is_repointed() -> None:
    assert repointed("Lesson 1", link="", to="https://example.net/") is None
    assert repointed("Lesson 1 https://other.example/", link=LINK, to="https://b.example/") is None
