"""Subscribers from a table: the rows that can be taken, and what is wrong with each other one."""

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path

from campaigner.core.address import read_address
from campaigner.core.countries import COUNTRIES, country_code
from campaigner.core.country_names import NAMES
from campaigner.core.intake import Entry, Refused, as_meant, consent_record, topics_cell
from campaigner.core.locales import normalize
from campaigner.core.spelling import did_you_mean, listed
from campaigner.errors import FileError, Problem, UserError
from campaigner.loading.headings import Columns, find_columns, plain
from campaigner.loading.problems import quoted
from campaigner.loading.tables import Table, open_table
from campaigner.loading.zones import zone_of_country
from campaigner.settings import known_zones

LONGEST_NAME = 200
LONGEST_ATTRIBUTE = 1_000
LONGEST_CONSENT = 500

_COUNTRY_NAMES = {**{plain(name): code for code, name in COUNTRIES.items()}, **NAMES}
_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ].*)?")
_TURNED = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})(?: .*)?")
_TOPICS = re.compile(r"[,;|/]")


@dataclass(frozen=True, kw_only=True)
class Defaults:
    """What stands for every row that says nothing else. `topics` are ids; `known_topics` all.

    `consent` is the evidence that they agreed, `consent_day` when; `record` goes
    into the record of each consent: how it came here, from where, by whom.
    """

    locale: str = ""
    zone: str = ""
    topics: tuple[str, ...] = ()
    consent: str = ""
    consent_day: date | None = None
    known_topics: Collection[str] | None = None
    record: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Source:
    """An open list. `entries` may be gone through once; `ignored` are columns not taken."""

    headings: tuple[str, ...]
    ignored: tuple[str, ...]
    told: str
    entries: Iterator[Entry | Refused]


@contextmanager
def open_subscribers(
    path: Path,
    *,
    defaults: Defaults,
    today: date,
    mapping: Mapping[str, str] | None = None,
    encoding: str | None = None,
) -> Iterator[Source]:
    """Open a list of subscribers; of two rows with one mailbox the first is taken.

    Raises FileError if the file cannot be read as such a table.
    """
    with open_table(path, encoding=encoding) as table:
        columns = find_columns(path, table.headings, mapping or {})
        reader = _Reader(columns=columns, defaults=defaults, today=today)
        yield Source(
            headings=table.headings,
            ignored=columns.ignored,
            told=table.told,
            entries=reader.entries(table),
        )


def load_subscribers(path: Path, *, record: Mapping[str, str], today: date) -> tuple[Entry, ...]:
    """Read a whole list in which every row has to be right.

    Raises FileError with what is wrong with each that is not.
    """
    with open_subscribers(path, defaults=Defaults(record=record), today=today) as source:
        rows = [*source.entries]
    wrong = [row for row in rows if isinstance(row, Refused)]
    if wrong:
        raise FileError(path, [Problem(row.line, row.found, row.fix) for row in wrong])
    return tuple(row for row in rows if isinstance(row, Entry))


@dataclass(frozen=True, kw_only=True)
class _Reader:
    columns: Columns
    defaults: Defaults
    today: date
    seen: dict[str, int] = field(default_factory=dict)

    def entries(self, table: Table) -> Iterator[Entry | Refused]:
        """Yield a row after the other. Written for speed: a million rows take seconds."""
        places = self.columns.places
        at_address = places["address"]
        at_name, at_locale, at_zone = places.get("name"), places.get("locale"), places.get("zone")
        at_country = places.get("country")
        topics_of, attributes_of, consent_of = self._topics(), self._attributes(), self._consent()
        seen, zones, defaults = self.seen, known_zones(), self.defaults
        width = len(table.headings)
        for line, given in table.rows:
            cells = given if len(given) >= width else [*given, *[""] * (width - len(given))]
            try:
                address = read_address(as_meant(cells[at_address].strip()))
                mailbox = address.mailbox
                if (first := seen.get(mailbox)) is not None:
                    raise _RowError(
                        f"{quoted(cells[at_address])} is the mailbox of line {first} again",
                        "Keep one of the two lines.",
                    )
                name = self._name(cells) if at_name is None else cells[at_name].strip()
                if name and (len(name) > LONGEST_NAME or not name.isprintable() or name[0] == "'"):
                    name = _checked_name(name)
                country = _country(cells[at_country].strip()) if at_country is not None else ""
                spoken = cells[at_locale].strip() if at_locale is not None else ""
                zone = cells[at_zone].strip() if at_zone is not None else ""
                zone = zone or defaults.zone or zone_of_country(country)
                if zone not in zones:
                    raise _zone_fault(zone, country)
                entry = Entry(
                    line,
                    address.normalized,
                    mailbox,
                    name,
                    _locale(spoken) if spoken else defaults.locale or _locale(spoken),
                    zone,
                    country,
                    attributes_of(cells) if attributes_of else "",
                    consent_of(cells),
                    topics_of(cells),
                    given,
                )
            except _RowError as fault:
                yield Refused(line, fault.found, fault.fix, given)
            except ValueError as error:
                found = f"{quoted(cells[at_address])} is no e-mail address: {error}"
                yield Refused(line, found, "Correct it, or take the line out.", given)
            else:
                seen[mailbox] = line
                yield entry

    def _name(self, cells: Sequence[str]) -> str:
        return " ".join(filter(None, (as_meant(cells[at].strip()) for at in self.columns.names)))

    def _topics(self) -> Callable[[Sequence[str]], str]:
        place = self.columns.places.get("topics")
        known, otherwise = self.defaults.known_topics, topics_cell(self.defaults.topics)
        if place is None:
            return lambda cells: otherwise

        @lru_cache(maxsize=1024)
        def read(cell: str) -> str:
            chosen = tuple(dict.fromkeys(filter(None, map(str.strip, _TOPICS.split(cell)))))
            for topic in chosen:
                if known is not None and topic not in known:
                    choice = f"Known are {listed(known)}." if known else "None is set up."
                    fix = did_you_mean(topic, known, otherwise=choice)
                    raise _RowError(f"there is no topic {quoted(topic)}", fix)
            return topics_cell(chosen) or otherwise

        return lambda cells: read(cells[place])

    def _attributes(self) -> Callable[[Sequence[str]], str] | None:
        places = self.columns.attributes
        if not places:
            return None

        def read(cells: Sequence[str]) -> str:
            found = {name: as_meant(cells[at].strip()) for name, at in places.items()}
            for name, value in found.items():
                if len(value) > LONGEST_ATTRIBUTE or "\x00" in value or not _is_text(value):
                    fix = f"Write at most {LONGEST_ATTRIBUTE:,} characters that can be seen."
                    raise _RowError(f"its {name} cannot be kept", fix)
            return json.dumps({name: value for name, value in found.items() if value})

        return read

    def _consent(self) -> Callable[[Sequence[str]], str]:
        at_text, at_day = (self.columns.places.get(name) for name in ("consent", "consent_date"))

        @lru_cache(maxsize=4096)
        def read(text: str, day: str) -> str:
            evidence = as_meant(text.strip()) or self.defaults.consent
            if not evidence or len(evidence) > LONGEST_CONSENT or not evidence.isprintable():
                fix = (
                    "Say how they agreed, in the column `consent` or with --consent: "
                    f"on one line, at most {LONGEST_CONSENT} characters."
                )
                raise _RowError("there is no evidence that they agreed to get mail", fix)
            agreed = self._day(day.strip()) if day.strip() else self.defaults.consent_day
            if agreed is None:
                fix = "Give the day, in the column `consent_date` or with --consent-date."
                raise _RowError("it does not say when they agreed to get mail", fix)
            return consent_record(self.defaults.record, when=agreed, evidence=evidence)

        if at_text is None and at_day is None:
            return lambda cells: read("", "")
        return lambda cells: read(
            cells[at_text] if at_text is not None else "",
            cells[at_day] if at_day is not None else "",
        )

    def _day(self, text: str) -> date:
        day = read_day(text)
        if day is None:
            fix = "Write it as year-month-day, like 2026-01-31."
            raise _RowError(f"{quoted(text)} is not clearly a day", fix)
        if day > self.today:
            raise _RowError(
                f"they cannot have agreed on {day}: that is to come", "Correct the day."
            )
        return day


class _RowError(Exception):
    def __init__(self, found: str, fix: str) -> None:
        self.found, self.fix = found, fix


def read_day(text: str) -> date | None:
    """Return a day written as 2026-01-31 or, if it can only be that, 31/01/2026; else None."""
    try:
        if parts := _DAY.fullmatch(text):
            return date(*map(int, parts.groups()))
        if parts := _TURNED.fullmatch(text):
            one, two, year = map(int, parts.groups())
            if one > 12 or one == two:
                return date(year, two, one)
            if two > 12:
                return date(year, one, two)
    except ValueError:
        pass
    return None


@lru_cache(maxsize=4096)
def _locale(text: str) -> str:
    try:
        return normalize(text)
    except ValueError:
        fix = "Write a language, like es, or with a country, like es_UY."
        raise _RowError(f"{quoted(text)} is not a locale", fix) from None


@lru_cache(maxsize=4096)
def _country(text: str) -> str:
    try:
        return _COUNTRY_NAMES.get(plain(text)) or country_code(text) if text else ""
    except UserError as error:
        found = f"{quoted(text)} is no country"
        raise _RowError(found, str(error).partition(". ")[2] or "Correct it.") from None


def _checked_name(text: str) -> str:
    name = as_meant(text)
    if len(name) > LONGEST_NAME or not name.isprintable():
        fix = f"Write it on one line, in at most {LONGEST_NAME} characters."
        raise _RowError(f"{quoted(name)} cannot be a name", fix)
    return name


def _zone_fault(zone: str, country: str) -> _RowError:
    if zone:
        otherwise = "Write a zone of the IANA list, like America/Montevideo."
        fix = did_you_mean(zone, known_zones(), otherwise=otherwise)
        return _RowError(f"there is no time zone {quoted(zone)}", fix)
    fix = "Write one like America/Montevideo, or give all of them one with --zone."
    if country:
        return _RowError(f"it says no time zone, and {country} does not tell", fix)
    return _RowError("it says neither time zone nor country", fix)


def _is_text(value: str) -> bool:
    return value.isprintable() or all(each.isprintable() or each in "\n\t" for each in value)
