"""How long a text is: judged by the networks' own cases, and by what they do not say."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from campaigner.core.addresses_in_text import found_by_mastodon, found_by_x
from campaigner.core.counting import check, length

CASES = Path(__file__).parent.parent / "data" / "counting"


def cases(name: str) -> Any:
    return json.loads((CASES / name).read_text(encoding="utf-8"))


WEIGHTED = cases("x-weighted-length.json")["WeightedTweetsWithDiscountedEmojiCounterTest"]


@pytest.mark.parametrize("case", WEIGHTED, ids=lambda case: case["description"])
def test_x_counts_as_its_own_cases_say(case: Any) -> None:
    count = check("x", case["text"], 280)
    expected = case["expected"]
    assert (count.length, count.valid) == (expected["weightedLength"], expected["valid"])


@pytest.mark.parametrize(
    "case",
    [
        case
        for case in cases("x-weighted-length.json")["WeightedTweetsCounterTest"]
        if case["text"] not in [newer["text"] for newer in WEIGHTED]
    ],
    ids=lambda case: case["description"],
)
def test_x_counts_as_its_older_cases_say_where_the_newer_are_silent(case: Any) -> None:
    count = check("x", case["text"], 280)
    expected = case["expected"]
    assert (count.length, count.valid) == (expected["weightedLength"], expected["valid"])


@pytest.mark.parametrize("case", cases("x-extract-urls.json"), ids=lambda case: case["description"])
def test_x_sees_the_addresses_that_its_own_cases_name(case: Any) -> None:
    text = case["text"]
    assert [text[start:end] for start, end in found_by_x(text)] == case["expected"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("e\N{COMBINING ACUTE ACCENT}", 1),  # NFC first
        ("ação", 4),
        ("語", 2),
        ("👩‍👩‍👧‍👦", 2),  # one family
        ("☝🏽", 2),
        ("🎤🏽", 4),  # a microphone has no skin
        ("🇺🇾", 2),
        ("🇺🇾🇵🇹", 4),
        ("🇽🇽", 4),  # no such region, two letters
        ("#️⃣", 2),
        ("©", 1),
        ("©\ufe0f", 2),  # as a picture
        ("☺\ufe0e", 4),  # as text: no emoji, and its selector weighs too
        ("☝\ufe0f🏽", 2),  # asked for as a picture, and toned
        ("👩\u200d🎤", 2),
        ("🎤\u200d🎤", 5),  # joined, but nobody's emoji: two pictures and the joiner
        ("👩\u200d⚕", 5),  # a sign that should be a picture, and does not say so
        ("👩\u200d⚕\ufe0f", 2),
        ("👨\u200d👩\u200d", 2 + 1 + 2 + 1),  # parents, and no child
        ("🌈\ufe0f", 4),  # a picture anyway
        ("⌚\ufe0f", 2),
        ("\ufe0f", 2),
        ("🇺", 2),
        ("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", 2),  # England
        ("🏴\U000e0075\U000e0073\U000e0074\U000e0078\U000e007f", 12),  # Texas is none
        ("see example.org", 4 + 23),
        ("über.com", 1 + 23),  # what begins a text precedes the address
        ("see über.com", 4 + 23),
        ("see example.invalid", 19),
        ("a.b e.g. 3.14", 13),
        ("(https://example.org/a_(b))", 2 + 23),
        ("https://example.org.", 24),
        ("mail@example.org", 16),
        ("https://правительство.рф/x y", 25),
        ("правительство.рф", 16),  # without a scheme, only Latin letters make a link
        ("#DNS", 4),
        ("https://t.co/abc/def", 23 + 4),
    ],
)
def test_x_counts(text: str, expected: int) -> None:
    assert length("x", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("e\N{COMBINING ACUTE ACCENT}", 1),
        ("👩‍👩‍👧‍👦🇺🇾", 2),
        ("https://example.org/" + "a" * 300, 23),
        ("example.org/" + "a" * 30, 42),  # no scheme, no concession
        ("https://example.invalid/", 24),
        ("gemini://example.org/", 23),
        ("https://example.org/año?q=ñ.", 24),
        ("(https://example.org/a_(b))", 25),
        ("@icann@mastodon.example and @icann", 6 + 5 + 6),
        ("mail me@example.org", 19),
        ("https://mastodon.social/@icann@mastodon.example", 23),
        ("@icann@host", 6),  # a server without a dot will do
        ("@icann@mastodon.example@", 24),  # goes on: none
        ("@icann://", 9),
        ("https://t.co/abc/def", 23 + 4),
    ],
)
def test_mastodon_counts(text: str, expected: int) -> None:
    assert length("mastodon", text) == expected


def test_a_content_warning_counts() -> None:
    assert length("mastodon", "text", warning="policy") == 10


def test_mastodon_takes_wider_paths_than_x() -> None:
    text = "https://example.org/路径"
    assert [text[slice(*span)] for span in found_by_mastodon(text)] == [text]
    assert [text[slice(*span)] for span in found_by_x(text)] == ["https://example.org/"]


def test_what_a_person_publishes_is_counted_as_people_count() -> None:
    assert length("manual", "e\N{COMBINING ACUTE ACCENT}👩‍👩‍👧‍👦 https://example.org") == 2 + 20


def test_mastodon_takes_no_text_of_nothing_but_space() -> None:
    assert not check("mastodon", " \n\u3000", 500).valid
    assert check("mastodon", "\u200b", 500).valid


def test_a_limit_of_nothing_means_no_limit() -> None:
    count = check("email", "x" * 100_000, 0)
    assert (count.length, count.valid) == (100_000, True)


def test_an_empty_text_and_a_byte_order_mark_are_not_valid_on_x() -> None:
    assert not check("x", "", 280).valid
    assert not check("x", "hi \ufeff", 280).valid
    assert check("x", "x" * 281, 280).room == -1


@pytest.mark.parametrize(
    "text",
    [
        "あ" * 3000 + ".",
        "a." * 3000,
        "a.com " * 2000,
        "あ_" * 1500 + ".com",
        "https://a.com/" + "(" * 3000,
        "https://a.com/" + "(a)!" * 1500,
        "https://a.com/?" + "." * 4000,
        "http://" * 1000,
    ],
    ids=lambda text: text[:20],
)
@pytest.mark.parametrize("channel", ["x", "mastodon"])
def test_no_text_makes_counting_slow(channel: str, text: str) -> None:
    length(channel, "example.org")  # patterns are compiled once
    before = time.process_time()
    length(channel, text)
    assert time.process_time() - before < 1.0, "a budget a hundred times what it takes"
