"""Relays' shares, rates and rests, without a relay."""

from datetime import timedelta

import pytest

from campaigner.core.rates import at_once, refill
from campaigner.core.relays import (
    LEAD,
    SILENCE,
    Share,
    admitted,
    brought_up,
    lump,
    rate_of,
    rest_of,
    spread,
)
from tests.rows import NOON


def share(weight: int, given: float, *, under_way: int = 1, silent: bool = False) -> Share:
    heard_at = NOON - (2 * SILENCE if silent else timedelta(0))
    return Share(weight=weight, given=given, under_way=under_way, heard_at=heard_at)


@pytest.mark.parametrize("per_second", [0.1, 0.5, 1.0, 2.5, 5.0, 100.0, 12_345.6])
def test_a_rate_gives_back_what_it_says_in_a_second(per_second: float) -> None:
    rate = rate_of("relay", per_second)
    assert refill(rate) / rate.per.total_seconds() == pytest.approx(per_second, rel=1e-5)
    assert at_once(rate) == max(1, -(-per_second // 1))


def test_a_lump_is_a_tenth_of_a_second_or_what_is_wanted() -> None:
    assert lump(5, wanted=3) == 3
    assert lump(1_000, wanted=3) == 100


def test_a_lone_relay_gets_all_it_wants() -> None:
    assert admitted({"a": share(1, 1e6)}, {"a": 50}, now=NOON) == {"a": 50}


def test_a_relay_that_is_ahead_waits_for_the_other() -> None:
    shares = {"a": share(3, 300), "b": share(1, 60)}
    wanted = {"a": 10, "b": 10}
    assert admitted(shares, wanted, now=NOON) == {"a": 0, "b": 10}
    ahead = 3 * (60 + LEAD) - 4
    assert admitted(shares | {"a": share(3, ahead)}, wanted, now=NOON) == {"a": 4, "b": 10}


@pytest.mark.parametrize("other", [share(1, 0, silent=True), share(1, 0, under_way=0)])
def test_a_relay_that_is_silent_or_idle_holds_nobody_back(other: Share) -> None:
    shares = {"a": share(1, 1_000), "b": other}
    assert admitted(shares, {"a": 10}, now=NOON) == {"a": 10}
    assert brought_up(shares, {"a": 10}, now=NOON)["b"].given == 1_000


def test_connections_are_opened_by_weight_and_need() -> None:
    assert spread([1], [4], mails=1) == [1]
    assert spread([1], [4], mails=400) == [4]
    assert spread([3, 1], [4, 4], mails=4) == [1, 0]
    assert spread([1, 3], [4, 4], mails=4) == [0, 1]
    assert spread([3, 1], [8, 8], mails=32) == [6, 2]
    assert spread([1, 1], [2, 9], mails=1_000) == [2, 9]
    assert spread([1], [4], mails=0) == [0]


def test_a_relay_rests_from_half_a_minute_to_an_hour() -> None:
    rests = [rest_of(n).total_seconds() for n in (1, 2, 3, 7, 8, 1_000)]
    assert rests == [30, 60, 120, 1920, 3600, 3600]
