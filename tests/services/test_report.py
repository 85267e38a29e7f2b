from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from campaigner.core.delivery import State
from campaigner.core.message import Kind
from campaigner.core.reach import By, Report
from campaigner.core.strategy import KeyArea, Objective, Project, Strategy
from campaigner.db.engine import Sessions
from campaigner.db.models import Broadcast, Delivery, Run, Sample
from campaigner.services.report import report
from tests.rows import NOON, add_delivery, add_message, add_sent


def objective(id: str, *projects: str) -> Objective:
    return Objective(
        id=id,
        title=f"Objective {id}",
        projects=tuple(Project(id=project, title=f"Project {project}") for project in projects),
    )


def area(id: str, *objectives: Objective) -> KeyArea:
    return KeyArea(id=id, title=f"Area {id}", short_title=id, objectives=objectives)


PLAN = Strategy(
    title="Plan",
    valid_from=date(2026, 1, 1),
    valid_until=date(2026, 12, 31),
    key_areas=(
        area("2", objective("2.2", "2.2.1")),
        area("1", objective("1.1", "1.1.2", "1.1.3"), objective("1.2", "1.2.1")),
    ),
)


def see(session: Session, delivery: Delivery, step: int, **values: int) -> None:
    session.add_all(
        Sample(
            delivery_id=delivery.id,
            step=step,
            counter=counter,
            value=value,
            taken_at=NOON + timedelta(hours=step),
            source="network",
            total=True,
        )
        for counter, value in values.items()
    )


def made(sessions: Sessions, by: By, **period: datetime) -> Report:
    with sessions() as session:
        return report(session, PLAN, by=by, **period)


def figures(found: Report) -> dict[str, Mapping[str, int]]:
    return {row.key: row.counters for row in found.rows}


def test_only_the_newest_figures_of_each_message_count(sessions: Sessions) -> None:
    with sessions.begin() as session:
        first, second = (add_sent(session, add_message(session)) for _ in range(2))
        see(session, first, 0, impressions=10, reactions=1)
        see(session, first, 1, impressions=30)
        see(session, first, 2, impressions=25)
        see(session, second, 0, impressions=5)
    (row,) = made(sessions, By.PROJECT).rows
    assert (row.key, row.title, row.messages) == ("1.1.3", "Project 1.1.3", 2)
    assert row.counters == {"impressions": 30, "reactions": 1}
    assert row.sampled_at == NOON + timedelta(hours=2)


def test_a_message_of_two_projects_counts_once_in_what_holds_both(sessions: Sessions) -> None:
    with sessions.begin() as session:
        message = add_message(session, projects=["1.1.2", "1.1.3", "1.2.1"])
        see(session, add_sent(session, message), 0, views=7)
    expected = {"views": 7}
    assert figures(made(sessions, By.PROJECT)) == dict.fromkeys(
        ("1.1.2", "1.1.3", "1.2.1"), expected
    )
    assert figures(made(sessions, By.OBJECTIVE)) == dict.fromkeys(("1.1", "1.2"), expected)
    assert figures(made(sessions, By.KEY_AREA)) == {"1": expected}
    assert [row.messages for row in made(sessions, By.KEY_AREA).rows] == [1]


def test_rows_come_in_the_order_of_the_plan_and_other_plans_projects_stay(
    sessions: Sessions,
) -> None:
    with sessions.begin() as session:
        for project in ("1.1.3", "A7", "2.2.1"):
            add_sent(session, add_message(session, projects=[project]))
    for by, keys in {
        By.PROJECT: ["2.2.1", "1.1.3", "A7"],
        By.OBJECTIVE: ["2.2", "1.1", "A7"],
        By.KEY_AREA: ["2", "1", "A7"],
    }.items():
        rows = made(sessions, by).rows
        assert [row.key for row in rows] == keys
        assert rows[-1].title == ""


def test_what_no_network_offers_is_absent_and_not_zero(sessions: Sessions) -> None:
    with sessions.begin() as session:
        on_x = add_sent(session, add_message(session, channel="x"))
        see(session, on_x, 0, impressions=0, reactions=2)
        on_mastodon = add_sent(session, add_message(session, channel="mastodon"))
        see(session, on_mastodon, 0, reactions=3)
        add_sent(session, add_message(session, channel="telegram"))
    found = made(sessions, By.CHANNEL)
    assert figures(found) == {
        "mastodon": {"reactions": 3},
        "telegram": {},
        "x": {"impressions": 0, "reactions": 2},
    }
    assert [row.title for row in found.rows] == ["Mastodon", "", "X"]
    assert [row.sampled_at for row in found.rows] == [NOON, None, NOON]


def test_mails_are_counted_from_the_outbox(sessions: Sessions) -> None:
    with sessions.begin() as session:
        for locale, projects in {"en": ["2.2.1"], "es": ["2.2.1", "1.1.3"]}.items():
            mail = add_message(
                session, kind=Kind.MAIL, locale=locale, projects=projects, account="newsletter"
            )
            for number in range(3):
                add_sent(session, mail, recipient=f"{number}@example.org")
            for state in (State.REJECTED, State.EXHAUSTED, State.UNKNOWN, State.QUEUED):
                add_delivery(session, mail, recipient=state.value, state=state)
            session.add(Broadcast(message_id=mail.id, stage="whole", recipients=7))
    policy, security = made(sessions, By.PROJECT).rows
    assert policy.counters == {"delivered": 6, "bounced": 4}
    assert (policy.messages, policy.unknown, policy.locales) == (2, 2, ("en", "es"))
    assert security.counters == {"delivered": 3, "bounced": 2}
    (campaign,) = made(sessions, By.CAMPAIGN).rows
    assert campaign.counters == {"delivered": 6, "bounced": 4}


def test_what_was_not_published_is_no_message(sessions: Sessions) -> None:
    with sessions.begin() as session:
        for state in (State.HELD, State.QUEUED, State.CANCELED, State.EXPIRED):
            add_delivery(session, add_message(session, campaign="waiting"), state=state)
        add_delivery(session, add_message(session, campaign="lost"), state=State.UNKNOWN)
    (row,) = made(sessions, By.CAMPAIGN).rows
    assert (row.key, row.messages, row.unknown, row.counters) == ("lost", 0, 1, {})


def test_a_campaign_is_called_as_its_latest_run_says(sessions: Sessions) -> None:
    with sessions.begin() as session:
        for name, title in {"1": "Spring", "2": "Spring again"}.items():
            queued_at = NOON + timedelta(days=int(name))
            session.add(
                Run(
                    campaign="spring",
                    name=name,
                    title=title,
                    start_at=NOON,
                    immediate=False,
                    queued_by="author",
                    queued_at=queued_at,
                )
            )
        add_sent(session, add_message(session, campaign="spring"))
        add_sent(session, add_message(session, campaign="nameless"))
    rows = made(sessions, By.CAMPAIGN).rows
    assert [(row.key, row.title) for row in rows] == [("nameless", ""), ("spring", "Spring again")]


def test_languages_have_rows_of_their_own(sessions: Sessions) -> None:
    with sessions.begin() as session:
        for locale in ("pt_BR", "es", "es"):
            see(session, add_sent(session, add_message(session, locale=locale)), 0, shares=1)
    found = made(sessions, By.LOCALE)
    assert figures(found) == {"es": {"shares": 2}, "pt_BR": {"shares": 1}}


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (0, 24, 1),
        (-24, 0, 1),  # the end is exclusive
        (-24, 1, 2),
        (1, 24, 0),
    ],
)
def test_a_period_holds_what_was_published_in_it(
    sessions: Sessions, since: int, until: int, expected: int
) -> None:
    with sessions.begin() as session:
        for hours in (-1, 0):
            sent = add_sent(session, add_message(session), sent_at=NOON + timedelta(hours=hours))
            see(session, sent, 0, reactions=1)
    start, end = (NOON + timedelta(hours=hours) for hours in (since, until))
    rows = made(sessions, By.PROJECT, since=start, until=end).rows
    assert sum(row.messages for row in rows) == expected
    assert sum(row.counters.get("reactions", 0) for row in rows) == expected


def test_a_refused_mail_counts_in_the_period_in_which_it_was_due(sessions: Sessions) -> None:
    with sessions.begin() as session:
        mail = add_message(session, kind=Kind.MAIL)
        add_delivery(session, mail, recipient="a@example.org", state=State.REJECTED)
        session.add(Broadcast(message_id=mail.id, stage="whole", recipients=1))
    day = NOON.replace(hour=0)
    inside = made(sessions, By.PROJECT, since=day, until=day + timedelta(days=1))
    assert figures(inside) == {"1.1.3": {"delivered": 0, "bounced": 1}}
    assert made(sessions, By.PROJECT, since=datetime(2027, 1, 1, tzinfo=UTC)).rows == ()
