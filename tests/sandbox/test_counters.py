from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from campaigner.sandbox.counters import counters

ages = st.timedeltas(min_value=timedelta(minutes=-1), max_value=timedelta(days=60))


@given(st.sampled_from(["x", "mastodon"]), st.text("0123456789", min_size=1), ages, ages)
def test_counters_never_decrease(network: str, id: str, one: timedelta, other: timedelta) -> None:
    early, late = counters(network, id, min(one, other)), counters(network, id, max(one, other))
    assert early.keys() == late.keys()
    assert all(early[name] <= late[name] for name in early)


def test_counters_are_to_be_seen_within_minutes() -> None:
    shown = counters("x", "1234567890", timedelta(minutes=5))
    assert shown["impressions"] > 100
    assert shown["likes"] > 0
    assert counters("x", "1234567890", timedelta(0))["impressions"] == 0


def test_mastodon_has_no_impressions() -> None:
    assert set(counters("mastodon", "1", timedelta(days=1))) == {
        "favourites",
        "reblogs",
        "replies",
    }
