"""A partner kit: whole texts in every language, by network, with what is missing named."""

import html
import re
from datetime import UTC, date, datetime, time
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest

from campaigner.core.cadence import OnDates
from campaigner.core.campaign import ANY, Campaign, Item, Missing, Schedule, Story
from campaigner.core.schedule import Start
from campaigner.db.engine import Sessions
from campaigner.db.runs import open_run
from campaigner.errors import UserError
from campaigner.rendering.catalogs import Catalogs
from campaigner.services.kit import Kit, make_kit, start_of_run
from campaigner.settings import AccountSettings, sample_root
from tests.services.desks import Office, campaign, digest, item, picture, wording

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
BEGIN = Start(at=datetime(2026, 11, 30, tzinfo=UTC))


def kit(
    of: Campaign | None = None,
    *,
    office: Office | None = None,
    start: Start | None = None,
    language: str = "en",
    now: datetime = NOW,
) -> Kit:
    return make_kit(
        of or campaign(item(1)),
        (office or Office()).desk,
        sender="ICANN LAC",
        start=start,
        language=language,
        now=now,
    )


def seen(made: Kit) -> str:
    return html.unescape(re.sub(r"\s+", " ", made.html))


def copied(made: Kit) -> list[str]:
    """Return the texts that have a button, as they are copied."""
    return [
        html.unescape(text)
        for text in re.findall(r'<div class="copied"[^>]*>(.*?)</div>', made.html, re.DOTALL)
    ]


def said(number: int, **texts: str) -> Item:
    words = wording(f"item-{number} text", texts["en"], **texts)
    return item(number, texts={ANY: words})


def test_every_language_of_an_item_is_there_as_it_would_be_published() -> None:
    made = kit()
    assert (made.items, made.locales, made.left_out) == (1, ("en", "es"), ())
    assert [text.splitlines()[0] for text in copied(made) if "\n" in text] == [
        *["Lesson 1"] * 3,  # X, Mastodon, and anywhere else
        *["Lección 1"] * 3,
    ]


def test_links_say_that_a_partner_brought_the_reader() -> None:
    links = [text for text in copied(kit()) if text.startswith("https://example.org/1")]
    assert len(links) == 2
    for link in links:
        parameters = parse_qs(urlsplit(link).query)
        assert parameters["utm_source"] == ["partner-kit"]
        assert parameters["utm_campaign"] == ["spring"]


def test_networks_that_would_say_the_same_share_a_text() -> None:
    places = {
        name: AccountSettings(
            channel="manual", locales=("en",), place=name, people=("ana@example.org",)
        )
        for name in ("Forum", "List")
    }
    made = kit(
        campaign(item(1, links={}), accounts=("Forum", "List"), locales=("en",)),
        office=Office(accounts=places),
    )
    assert re.findall(r"<h4>(.*?)</h4>", made.html) == ["Forum · List · For any other place"]
    assert copied(made) == ["Lesson 1"]


def test_each_network_has_its_own_text_and_its_own_limit() -> None:
    texts = {
        "x": wording("one text.x", "Short", en="Short", es="Breve"),
        "mastodon": wording("one text.m", "Longer", en="Longer", es="Más largo"),
    }
    made = kit(campaign(item(1, texts=texts, links={})))
    assert copied(made) == ["Short", "Longer", "Breve", "Más largo"]
    assert "5 of 280 characters" in seen(made)
    assert "6 of 500 characters" in seen(made)


def test_pictures_can_be_downloaded_by_their_name_and_have_their_words() -> None:
    shown = {ANY: (picture("media/lock.png", en="A lock", es="Un candado"),)}
    made = kit(
        campaign(item(1, pictures=shown)), office=Office(pictures={"media/lock.png": b"\x89PNG"})
    )
    assert re.findall(r'download="([^"]+)" href="(data:image/png;base64,[^"]+)"', made.html) == [
        ("lock.png", "data:image/png;base64,iVBORw==")
    ]
    assert {"A lock", "Un candado"} <= set(copied(made))


def test_pictures_stand_in_the_order_of_the_file_with_the_words_of_the_first_language() -> None:
    shown = {
        "en": (picture("media/one.png", en="First"), picture("media/two.png", en="Second")),
        "es": (picture("media/dos.png", en="Only here", es="Segundo"),),
    }
    files = {name: f"PNG {name}".encode() for name in ("media/one.png", "media/two.png")}
    office = Office(pictures={**files, "media/dos.png": b"PNG dos"})
    made = kit(campaign(item(1, pictures=shown)), office=office)
    assert re.findall(r'download="([^"]+)"', made.html) == ["one.png", "two.png", "dos.png"]
    assert re.findall(r'<svg role="img" aria-label="([^"]+)"', made.html) == [
        "First",
        "Second",
        "Segundo",
    ]


def test_hashtags_and_stories_can_be_copied_too() -> None:
    story = Story(
        headline=wording("h", "Names", en="Names", es="Nombres"),
        body=wording("b", "They **matter**", en="They **matter**", es="**Importan**"),
    )
    tags = {"en": ("DNS", "Security"), "es": ("DNS",)}
    texts = copied(kit(campaign(item(1, hashtags=tags, story=story))))
    assert {"#DNS #Security", "#DNS", "Names", "Nombres", "They **matter**"} <= set(texts)


@pytest.mark.parametrize("missing", list(Missing))
def test_what_is_not_translated_is_left_out_and_named(missing: Missing) -> None:
    of = campaign(said(1, en="Names matter"), item(2), missing=missing)
    made = kit(of)
    assert [(each.item, each.locale) for each in made.left_out] == [("item-1", "es")]
    assert "Names matter" in seen(made)
    assert "item-1</span> · Spanish: not translated yet" in seen(made)


def test_what_does_not_fit_is_left_out_there_only() -> None:
    long = "a" * 300
    made = kit(campaign(said(1, en=long, es="Breve")))
    assert [(each.item, each.locale, each.note) for each in made.left_out] == [
        ("item-1", "en", "it is too long for x")
    ]
    assert sum(text.startswith(long) for text in copied(made)) == 2


def test_an_item_without_a_text_is_named() -> None:
    made = kit(campaign(item(1), Item(id="later", texts={}, title="Later")))
    assert [each.item for each in made.left_out] == ["later"]
    assert "later</span>: no text yet" in seen(made)


def test_dates_are_suggested_once_they_are_fixed() -> None:
    assert "Suggested date" not in seen(kit())
    assert not kit().dated
    made = kit(campaign(item(1), item(2)), start=BEGIN)
    assert made.dated
    assert "Suggested date: Tuesday, December 1, 2026, 10:00" in seen(made)
    assert "Suggested date: Tuesday, December 8, 2026, 10:00" in seen(made)


def test_a_file_that_names_its_days_suggests_them() -> None:
    days = OnDates(dates=((date(2027, 1, 5), time(10)),))
    schedule = Schedule(cadence=days, zone=ZoneInfo("America/Montevideo"))
    made = kit(campaign(item(1), schedule=schedule))
    assert "Suggested date: Tuesday, January 5, 2027, 10:00" in seen(made)


def test_an_embargo_ahead_is_big_and_clear() -> None:
    until = datetime(2026, 12, 1, 13, tzinfo=UTC)
    of = campaign(item(1), embargo_until=until)
    made = kit(of)
    assert made.embargo_until == until
    assert seen(made).count("Under embargo until Tuesday, December 1, 2026, 10:00") == 1
    assert "December 1, 2026, 1:00" in seen(made), "and in UTC"
    over = kit(of, now=until)
    assert over.embargo_until is None
    assert "embargo until" not in seen(over)


def test_an_embargo_of_one_item_stands_beside_it() -> None:
    until = datetime(2026, 12, 1, 13, tzinfo=UTC)
    made = seen(kit(campaign(item(1, embargo_until=until), item(2))))
    assert "Part of this page is under embargo." in made
    assert made.count("Under embargo until") == 1


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "Partner kit"), ("es", "Kit para socios"), ("pt_BR", "Kit para parceiros"),
     ("fr", "Kit pour les partenaires")],
)  # fmt: skip
def test_the_page_speaks_the_language_asked_for(language: str, words: str) -> None:
    made = kit(language=language, office=Office(catalogs=Catalogs([sample_root() / "locales"])))
    assert words in seen(made)
    assert f'<html lang="{language.replace("_", "-")}"' in made.html


def test_what_an_author_writes_is_text_and_nothing_else() -> None:
    hostile: dict[str, Any] = {"en": "</div><script>alert(1)</script>", "es": "hola"}
    made = kit(campaign(said(1, **hostile), title="<img src=x>"))
    assert made.html.count("<script") == 1, "the page's own"
    assert "<img" not in made.html
    assert any(text.startswith(hostile["en"]) for text in copied(made))


def test_a_digest_has_no_kit() -> None:
    with pytest.raises(UserError, match="digest is a digest: it is made anew"):
        kit(digest())


def test_nothing_ready_is_told() -> None:
    of = campaign(Item(id="later", texts={}, title="Later"))
    with pytest.raises(UserError, match="nothing of spring is ready for partners"):
        kit(of)


def test_a_run_says_when_it_began(sessions: Sessions) -> None:
    assert start_of_run(sessions, "spring") is None
    with sessions() as session:
        open_run(session, campaign(), start="2026-12-01", new_run=False, by="ana", now=NOW)
        session.commit()
    begun = start_of_run(sessions, "spring")
    assert begun == Start(at=datetime(2026, 12, 1, 3, tzinfo=UTC))
