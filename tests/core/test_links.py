"""A link says who brought the reader, and otherwise stays what the author pasted."""

import pytest

from campaigner.core.links import key_in, parameters, rule_fault, tag

PARAMETERS = {"source": "x", "medium": "social", "campaign": "dns-security"}
FIELDS = {
    "campaign": "dns-security", "channel": "x", "account": "x-es", "locale": "es-419",
    "item": "phishing", "project": "1.1.3",
}  # fmt: skip
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
    assert tag(link, PARAMETERS, key="k3y") == expected


def test_tagging_twice_changes_nothing() -> None:
    once = tag("https://example.org/?b=1", PARAMETERS, key="k")
    assert tag(once, PARAMETERS, key="k") == once


def test_what_is_not_plain_is_escaped() -> None:
    link = tag("https://example.org", {"campaign": "a&b ñ"}, key="k")
    assert link == "https://example.org?utm_campaign=a%26b%20%C3%B1&utm_content=k"


def test_without_rules_a_link_says_channel_and_campaign() -> None:
    assert parameters({}, FIELDS) == PARAMETERS


def test_a_rule_says_what_it_holds_between_braces() -> None:
    rules = {
        "source": "{channel}/{account}",
        "campaign": "{campaign}-{locale}",
        "term": "{project} {item}",
    }
    assert parameters(rules, FIELDS) == {
        "source": "x/x-es",
        "medium": "social",
        "campaign": "dns-security-es-419",
        "term": "1.1.3 phishing",
    }


def test_what_is_put_in_is_not_filled_in_again() -> None:
    assert parameters({"term": "{item}"}, {**FIELDS, "item": "{channel}"})["term"] == "{channel}"


def test_an_empty_rule_leaves_the_authors_own_parameter() -> None:
    found = parameters({"medium": "", "campaign": " "}, FIELDS)
    assert found == {"source": "x"}
    link = tag("https://a.test/?utm_medium=print&utm_source=card", found, key="k")
    assert link == "https://a.test/?utm_medium=print&utm_source=x&utm_content=k"


@pytest.mark.parametrize(
    ("name", "rule", "told", "fix"),
    [
        ("content", "a", "`content` is what campaigner itself sets", "Remove it; use `term`"),
        ("sorce", "a", "'sorce' is no part of a link that a rule", "Did you mean 'source'?"),
        ("utm_id", "a", "'utm_id' is no part of a link", "Known are 'source', 'medium', 'camp"),
        ("term", "{itm}", "the rule for `term` holds '{itm}', which", "Did you mean '{item}'?"),
        ("term", "{0}", "holds '{0}', which stands for nothing", "Known are '{campaign}', '{ch"),
        ("term", "a}", "holds '}', which stands for nothing", "Known are"),
        ("term", "{{item}}", "holds '{', which stands for nothing", "Known are"),
    ],
)
def test_a_rule_that_cannot_be_followed_is_told(name: str, rule: str, told: str, fix: str) -> None:
    fault = rule_fault(name, rule)
    assert fault is not None
    assert told in fault[0]
    assert fix in fault[1]


def test_a_rule_of_plain_words_and_known_fields_is_fine() -> None:
    for rule in ("", "social", "{campaign}-{locale}/{channel}{account} {item} {project}"):
        assert rule_fault("campaign", rule) is None


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
