from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from campaigner.core.channel import Channel, Disconnected, Sent, Unknown
from campaigner.core.checkup import Check, Verdict
from campaigner.core.strategy import Strategy
from campaigner.db import accounts, heartbeat, instance, pauses
from campaigner.db.engine import Sessions, open_engine
from campaigner.errors import UserError
from campaigner.services.doctor import Patient, any_failed, examine, unreadable_settings
from campaigner.settings import AccountSettings, Settings
from tests.fakes import FakeChannel, FakeClock

PLAN = Strategy(
    title="Plan", valid_from=date(2026, 1, 1), valid_until=date(2026, 12, 31), key_areas=()
)
ACCOUNTS = {
    "x-es": AccountSettings(channel="x", locales=("es",)),
    "newsletter": AccountSettings(
        channel="email", locales=("en",), live="smtp://relay.example", sender="n@example.org"
    ),
}


def clock() -> datetime:
    """The real time: PostgreSQL's own clock is compared with it."""
    return datetime.now(UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(workspace=tmp_path, state_dir=tmp_path / "own", accounts=ACCOUNTS)


@pytest.fixture
def patient(settings: Settings, engine: Engine) -> Callable[..., Patient]:
    def build(
        channel: Callable[[str, str], Channel] | None = None,
        untranslated: Mapping[str, int] | None = None,
        engine: Engine = engine,
    ) -> Patient:
        return Patient(
            settings=settings,
            engine=lambda: engine,
            strategy=lambda: PLAN,
            untranslated=lambda: untranslated or {"es": 0},
            channel_for=channel,
        )

    return build


def named(checks: list[Check]) -> dict[str, Check]:
    assert len({check.name for check in checks}) == len(checks)
    return {check.name: check for check in checks}


def test_a_new_installation_is_well_and_waits_for_its_daemon(
    patient: Callable[..., Patient], engine: Engine
) -> None:
    checks = named(examine(patient(), clock=clock))
    assert {name for name, check in checks.items() if check.verdict is not Verdict.OK} <= {
        "daemon",
        "disk",  # of the machine that runs the test
        "strategy",  # valid in 2026
    }
    assert not any_failed(check for check in checks.values() if check.name != "disk")
    assert checks["daemon"].verdict is Verdict.WARN
    assert ("writing" in checks) is (engine.dialect.name == "sqlite")
    assert ("clock" in checks) is (engine.dialect.name == "postgresql")


def test_what_stands_in_the_tables_is_told(
    patient: Callable[..., Patient], sessions: Sessions
) -> None:
    now = clock()
    with sessions.begin() as session:
        heartbeat.beat(session, worker="w1", pid=1, host="box", now=now)
        pauses.add_pause(session, scope="account", target="x-es", reason="r", by="me", now=now)
        accounts.disconnect(session, "x-es", reason="401", now=now)
        accounts.set_live(session, "newsletter", live=True, by="me", now=now)
    checks = named(examine(patient(), clock=clock))
    assert checks["daemon"].verdict is Verdict.OK
    assert "account x-es" in checks["pauses"].found
    assert checks["account x-es"].verdict is Verdict.FAIL
    assert checks["account newsletter"].verdict is Verdict.WARN
    assert "CAMPAIGNER_NEWSLETTER_USER" in checks["account newsletter"].fix


def test_a_live_account_needs_its_credentials(
    patient: Callable[..., Patient], sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sessions.begin() as session:
        accounts.set_live(session, "x-es", live=True, by="me", now=clock())
    without = named(examine(patient(), clock=clock))["account x-es"]
    assert without.verdict is Verdict.FAIL
    assert "CAMPAIGNER_X_ES_TOKEN" in without.fix
    monkeypatch.setenv("CAMPAIGNER_X_ES_TOKEN", "very-secret")
    with_token = named(examine(patient(), clock=clock))["account x-es"]
    assert with_token.verdict is Verdict.OK
    assert "very-secret" not in with_token.found


def test_a_copied_database_is_told_and_left_as_it_is(
    patient: Callable[..., Patient], sessions: Sessions, settings: Settings
) -> None:
    assert named(examine(patient(), clock=clock))["instance"].verdict is Verdict.OK
    with sessions.begin() as session:
        id, sequence = instance.advance(session)
    assert named(examine(patient(), clock=clock))["instance"].verdict is Verdict.FAIL, "a copy"
    instance.remember(settings.state_dir, id, sequence)
    assert named(examine(patient(), clock=clock))["instance"].verdict is Verdict.OK
    instance.remember(settings.state_dir, id, sequence + 1)
    assert named(examine(patient(), clock=clock))["instance"].verdict is Verdict.FAIL, "a backup"


def test_a_database_that_lacks_migrations_is_not_read_further(
    patient: Callable[..., Patient], engine: Engine
) -> None:
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM alembic_version"))
    checks = named(examine(patient(), clock=clock))
    assert checks["migrations"].verdict is Verdict.FAIL
    assert "campaigner db upgrade" in checks["migrations"].fix
    assert "daemon" not in checks
    assert checks["strategy"].name == "strategy", "what needs no table is still looked at"


def test_a_database_that_does_not_answer_is_told_without_its_password(
    patient: Callable[..., Patient],
) -> None:
    engine = open_engine("postgresql+psycopg://me:hush@127.0.0.1:9/none?connect_timeout=2")
    checks = examine(patient(engine=engine), clock=clock)
    assert named(checks)["database"].verdict is Verdict.FAIL
    assert not any("hush" in check.found for check in checks)
    engine.dispose()


def test_a_missing_file_is_told_and_not_made(
    patient: Callable[..., Patient], tmp_path: Path
) -> None:
    path = tmp_path / "none.db"
    engine = open_engine(f"sqlite:///{path}")
    found = named(examine(patient(engine=engine), clock=clock))["database"]
    assert found.verdict is Verdict.FAIL
    assert "campaigner db upgrade" in found.found
    assert not path.exists()


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (Sent("42"), Verdict.OK),
        (Disconnected("401"), Verdict.FAIL),
        (Unknown("no answer"), Verdict.FAIL),
    ],
)
def test_networks_are_asked_only_on_demand(
    patient: Callable[..., Patient], answer: Sent | Disconnected | Unknown, verdict: Verdict
) -> None:
    asked: list[tuple[str, str]] = []

    class Answering(FakeChannel):
        def whoami(self) -> Sent | Disconnected | Unknown:
            return answer

    def channel_for(account: str, base: str) -> Channel:
        asked.append((account, base))
        return Answering()

    assert "network of x-es" not in named(examine(patient(), clock=clock))
    assert named(examine(patient(channel_for), clock=clock))["network of x-es"].verdict is verdict
    assert asked == [("x-es", "http://127.0.0.1:8711")], "a relay is not asked"


def test_a_channel_that_cannot_be_made_is_a_finding(patient: Callable[..., Patient]) -> None:
    def channel_for(account: str, base: str) -> Channel:
        raise UserError("CAMPAIGNER_X_ES_TOKEN_FILE cannot be read")

    found = named(examine(patient(channel_for), clock=clock))["network of x-es"]
    assert (found.verdict, found.found) == (
        Verdict.FAIL,
        "CAMPAIGNER_X_ES_TOKEN_FILE cannot be read",
    )


def test_a_strategy_is_judged_by_the_day_in_the_workspaces_zone(
    settings: Settings, engine: Engine
) -> None:
    patient = Patient(
        settings=settings.model_copy(update={"zone": "Pacific/Kiritimati"}),
        engine=lambda: engine,
        strategy=lambda: PLAN,
        untranslated=lambda: {},
    )
    last_morning = FakeClock(datetime(2026, 12, 31, 8, tzinfo=UTC))
    new_year_there = FakeClock(datetime(2026, 12, 31, 11, tzinfo=UTC))
    assert named(examine(patient, clock=last_morning))["strategy"].verdict is Verdict.OK
    assert named(examine(patient, clock=new_year_there))["strategy"].verdict is Verdict.WARN


def test_missing_translations_hold_posts_and_stop_nothing(
    patient: Callable[..., Patient],
) -> None:
    found = named(examine(patient(untranslated={"es": 3, "fr": 0}), clock=clock))["translations"]
    assert (found.verdict, found.found) == (Verdict.WARN, "es: 3 to do")


def test_settings_that_cannot_be_read_are_all_there_is_to_say() -> None:
    (check,) = unreadable_settings(UserError("campaigner.toml: zone: no such zone"))
    assert check.verdict is Verdict.FAIL
    assert "zone" in check.found
