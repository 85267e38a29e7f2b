"""An import on its way in: laid beside the table a batch at a time, then taken as a set.

The rows lie in a temporary table of the one connection that imports. What is
new is inserted by statements that leave out whatever is there already, so the
same file may be taken in again, also after it was cut off at any place.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    Integer,
    MetaData,
    Select,
    Table,
    Text,
    bindparam,
    cast,
    delete,
    func,
    literal,
    null,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from campaigner.core.audience import Standing
from campaigner.core.intake import Became, Entry, became_of
from campaigner.core.tokens import Keyring, hashes_of
from campaigner.db import suppressions
from campaigner.db.models import Base, Subscriber, SubscriberTopic, Subscription

PAGES_AT_ONCE = 16_000  # 64 MB of SQLite's log, then they are copied
PAGES_BY_DEFAULT = 1_000

_INTAKE = Table(
    "intake",
    MetaData(),
    Column("line", Integer, primary_key=True, autoincrement=False),
    *(
        Column(name, Text, nullable=False)
        for name in (
            "address", "mailbox", "name", "locale", "zone", "country", "attributes", "consent",
            "topics",
        )
    ),
    prefixes=["TEMPORARY"],
)  # fmt: skip
_SAID = ("address", "name", "locale", "zone", "country")
_COLUMNS = [column.name for column in _INTAKE.columns]
_PLACES = ", ".join("?" for _ in _COLUMNS)


def prepare(connection: Connection) -> None:
    """Make the table that rows are laid into; `dispose` takes it away again."""
    _INTAKE.create(connection, checkfirst=False)
    connection.commit()
    if connection.dialect.name == "sqlite":
        # A batch touches nearly every page of the mailboxes' index: to copy them into the
        # database after each commit would be half of the work.
        _pragma(connection, f"wal_autocheckpoint = {PAGES_AT_ONCE}")


def patience(connection: Connection) -> timedelta:
    """Return how long the statements of a transaction should take, before its commit.

    On SQLite everybody else who writes waits meanwhile. What the disk takes for a
    commit is not in it: that is no shorter for fewer rows.
    """
    return timedelta(milliseconds=25 if connection.dialect.name == "sqlite" else 250)


def dispose(connection: Connection) -> None:
    connection.rollback()
    _INTAKE.drop(connection)
    connection.commit()
    if connection.dialect.name == "sqlite":
        _pragma(connection, f"wal_autocheckpoint = {PAGES_BY_DEFAULT}")
        _pragma(connection, "wal_checkpoint(PASSIVE)")


def _pragma(connection: Connection, pragma: str) -> None:
    driver: Any = connection.connection.driver_connection
    driver.execute(f"PRAGMA {pragma}").fetchall()


def lay(connection: Connection, entries: Sequence[Entry]) -> None:
    """Lay a batch beside the table, in a transaction of its own that keeps nobody waiting."""
    connection.execution_options(read_only=True)  # of what others see nothing is written
    try:
        connection.execute(delete(_INTAKE))
        rows = [entry[: len(_COLUMNS)] for entry in entries]
        if connection.dialect.name == "postgresql":
            driver: Any = connection.connection.driver_connection
            with driver.cursor() as cursor, cursor.copy("COPY intake FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            connection.exec_driver_sql(f"INSERT INTO intake VALUES ({_PLACES})", rows)
        connection.commit()
    finally:
        connection.execution_options(read_only=False)


def take(
    session: Session, entries: Sequence[Entry], *, list: str, keyring: Keyring, now: datetime
) -> Mapping[int, Became]:
    """Take a batch in that was laid; return what became of each line that is not simply new.

    The caller commits, or rolls back what should only be looked at. Who is known
    is corrected where they have not chosen for themselves since; who left,
    complained, bounced or is suppressed stays gone. `entries` have one mailbox each.
    """
    _begin(session)
    became = _shut_out(session, entries, keyring)
    known = _known(session, list, attributes=any(entry.attributes for entry in entries))
    by_line = {entry.line: entry for entry in entries} if known else {}
    corrections = []
    for row in known:
        values = _corrected(row, by_line[row.line])
        what = became_of(
            row.standing,
            suppressed=row.is_suppressed or row.line in became,
            differs=values is not None,
        )
        became[row.line] = what
        if values is not None and what in (Became.CORRECTED, Became.JOINED):
            corrections.append({"number": row.id, **values})
    _insert(session, list, became, new=len(entries) - len(became), now=now)
    _correct(session, corrections)
    return became


def _begin(session: Session) -> None:
    """Let nobody be suppressed between our look and our commit; SQLite has one writer anyhow.

    And have each mailbox looked up: PostgreSQL knows nothing of a table that was
    filled just now, and would go through all subscribers for each batch.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE suppression IN SHARE MODE"))
        session.execute(text("SET LOCAL enable_hashjoin = off"))
        session.execute(text("SET LOCAL enable_mergejoin = off"))


def _shut_out(session: Session, entries: Sequence[Entry], keyring: Keyring) -> dict[int, Became]:
    """Return the lines of suppressed mailboxes, whether or not a subscriber has them."""
    if not suppressions.has_any(session):
        return {}
    lines = {hash: entry.line for entry in entries for hash in hashes_of(keyring, entry.mailbox)}
    found = suppressions.suppressed_among(session, lines)
    return {lines[hash]: Became.SUPPRESSED for hash in found}


def _known(session: Session, list: str, *, attributes: bool) -> Sequence[Any]:
    """Return who has these mailboxes; with their `attributes` only where these may change."""
    standing = (
        select(Subscription.state)
        .where(Subscription.list == list, Subscription.subscriber_id == Subscriber.id)
        .scalar_subquery()
    )
    return session.execute(
        select(
            _INTAKE.c.line,
            Subscriber.id,
            *(getattr(Subscriber, name) for name in _SAID),
            (Subscriber.attributes if attributes else null()).label("attributes"),
            Subscriber.chosen_at.is_not(None).label("has_chosen"),
            Subscriber.suppressed_at.is_not(None).label("is_suppressed"),
            standing.label("standing"),
        ).join_from(_INTAKE, Subscriber, Subscriber.mailbox == _INTAKE.c.mailbox)
    ).all()


def _corrected(row: Any, entry: Entry) -> dict[str, Any] | None:
    """Return what a known subscriber's row becomes; None where it is that already.

    What a file does not say (no name, no country, an attribute less) stays, and
    so does what they chose themselves.
    """
    _, _, address, name, locale, zone, country, attributes, has_chosen, _, _ = row
    said = (
        (entry.address, name, locale, zone, country)
        if has_chosen
        else (
            entry.address, entry.name or name, entry.locale, entry.zone, entry.country or country
        )
    )  # fmt: skip
    merged = attributes | json.loads(entry.attributes) if entry.attributes else attributes
    if said == (address, name, locale, zone, country) and merged == attributes:
        return None
    values = dict(zip(_SAID, said, strict=True))
    return values | ({"attributes": merged} if merged is not None else {})


def _insert(
    session: Session, list: str, became: Mapping[int, Became], *, new: int, now: datetime
) -> None:
    """Insert the subscribers that are `new`, so many, and the subscriptions of these and others."""
    others = [line for line, what in became.items() if what is Became.JOINED]
    if not new and not others:
        return
    out = [{"gone": line} for line, what in became.items() if what is not Became.JOINED]
    if out:
        session.connection().execute(
            delete(_INTAKE).where(_INTAKE.c.line == bindparam("gone")), out
        )
    if others:  # what they wish is theirs to say
        no_topics = update(_INTAKE).where(_INTAKE.c.line == bindparam("other")).values(topics="")
        session.connection().execute(no_topics, [{"other": line} for line in others])
    columns = ["address", "mailbox", "name", "locale", "zone", "country"]
    attributes = func.coalesce(func.nullif(_INTAKE.c.attributes, ""), "{}")
    subscribers = select(
        *(_INTAKE.c[name] for name in columns),
        _as_json(session, attributes),
        literal(now, Subscriber.added_at.type),
    ).order_by(_INTAKE.c.mailbox)  # neighbours in the index: fewer pages to write
    _insert_new(session, Subscriber, [*columns, "attributes", "added_at"], subscribers)
    there = select(Subscriber.id).join_from(
        _INTAKE, Subscriber, Subscriber.mailbox == _INTAKE.c.mailbox
    )
    for topic in _topics(session):
        chose = there.add_columns(literal(topic)).where(
            _INTAKE.c.topics.contains(f",{topic},", autoescape=True)
        )
        _insert_new(session, SubscriberTopic, ["subscriber_id", "topic"], chose)
    values = {
        "list": literal(list),
        "state": literal(Standing.ACTIVE.value),
        "consent": _as_json(session, _INTAKE.c.consent),
        "added_at": literal(now, Subscription.added_at.type),
        "changed_at": literal(now, Subscription.changed_at.type),
    }
    # SQLite would take an ON CONFLICT behind a join for the join's own ON: hence a WHERE.
    subscriptions = there.add_columns(*values.values()).where(_INTAKE.c.line > 0)
    _insert_new(session, Subscription, ["subscriber_id", *values], subscriptions)


def _topics(session: Session) -> Sequence[str]:
    chosen = session.scalars(select(_INTAKE.c.topics).distinct())
    return sorted({topic for cell in chosen for topic in cell.split(",") if topic})


def _as_json(session: Session, column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a text that is JSON as a column of JSON; on SQLite it is one."""
    return cast(column, JSON) if session.get_bind().dialect.name == "postgresql" else column


def _insert_new(
    session: Session, table: type[Base], columns: Sequence[str], rows: Select[Any]
) -> None:
    on_postgresql = session.get_bind().dialect.name == "postgresql"
    insert = postgresql.insert(table) if on_postgresql else sqlite.insert(table)
    session.execute(insert.from_select([*columns], rows).on_conflict_do_nothing())


def _correct(session: Session, corrections: Sequence[dict[str, Any]]) -> None:
    if not corrections:
        return
    table = Subscriber.__table__
    names = [name for name in corrections[0] if name != "number"]
    statement = (
        update(Subscriber)
        .where(table.c.id == bindparam("number"))
        .values({name: bindparam(name) for name in names})
    )
    session.connection().execute(statement, [*corrections])
