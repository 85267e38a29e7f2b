from datetime import UTC, datetime, timedelta

import pytest

from campaigner.core.limits import Limit, is_within, longest, network_hash, network_of
from campaigner.core.tokens import Keyring

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
TWO_AN_HOUR = (Limit(most=2, within=timedelta(hours=1)),)


def ago(**time: float) -> datetime:
    return NOW - timedelta(**time)


def test_up_to_the_limit_is_granted_and_no_more() -> None:
    assert is_within(TWO_AN_HOUR, [], now=NOW)
    assert is_within(TWO_AN_HOUR, [ago(minutes=5)], now=NOW)
    assert not is_within(TWO_AN_HOUR, [ago(minutes=5), ago(minutes=59)], now=NOW)


def test_what_is_as_old_as_the_window_does_not_count() -> None:
    assert is_within(TWO_AN_HOUR, [ago(minutes=5), ago(hours=1)], now=NOW)


def test_the_strictest_of_several_limits_decides() -> None:
    limits = (*TWO_AN_HOUR, Limit(most=3, within=timedelta(days=1)))
    granted = [ago(hours=2), ago(hours=3), ago(hours=4)]
    assert is_within(TWO_AN_HOUR, granted, now=NOW)
    assert not is_within(limits, granted, now=NOW)
    assert longest(limits) == timedelta(days=1)


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("192.0.2.200", "192.0.2.0/24"),
        ("::ffff:192.0.2.200", "192.0.2.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_an_address_counts_as_its_network(host: str, network: str) -> None:
    assert network_of(host) == network


def test_of_a_network_only_a_keyed_hash_is_kept() -> None:
    ring, other = Keyring((b"a" * 32,)), Keyring((b"b" * 32,))
    assert network_hash(ring, "192.0.2.1") == network_hash(ring, "192.0.2.254")
    assert network_hash(ring, "192.0.2.1") != network_hash(ring, "192.0.3.1")
    assert network_hash(ring, "192.0.2.1") != network_hash(other, "192.0.2.1")
