from datetime import date, timedelta
from typing import Any

from campaigner.core.delivery import State
from campaigner.db import editions
from campaigner.db.ahead import next_moment, quiet_editions
from campaigner.db.engine import Sessions
from tests.rows import NOON, add_delivery, add_message

HOUR = timedelta(hours=1)
FAR = NOON + timedelta(days=400)


def test_the_next_moment_is_the_first_due_time_or_look_that_is_ahead(sessions: Sessions) -> None:
    with sessions.begin() as session:
        assert next_moment(session, after=NOON, until=FAR) is None
        rows: list[dict[str, Any]] = [
            {"due_at": NOON},
            {"due_at": NOON + 3 * HOUR},
            {"state": State.UNKNOWN, "look_at": NOON + 2 * HOUR},
            {"state": State.HELD, "due_at": NOON + HOUR},
            {"state": State.SENT, "due_at": NOON, "look_at": NOON + HOUR},
        ]
        for number, row in enumerate(rows):
            add_delivery(session, add_message(session, item=f"item-{number}"), **row)
        session.flush()
        assert next_moment(session, after=NOON, until=FAR) == NOON + 2 * HOUR
        assert next_moment(session, after=NOON + 2 * HOUR, until=FAR) == NOON + 3 * HOUR
        assert next_moment(session, after=NOON, until=NOON + HOUR) is None
        assert next_moment(session, after=NOON + 3 * HOUR, until=FAR) is None


def test_an_edition_of_which_there_is_no_message_was_quiet(sessions: Sessions) -> None:
    with sessions.begin() as session:
        made = [
            editions.save_edition(
                session, campaign="digest", day=date(2026, 3, day), slot="0900", data={}, now=NOON
            )
            for day in (12, 5)
        ]
        add_message(session, campaign="digest", edition_id=made[0].id)
        session.flush()
        assert [one.day for one in quiet_editions(session, "digest")] == [date(2026, 3, 5)]
        assert quiet_editions(session, "another") == []
