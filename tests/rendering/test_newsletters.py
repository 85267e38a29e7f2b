"""A newsletter in one language: a story that cannot be told there leaves that edition alone."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from campaigner.core.campaign import (
    Campaign,
    Item,
    Missing,
    Newsletter,
    Note,
    Partner,
    Sources,
    Story,
    Wording,
)
from campaigner.core.delivery import Hold
from campaigner.core.newsletter import NewsletterData, StoryId, assemble
from campaigner.rendering.catalogs import Catalogs
from campaigner.rendering.posts import NotRendered
from campaigner.rendering.tellings import NothingSaid, Said, say
from tests.services.desks import ROOT_LOCALES, Office, campaign, wording

DUE = datetime(2026, 12, 3, 13, tzinfo=UTC)
PACKAGED = Path(__file__).parents[2] / "locales"


def text_in(place: str, text: str, *locales: str) -> Wording:
    """A text in English and in these locales, each marked with its own."""
    return wording(place, text, **{each: f"{text} ({each})" for each in ("en", *locales)})


ALL = ("es", "pt_BR", "fr")


def story(id: str, *locales: str, body: str = "", **changes: Any) -> Item:
    told = Story(
        headline=text_in(f"{id} headline", f"On {id}", *locales),
        body=text_in(f"{id} body", body or f"All of **{id}**.", *locales),
    )
    return Item(
        id=id, **{"texts": {}, "story": replace(told, **changes.pop("said", {})), **changes}
    )


def newsletter(*items: Item, **changes: Any) -> Campaign:
    said = Newsletter(
        subject=text_in("subject", "News & more", *ALL),
        introduction=text_in("introduction", "What is new", *ALL),
        sources=Sources(campaigns=None),
        compose_before=timedelta(days=2),
    )
    values: dict[str, Any] = {
        "id": "news",
        "accounts": ("newsletter",),
        "locales": ROOT_LOCALES,
        "newsletter": replace(said, **changes.pop("said", {})),
    }
    made = campaign(*items, **values | changes)
    return made if items else replace(made, items=())


def edition(news: Campaign, *others: Campaign) -> NewsletterData:
    dated = {StoryId(campaign=each.id, item=item.id): DUE for each in others for item in each.items}
    return assemble(
        news, day=date(2026, 12, 3), due_at=DUE, dated=dated, told=(),
        campaigns={each.id: each for each in others},
    )  # fmt: skip


def tried(
    news: Campaign, *others: Campaign, locale: str = "en"
) -> Said | NothingSaid | NotRendered:
    desk = Office(catalogs=Catalogs([PACKAGED])).desk
    data = edition(news, *others)
    return say(data, news, desk, account="newsletter", locale=locale, zones=())


def said(news: Campaign, *others: Campaign, locale: str = "en") -> Said:
    found = tried(news, *others, locale=locale)
    assert isinstance(found, Said), found
    return found


def markup(found: Said) -> str:
    return "".join(block.html for block in found.edition.blocks)


def text(found: Said) -> str:
    return "\n".join(block.text for block in found.edition.blocks)


@pytest.mark.parametrize("locale", ROOT_LOCALES)
def test_each_part_stands_in_a_block_of_its_own_in_the_readers_language(locale: str) -> None:
    note = Note(text=text_in("note", "Hello *all*", *ALL), by=wording("by", "Ana", fr="Anne"))
    found = said(
        newsletter(story("one", *ALL), story("two", *ALL), said={"note": note}), locale=locale
    )
    names = [block.name for block in found.edition.blocks]
    assert names == ["header", "note", "news-one", "news-two", "footer"]
    assert {block.zone for block in found.edition.blocks} == {""}
    assert found.edition.subject == f"News & more ({locale})"
    plain = text(found)
    for words in (
        "What is new",
        "On one".upper() if locale == "en" else "",
        "All of two.",
        "Hello all",
    ):
        assert words in plain
    assert ("Anne" if locale == "fr" else "Ana") in plain
    assert "<strong>two</strong>" in markup(found)
    assert "⟦unsubscribe⟧" in plain
    assert "⟦unsubscribe⟧" in markup(found)
    assert (found.notes, found.edition.warnings) == ((), ())


def test_an_untranslated_story_leaves_its_own_locales_edition_alone() -> None:
    news = newsletter(story("one", "es"), story("two", *ALL))
    assert [block.name for block in said(news, locale="es").edition.blocks][1] == "news-one"
    french = said(news, locale="fr")
    assert "news-one" not in [block.name for block in french.edition.blocks]
    assert "On one" not in text(french)
    assert any("the story news/one is left out: fr:" in note for note in french.notes)


def test_without_a_story_in_a_language_nothing_is_said_there() -> None:
    found = tried(newsletter(story("one")), locale="fr")
    assert isinstance(found, NothingSaid)
    assert any("news/one is left out" in note for note in found.notes)


def test_what_is_around_the_stories_holds_the_whole_edition_of_its_locale() -> None:
    note = Note(text=text_in("note", "Hello", "es"), by=wording("by", "Ana"))
    news = newsletter(story("one", *ALL), said={"note": note})
    found = tried(news, locale="fr")
    assert isinstance(found, NotRendered)
    assert found.reason is Hold.TRANSLATION
    assert isinstance(tried(news, locale="es"), Said)


def test_a_story_may_be_told_in_its_own_language_if_the_newsletter_says_so() -> None:
    found = said(newsletter(story("one"), missing=Missing.SOURCE), locale="fr")
    assert "All of one" in text(found)
    assert "Cet article n'est pas encore traduit." in text(found)
    assert '<div lang="en">' in markup(found)


def test_a_story_speaks_with_the_words_of_its_own_campaign() -> None:
    told = story("a", *ALL, body="{{ year }} with {{ partner.lacnic }}", said={
        "byline": wording("by", "Ana of {{ partner.lacnic }}"),
    })  # fmt: skip
    lacnic = Partner(id="lacnic", name=wording("lacnic", "LACNIC"))
    spring = campaign(
        told, variables={"year": wording("year", "2026", en="2026")}, partners={"lacnic": lacnic}
    )
    found = said(newsletter(variables={}), spring)
    assert "2026 with LACNIC" in text(found)
    assert "Ana of LACNIC" in text(found)
    assert found.projects == ("1.1.3", "2.2.1")


def test_a_story_leads_to_its_own_link_with_who_brought_the_reader() -> None:
    links = {"es": "https://example.org/es", "all": "https://example.org/en?a=1"}
    found = said(newsletter(story("one", *ALL, links=links)), locale="es")
    link = "https://example.org/es?utm_source=email&utm_medium=email&utm_campaign=news&utm_content="
    assert link in text(found)
    assert link.replace("&", "&amp;") in markup(found)
    english = said(newsletter(story("one", *ALL, links=links)))
    assert "https://example.org/en?a=1&utm_source=email" in text(english)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("![x](https://example.org/x.png)", "it holds a picture"),
        ("Dear ⟦name⟧", "'⟦name⟧' marks what a mail leaves open"),
    ],
)
def test_a_story_that_a_mail_cannot_show_is_left_out_and_says_why(body: str, why: str) -> None:
    news = newsletter(story("one", *ALL, body=body), story("two", *ALL))
    found = said(news)
    assert "On one" not in text(found)
    (note,) = found.notes
    assert note.startswith(f"the story news/one is left out: {why}")


def test_what_an_author_writes_cannot_become_markup() -> None:
    found = said(newsletter(story("one", body="1 < 2 & <3")))
    assert "1 &lt; 2 &amp; &lt;3" in markup(found)
    assert "1 < 2 & <3" in text(found)
    assert "News &amp; more (en)" in markup(found)


def test_headlines_are_listed_where_there_are_several() -> None:
    three = [story(f"s{n}", *ALL) for n in range(3)]
    assert "En esta edición" in text(said(newsletter(*three), locale="es"))
    assert "In this edition" not in text(said(newsletter(*three[:2])))


def test_a_campaign_without_a_file_is_named() -> None:
    news = newsletter(story("one", *ALL), said={"sources": Sources(campaigns=("gone",))})
    assert said(news).notes == ("gone has no file that can be read: its stories are left out",)
