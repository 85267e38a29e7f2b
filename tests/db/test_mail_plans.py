"""How SQLite goes about what is asked again and again: never through a million mails.

Without statistics, as it is in production. What the plans say holds whatever
the number of rows.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from campaigner.core.delivery import State
from campaigner.core.message import Kind
from campaigner.core.reach import By
from campaigner.db import (
    ahead,
    alerts,
    appointments,
    broadcasts,
    closing,
    corrections,
    editions,
    guard,
    health,
    listing,
    outbox,
    pauses,
    reach,
    standing,
    surroundings,
    upkeep,
)
from campaigner.db.engine import make_sessions, open_engine
from campaigner.db.freezing import Freezer, Plan
from campaigner.db.models import Broadcast, Message
from campaigner.db.schema import upgrade
from tests.broadcasts import LIST
from tests.rows import NOON, add_message

Work = Callable[[Session], object]
A_DAY = timedelta(days=1)
MESSAGE = 1


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('plans') / 'plans.db'}")
    upgrade(engine)
    with make_sessions(engine).begin() as session:
        message = add_message(session, id=MESSAGE, kind=Kind.MAIL, account=LIST)
        session.add(Broadcast(message_id=message.id, stage="closing", locales=["en"]))
    yield engine
    engine.dispose()


def plans(engine: Engine, work: Work) -> dict[str, str]:
    """Run queries, and return how SQLite does each: {statement: plan}."""
    said: list[tuple[str, tuple[object, ...]]] = []

    def keep(
        connection: object,
        cursor: object,
        statement: str,
        parameters: tuple[object, ...],
        *rest: object,
    ) -> None:
        said.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", keep)
    try:
        with make_sessions(engine)() as session:
            work(session)
            event.remove(engine, "before_cursor_execute", keep)
            return {
                statement: "\n".join(
                    str(row[-1])
                    for row in session.connection().exec_driver_sql(
                        f"EXPLAIN QUERY PLAN {statement}", parameters
                    )
                )
                for statement, parameters in said
                if not statement.startswith("BEGIN")
            }
    finally:
        if event.contains(engine, "before_cursor_execute", keep):
            event.remove(engine, "before_cursor_execute", keep)


def message(session: Session) -> Message:
    return session.get_one(Message, MESSAGE)


def plan_of(session: Session) -> Plan:
    return Plan(
        message=message(session),
        locales=("en",),
        topics=("security",),
        segment=None,
        dues={},
        due_at=NOON,
        begun=(7,),
        periods={},
    )


SWEEPS: dict[str, Work] = {
    "posts due": lambda s: outbox.due_accounts(s, now=NOON),
    "next dues": lambda s: ahead.next_moment(s, after=NOON, until=NOON + A_DAY),
    "claim": lambda s: outbox.claim_due(s, account="x", claim="w", now=NOON, limit=9),
    "lost": lambda s: outbox.recover_lost(s, now=NOON),
    "abandon": lambda s: outbox.abandon(s, claim="w", now=NOON),
    "release": lambda s: outbox.release(s, claim="w"),
    "renew": lambda s: outbox.renew(s, claims=["w"], until=NOON),
    "unknown": lambda s: outbox.unknown_to_look_for(s, now=NOON, limit=9),
    "expire": lambda s: upkeep.expire(s, now=NOON),
    "give up": lambda s: upkeep.give_up_resending(s, now=NOON),
    "hold account": lambda s: upkeep.hold_account(s, account="x", reason="r", now=NOON),
    "unhold account": lambda s: upkeep.unhold_account(s, account="x"),
    "health": lambda s: health.health(s, now=NOON, spacings={}),
    "alerts": lambda s: alerts.find_conditions(s, now=NOON, spacings={}),
    "missed": lambda s: pauses.hold_missed(s, scope="country", target="BR", now=NOON),
    "missed broadcasts": lambda s: broadcasts.hold_missed(s, scope="all", target="", now=NOON),
    "missed abroad": lambda s: broadcasts.hold_missed(s, scope="country", target="BR", now=NOON),
    "restored": lambda s: guard.doubt_past(s, now=NOON),
    "mails due": lambda s: broadcasts.due_messages(s, account=LIST, now=NOON),
    "accounts due": lambda s: broadcasts.due_accounts(s, now=NOON),
    "next mails": lambda s: broadcasts.next_dues(s, after=NOON, until=NOON + A_DAY, limit=9),
    "how broadcasts stand": lambda s: broadcasts.list_standing(s),
    "expired broadcasts": lambda s: closing.expire(s, now=NOON),
    "close": lambda s: closing.close_range(s, message(s), limit=9, now=NOON),
    "let go": lambda s: closing.release_range(s, MESSAGE, limit=9),
    "under way": lambda s: closing.has_under_way(s, MESSAGE),
    "held back": lambda s: closing.has_held_back(s, MESSAGE),
    "queue": lambda s: closing.queued_range(s, MESSAGE, after=(NOON, 5), limit=9),
    "failed": lambda s: closing.failed_range(s, MESSAGE, states=[State.REJECTED], after=5, limit=9),
    "appointments": lambda s: appointments.appointments(s, accounts=["x"], since=NOON),
    "mails of an item": lambda s: corrections.mails_out(s, campaign="c", item="i"),
    "posts of an item": lambda s: corrections.posts_of_item(s, campaign="c", item="i"),
    "reach": lambda s: reach.tallies(s, reach.by_own(By.CHANNEL), since=NOON, until=None),
    "previous edition": lambda s: editions.previous_edition(s, campaign="c", before=NOON),
    "what stands": lambda s: standing.find_standing(s, campaigns=["c"]),
    "posts listed": lambda s: listing.list_deliveries(s, states=[State.HELD]),
    "mails aside": lambda s: listing.list_mails(s, states=[State.UNKNOWN]),
    "mails of one": lambda s: listing.list_mails(s, subscriber_id=5),
    "last due": lambda s: surroundings.last_due(s, MESSAGE),
    "freeze": lambda s: Freezer(s, plan_of(s)).freeze(s, after=5, until=9),
    "end of range": lambda s: Freezer(s, plan_of(s)).end_of_range(s, after=5, last=99, size=9),
}

MAY_SCAN = ("delivery_lease", "delivery_of_post")
"""Indices in which there is little: what is in hand, and posts."""


@pytest.mark.parametrize("sweep", SWEEPS)
def test_no_sweep_goes_through_all_mails(engine: Engine, sweep: str) -> None:
    for statement, plan in plans(engine, SWEEPS[sweep]).items():
        for line in plan.splitlines():
            through_all = line.startswith("SCAN delivery") and not line.endswith(MAY_SCAN)
            assert not through_all, f"{line}\n{statement}"


def test_a_range_is_found_by_the_list_and_its_readers_by_their_numbers(engine: Engine) -> None:
    found = plans(engine, SWEEPS["freeze"])
    (mails,) = (plan for text, plan in found.items() if "INTO delivery" in text)
    by_list = "(list=? AND subscriber_id>? AND subscriber_id<?)"
    assert by_list in mails
    assert "SEARCH subscriber USING INTEGER PRIMARY KEY" in mails
    assert "SEARCH delivery_1 USING COVERING INDEX" in mails or "delivery_of_subscriber" in mails
    assert "TEMP B-TREE" not in mails, "they are written in order of their numbers as they come"
