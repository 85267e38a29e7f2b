"""A rule selects in the database just whom it holds for, on both of them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

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
from campaigner.core.segments import parse
from campaigner.db.engine import Sessions
from campaigner.db.models import Subscriber, SubscriberTopic, Subscription
from campaigner.db.segments import condition

START = datetime(2026, 3, 1, tzinfo=UTC)
COUNTRIES, LOCALES = ("", "BR", "UY"), ("es", "es_419", "es_UY", "pt_BR", "en")
ZONES, TOPICS, LISTS = ("UTC", "America/Lima"), ("policy", "dns"), ("news", "other-list")
ATTRIBUTES = ("role", "city")
WORDS = ("", "Lima", "lima", "100%", "a_b", "o'neil", "ñandú", "a\\b")

_moments = st.integers(-30, 30).map(lambda hours: START + timedelta(hours=hours))
_people = st.builds(
    Person,
    country=st.sampled_from(COUNTRIES),
    locale=st.sampled_from(LOCALES),
    zone=st.sampled_from(ZONES),
    topics=st.frozensets(st.sampled_from(TOPICS)),
    added_at=_moments,
    standings=st.dictionaries(st.sampled_from(LISTS), st.sampled_from(Standing)),
    confirmed_at=st.dictionaries(st.sampled_from(LISTS), _moments),
    attributes=st.dictionaries(st.sampled_from(ATTRIBUTES), st.sampled_from(WORDS)),
)


def _words(known: Any) -> Any:
    return st.lists(st.sampled_from(known), min_size=1, max_size=2, unique=True).map(tuple)


_lists = st.sampled_from(LISTS).map(lambda name: Field(Kind.LIST, name))
_attributes = st.sampled_from(ATTRIBUTES).map(lambda name: Field(Kind.ATTRIBUTE, name))
_dates = st.one_of(
    st.just(Field(Kind.ADDED)),
    st.sampled_from(LISTS).map(lambda name: Field(Kind.CONFIRMED, name)),
)
_simple = st.one_of(
    st.builds(Among, st.just(Field(Kind.COUNTRY)), _words(COUNTRIES)),
    st.builds(Among, st.just(Field(Kind.LOCALE)), _words(LOCALES)),
    st.builds(Among, st.just(Field(Kind.LANGUAGE)), _words(("es", "pt", "en"))),
    st.builds(Among, st.just(Field(Kind.TOPIC)), _words(TOPICS)),
    st.builds(Among, _lists, _words([*Standing])),
    st.builds(Among, _attributes, _words(WORDS)),
    st.builds(Contains, _attributes, st.sampled_from(WORDS[1:])),
    st.builds(Contains, st.just(Field(Kind.ZONE)), st.sampled_from(("Lima", "lima", "U"))),
    st.builds(
        IsSet,
        st.one_of(
            _lists, _attributes, _dates,
            st.sampled_from(
                (Kind.COUNTRY, Kind.LOCALE, Kind.LANGUAGE, Kind.ZONE, Kind.TOPIC)
            ).map(Field),
        ),
    ),
    st.builds(
        Dated,
        _dates,
        st.sampled_from(Relation),
        st.sampled_from([date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 2)]),
    ),
)  # fmt: skip
_rules: st.SearchStrategy[Rule] = st.recursive(
    _simple,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(All, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Either, st.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)


def keep(session: Session, number: int, person: Person) -> None:
    session.add(
        Subscriber(
            id=number,
            address=f"{number}@example.org",
            mailbox=f"{number}@example.org",
            name="",
            locale=person.locale,
            zone=person.zone,
            country=person.country,
            attributes=dict(person.attributes),
            added_at=person.added_at,
        )
    )
    session.flush()
    session.add_all(SubscriberTopic(subscriber_id=number, topic=each) for each in person.topics)
    session.add_all(
        Subscription(
            subscriber_id=number,
            list=list,
            state=person.standings[list].value,
            confirmed_at=person.confirmed_at.get(list),
            added_at=START,
            changed_at=START,
        )
        for list in person.standings
    )
    session.flush()


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(_people, min_size=1, max_size=6), st.lists(_rules, min_size=1, max_size=8))
def test_the_database_selects_just_whom_a_rule_holds_for(
    sessions: Sessions, people: list[Person], rules: list[Rule]
) -> None:
    # A confirmation is that of a subscription: there is none without the other.
    there = [
        Person(
            **{
                **vars(person),
                "confirmed_at": {
                    list: at for list, at in person.confirmed_at.items() if list in person.standings
                },
            }
        )
        for person in people
    ]
    with sessions() as session:
        for number, person in enumerate(there, start=1):
            keep(session, number, person)
        for rule in rules:
            found = set(session.scalars(select(Subscriber.id).where(condition(rule))))
            expected = {n for n, person in enumerate(there, start=1) if matches(rule, person)}
            assert found == expected, written(rule)
        session.rollback()


@given(_rules)
def test_a_rule_that_was_written_down_is_read_again(rule: Rule) -> None:
    again = parse(written(rule))
    assert parse(written(again)) == again


def test_nothing_of_a_rule_becomes_sql(sessions: Sessions) -> None:
    with sessions() as session:
        for word in ("'; DROP TABLE subscriber; --", '"', "%", "_", "\\"):
            quoted = word.replace("'", "''")
            rule = parse(f"attributes.role = '{quoted}' or attributes.role contains '{quoted}'")
            assert session.scalars(select(Subscriber.id).where(condition(rule))).all() == []


@pytest.mark.parametrize("text", ["country = BR", "language = es", "list.news = active"])
def test_an_empty_table_has_nobody(sessions: Sessions, text: str) -> None:
    with sessions() as session:
        assert session.scalars(select(Subscriber.id).where(condition(parse(text)))).all() == []
