"""Samples by a stable hash, periods of the calendar, and what an approval pins."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigner.core.audience import Frequency
from campaigner.core.broadcast import (
    Share,
    first_of_import,
    frozen_hash,
    is_in_share,
    longer_not_after,
    period_of,
    read_share,
)


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("", None),
        ("  ", None),
        ("5%", Share(of_all=0.05)),
        ("0.5 %", Share(of_all=0.005)),
        ("100%", Share(of_all=1.0)),
        (" 200 ", Share(number=200)),
    ],
)
def test_a_sample_is_a_share_or_a_number(text: str, share: Share | None) -> None:
    assert read_share(text) == share


@pytest.mark.parametrize("text", ["0", "0%", "101%", "-5%", "five", "5,5%", "1e3"])
def test_what_is_no_sample_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"sample|share|between"):
        read_share(text)


def test_a_number_of_readers_is_a_share_of_the_candidates() -> None:
    assert Share(number=200).among(1_000) == 0.2
    assert Share(number=200).among(100) == 1.0
    assert Share(number=200).among(0) == 1.0


@given(message=st.integers(1, 2**31 - 1), first=st.integers(1, 2**31 - 1 - 20_000))
def test_a_sample_is_nearly_as_large_as_it_was_asked_for(message: int, first: int) -> None:
    chosen = sum(is_in_share(first + n, message=message, share=0.05) for n in range(2_000))
    assert 95 <= chosen <= 105, "even over consecutive numbers"


def test_a_sample_is_the_same_for_ever_and_another_for_another_message() -> None:
    first = [id for id in range(1, 1_000) if is_in_share(id, message=7, share=0.1)]
    assert first == [id for id in range(1, 1_000) if is_in_share(id, message=7, share=0.1)]
    other = [id for id in range(1, 1_000) if is_in_share(id, message=8, share=0.1)]
    assert first != other
    assert not [id for id in range(1, 1_000) if is_in_share(id, message=7, share=0)]
    assert all(is_in_share(id, message=7, share=1) for id in range(1, 1_000))


def test_a_small_import_is_mailed_at_once_and_a_large_one_begins_with_a_hundredth() -> None:
    assert first_of_import(200) is None
    assert first_of_import(1_000) == 0.2, "two hundred tell something"
    assert first_of_import(1_000_000) == 0.01


def test_weeks_begin_on_monday_and_months_on_their_first() -> None:
    sunday = date(2026, 11, 1)
    assert period_of(Frequency.EVERY, sunday) is None
    assert period_of(Frequency.WEEKLY, sunday) == (date(2026, 10, 26), date(2026, 11, 2))
    assert period_of(Frequency.MONTHLY, sunday) == (date(2026, 11, 1), date(2026, 12, 1))
    assert period_of(Frequency.MONTHLY, date(2026, 12, 31)) == (
        date(2026, 12, 1),
        date(2027, 1, 1),
    )


def test_an_approval_pins_to_how_many_it_goes() -> None:
    assert frozen_hash("c" * 64, recipients=5) != frozen_hash("c" * 64, recipients=6)
    assert frozen_hash("c" * 64, recipients=5) != frozen_hash("d" * 64, recipients=5)


def test_who_is_due_last_has_as_long_as_the_first() -> None:
    due = datetime(2026, 11, 3, 13, tzinfo=UTC)
    last = due + timedelta(days=2)
    later = due + timedelta(hours=5)
    assert longer_not_after(due, last, last_due=later) == last + timedelta(hours=5)
    assert longer_not_after(due, last, last_due=due - timedelta(hours=9)) == last
