"""How SQLite goes about the queries of reach, without statistics, as it is in production."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from campaigner.core.reach import By
from campaigner.db import alerts, reach, samples
from campaigner.db.engine import make_sessions, open_engine
from campaigner.db.schema import upgrade
from tests.rows import NOON

Plan = Callable[[Callable[[Session], object]], list[str]]


@pytest.fixture
def plan(tmp_path: Path) -> Iterator[Plan]:
    """A function that runs queries on an empty SQLite database, and returns how it did each."""
    engine: Engine = open_engine(f"sqlite:///{tmp_path / 'plans.db'}")
    upgrade(engine)
    said: list[tuple[str, tuple[object, ...]]] = []

    def explain(query: Callable[[Session], object]) -> list[str]:
        said.clear()
        with make_sessions(engine)() as session:
            query(session)
            return [
                "\n".join(
                    str(row[-1])
                    for row in session.connection().exec_driver_sql(
                        f"EXPLAIN QUERY PLAN {statement}", parameters
                    )
                )
                for statement, parameters in list(said)
                if not statement.startswith(("BEGIN", "EXPLAIN"))
            ]

    @event.listens_for(engine, "before_cursor_execute")
    def keep(
        connection: object,
        cursor: object,
        statement: str,
        parameters: tuple[object, ...],
        *rest: object,
    ) -> None:
        said.append((statement, parameters))

    yield explain
    engine.dispose()


def test_looks_that_are_due_come_from_their_own_index(plan: Plan) -> None:
    (claim,) = plan(
        lambda session: samples.claim_due(
            session, now=NOON, again_at=NOON + timedelta(minutes=5), limit=10
        )
    )
    assert "INDEX delivery_sample (sample_at<?)" in claim
    assert "SCAN delivery" not in claim


@pytest.mark.parametrize(
    "grouping",
    [reach.by_places({"1.1.3": "1.1"}), reach.by_own(By.CHANNEL)],
    ids=["along the strategy", "by what a message has"],
)
def test_groups_meet_their_messages_over_keys(plan: Plan, grouping: reach.Grouping) -> None:
    def query(session: Session) -> None:
        reach.tallies(session, grouping, since=NOON, until=None)
        reach.sums(session, grouping, since=NOON, until=None)

    tallied, *mails, summed = plan(query)
    assert not [one for one in mails if "SCAN delivery" in one]
    for one in (tallied, summed):
        assert "SCAN message" not in one
        assert "AUTOMATIC" not in one
    assert "SEARCH delivery USING INTEGER PRIMARY KEY" in summed, "mails are not gone through"


def test_alerts_look_only_at_what_is_open(plan: Plan) -> None:
    plans = plan(lambda session: alerts.find_conditions(session, now=NOON, spacings={}))
    assert len(plans) == 9
    assert not [one for one in plans if "SCAN delivery" in one or "SCAN message" in one]
    for by_hand in plans[-4:-2]:
        assert "SEARCH message USING INDEX message_waiting (state=? AND not_after>?" in by_hand
        assert "SEARCH delivery USING INDEX delivery_state" not in by_hand, "nor at all that waits"
