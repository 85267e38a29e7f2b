"""The sample campaigns as they would go out: complete, fitting, and in ICANN's own terms."""

import re
import struct
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from ruamel.yaml import YAML

from campaigner.app import App
from campaigner.core.campaign import Campaign, Item
from campaigner.core.message import Identity
from campaigner.core.placeholders import names_in
from campaigner.loading.campaigns import load_campaign
from campaigner.loading.processes import load_processes
from campaigner.loading.strategy import load_strategy
from campaigner.loading.subscribers import load_subscribers
from campaigner.rendering.catalogs import CAMPAIGNS, PROCESSES, Catalogs, Translated
from campaigner.rendering.drafts import draft_post
from campaigner.rendering.extraction import wordings_of
from campaigner.rendering.posts import find_link
from campaigner.settings import Settings, load_settings

ROOT = Path(__file__).parents[2]
LOCALES = ("es", "pt_BR", "fr")
NAMES = ("dns-security-awareness", "lac-newsletter", "pdp-digest")
THEMES = (
    "dns-abuse", "phishing", "malware-and-botnets", "pharming-and-dnssec", "reporting-abuse",
    "protect-your-domain", "kindns-and-measuring", "universal-acceptance",
)  # fmt: skip
POSTS = [
    ("x-en", "en"), ("x-es", "es"), ("x-pt", "pt_BR"), ("x-fr", "fr"),
    ("mastodon", "en"), ("mastodon", "es"), ("mastodon", "pt_BR"), ("mastodon", "fr"),
]  # fmt: skip

STORY_WORDS = range(80, 151)
PICTURE_BYTES = 60_000  # light enough for a slow connection
PICTURE_SIZE = (1200, 675)
IN_ENGLISH = {"es": "(en inglés)", "pt_BR": "(em inglês)", "fr": "(en anglais)"}
WORD = re.compile(r"\w[\w'’.-]*")
ISO_DATE = re.compile(r"(\d{4})-\d\d-(\d\d)")  # a translation writes the month as a word
GROUPED = re.compile(r"(?<=\d)[.,\u00a0](?=\d{3}(?!\d))")


@cache
def settings() -> Settings:
    return load_settings(ROOT)


@cache
def campaign(name: str) -> Campaign:
    path = ROOT / "campaigns" / f"{name}.yaml"
    return load_campaign(path, strategy=load_strategy(), accounts=settings().accounts)


def items() -> tuple[Item, ...]:
    return campaign("dns-security-awareness").items


@cache
def catalogs() -> Catalogs:
    return Catalogs([ROOT / "locales"])


@cache
def strings() -> tuple[tuple[str, str, str], ...]:
    """Everything that a translator gets here: domain, context, source text."""
    wordings = [wording for name in NAMES for wording in wordings_of(campaign(name))]
    facts = [
        (f"process/{process.id}", milestone.what)
        for process in load_processes(ROOT / "campaigns/data/pdps.yaml")
        for milestone in process.milestones
        if milestone.evidence.startswith("seen")
    ]
    return (
        *((CAMPAIGNS, wording.context, wording.source) for wording in wordings),
        *((PROCESSES, context, what) for context, what in facts),
    )


def pairs(locale: str) -> Iterator[tuple[str, str, str]]:
    """Context, source text and its translation, for all that have one."""
    for domain, context, source in strings():
        found = catalogs().look_up(
            domain, source, context=context, locale=locale, source_locale="en"
        )
        if isinstance(found, Translated):
            yield context, source, found.text


def text_of(item: Item, channel: str, locale: str) -> str:
    wording = item.text_on(channel)
    assert wording is not None
    found = catalogs().look_up(
        CAMPAIGNS, wording.source, context=wording.context, locale=locale, source_locale="en"
    )
    assert isinstance(found, Translated)
    return found.text


def figures(text: str) -> list[str]:
    plain = ISO_DATE.sub(r"\1 \2", GROUPED.sub("", text))
    return sorted(number.lstrip("0") for number in re.findall(r"\d+", plain))


def test_the_eight_themes_are_said_in_their_order() -> None:
    assert tuple(item.id for item in items()) == THEMES


@pytest.mark.parametrize("locale", LOCALES)
def test_every_string_is_translated(locale: str) -> None:
    for domain, context, source in strings():
        found = catalogs().look_up(
            domain, source, context=context, locale=locale, source_locale="en"
        )
        assert isinstance(found, Translated), found.sentence()
        assert found.text != source or source == "KINDNS"


@pytest.mark.parametrize("locale", LOCALES)
def test_no_catalog_carries_a_string_that_nobody_says(locale: str) -> None:
    said = {(domain, context, source) for domain, context, source in strings()}
    for domain in (CAMPAIGNS, PROCESSES):
        file = catalogs().file(domain, locale)
        assert file is not None
        assert {(domain, context, source) for context, source in file.entries} <= said


@pytest.mark.parametrize("locale", LOCALES)
def test_a_translation_has_the_placeholders_of_its_source(locale: str) -> None:
    for context, source, translation in pairs(locale):
        assert set(names_in(translation)) == set(names_in(source)), context


@pytest.mark.parametrize("locale", LOCALES)
def test_a_translation_has_the_figures_of_its_source(locale: str) -> None:
    for context, source, translation in pairs(locale):
        assert figures(translation) == figures(source), context


@pytest.mark.parametrize(("account", "locale"), POSTS)
def test_a_post_fits_with_all_of_its_hashtags(account: str, locale: str) -> None:
    desk = App(settings()).dry_desk()
    for item in items():
        identity = Identity(
            campaign="dns-security-awareness",
            run="2026-12-01",
            item=item.id,
            repetition=0,
            account=account,
            locale=locale,
        )
        draft = draft_post(campaign("dns-security-awareness"), item, identity, desk)
        assert draft is not None
        assert draft.limit == (280 if draft.channel == "x" else 500)
        assert (draft.hold, draft.note, draft.dropped) == (None, "", ()), item.id
        assert draft.text.count("#") == len(item.hashtags.get(locale, item.hashtags.get("all", ())))


def test_every_link_is_https() -> None:
    for item in items():
        assert item.links, item.id
        for link in item.links.values():
            parts = urlsplit(link)
            assert (parts.scheme, bool(parts.hostname)) == ("https", True), link


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("channel", ["x", "mastodon"])
def test_a_link_to_an_english_page_says_so(channel: str, locale: str) -> None:
    for item in items():
        leads_home = find_link(item, locale).endswith(f"-{locale}")
        says = IN_ENGLISH[locale] in text_of(item, channel, locale)
        assert says is not leads_home, item.id


def test_every_item_shows_a_light_picture_with_words_for_it() -> None:
    for item in items():
        (picture,) = item.pictures["all"]
        data = (ROOT / "campaigns" / picture.file).read_bytes()
        assert len(data) < PICTURE_BYTES, picture.file
        assert struct.unpack(">II", data[16:24]) == PICTURE_SIZE, "width and height in a PNG's IHDR"
        assert picture.alt is not None
        assert len(picture.alt.source) > 40


@pytest.mark.parametrize("locale", ["en", *LOCALES])
def test_a_story_is_neither_a_line_nor_a_page(locale: str) -> None:
    for item in items():
        assert item.story is not None
        body = item.story.body
        found = catalogs().look_up(
            CAMPAIGNS, body.source, context=body.context, locale=locale, source_locale="en"
        )
        assert isinstance(found, Translated)
        assert len(WORD.findall(found.text)) in STORY_WORDS, item.id


@pytest.mark.parametrize("locale", LOCALES)
def test_a_translation_uses_icanns_own_terms(locale: str) -> None:
    departures = [
        f"{context}: {english!r} is {' or '.join(official)!r}"
        for context, source, translation in pairs(locale)
        for english, official in glossary(locale)
        if inflected(english).search(source)
        and not any(inflected(term).search(translation) for term in official)
    ]
    assert departures == []


@cache
def glossary(locale: str) -> list[tuple[str, list[str]]]:
    """English terms with the official ones of a locale, without their abbreviations."""
    entries = YAML(typ="safe").load(Path(__file__).with_name("glossary.yaml"))
    return [
        (bare(entry["en"]), [bare(term) for term in entry[locale]["term"].split(" / ")])
        for entry in entries
        if locale in entry
    ]


def bare(term: str) -> str:
    return re.sub(r"\s*\([^)]*\)$", "", term)


@cache
def inflected(term: str) -> re.Pattern[str]:
    """The term in any case, each of its words in the singular or a plural (s, es, x)."""
    words = (re.escape(word) + "(?:s|es|x)?" for word in term.split())
    return re.compile(r"\b" + r"\s+".join(words) + r"\b", re.IGNORECASE)


def test_the_sample_processes_can_be_taken_in() -> None:
    processes = load_processes(ROOT / "campaigns/data/pdps.yaml")
    assert len(processes) == 23


def test_the_sample_readers_can_be_taken_in() -> None:
    file = ROOT / "campaigns/data/subscribers.csv"
    readers = load_subscribers(file, record={}, today=date(2026, 2, 1))
    assert 8 <= len(readers) <= 12
    assert all(
        reader.address.rsplit("@")[1] in {"example.org", "example.com", "example.net"}
        for reader in readers
    ), "addresses that nobody can have"
    assert len({reader.zone for reader in readers}) >= 6
    assert any(not reader.name.isascii() for reader in readers)
