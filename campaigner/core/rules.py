"""Rules over subscribers, as a tree: what a segment is once it has been read.

`core.segments` reads one from text, `db.segments` makes a condition of it that a
database evaluates, and `matches` says the same of a single person.

What somebody lacks is the empty text: `attributes.city != Lima` holds for who
has no city. A comparison with a date that is not there never holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from campaigner.core.audience import Standing

ONE_DAY = timedelta(days=1)


class Kind(StrEnum):
    """What a rule looks at. The last three are followed by a name: ``attributes.city``."""

    COUNTRY = "country"
    LOCALE = "locale"
    LANGUAGE = "language"  # the first part of the locale: es of es_419
    ZONE = "zone"
    TOPIC = "topic"
    ADDED = "added"
    LIST = "list"
    CONFIRMED = "confirmed"
    ATTRIBUTE = "attributes"


NAMED = frozenset({Kind.LIST, Kind.CONFIRMED, Kind.ATTRIBUTE})
DATED = frozenset({Kind.ADDED, Kind.CONFIRMED})


@dataclass(frozen=True)
class Field:
    """A thing to look at; `name` is the list's or the attribute's, else empty."""

    kind: Kind
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind}.{self.name}" if self.name else self.kind


class Relation(StrEnum):
    BEFORE = "<"
    UNTIL = "<="
    AFTER = ">"
    SINCE = ">="
    ON = "="


@dataclass(frozen=True)
class Among:
    """It is one of these words. For topics: one of these is wanted (who chose none wants all)."""

    field: Field
    words: tuple[str, ...]


@dataclass(frozen=True)
class Contains:
    """The words stand somewhere in it, as they are written."""

    field: Field
    part: str


@dataclass(frozen=True)
class IsSet:
    """There is something: a country, any chosen topic, any standing on the list, a date."""

    field: Field


@dataclass(frozen=True)
class Dated:
    """It lies before, on or after a day, which goes from midnight to midnight in UTC."""

    field: Field
    relation: Relation
    day: date

    @property
    def bounds(self) -> tuple[datetime | None, datetime | None]:
        """From when (inclusive) to when (exclusive) it holds; None: without bound."""
        start = datetime.combine(self.day, time(), UTC)
        match self.relation:
            case Relation.BEFORE:
                return None, start
            case Relation.UNTIL:
                return None, start + ONE_DAY
            case Relation.AFTER:
                return start + ONE_DAY, None
            case Relation.SINCE:
                return start, None
            case Relation.ON:
                return start, start + ONE_DAY


@dataclass(frozen=True)
class Not:
    rule: "Rule"


@dataclass(frozen=True)
class All:
    rules: tuple["Rule", ...]


@dataclass(frozen=True)
class Either:
    rules: tuple["Rule", ...]


Rule = Among | Contains | IsSet | Dated | Not | All | Either


@dataclass(frozen=True, kw_only=True)
class Person:
    """A subscriber as rules see them. `standings` and `confirmed_at` are by list."""

    country: str = ""
    locale: str
    zone: str
    topics: frozenset[str] = frozenset()
    added_at: datetime
    standings: Mapping[str, Standing] = field(default_factory=dict)
    confirmed_at: Mapping[str, datetime] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)


def matches(rule: Rule, person: Person) -> bool:
    """Whether a rule holds for one person."""
    match rule:
        case Among(Field(kind=Kind.TOPIC), words):
            return not person.topics or not person.topics.isdisjoint(words)
        case Among(where, words):
            return _text(where, person) in words
        case Contains(where, part):
            return part in _text(where, person)
        case IsSet(Field(kind=Kind.TOPIC)):
            return bool(person.topics)
        case IsSet(where):
            return _moment(where, person) is not None or _text(where, person) != ""
        case Dated(where, _, _):
            start, end = rule.bounds
            moment = _moment(where, person)
            return (
                moment is not None
                and (start is None or start <= moment)
                and (end is None or moment < end)
            )
        case Not(inner):
            return not matches(inner, person)
        case All(rules):
            return all(matches(each, person) for each in rules)
        case Either(rules):
            return any(matches(each, person) for each in rules)


def written(rule: Rule) -> str:
    """Return a rule as text, from which the same rule is read: for records and approvals."""
    match rule:
        case Among(where, (word,)):
            return f"{where} = {_quoted(word)}"
        case Among(where, words):
            return f"{where} in ({', '.join(map(_quoted, words))})"
        case Contains(where, part):
            return f"{where} contains {_quoted(part)}"
        case IsSet(where):
            return f"{where} is set"
        case Dated(where, relation, day):
            return f"{where} {relation} {day.isoformat()}"
        case Not(inner):
            return f"not ({written(inner)})"
        case All(rules):
            return " and ".join(_inner(each) for each in rules)
        case Either(rules):
            return " or ".join(_inner(each) for each in rules)


def _inner(rule: Rule) -> str:
    return f"({written(rule)})" if isinstance(rule, All | Either) else written(rule)


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "''") + "'"


def _text(where: Field, person: Person) -> str:
    match where.kind:
        case Kind.COUNTRY:
            return person.country
        case Kind.LOCALE:
            return person.locale
        case Kind.LANGUAGE:
            return person.locale.partition("_")[0]
        case Kind.ZONE:
            return person.zone
        case Kind.LIST:
            return person.standings.get(where.name, "")
        case Kind.ATTRIBUTE:
            return person.attributes.get(where.name, "")
        case _:
            return ""


def _moment(where: Field, person: Person) -> datetime | None:
    match where.kind:
        case Kind.ADDED:
            return person.added_at
        case Kind.CONFIRMED:
            return person.confirmed_at.get(where.name)
        case _:
            return None
