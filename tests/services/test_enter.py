"""Figures by hand: whose they are, what they replace, and which a report shows."""

from datetime import timedelta
from typing import Any

import pytest

from campaigner.core.delivery import State
from campaigner.core.message import Kind
from campaigner.core.reach import By, Row
from campaigner.db import listing
from campaigner.db.engine import Sessions
from campaigner.db.models import Sample
from campaigner.errors import UserError
from campaigner.loading.strategy import load_strategy
from campaigner.services.enter import Entered, enter
from campaigner.services.report import report
from tests.rows import NOON, add_message, add_sent
from tests.services.lanes import queue

NOW = NOON + timedelta(days=2)


def published(sessions: Sessions, **message: Any) -> int:
    with sessions.begin() as session:
        return add_sent(session, add_message(session, **message)).id


def seen_by_network(sessions: Sessions, id: int, *, at: Any, **counters: int) -> None:
    with sessions.begin() as session:
        session.add_all(
            Sample(
                delivery_id=id, step=1, counter=counter, value=value, taken_at=at,
                source="network", total=True,
            )
            for counter, value in counters.items()
        )  # fmt: skip


def say(sessions: Sessions, id: int, **figures: Any) -> list[Entered]:
    given: dict[str, Any] = {"at": NOW, "source": ""}
    given |= {key: figures.pop(key) for key in ("at", "source") if key in figures}
    return list(enter(sessions, id, figures, by="ana", now=NOW, **given))


def only_row(sessions: Sessions) -> Row:
    with sessions() as session:
        [row] = report(session, load_strategy(), by=By.CAMPAIGN).rows
        return row


def test_figures_by_hand_count_and_are_told_apart(sessions: Sessions) -> None:
    id = published(sessions)
    seen_by_network(sessions, id, at=NOON + timedelta(hours=1), reactions=4)
    assert say(sessions, id, impressions=1200) == [
        Entered(counter="impressions", before=None, after=1200, outdated=False)
    ]
    row = only_row(sessions)
    assert row.counters == {"impressions": 1200, "reactions": 4}
    assert row.by_hand == {"impressions"}
    assert row.sampled_at == NOON + timedelta(hours=1), "no network was asked since"


def test_without_a_network_there_was_no_look(sessions: Sessions) -> None:
    say(sessions, published(sessions), reactions=0)
    row = only_row(sessions)
    assert (row.counters, row.sampled_at) == ({"reactions": 0}, None)


def test_an_entry_replaces_the_one_before_and_leaves_the_other_counters(
    sessions: Sessions,
) -> None:
    id = published(sessions)
    say(sessions, id, impressions=1200, reactions=30)
    assert say(sessions, id, reactions=28) == [
        Entered(counter="reactions", before=30, after=28, outdated=False)
    ], "a correction may go down"
    assert only_row(sessions).counters == {"impressions": 1200, "reactions": 28}


def test_what_the_network_said_later_stands_and_whoever_enters_is_told(
    sessions: Sessions,
) -> None:
    id = published(sessions)
    seen_by_network(sessions, id, at=NOON + timedelta(hours=6), reactions=9)
    [told] = say(sessions, id, reactions=5, at=NOON + timedelta(hours=5))
    assert (told.before, told.outdated) == (9, True)
    assert only_row(sessions).counters == {"reactions": 9}
    [told] = say(sessions, id, reactions=11)
    assert (told.before, told.outdated) == (9, False)
    assert only_row(sessions).counters == {"reactions": 11}


def test_the_history_says_who_entered_what_and_where_it_was_read(sessions: Sessions) -> None:
    id = published(sessions)
    say(sessions, id, impressions=7, views=8, source="LinkedIn analytics")
    with sessions() as session:
        [line] = listing.attempts_of(session, id)
        assert (line.outcome, line.by) == ("entered", "ana")
        assert line.reason == "impressions=7, views=8 (LinkedIn analytics)"


@pytest.mark.parametrize(
    ("figures", "told"),
    [
        ({}, "at least one figure"),
        ({"impresions": 1}, "did you mean 'impressions'|Did you mean 'impressions'"),
        ({"opened": 1}, "nothing that is counted of a post"),
        ({"views": -1}, "from 0"),
        ({"views": 2**31}, "to 2,147,483,647"),
        ({"views": 1, "at": NOW + timedelta(minutes=1)}, "still to come"),
        ({"views": 1, "at": NOON - timedelta(minutes=1)}, "before delivery"),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_kept(
    figures: dict[str, Any], told: str, sessions: Sessions
) -> None:
    id = published(sessions)
    with pytest.raises(UserError, match=told):
        say(sessions, id, **figures)
    assert only_row(sessions).counters == {}


def test_only_a_published_post_has_reached_anybody(sessions: Sessions) -> None:
    with pytest.raises(UserError, match="not published"):
        say(sessions, queue(sessions, state=State.UNKNOWN), views=1)
    with pytest.raises(UserError, match="is a mail"):
        say(sessions, published(sessions, kind=Kind.MAIL), views=1)
    with pytest.raises(UserError, match="there is no delivery 4711"):
        say(sessions, 4711, views=1)
