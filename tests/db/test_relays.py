"""Relays that fail, recover and count; tokens taken in lumps."""

from datetime import timedelta

from campaigner.db import relays
from campaigner.db.engine import Sessions
from campaigner.db.meter import Meter
from campaigner.db.models import RelayHealth
from tests.rows import NOON

NAME = "newsletter/relay.example.org:587"
OTHER = "newsletter/other.example.org:587"


def test_a_failing_relay_rests_longer_each_time_until_it_lets_us_in(sessions: Sessions) -> None:
    with sessions.begin() as session:
        first = relays.fail(session, NAME, reason="no answer", refused=False, now=NOON)
        second = relays.fail(session, NAME, reason="no answer", refused=False, now=NOON)
        assert (first - NOON, second - NOON) == (timedelta(seconds=30), timedelta(minutes=1))
        assert relays.resting(session, [NAME, OTHER], now=NOON) == {NAME: second}
        assert relays.resting(session, [NAME], now=second) == {}
        relays.recover(session, NAME)
        assert relays.resting(session, [NAME], now=NOON) == {}
    with sessions() as session:
        row = session.get_one(RelayHealth, NAME)
        assert (row.failing_since, row.failures, row.reason) == (None, 0, "")


def test_a_relay_that_refuses_us_rests_until_a_person_says_so(sessions: Sessions) -> None:
    with sessions.begin() as session:
        until = relays.fail(session, NAME, reason="535", refused=True, now=NOON)
        assert until == NOON + timedelta(hours=1)
        relays.reconnect(session, "news")
        assert relays.resting(session, [NAME], now=NOON), "another account's"
        relays.reconnect(session, "newsletter")
        assert not relays.resting(session, [NAME], now=NOON)


def test_what_relays_were_given_is_counted_by_day(sessions: Sessions) -> None:
    with sessions.begin() as session:
        relays.count(session, {NAME: 5, OTHER: 2}, now=NOON)
        relays.count(session, {NAME: 1}, now=NOON)
        assert relays.given_today(session, [NAME, OTHER], now=NOON) == 8
        tomorrow = NOON + timedelta(days=1)
        assert relays.given_today(session, [NAME, OTHER], now=tomorrow) == 0
        relays.count(session, {NAME: 3}, now=tomorrow)
        assert relays.given_today(session, [NAME, OTHER], now=tomorrow) == 3


def test_tokens_are_taken_in_lumps_and_never_more_than_there_are(sessions: Sessions) -> None:
    one, other = Meter(), Meter()
    taken = 0
    with sessions.begin() as session:
        for meter in (one, other, one):
            given, free_at = meter.take(session, NAME, per_second=5, wanted=4, now=NOON)
            taken += given
        assert taken == 5, "two workers share the five that may go at once"
        assert free_at > NOON
        given, _ = one.take(
            session, NAME, per_second=5, wanted=4, now=NOON + timedelta(seconds=0.41)
        )
        assert given == 2


def test_a_fast_relay_asks_the_database_seldom(sessions: Sessions) -> None:
    meter = Meter()
    with sessions.begin() as session:
        assert meter.take(session, NAME, per_second=1000, wanted=1, now=NOON)[0] == 1
        left = meter._lumps[NAME, ""].tokens
        assert left == 99
        assert meter.take(session, NAME, per_second=1000, wanted=99, now=NOON)[0] == 99


def test_a_lump_that_lay_idle_is_forgotten(sessions: Sessions) -> None:
    meter = Meter()
    with sessions.begin() as session:
        meter.take(session, NAME, per_second=1000, wanted=1, now=NOON)
        late = NOON + timedelta(seconds=2)
        meter.take(session, NAME, per_second=1000, wanted=1, now=late)
        assert meter._lumps[NAME, ""].tokens == 99
