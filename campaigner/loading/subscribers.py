"""Subscribers from a spreadsheet saved as CSV: those to take, and what is wrong with the rest."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from campaigner.core.audience import Subscriber, mailbox_of
from campaigner.core.locales import normalize
from campaigner.core.spelling import did_you_mean, listed
from campaigner.errors import FileError, Problem
from campaigner.loading.problems import quoted
from campaigner.settings import known_zones

REQUIRED = ("address", "locale", "zone")
KNOWN = (*REQUIRED, "name", "country")
LONGEST_NAME = 200


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """The rows that can be taken, in order, and a problem for each that cannot."""

    subscribers: tuple[Subscriber, ...]
    problems: tuple[Problem, ...]


def load_subscribers(path: Path) -> Loaded:
    """Read a CSV file with the header address,name,locale,zone,country, in any order.

    `name` and `country` may be absent. Commas, semicolons (as spreadsheets
    save in much of Latin America) and tabs separate. Of two rows with one
    mailbox the first is taken. Rows without anything are passed over.

    Raises FileError if the file itself cannot be read as such a table.
    """
    taken: dict[str, int] = {}
    subscribers: list[Subscriber] = []
    problems: list[Problem] = []
    for line, row in _rows(path):
        read = _subscriber(row, line)
        if isinstance(read, Problem):
            problems.append(read)
        elif read.mailbox in taken:
            found = f"{quoted(read.address)} is the mailbox of line {taken[read.mailbox]} again"
            problems.append(Problem(line, found, "Keep one of the two lines."))
        else:
            taken[read.mailbox] = line
            subscribers.append(read)
    return Loaded(subscribers=tuple(subscribers), problems=tuple(problems))


def _subscriber(row: Mapping[str, str], line: int) -> Subscriber | Problem:
    try:
        mailbox = mailbox_of(row["address"])
    except ValueError as error:
        found = f"{quoted(row['address'])} is no e-mail address: {error}"
        return Problem(line, found, "Correct it, or take the line out.")
    try:
        locale = normalize(row["locale"])
    except ValueError:
        found = f"{quoted(row['locale'])} is not a locale"
        return Problem(line, found, "Write a language, like es, or with a country, like es_UY.")
    if row["zone"] not in known_zones():
        otherwise = "Write a zone of the IANA list, like America/Montevideo."
        fix = did_you_mean(row["zone"], known_zones(), otherwise=otherwise)
        return Problem(line, f"there is no time zone {quoted(row['zone'])}", fix)
    country, name = row.get("country", "").upper(), row.get("name", "")
    if country and not re.fullmatch(r"[A-Z]{2}", country):
        found = f"{quoted(country)} is no country code"
        return Problem(line, found, "Write the two letters of ISO 3166, like UY, or nothing.")
    if len(name) > LONGEST_NAME or not name.isprintable():
        fix = f"Write it on one line, in at most {LONGEST_NAME} characters."
        return Problem(line, f"{quoted(name)} cannot be a name", fix)
    return Subscriber(
        address=row["address"],
        mailbox=mailbox,
        name=name,
        locale=locale,
        zone=row["zone"],
        country=country,
    )


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Yield the line on which each row ends, and its cells by column, stripped."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            separator = max(",;\t", key=first.count)
            header = _header(path, next(csv.reader([first], delimiter=separator), []))
            yield from _cells(path, file, separator, header)
    except UnicodeDecodeError:
        found, fix = "the file is not UTF-8", "Save it again as CSV UTF-8."
        raise FileError(path, [Problem(_undecodable_line(path), found, fix)]) from None
    except OSError as error:
        found = f"it cannot be read: {error.strerror or error}"
        raise FileError(path, [Problem(1, found, "Check its name and permissions.")]) from None


def _cells(
    path: Path, lines: Iterable[str], separator: str, header: Sequence[str]
) -> Iterator[tuple[int, Mapping[str, str]]]:
    reader = csv.reader(lines, delimiter=separator, strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                padded = [cell.strip() for cell in cells] + [""] * (len(header) - len(cells))
                yield 1 + reader.line_num, dict(zip(header, padded, strict=False))
    except csv.Error as error:
        fix = "Look for a quotation mark that is not closed, here or above."
        found = f"this is not CSV: {error}"
        raise FileError(path, [Problem(1 + reader.line_num, found, fix)]) from None


def _header(path: Path, cells: Sequence[str]) -> list[str]:
    """Return the columns' names. Raises FileError for one that is missing, unknown or double."""
    header = [cell.strip().casefold() for cell in cells]
    problems = [
        Problem(1, f"there is no column `{name}`", f"Begin the file with {','.join(KNOWN)}.")
        for name in REQUIRED
        if name not in header
    ]
    for name in dict.fromkeys(header):
        if name not in KNOWN:
            fix = did_you_mean(name, KNOWN, otherwise=f"Known are {listed(KNOWN)}.")
            problems.append(Problem(1, f"the column {quoted(name)} is not known", fix))
        elif header.count(name) > 1:
            problems.append(Problem(1, f"the column `{name}` comes twice", "Keep one."))
    if problems:
        raise FileError(path, problems)
    return header


def _undecodable_line(path: Path) -> int:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return number
    return 1
