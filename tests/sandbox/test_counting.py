import json
import time
from pathlib import Path
from typing import Any

import pytest

from campaigner.sandbox.addresses import hashtags, links, mentions
from campaigner.sandbox.counting import mastodon_length, x_length

CASES = Path(__file__).parent.parent / "data" / "counting"


def cases(name: str) -> Any:
    return json.loads((CASES / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "case",
    cases("x-weighted-length.json")["WeightedTweetsWithDiscountedEmojiCounterTest"],
    ids=lambda case: case["description"],
)
def test_x_counts_as_its_own_cases_say(case: dict[str, Any]) -> None:
    assert x_length(case["text"]) == case["expected"]["weightedLength"]


@pytest.mark.parametrize("case", cases("x-extract-urls.json"), ids=lambda c: c["description"])
def test_x_finds_the_links_that_its_own_cases_name(case: dict[str, Any]) -> None:
    assert [link.text for link in links(case["text"], schemeless=True)] == case["expected"]


@pytest.mark.parametrize(
    ("text", "x", "mastodon"),
    [
        ("año", 3, 3),
        ("an\u0303o", 3, 3),
        ("©", 1, 1),
        ("©\ufe0f", 2, 1),
        ("1\ufe0f\u20e3", 2, 1),
        ("👨‍👩‍👧‍👧", 2, 1),
        ("🇧🇷🇺🇾", 4, 2),
        ("日本", 4, 2),
        ("https://www.icann.org/a/very/long/path/indeed", 23, 23),
        ("icann.org", 23, 9),
        ("@lac@icann.example", 0, 4),
        ("", 0, 0),
    ],
)
def test_lengths_by_each_networks_rule(text: str, x: int, mastodon: int) -> None:
    assert mastodon_length(text) == mastodon
    if "@" not in text:
        assert x_length(text) == x


def test_a_content_warning_counts_on_mastodon() -> None:
    assert mastodon_length("body", "warning") == 11


def test_hashtags_need_a_letter_and_a_beginning() -> None:
    text = "#DNS (#DNSSEC) a#no #123 ¡#Año! #Abuso_del_DNS"
    assert [tag.text for tag in hashtags(text)] == ["#DNS", "#DNSSEC", "#Año", "#Abuso_del_DNS"]


def test_an_address_is_no_mention() -> None:
    text = "@icann mail@example.org https://example.org/@user @lac@social.example"
    assert [mention.text for mention in mentions(text)] == ["@icann", "@lac@social.example"]


def test_hostile_texts_are_counted_in_time() -> None:
    begun = time.monotonic()
    for text in ("a." * 2000, "http://a.com/" + "(" * 2000, "#" * 5000, "http://" + "a-" * 5000):
        x_length(text)
        mastodon_length(text)
    assert time.monotonic() - begun < 20, "no quadratic or worse surprise"
