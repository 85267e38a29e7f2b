"""The preview as a page: every post as it would look, what waits and why, and what it costs."""

import html
import re
from datetime import UTC, date, datetime
from typing import Any

import pytest

from campaigner.core.campaign import Campaign, Item
from campaigner.core.delivery import Hold
from campaigner.core.message import Identity
from campaigner.rendering.catalogs import Catalogs
from campaigner.rendering.drafts import Draft
from campaigner.rendering.posts import RenderedPicture, RenderedStory
from campaigner.rendering.preview_pages import (
    EditionPreview,
    StoryDraft,
    editions_page,
    posts_page,
)
from campaigner.settings import AccountSettings, sample_root
from tests.services.desks import Office, campaign, digest, item

LANGUAGES = {"en": "Preview", "es": "Vista previa", "pt_BR": "Prévia", "fr": "Aperçu"}


def draft(account: str = "x-en", locale: str = "en", **changes: Any) -> Draft:
    identity = Identity(
        campaign="spring", run="preview", item="item-1", repetition=0, account=account,
        locale=locale,
    )  # fmt: skip
    values: dict[str, Any] = {
        "identity": identity,
        "channel": "x" if account == "x-en" else "mastodon",
        "language": locale,
        "text": f"Lesson <1> {account} {locale}",
        "length": 20,
        "limit": 280,
    }
    return Draft(**values | changes)


def page(
    *posts: Draft, stories: tuple[StoryDraft, ...] = (), of: Campaign | None = None,
    language: str = "en", office: Office | None = None,
) -> str:  # fmt: skip
    made = posts_page(
        of or campaign(item(1)),
        (office or Office()).desk,
        posts=posts,
        stories=stories,
        language=language,
    )
    return html.unescape(re.sub(r"\s+", " ", made))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_speaks_each_of_our_languages(language: str) -> None:
    office = Office(catalogs=Catalogs([sample_root() / "locales"]))
    said = page(draft(), language=language, office=office)
    assert f'<html lang="{language.replace("_", "-")}"' in said
    assert LANGUAGES[language] in said


def test_every_post_is_there_in_its_language_and_on_its_network() -> None:
    said = page(draft(), draft("m", "es"), draft("m", "en"))
    assert said.count("<article") == 3
    assert 'data-language="es" data-network="mastodon"' in said
    assert "<span>20 of 280</span>" in said
    assert "body:has(#language-es:checked)" in said
    assert "body:has(#network-mastodon:checked)" in said


def test_what_an_author_writes_is_text_and_nothing_else() -> None:
    raw = posts_page(
        campaign(item(1), title="<script>alert(1)</script>"),
        Office().desk,
        posts=[draft(text="<img src=x onerror=alert(1)>")],
        stories=[],
        language="en",
    )
    assert "<script" not in raw
    assert "<img" not in raw


def test_a_page_fetches_nothing() -> None:
    office = Office(pictures={"media/a.png": b"\x89PNG"})
    pictures = (RenderedPicture(file="media/a.png", alt="A lock"),)
    said = page(draft(pictures=pictures), draft("m", pictures=pictures), office=office)
    assert said.count("data:image/png;base64,") == 1, "a picture is there once"
    assert said.count('aria-label="A lock"') == 2
    assert "A lock</span></figcaption>" in said
    fetched = re.findall(r'(?:src|href|srcset|action)="([^"]*)"', said)
    assert {address.partition(":")[0].partition("#")[0] for address in fetched} <= {"data", ""}
    assert "default-src 'none'" in said
    assert "url(" not in said


def test_what_waits_says_why() -> None:
    said = page(
        draft(hold=Hold.LENGTH, text="語" * 4, length=8, limit=6, note="too long: 8 of 6"),
        draft("m", "es", hold=Hold.TRANSLATION, text="", length=0, note="it has no translation"),
    )
    assert "Too long for this network" in said
    assert "<mark>" in said
    assert "2 too many" in said
    assert "Waiting for a translation" in said
    assert "it has no translation" in said
    assert "Only what cannot go out" in said
    assert said.count('class="card x held"') == said.count('class="card mastodon held"') == 1


def test_what_it_costs_is_told_by_post_and_in_all() -> None:
    said = page(draft(text="https://example.org"), draft(text="plain"), draft("m"))
    assert [each for each in ("$0.200", "$0.015", "$0.215") if each not in said] == []


def test_what_was_left_out_to_fit_is_told() -> None:
    assert "#DNS to fit" in page(draft(dropped=("DNS",)))


def test_a_language_that_stands_in_is_named() -> None:
    said = page(draft("m", "es", language="en"))
    assert "said in English, for want of a translation" in said


def test_stories_stand_beside_their_posts() -> None:
    story = RenderedStory(headline="Names matter", body="It **looks**…", language="en")
    said = page(
        draft(),
        stories=(
            StoryDraft(item="item-1", locale="en", story=story),
            StoryDraft(item="item-1", locale="es", story=None, note="es: it lacks it"),
        ),
    )
    assert "Names matter" in said
    assert "es: it lacks it" in said
    assert "body:has(#network-email:checked)" in said


def test_an_item_without_a_text_says_who_writes_it_and_until_when() -> None:
    coming = Item(id="later", texts={}, title="Later", owner="maria", due=date(2026, 11, 20))
    said = page(draft(), of=campaign(item(1), coming))
    assert "No text yet · maria · due November 20, 2026" in said


def test_an_embargo_is_told_the_later_of_the_two() -> None:
    first, last = datetime(2026, 12, 1, tzinfo=UTC), datetime(2026, 12, 2, 13, tzinfo=UTC)
    embargoed = item(1, embargo_until=last)
    of = campaign(embargoed, embargo_until=first)
    assert of.embargo_of(embargoed) == last
    assert campaign().embargo_of(item(1)) is None
    assert "Under embargo until December 2, 2026, 10:00" in page(draft(), of=of)


def test_a_place_where_people_publish_is_called_by_its_name() -> None:
    group = AccountSettings(
        channel="manual", locales=("en",), place="LinkedIn group", people=("ana@example.org",),
        through="newsletter",
    )  # fmt: skip
    office = Office(accounts={"x-en": group})
    said = page(draft(channel="manual", limit=0), office=office)
    assert "LinkedIn group" in said
    assert "<span>20</span>" in said


def test_an_edition_is_shown_as_readers_get_it_in_a_frame_that_can_do_nothing() -> None:
    editions = [
        EditionPreview(
            account="newsletter", locale="en", subject="<News>", text="plain", html="<p>“Hi”</p>"
        ),
        EditionPreview(account="newsletter", locale="es", subject="", text="es: it lacks it"),
    ]
    raw = editions_page(digest(), Office().desk, editions=editions, language="en")
    assert 'srcdoc="&lt;base target=&#34;_blank&#34;&gt;&lt;p&gt;“Hi”&lt;/p&gt;"' in raw
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in raw
    assert "&lt;News&gt;" in raw
    assert "es: it lacks it" in raw
    assert raw.count("<iframe") == 1
