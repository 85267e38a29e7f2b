"""Segments: what is read from a rule, and what is said of one that cannot be read."""

from datetime import UTC, date, datetime

import pytest

from campaigner.core.audience import Standing
from campaigner.core.rules import (
    All,
    Among,
    Contains,
    Dated,
    Either,
    Field,
    IsSet,
    Kind,
    Not,
    Person,
    Relation,
    Rule,
    matches,
    written,
)
from campaigner.core.segments import MOST_RULES, SegmentError, Vocabulary, parse

COUNTRY = Field(Kind.COUNTRY)
VOCABULARY = Vocabulary(
    segments={"brazil": "country = BR", "region": "brazil or country = AR", "loop": "not loop"},
    topics=("policy", "dns-security"),
    lists=("newsletter",),
    zones=("America/Lima",),
)
ANA = Person(
    country="BR",
    locale="pt_BR",
    zone="America/Sao_Paulo",
    topics=frozenset({"policy"}),
    added_at=datetime(2026, 3, 1, 23, 59, tzinfo=UTC),
    standings={"newsletter": Standing.ACTIVE},
    confirmed_at={"newsletter": datetime(2026, 3, 2, tzinfo=UTC)},
    attributes={"role": "network engineer"},
)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("country = br", Among(COUNTRY, ("BR",))),
        ("country in (Brazil, 'AR', BR)", Among(COUNTRY, ("BR", "AR"))),
        ("locale = es-419", Among(Field(Kind.LOCALE), ("es_419",))),
        ("COUNTRY IN (BR)".replace("COUNTRY", "country"), Among(COUNTRY, ("BR",))),
        ("country != BR", Not(Among(COUNTRY, ("BR",)))),
        ("country not in (BR)", Not(Among(COUNTRY, ("BR",)))),
        ("country is not set", Not(IsSet(COUNTRY))),
        (
            "attributes.role contains 'it''s'",
            Contains(Field(Kind.ATTRIBUTE, "role"), "it's"),
        ),
        (
            'attributes.role = "a ""b"""',
            Among(Field(Kind.ATTRIBUTE, "role"), ('a "b"',)),
        ),
        (
            "list.newsletter in (active, pending)",
            Among(Field(Kind.LIST, "newsletter"), ("active", "pending")),
        ),
        (
            "confirmed.newsletter >= 2026-01-31",
            Dated(Field(Kind.CONFIRMED, "newsletter"), Relation.SINCE, date(2026, 1, 31)),
        ),
        ("brazil", Among(COUNTRY, ("BR",))),
        (
            "not region and topic is set",
            All((
                Not(Either((Among(COUNTRY, ("BR",)), Among(COUNTRY, ("AR",))))),
                IsSet(Field(Kind.TOPIC)),
            )),
        ),
        (
            "country = BR or country = AR and zone is set",
            Either((
                Among(COUNTRY, ("BR",)),
                All((Among(COUNTRY, ("AR",)), IsSet(Field(Kind.ZONE)))),
            )),
        ),
    ],
)  # fmt: skip
def test_a_rule_is_read(text: str, rule: Rule) -> None:
    assert parse(text, VOCABULARY) == rule
    assert parse(written(rule), VOCABULARY) == rule, "and again from how it is written"


@pytest.mark.parametrize(
    ("text", "position", "told"),
    [
        ("", 1, "the end cannot stand here. Write what to compare"),
        ("contry = BR", 1, "'contry' is nothing to compare. Did you mean 'country'?"),
        ("country = Brasil", 11, "'Brasil' is no country. Did you mean BR (Brazil)?"),
        ("country", 8, "the end cannot stand here. Write =, !=, in"),
        ("country =", 10, "the end cannot stand here. Write a word"),
        ("country < BR", 9, "Only days are before or after"),
        ("country in BR", 12, "in parentheses"),
        ("country in (BR AR)", 16, "a comma"),
        ("(country = BR", 14, "close the parenthesis that was opened at character 1"),
        ("country = BR)", 13, "Join comparisons"),
        ("country = BR country = AR", 14, "Join comparisons"),
        ("country = 'BR", 11, "a quotation mark is not closed"),
        ("country = BR;", 13, "';' means nothing here"),
        ("country.x = BR", 1, "'country' has no parts"),
        ("language = es_UY", 12, "more than a language"),
        ("locale = spanish", 10, "'spanish' is not a locale"),
        ("zone = America/Lma", 8, "Did you mean 'America/Lima'?"),
        ("topic = polcy", 9, "Did you mean 'policy'?"),
        ("list = newsletter", 1, "Write it like list.newsletter"),
        ("list.newsleter = active", 1, "Did you mean 'newsletter'?"),
        ("list.newsletter = activ", 19, "Did you mean 'active'?"),
        ("attributes = x", 1, "Write it like attributes.city"),
        ("attributes.a-b.c = x", 1, "Write it like attributes.city"),
        ("added > yesterday", 9, "'yesterday' is no day"),
        ("added > 2026-02-30", 9, "is no day"),
        ("added contains 2026", 1, "compared as a whole"),
        ("added in (2026-01-01)", 7, "Compare added with"),
        ("brasil", 1, "Did you mean 'brazil'?"),
        ("brazil or loop", 11, "it names itself: loop → loop"),
        ("country = 'B\x00R'", 11, "a character that nobody sees"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(text: str, position: int, told: str) -> None:
    with pytest.raises(SegmentError) as caught:
        parse(text, VOCABULARY)
    assert told in f"{caught.value.found}. {caught.value.fix}"
    assert caught.value.position == position


@pytest.mark.parametrize(
    "text",
    [
        "not " * 40 + "country = BR",
        "(" * 40 + "country = BR" + ")" * 40,
        " or ".join(["zone=A"] * (MOST_RULES + 1)),
        "country = BR and " * 200 + "country = BR",
    ],
)
def test_what_would_be_too_much_for_a_database_is_refused(text: str) -> None:
    with pytest.raises(SegmentError, match=r"levels deep|more than"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("country = BR", True),
        ("language = pt", True),
        ("language = es", False),
        ("topic = policy", True),
        ("topic = dns-security", False),
        ("list.newsletter = active", True),
        ("list.other = active", False),
        ("list.other is set", False),
        ("added = 2026-03-01", True),
        ("added > 2026-03-01", False),
        ("added >= 2026-03-02", False),
        ("confirmed.newsletter > 2026-03-01", True),
        ("confirmed.other != 2026-03-01", True),
        ("confirmed.other < 2027-01-01", False),
        ("attributes.role contains engineer", True),
        ("attributes.role contains Engineer", False),
        ("attributes.city != Lima", True),
        ("attributes.city is set", False),
    ],
)
def test_a_rule_holds_or_not(text: str, holds: bool) -> None:
    assert matches(parse(text), ANA) is holds
    assert matches(parse(f"not ({text})"), ANA) is not holds


def test_who_chose_no_topic_wants_every_topic() -> None:
    person = Person(locale="es", zone="UTC", added_at=ANA.added_at)
    assert matches(parse("topic = policy"), person)
    assert not matches(parse("topic is set"), person)
