from datetime import UTC, datetime, timedelta

import pytest

from campaigner.core.delivery import State
from campaigner.core.message import Kind
from campaigner.core.reach import (
    AGES,
    COUNTERS,
    By,
    Report,
    Sum,
    Tally,
    mail_counters,
    next_sample,
    rows_of,
    step_of,
)

SENT = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATER = SENT + timedelta(hours=2)


def tally(key: str, **overrides: object) -> Tally:
    values: dict[str, object] = {
        "kind": Kind.POST,
        "locale": "en",
        "state": State.SENT,
        "messages": 1,
        "deliveries": 1,
    }
    return Tally(key=key, **values | overrides)  # type: ignore[arg-type]


def test_looks_thin_out_as_a_post_ages() -> None:
    now = SENT
    looks: list[timedelta] = []
    while moment := next_sample(SENT, steps_taken=len(looks), now=now):
        looks.append(moment - SENT)
        now = moment
    assert looks == list(AGES)


@pytest.mark.parametrize(
    ("age", "taken", "expected"),
    [
        (timedelta(0), 0, timedelta(minutes=5)),
        (timedelta(minutes=5), 1, timedelta(hours=1)),
        (timedelta(minutes=30), 1, timedelta(hours=1)),  # looked late: the next keeps its time
        (timedelta(hours=1), 1, timedelta(hours=6)),  # at its very age: this look was that one
        (timedelta(days=2), 1, timedelta(days=3)),  # two ages missed while the daemon was down
        (timedelta(days=30), 8, None),
        (timedelta(days=90), 2, None),
    ],
)
def test_missed_looks_are_left_out(age: timedelta, taken: int, expected: timedelta | None) -> None:
    found = next_sample(SENT, steps_taken=taken, now=SENT + age)
    assert found == (None if expected is None else SENT + expected)


@pytest.mark.parametrize(
    ("age", "step"),
    [
        (timedelta(minutes=1), 0),
        (timedelta(minutes=5), 0),
        (timedelta(minutes=59), 0),
        (timedelta(hours=1), 1),
        (timedelta(days=2), 3),
        (timedelta(days=400), 7),
    ],
)
def test_a_look_belongs_to_the_last_age_that_was_reached(age: timedelta, step: int) -> None:
    assert step_of(SENT, SENT + age) == step


def test_rows_follow_the_plan_and_what_is_not_in_it_comes_last() -> None:
    tallies = [tally("9.9.9"), tally("2.2.1"), tally("1.1.3")]
    rows = rows_of(tallies, [], titles={"1.1.3": "Posts"}, order=("1.1.3", "2.2.1"))
    assert [(row.key, row.title) for row in rows] == [
        ("1.1.3", "Posts"),
        ("2.2.1", ""),
        ("9.9.9", ""),
    ]


def test_an_absent_counter_is_no_key_and_a_zero_is_one() -> None:
    sums = [Sum(key="a", counter="replies", value=0, sampled_at=LATER)]
    (row,) = rows_of([tally("a")], sums, titles={})
    assert row.counters == {"replies": 0}
    assert row.sampled_at == LATER


def test_counters_stay_apart_and_in_their_order() -> None:
    sums = [
        Sum(key="a", counter="shares", value=3, sampled_at=SENT),
        Sum(key="b", counter="impressions", value=50, sampled_at=SENT),
        Sum(key="a", counter="reactions", value=4, sampled_at=LATER),
    ]
    rows = rows_of([tally("a"), tally("b")], sums, titles={})
    report = Report(by=By.PROJECT, since=None, until=None, rows=rows)
    assert report.counters == ("impressions", "reactions", "shares")
    assert rows[0].counters == {"shares": 3, "reactions": 4}
    assert rows[0].sampled_at == LATER
    assert len(set(COUNTERS)) == len(COUNTERS)


def test_what_is_not_confirmed_counts_apart_from_what_was_published() -> None:
    tallies = [
        tally("a", locale="es"),
        tally("a", locale="fr", state=State.UNKNOWN, deliveries=2),
        tally("a", locale="pt_BR", state=State.REJECTED),
    ]
    (row,) = rows_of(tallies, [], titles={})
    assert (row.messages, row.unknown, row.locales) == (1, 2, ("es",))
    assert row.counters == {}, "a refused post is no bounced mail"


def test_mails_that_gave_up_count_as_bounced() -> None:
    tallies = [
        tally("a", kind=Kind.MAIL, deliveries=90),
        tally("a", kind=Kind.MAIL, state=State.REJECTED, deliveries=2),
        tally("a", kind=Kind.MAIL, state=State.EXHAUSTED, deliveries=3),
        tally("a", kind=Kind.MAIL, state=State.UNKNOWN, deliveries=1),
    ]
    assert mail_counters(tallies) == {"delivered": 90, "bounced": 5}
    assert mail_counters([tally("a")]) == {}
