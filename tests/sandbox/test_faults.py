from datetime import timedelta

import pytest

from campaigner.errors import UserError
from campaigner.sandbox.faults import Fault, Faults, Kind, parse_fault, read_fault


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("x:hold", Fault(network="x", kind=Kind.HOLD)),
        ("x:accept-and-drop:2", Fault(network="x", kind=Kind.ACCEPT_AND_DROP, times=2)),
        ("x:clock-skew:*:0:-90", Fault(network="x", kind=Kind.CLOCK_SKEW, seconds=-90)),
        ("smtp:rate-limited:*:3", Fault(network="smtp", kind=Kind.RATE_LIMITED, skip=3)),
        (
            "mastodon/mastodon:rate-limited:1:0:90",
            Fault(
                network="mastodon",
                account="mastodon",
                kind=Kind.RATE_LIMITED,
                times=1,
                seconds=90,
            ),
        ),
    ],
)
def test_a_fault_reads_as_the_command_line_writes_it(text: str, fault: Fault) -> None:
    assert parse_fault(text) == fault


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("facebook:hold", "Choose among x, mastodon, smtp"),
        ("x:explode", "Choose among rate-limited"),
        ("x", "Choose among rate-limited"),
        ("x:hold:many", "Write a whole number"),
        ("x:hold:0", "1 or more"),
        ("x:hold:1:0:60:9", "too many parts"),
        ("x:slow:1:0:-5", "1 or more|whole number"),
        ("smtp:clock-skew", "says no time"),
    ],
)
def test_a_fault_that_cannot_be_read_says_what_to_write(text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        parse_fault(text)


def test_an_unknown_word_in_json_is_refused() -> None:
    with pytest.raises(UserError, match="acount"):
        read_fault({"network": "x", "fault": "hold", "acount": "x-es"})


def test_a_fault_befalls_its_account_after_the_skipped_ones_and_so_many_times() -> None:
    faults = Faults([parse_fault("x/x-es:accept-and-drop:2:1")])
    asked = ["x-en", "x-es", "x-es", "x-en", "x-es", "x-es"]
    hit = [faults.take("x", account, accepting=True) is not None for account in asked]
    assert hit == [False, False, True, False, True, False]
    assert [(armed.passed, armed.hit, armed.is_over) for armed in faults.all()] == [(1, 2, True)]


def test_faults_before_and_after_taking_a_post_are_asked_for_apart() -> None:
    faults = Faults([parse_fault("x:rate-limited:1"), parse_fault("x:hold:1")])
    after = faults.take("x", "x-es", accepting=True)
    before = faults.take("x", "x-es", accepting=False)
    assert (after and after.kind, before and before.kind) == (Kind.HOLD, Kind.RATE_LIMITED)
    assert faults.take("mastodon", "m", accepting=True) is None


def test_a_fault_without_a_number_stays_until_it_is_taken_back() -> None:
    faults = Faults()
    armed = faults.add(parse_fault("smtp:hold"))
    assert all(faults.take("smtp", "news", accepting=True) for _ in range(50))
    assert faults.remove(armed.id)
    assert not faults.remove(armed.id)
    assert faults.take("smtp", "news", accepting=True) is None


def test_at_the_door_only_those_who_change_something_are_counted() -> None:
    faults = Faults([parse_fault("x:expired-token:1:1")])
    asked = [(False, None), (True, None), (False, 0), (True, 1), (False, None), (True, None)]
    for counts, number in asked:
        fault = faults.at_the_door("x", "x-es", counts=counts)
        assert (fault.number if fault else None) == number
    assert faults.all()[0].is_over


def test_a_fault_knows_how_often_it_has_struck() -> None:
    faults = Faults([parse_fault("x:malformed")])
    struck = [faults.take("x", "x-es", accepting=True) for _ in range(3)]
    assert [fault.number for fault in struck if fault] == [1, 2, 3]


def test_a_clock_that_is_off_is_off_beside_any_other_fault() -> None:
    faults = Faults([parse_fault("x:clock-skew:*:0:-60"), parse_fault("x:rate-limited:1")])
    assert faults.skew("x", "x-es", counts=True) == timedelta(minutes=-1)
    assert faults.take("x", "x-es", accepting=False) is not None
    assert faults.take("x", "x-es", accepting=True) is None
