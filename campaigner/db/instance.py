"""Which installation a database belongs to, so that a copy of it does not speak too.

The row's sequence rises whenever a daemon starts, and while it runs; the same
number stands in a file outside workspace and database, in the state folder
of the user who runs the daemon (design, section 10). A database that knows
less than the file is a restored backup; one without its file is a copy.
"""

import json
import os
import threading
import uuid
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sqlalchemy.orm import Session

from campaigner.db.insertion import insert_new
from campaigner.db.models import Instance


class Standing(StrEnum):
    """What the comparison of database and file says."""

    OWN = "own"
    NEW = "new"  # never ran anywhere: it becomes ours
    COPIED = "copied"  # it ran elsewhere: another machine or user has its file
    RESTORED = "restored"  # it is older than what ran here last


@dataclass(frozen=True, kw_only=True)
class Seen:
    standing: Standing
    instance: str
    sequence: int
    remembered: int | None


def look(session: Session, state_dir: Path) -> Seen:
    """Compare the database with this user's memory of it. Changes nothing but an absent id."""
    row = _row(session)
    remembered = _remembered(state_dir, row.instance)
    if remembered is None:
        standing = Standing.COPIED if row.bound else Standing.NEW
    elif remembered > row.sequence:
        standing = Standing.RESTORED
    else:
        standing = Standing.OWN
    return Seen(
        standing=standing, instance=row.instance, sequence=row.sequence, remembered=remembered
    )


def advance(session: Session, *, at_least: int = 0) -> tuple[str, int]:
    """Raise the sequence and bind the database to this user; the caller commits, then remembers."""
    row = _row(session)
    row.sequence = max(row.sequence, at_least) + 1
    row.bound = True
    return row.instance, row.sequence


def remember(state_dir: Path, instance: str, sequence: int) -> None:
    """Write the sequence into this user's state folder, whole or not at all.

    After the commit: a crash in between leaves the file behind the database, which is harmless.
    """
    state_dir.mkdir(parents=True, exist_ok=True)
    path = state_dir / f"{instance}.json"
    temporary = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.tmp")
    with temporary.open("w", encoding="utf-8") as file:
        json.dump({"instance": instance, "sequence": sequence}, file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _row(session: Session) -> Instance:
    """Return the one row, made if it is absent, and locked: two daemons may start at once."""
    row = session.get(Instance, 1, with_for_update=True)
    if row is None:
        fresh = {
            "id": 1,
            "instance": str(uuid.uuid4()),
            "sequence": 0,
            "bound": False,
            "tzdata": "",
        }
        insert_new(session, Instance, [fresh])
        row = session.get_one(Instance, 1, with_for_update=True)
    return row


def _remembered(state_dir: Path, instance: str) -> int | None:
    try:
        return int(json.loads((state_dir / f"{instance}.json").read_text("utf-8"))["sequence"])
    except (FileNotFoundError, ValueError, KeyError):
        return None


def tzdata_of(session: Session) -> str:
    """Return the version of the time zone data by which due times were last derived."""
    return _row(session).tzdata


def set_tzdata(session: Session, version: str) -> None:
    _row(session).tzdata = version
