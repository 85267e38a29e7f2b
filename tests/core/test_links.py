"""A link says who brought the reader, and otherwise stays what the author pasted."""

import pytest

from campaigner.core.links import key_in, tag

OURS = "utm_source=x&utm_medium=social&utm_campaign=dns-security&utm_content=k3y"


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("https://example.org", f"https://example.org?{OURS}"),
        ("https://example.org/?", f"https://example.org/?{OURS}"),
        ("https://example.org/a?b=1&a=2", f"https://example.org/a?b=1&a=2&{OURS}"),
        ("https://example.org/a#part", f"https://example.org/a?{OURS}#part"),
        ("https://example.org/#/a?b=1", f"https://example.org/?{OURS}#/a?b=1"),
        (
            "https://example.org/?utm_source=old&b=1&utm_term=kept",
            f"https://example.org/?b=1&utm_term=kept&{OURS}",
        ),
        (
            "https://ñandú.example/caf%C3%A9?q=%20+",
            f"https://ñandú.example/caf%C3%A9?q=%20+&{OURS}",
        ),
        ("", ""),
    ],
)
def test_only_the_query_gains(link: str, expected: str) -> None:
    assert tag(link, source="x", medium="social", campaign="dns-security", key="k3y") == expected


def test_tagging_twice_changes_nothing() -> None:
    once = tag("https://example.org/?b=1", source="x", medium="m", campaign="c", key="k")
    assert tag(once, source="x", medium="m", campaign="c", key="k") == once


def test_what_is_not_plain_is_escaped() -> None:
    assert "utm_campaign=a%26b%20%C3%B1&" in tag(
        "https://example.org", source="x", medium="m", campaign="a&b ñ", key="k"
    )


@pytest.mark.parametrize(
    ("url", "key"),
    [
        (f"https://example.org/?{OURS}", "k3y"),
        (f"https://example.org/?{OURS.replace('&', '&amp;')}", "k3y"),
        ("https://example.org/?utm_content=", None),
        ("https://example.org/?content=k", None),
        ("https://example.org/#?utm_content=k", None),
        ("", None),
    ],
)
def test_the_key_is_read_back(url: str, key: str | None) -> None:
    assert key_in(url) == key
