from datetime import UTC, date, datetime, timedelta

import pytest

from campaigner.core import checkup
from campaigner.core.channel import Disconnected, Sent, Unknown
from campaigner.core.checkup import Check, Verdict
from campaigner.core.strategy import Strategy

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
PLAN = Strategy(
    title="Plan", valid_from=date(2021, 1, 1), valid_until=date(2025, 6, 30), key_areas=()
)


def beat(age: timedelta | None, *, stopped: bool = False) -> Check:
    seen = None if age is None else NOW - age
    return checkup.judge_heartbeat(seen, stopped_at=seen if stopped else None, worker="w", now=NOW)


def account(**overrides: object) -> Check:
    values: dict[str, object] = {
        "channel": "x",
        "live": True,
        "disconnected_at": None,
        "has": ["token"],
        "variables": {"token": "CAMPAIGNER_A_TOKEN", "user": "U", "password": "P"},
    }
    return checkup.judge_account("a", **values | overrides)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("check", "verdict"),
    [
        (checkup.judge_migrations([]), Verdict.OK),
        (checkup.judge_migrations(["0002 more"]), Verdict.FAIL),
        (checkup.judge_writing(journal_mode="wal", synchronous=2), Verdict.OK),
        (checkup.judge_writing(journal_mode="wal", synchronous=1), Verdict.FAIL),
        (checkup.judge_writing(journal_mode="delete", synchronous=2), Verdict.FAIL),
        (checkup.judge_disk(5 * 10**9), Verdict.OK),
        (checkup.judge_disk(5 * 10**8), Verdict.WARN),
        (checkup.judge_disk(10**7), Verdict.FAIL),
        (checkup.judge_zones(package="2026.1", packaged=True), Verdict.OK),
        (checkup.judge_zones(package="2026.1", packaged=False), Verdict.WARN),
        (checkup.judge_strategy(PLAN, date(2025, 6, 30)), Verdict.OK),
        (checkup.judge_strategy(PLAN, date(2025, 7, 1)), Verdict.WARN),
        (checkup.judge_strategy(PLAN, date(2020, 12, 31)), Verdict.WARN),
        (checkup.judge_translations({"es": 0, "fr": 0}), Verdict.OK),
        (checkup.judge_translations({"es": 0, "fr": 2}), Verdict.WARN),
        (beat(timedelta(seconds=20)), Verdict.OK),
        (beat(timedelta(minutes=3)), Verdict.FAIL),
        (beat(timedelta(minutes=3), stopped=True), Verdict.WARN),
        (beat(None), Verdict.WARN),
        (checkup.judge_pauses([]), Verdict.OK),
        (checkup.judge_pauses(["all"]), Verdict.WARN),
        (checkup.judge_clock(timedelta(seconds=1)), Verdict.OK),
        (checkup.judge_clock(timedelta(seconds=-9)), Verdict.WARN),
        (checkup.judge_clock(timedelta(minutes=-5)), Verdict.FAIL),
        (checkup.judge_answer("a", Sent("42")), Verdict.OK),
        (checkup.judge_answer("a", Disconnected("401")), Verdict.FAIL),
        (checkup.judge_answer("a", Unknown("no answer")), Verdict.FAIL),
        (account(), Verdict.OK),
        (account(has=[]), Verdict.FAIL),
        (account(has=["api_key", "api_secret"]), Verdict.FAIL),
        (account(has=["api_key", "api_secret", "access_token", "access_secret"]), Verdict.OK),
        (account(has=[], live=False), Verdict.OK),
        (account(disconnected_at=NOW), Verdict.FAIL),
        (account(channel="email", has=["user"]), Verdict.WARN),
    ],
)
def test_every_fact_has_its_verdict_and_its_remedy(check: Check, verdict: Verdict) -> None:
    assert check.verdict is verdict
    assert bool(check.fix) is (verdict is not Verdict.OK)


def test_a_missing_secret_is_named_as_it_has_to_be_set() -> None:
    assert "Set CAMPAIGNER_A_TOKEN, or" in account(has=[]).fix


def test_a_long_list_is_cut() -> None:
    assert checkup.listed(["a", "b"]) == "a, b"
    assert checkup.listed(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"
