"""How fast an account may speak: never faster than its network says, whatever the clock does."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from campaigner.core.channel import Rate
from campaigner.core.rates import (
    Bucket,
    at_once,
    available_at,
    blocked,
    full,
    refill,
    refilled,
    spacing,
    taken,
)

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
RATES = st.builds(
    lambda limit, seconds: Rate(name="posts", limit=limit, per=timedelta(seconds=seconds)),
    st.integers(1, 40),
    st.integers(1, 10_800),
)
GAPS = st.lists(st.floats(0, 4000), min_size=1, max_size=120)


def spoken(rate: Rate, gaps: list[float]) -> list[datetime]:
    """Return when an account spoke that tried after each gap, and at once when it was told."""
    bucket, now, times = full(rate, now=NOW), NOW, []
    for gap in gaps:
        now += timedelta(seconds=gap)
        now = available_at(bucket, now=now)
        bucket = taken(bucket, now=now)
        times.append(now)
    return times


@given(rate=RATES, gaps=GAPS)
def test_no_window_holds_more_than_its_limit(rate: Rate, gaps: list[float]) -> None:
    times = spoken(rate, gaps)
    slack = timedelta(milliseconds=1)  # what rounding to microseconds adds up to
    for first, beyond in zip(times, times[rate.limit :], strict=False):
        assert beyond - first >= rate.per - slack


@given(rate=RATES, wait=st.floats(0.001, 100_000))
def test_who_comes_back_when_told_does_not_come_for_nothing(rate: Rate, wait: float) -> None:
    until = NOW + timedelta(seconds=wait)
    bucket = blocked(full(rate, now=NOW), until=until, now=NOW)
    told = available_at(bucket, now=NOW)
    assert available_at(refilled(bucket, now=told), now=told) == told


@given(seconds=st.integers(1, 3600), gaps=GAPS)
def test_a_spacing_lies_between_any_two_posts(seconds: int, gaps: list[float]) -> None:
    (rate,) = spacing(timedelta(seconds=seconds))
    for one, next_one in pairwise(spoken(rate, gaps)):
        assert next_one - one >= rate.per - timedelta(microseconds=10)


def test_no_gap_is_no_rate() -> None:
    assert list(spacing(timedelta(0))) == []


@given(rate=RATES)
def test_what_is_given_at_once_and_what_comes_back_make_the_limit(rate: Rate) -> None:
    assert at_once(rate) >= 1
    assert refill(rate) >= 1
    assert at_once(rate) + refill(rate) == rate.limit + 1


@given(rate=RATES, wait=st.integers(1, 100_000), tries=st.lists(st.integers(0, 5000), max_size=20))
def test_a_blocked_account_is_silent_until_the_networks_reset(
    rate: Rate, wait: int, tries: list[int]
) -> None:
    until = NOW + timedelta(seconds=wait)
    bucket = blocked(full(rate, now=NOW), until=until, now=NOW)
    slack = timedelta(milliseconds=1)
    for seconds in sorted(tries):
        now = NOW + timedelta(seconds=seconds)
        if now < until:
            assert abs(available_at(refilled(bucket, now=now), now=now) - until) <= slack
    assert available_at(bucket, now=until + slack) == until + slack


def test_a_reset_in_the_past_blocks_nothing() -> None:
    rate = Rate(name="posts", limit=10, per=timedelta(minutes=1))
    bucket = full(rate, now=NOW)
    assert blocked(bucket, until=NOW - timedelta(hours=1), now=NOW) == bucket


def test_a_second_earlier_reset_does_not_open_what_the_first_closed() -> None:
    (rate,) = spacing(timedelta(minutes=10))
    bucket = taken(full(rate, now=NOW), now=NOW)
    opened = blocked(bucket, until=NOW + timedelta(seconds=5), now=NOW)
    assert available_at(opened, now=NOW) >= NOW + timedelta(minutes=10)


@given(rate=RATES, back=st.integers(1, 100_000))
def test_a_clock_that_goes_back_refills_nothing(rate: Rate, back: int) -> None:
    bucket = full(rate, now=NOW)
    for _ in range(at_once(rate)):
        bucket = taken(bucket, now=NOW)
    past = NOW - timedelta(seconds=back)
    assert refilled(bucket, now=past) == bucket
    assert available_at(bucket, now=past) > NOW


def test_a_rested_account_saves_up_no_more_than_its_share() -> None:
    rate = Rate(name="posts", limit=4, per=timedelta(minutes=1))
    bucket = Bucket(rate=rate, tokens=-3.0, at=NOW - timedelta(days=30))
    assert refilled(bucket, now=NOW).tokens == at_once(rate) == 2
