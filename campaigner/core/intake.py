"""What an import brings, and what becomes of each row of it."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from campaigner.core.address import read_address
from campaigner.core.audience import Standing

ATTRIBUTE = "attributes."  # what the heading of a column of attributes begins with


class Entry(NamedTuple):
    """A row that can be taken, checked and in the form in which it is kept.

    A tuple, not a dataclass: there may be a million of them. `attributes` and
    `consent` are JSON objects as text, `attributes` empty where there are none;
    `topics` are ids between commas (``,policy,dnssec,``), empty where all are
    wanted. `cells` are what the row was made of.
    """

    line: int
    address: str
    mailbox: str
    name: str
    locale: str
    zone: str
    country: str
    attributes: str
    consent: str
    topics: str
    cells: Sequence[str]


class Refused(NamedTuple):
    """A row that cannot be taken; `found` says what is wrong, `fix` what to do (a sentence)."""

    line: int
    found: str
    fix: str
    cells: Sequence[str]


def consent_record(record: Mapping[str, str], *, when: date, evidence: str) -> str:
    """Return evidence of consent as it is kept: `record` says how it came here, by whom."""
    return json.dumps({**record, "when": when.isoformat(), "evidence": evidence})


def single_entry(
    address: str,
    *,
    consent: str,
    locale: str,
    zone: str,
    name: str = "",
    country: str = "",
    topics: tuple[str, ...] = (),
    line: int = 1,
) -> Entry:
    """Return a subscriber who stands in no table; several need a `line` each.

    Raises ValueError for what is no address.
    """
    read = read_address(address)
    return Entry(
        line=line,
        address=read.normalized,
        mailbox=read.mailbox,
        name=name,
        locale=locale,
        zone=zone,
        country=country,
        attributes="",
        consent=consent,
        topics=topics_cell(topics),
        cells=(address,),
    )


def topics_cell(topics: Sequence[str]) -> str:
    """Return topics as an entry has them: each between commas."""
    return f",{','.join(topics)}," if topics else ""


class Became(StrEnum):
    """What became of a row."""

    ADDED = "added"  # nobody had the mailbox
    JOINED = "joined"  # a subscriber of other lists
    CORRECTED = "corrected"
    UNCHANGED = "unchanged"
    PENDING = "pending"  # asked for it by form, and has not confirmed yet
    LEFT = "left"
    COMPLAINED = "complained"
    BOUNCED = "bounced"
    SUPPRESSED = "suppressed"


GONE: dict[Became, str] = {
    Became.PENDING: "was sent a mail to confirm, and has not done so yet",
    Became.LEFT: "has unsubscribed",
    Became.COMPLAINED: "has complained",
    Became.BOUNCED: "could not be reached: its mails came back",
    Became.SUPPRESSED: "may not be mailed: it was erased, or is suppressed",
}
"""Who is not brought back by an import: only they themselves come back, by subscribing."""

_STANDING = {
    Standing.PENDING.value: Became.PENDING,
    Standing.LEFT.value: Became.LEFT,
    Standing.COMPLAINED.value: Became.COMPLAINED,
    Standing.BOUNCED.value: Became.BOUNCED,
}


def became_of(standing: str | None, *, suppressed: bool, differs: bool) -> Became:
    """Decide on a row whose mailbox is known; `standing` is None for other lists' subscribers."""
    if suppressed:
        return Became.SUPPRESSED
    if standing is None:
        return Became.JOINED
    if standing in _STANDING:
        return _STANDING[standing]
    return Became.CORRECTED if differs else Became.UNCHANGED


_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_NEUTRALIZED = re.compile(r"'+[=+\-@\t\r\n＝＋－＠]")


def harmless(cell: str) -> str:
    """Return a cell so that no spreadsheet takes it for a formula: ``=1+1`` → ``'=1+1``."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def as_meant(cell: str) -> str:
    """Undo `harmless`: both together change nothing."""
    return cell[1:] if cell[:1] == "'" and _NEUTRALIZED.match(cell) else cell
