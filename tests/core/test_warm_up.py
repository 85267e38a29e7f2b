"""How a new domain is warmed up."""

from datetime import UTC, date, datetime, timedelta, timezone

from campaigner.core.warm_up import WARM, allowance, next_day

FIRST = date(2026, 3, 2)


def on(day: int) -> int | None:
    return allowance(FIRST, FIRST + timedelta(days=day))


def test_it_begins_with_few_and_grows_by_half_a_day() -> None:
    assert [on(day) for day in range(7)] == [200, 500, 1_000, 1_500, 2_250, 3_375, 5_062]


def test_it_ends_where_a_day_may_have_a_million() -> None:
    allowed = [on(day) for day in range(60)]
    last = max(count for count in allowed if count is not None)
    assert last < WARM <= last * 1.5
    assert allowed[-1] is None
    assert on(100_000) is None


def test_before_its_first_day_counts_as_the_first() -> None:
    assert on(-3) == 200


def test_the_next_day_begins_at_midnight_utc() -> None:
    late = datetime(2026, 3, 2, 22, tzinfo=timezone(timedelta(hours=-3)))
    assert next_day(late) == datetime(2026, 3, 4, tzinfo=UTC)
