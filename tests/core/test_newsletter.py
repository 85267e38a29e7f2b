"""A newsletter's edition as data: which stories, in which order, each told once."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from campaigner.core.campaign import Campaign, Item, Newsletter, Note, Partner, Sources, Story
from campaigner.core.newsletter import (
    FIRST_LOOK_BACK,
    NewsletterData,
    StoryId,
    assemble,
    span_of,
)
from campaigner.core.tellings import embargo_of, is_same, read_back
from tests.rendering.builders import campaign, wording

DUE = datetime(2026, 12, 3, 13, tzinfo=UTC)
DAY = date(2026, 12, 3)
WEEK = timedelta(weeks=1)
ALL = Sources(campaigns=None)


def told_item(id: str, *, order: int | None = None, **changes: Any) -> Item:
    story = Story(headline=wording(f"On {id}"), body=wording(f"All of {id}"), order=order)
    return Item(id=id, **{"texts": {}, "story": story, **changes})


def newsletter(*items: Item, sources: Sources | None = ALL, **changes: Any) -> Campaign:
    said = Newsletter(subject=wording("News"), sources=sources, compose_before=timedelta(days=2))
    return campaign(*items, **{"id": "news", "newsletter": said, **changes})


SPRING = campaign(told_item("a"), told_item("b"), told_item("c"), id="spring")


def spring(item: str) -> StoryId:
    return StoryId(campaign="spring", item=item)


def edition(news: Campaign, **changes: Any) -> NewsletterData:
    values: dict[str, Any] = {
        "day": DAY,
        "due_at": DUE,
        "dated": {spring("a"): DUE - 3 * WEEK, spring("b"): DUE - 2 * WEEK, spring("c"): DUE},
        "campaigns": {"spring": SPRING},
        "told": set(),
    }
    return assemble(news, **values | changes)


def names(data: NewsletterData) -> list[str]:
    return [str(story.id) for story in data.stories]


def test_its_own_stories_come_first_and_then_the_others_by_their_dates() -> None:
    data = edition(newsletter(told_item("own")))
    assert names(data) == ["news/own", "spring/a", "spring/b", "spring/c"]
    assert data.left == ()


def test_a_story_with_an_order_stands_in_that_place_or_last() -> None:
    first, last = told_item("first", order=2), told_item("last", order=99)
    data = edition(newsletter(last, first))
    assert names(data) == ["spring/a", "news/first", "spring/b", "spring/c", "news/last"]


def test_what_there_is_no_room_for_waits_and_comes_before_what_is_newer() -> None:
    news = newsletter(told_item("own"), sources=Sources(campaigns=None, at_most=2))
    data = edition(news)
    assert names(data) == ["news/own", "spring/a"]
    assert data.left == (spring("b"), spring("c"))
    after = edition(
        news,
        dated={},
        told={StoryId(campaign="news", item="own"), spring("a")},
        waiting=data.left,
    )
    assert names(after) == ["spring/b", "spring/c"]


def test_all_of_its_own_stories_are_told_however_many_there_may_be() -> None:
    own = [told_item(f"own-{n}") for n in range(4)]
    data = edition(newsletter(*own, sources=Sources(campaigns=None, at_most=2)))
    assert names(data) == [f"news/own-{n}" for n in range(4)]
    assert len(data.left) == 3


def test_a_story_is_told_by_one_edition() -> None:
    data = edition(newsletter(), told={spring("a"), spring("c")})
    assert names(data) == ["spring/b"]


def test_nothing_under_an_embargo_is_told() -> None:
    later, over = DUE + timedelta(minutes=1), DUE
    items = (told_item("a", embargo_until=later), told_item("b", embargo_until=over))
    data = edition(
        newsletter(told_item("own", embargo_until=later)),
        campaigns={"spring": replace(SPRING, items=items)},
    )
    assert names(data) == ["spring/b"]
    assert embargo_of(newsletter(), data) == over
    whole = replace(SPRING, embargo_until=later)
    assert edition(newsletter(), campaigns={"spring": whole}).is_quiet


def test_an_item_without_a_story_tells_none() -> None:
    bare = replace(SPRING, items=(told_item("a", story=None), *SPRING.items[1:]))
    assert names(edition(newsletter(), campaigns={"spring": bare})) == ["spring/b", "spring/c"]


def test_a_newsletter_without_sources_tells_its_own_alone() -> None:
    assert names(edition(newsletter(told_item("own"), sources=None))) == ["news/own"]


def test_a_campaign_whose_file_cannot_be_read_is_named() -> None:
    news = newsletter(sources=Sources(campaigns=("spring", "autumn")))
    assert edition(news).missing == ("autumn",)
    assert edition(news, campaigns={}).missing == ("spring", "autumn")
    assert edition(newsletter(), campaigns={}).missing == ("spring",), "of all, those with a date"


def test_an_edition_looks_back_to_the_one_before_it_and_the_first_a_month() -> None:
    sources = Sources(campaigns=None)
    span = span_of(sources, due_at=DUE, previous_at=DUE - 4 * WEEK)
    assert (span.after, span.until) == (DUE - 4 * WEEK, DUE)
    assert span_of(sources, due_at=DUE, previous_at=None).after == DUE - FIRST_LOOK_BACK
    named = replace(sources, since=WEEK)
    assert span_of(named, due_at=DUE, previous_at=DUE - 4 * WEEK).after == DUE - WEEK


def test_an_edition_keeps_the_words_with_which_its_stories_were_written() -> None:
    """What is told later, in a language that had to wait, is what the others have read."""
    story = Story(headline=wording("{{ year }}"), body=wording("By {{ partner.lacnic }}"))
    lacnic = Partner(id="lacnic", name=wording("LACNIC"), handles={"x": "@lacnic"})
    of = replace(
        SPRING,
        items=(told_item("a", story=story, links={"all": "https://example.org/a"}),),
        variables={"year": wording("2026"), "unused": wording("x")},
        partners={"lacnic": lacnic, "isoc": replace(lacnic, id="isoc")},
    )
    news = newsletter()
    assert news.newsletter is not None
    note = Note(text=wording("Hello"), by=wording("Ana"))
    news = replace(news, newsletter=replace(news.newsletter, note=note))
    data = edition(news, campaigns={"spring": of}, dated={spring("a"): DUE})
    (told,) = data.stories
    assert (set(told.words.variables), set(told.words.partners)) == ({"year"}, {"lacnic"})
    again = read_back(data.to_json())
    assert again == data
    assert is_same(again, data)
    changed = replace(of, variables={"year": wording("2027")})
    assert not is_same(data, edition(news, campaigns={"spring": changed}, dated={spring("a"): DUE}))


def test_a_digest_is_no_newsletter() -> None:
    with pytest.raises(ValueError, match="spring is no newsletter"):
        edition(SPRING)
