"""How many rows of a CSV a second become subscribers: read, checked, compared and stored.

Each run goes into a fresh database, in the order in which people give their
addresses: none. The yardstick writes as many bare rows of the same width into a
table with the same indices, with one commit for the same number of rows.
"""

import argparse
import itertools
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import Engine, text

from benchmarks.report import PAIRS, Line, Result, median_pair, show, timed, usage
from benchmarks.workspace import Database, database, real_folder
from campaigner.core.intake import Became
from campaigner.core.tokens import Keyring
from campaigner.db.engine import make_sessions, open_engine
from campaigner.db.schema import upgrade
from campaigner.loading.subscribers import Defaults, open_subscribers
from campaigner.services.import_subscribers import import_subscribers

BUDGET = 50_000  # rows a second
TODAY = date(2026, 6, 1)
DEFAULTS = Defaults(
    consent="signed up at the regional meeting, on paper",
    consent_day=date(2026, 5, 4),
    record={"how": "import", "source": "list.csv", "by": "benchmark"},
)
KEYRING = Keyring((b"k" * 32,))
PEOPLE = (
    ("Lucía Pereira", "es_UY", "America/Montevideo", "UY"),
    ("João Gonçalves", "pt_BR", "America/Sao_Paulo", "BR"),
    ("Nadège Étienne", "fr_HT", "America/Port-au-Prince", "HT"),
    ("Keisha Mohammed", "en_TT", "America/Port_of_Spain", "TT"),
)
AT_ONCE = 2_500  # about what an import takes at once


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="of the file")
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--database", type=Database, choices=Database, default=Database.SQLITE)
    options = parser.parse_args(arguments)
    numbers = itertools.count()
    with real_folder() as folder, usage() as used:
        file = _write_list(folder, options.rows)

        def import_once() -> float:
            with _engine(options.database, folder / str(next(numbers))) as engine:
                return float(options.rows) / timed(lambda: _import(engine, file, options.rows))

        def insert_once() -> float:
            with _engine(options.database, folder / str(next(numbers))) as engine:
                return float(options.rows) / timed(lambda: _insert(engine, options.rows))

        ours, theirs, ratio = median_pair(import_once, insert_once, pairs=options.pairs)
        again = _again(options.database, folder / "again", file, options.rows)
    show(
        [
            Line("rows imported a second", f"{ours:,.0f}", f"≥ {BUDGET:,}"),
            Line("the same file again, rows a second", f"{again:,.0f}"),
            Line("yardstick: bare rows inserted a second", f"{theirs:,.0f}"),
        ],
        Result(
            name=f"import-{options.database}",
            value=round(ours),
            unit="rows/s",
            yardstick=round(theirs),
            ratio=round(ratio, 3),
            cpu_us_per_item=used.us_per_item(options.rows * (2 * options.pairs + 2)),
            peak_mb=used.peak_mb,
        ),
        again_per_second=round(again),
    )


@contextmanager
def _engine(kind: Database, folder: Path) -> Iterator[Engine]:
    """Yield an engine on a fresh, migrated database."""
    folder.mkdir()
    with database(kind, folder) as address:
        engine = open_engine(address)
        try:
            upgrade(engine)
            yield engine
        finally:
            engine.dispose()


def _write_list(folder: Path, rows: int) -> Path:
    file = folder / "list.csv"
    numbers = [*range(rows)]
    random.Random(7).shuffle(numbers)
    with file.open("w", encoding="utf-8") as lines:
        lines.write("address,name,locale,zone,country\n")
        for number in numbers:
            name, locale, zone, country = PEOPLE[number % len(PEOPLE)]
            lines.write(f"reader.{number}@example.org,{name},{locale},{zone},{country}\n")
    return file


def _import(engine: Engine, file: Path, rows: int, became: Became = Became.ADDED) -> None:
    with open_subscribers(file, defaults=DEFAULTS, today=TODAY) as source:
        taken = import_subscribers(
            make_sessions(engine),
            source.entries,
            list="newsletter",
            keyring=KEYRING,
            clock=lambda: datetime.now(UTC),
        )
    if taken.became[became] != rows:
        raise RuntimeError(f"{taken} of {rows} rows")


def _again(kind: Database, folder: Path, file: Path, rows: int) -> float:
    with _engine(kind, folder) as engine:
        _import(engine, file, rows)
        return rows / timed(lambda: _import(engine, file, rows, Became.UNCHANGED))


def _insert(engine: Engine, rows: int) -> None:
    numbers = [*range(rows)]
    random.Random(7).shuffle(numbers)
    statement = text(
        "INSERT INTO subscriber (address, mailbox, name, locale, zone, country, added_at)"
        " VALUES (:address, :address, :name, :locale, :zone, :country, :now)"
    )
    now = "2026-06-01 00:00:00.000000+00:00"
    with engine.connect() as connection:
        for start in range(0, rows, AT_ONCE):
            some = []
            for number in numbers[start : start + AT_ONCE]:
                name, locale, zone, country = PEOPLE[number % len(PEOPLE)]
                some.append(
                    {
                        "address": f"reader.{number}@example.org",
                        "name": name,
                        "locale": locale,
                        "zone": zone,
                        "country": country,
                        "now": now,
                    }
                )
            connection.execute(statement, some)
            connection.commit()


if __name__ == "__main__":
    main()
