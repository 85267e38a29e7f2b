"""Newsletters through the tables: each story in one edition, and nobody reads two versions."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from campaigner.core.broadcast import Stage
from campaigner.core.campaign import Audience, Campaign, Item, Newsletter, Sources, Story
from campaigner.core.delivery import Hold, MessageState
from campaigner.core.difference import Queued
from campaigner.db.engine import Sessions
from campaigner.db.models import (
    Block,
    Broadcast,
    Message,
    MessageProject,
    Subscriber,
    Subscription,
)
from campaigner.rendering.catalogs import Catalogs
from campaigner.services.approve import approve
from campaigner.services.calendar import What, month_ahead
from campaigner.services.compose import compose_due, queue_editions
from campaigner.services.freeze import freeze_waiting
from campaigner.services.preview_editions import preview_editions
from campaigner.services.queue import queue_campaign
from tests.services.desks import Office, campaign, item, wording

NOW = datetime(2026, 11, 2, 15, tzinfo=UTC)  # a Monday
FIRST = datetime(2026, 11, 4, 13, tzinfo=UTC)  # Wednesday at ten in Montevideo
WEEK = timedelta(days=7)
LEAD = timedelta(days=2)
PACKAGED = Path(__file__).parents[2] / "locales"
OFFICE = Office(catalogs=Catalogs([PACKAGED]))


def story(text: str, *locales: str, **changes: Any) -> Story:
    said = {locale: f"{text} ({locale})" for locale in ("en", *locales)}
    return Story(
        headline=wording(text, text, **said), body=wording(f"{text} body", text, **said), **changes
    )


def told_item(number: int, *locales: str, **changes: Any) -> Item:
    """An item of a campaign that posts, with a story."""
    return item(number, story=story(f"Story {number}", *locales or ("es",)), **changes)


SPRING = campaign(told_item(1), told_item(2), told_item(3), projects=("1.1.3",))
"""Posts on Tuesdays, from 3 November on."""


def newsletter(*items: Item, **changes: Any) -> Campaign:
    """A newsletter on Wednesdays in English and Spanish, composed two days before."""
    words = wording("news", "News", en="News", es="Noticias")
    said = Newsletter(subject=words, sources=Sources(campaigns=None), compose_before=LEAD)
    values: dict[str, Any] = {
        "id": "news",
        "accounts": ("newsletter",),
        "projects": ("2.2.1",),
        "newsletter": replace(said, **changes.pop("said", {})),
    }
    return replace(campaign(item(1), on=2, **values | changes), items=items)


def subscribe(sessions: Sessions, *locales: str, country: str = "") -> None:
    with sessions.begin() as session:
        there = session.scalar(select(func.count()).select_from(Subscriber)) or 0
        for number, locale in enumerate(locales, there):
            address = f"r{number}@example.org"
            reader = Subscriber(
                address=address, mailbox=address, locale=locale, zone="UTC", added_at=NOW,
                country=country,
            )  # fmt: skip
            session.add(reader)
            session.flush()
            session.add(
                Subscription(
                    subscriber_id=reader.id, list="newsletter", state="active",
                    added_at=NOW, changed_at=NOW,
                )
            )  # fmt: skip


def post(sessions: Sessions, what: Campaign = SPRING, now: datetime = NOW) -> None:
    queue_campaign(
        sessions, what, OFFICE.desk, start=None, new_run=False, by="author", now=now, dry_run=False
    )


def put(
    sessions: Sessions,
    news: Campaign,
    *others: Campaign,
    now: datetime = NOW,
    dry_run: bool = False,
) -> Queued:
    done = queue_editions(
        sessions, news, OFFICE.desk, campaigns=others, start=None, new_run=False, by="author",
        now=now, dry_run=dry_run,
    )  # fmt: skip
    freeze_waiting(sessions, clock=lambda: now)
    return done


def compose(sessions: Sessions, now: datetime, *campaigns: Campaign) -> int:
    made = compose_due(sessions, campaigns, OFFICE.desk, by="daemon", now=now)
    freeze_waiting(sessions, clock=lambda: now)
    return made


def send(sessions: Sessions, locale: str = "") -> None:
    """Say yes to what waits, and begin to send it (in one locale)."""
    waits = select(Message.id).where(
        Message.state == MessageState.HELD, Message.hold == Hold.APPROVAL
    )
    with sessions() as session:
        ids = session.scalars(waits.where(Message.locale == locale) if locale else waits).all()
    approve(sessions, ids=ids, by="approver", now=NOW)
    with sessions.begin() as session:
        begun = update(Broadcast).where(Broadcast.message_id.in_(ids))
        session.execute(begun.values(started_at=NOW))


def current(sessions: Sessions, run: str = "2026-11-04") -> dict[str, Message]:
    with sessions() as session:
        found = session.scalars(
            select(Message).where(
                Message.campaign == "news",
                Message.run == run,
                Message.state.in_(["held", "approved"]),
            )
        )
        return {message.locale: message for message in found}


def stories(sessions: Sessions, message: Message) -> list[str]:
    with sessions() as session:
        names = select(Block.name).where(Block.message_id == message.id).order_by(Block.position)
        return [name for name in session.scalars(names) if name not in ("header", "footer")]


def kinds(queued: Queued) -> list[str]:
    return sorted(change.what for change in queued.changes)


def test_an_edition_tells_what_is_out_by_then_and_the_next_what_came_since(
    sessions: Sessions,
) -> None:
    subscribe(sessions, "en", "es")
    post(sessions)
    news = newsletter()
    assert kinds(put(sessions, news, SPRING)) == ["new", "new"]
    assert stories(sessions, current(sessions)["en"]) == ["spring-item-1"]
    send(sessions)
    assert compose(sessions, FIRST + WEEK - LEAD - timedelta(seconds=1), news, SPRING) == 0
    assert compose(sessions, FIRST + WEEK - LEAD, news, SPRING) == 2
    second = current(sessions, "2026-11-11")
    assert stories(sessions, second["es"]) == ["spring-item-2"]
    assert (second["es"].state, second["es"].hold) == (MessageState.HELD, Hold.APPROVAL)


def test_a_story_of_an_edition_that_was_dropped_is_told_by_the_next(sessions: Sessions) -> None:
    subscribe(sessions, "en")
    post(sessions)
    news = newsletter()
    put(sessions, news, SPRING)
    with sessions.begin() as session:
        mine = update(Message).where(Message.campaign == "news")
        session.execute(mine.values(state=MessageState.CANCELED))
    compose(sessions, FIRST + WEEK - LEAD, news, SPRING)
    second = current(sessions, "2026-11-11")["en"]
    assert stories(sessions, second) == ["spring-item-1", "spring-item-2"]


def test_what_was_taken_back_or_is_still_under_an_embargo_is_not_told(sessions: Sessions) -> None:
    subscribe(sessions, "en")
    later = replace(SPRING, items=(told_item(1), told_item(2, embargo_until=FIRST + 3 * WEEK)))
    post(sessions, later)
    with sessions.begin() as session:
        session.execute(
            update(Message).where(Message.item == "item-1").values(state=MessageState.CANCELED)
        )
    news = newsletter(replace(told_item(7), texts={}, id="own"))
    put(sessions, news, later)
    assert stories(sessions, current(sessions)["en"]) == ["news-own"]


def test_queueing_twice_changes_nothing_and_a_changed_story_is_told_anew(
    sessions: Sessions,
) -> None:
    subscribe(sessions, "en", "es")
    post(sessions)
    news = newsletter()
    put(sessions, news, SPRING)
    approve(sessions, campaign="news", by="approver", now=NOW)
    assert kinds(put(sessions, news, SPRING)) == ["unchanged", "unchanged"]
    changed = replace(
        SPRING, items=(replace(told_item(1), story=story("Better", "es")), *SPRING.items[1:])
    )
    assert kinds(put(sessions, news, changed, dry_run=True)) == ["changed", "changed"]
    assert {each.state for each in current(sessions).values()} == {MessageState.APPROVED}
    assert kinds(put(sessions, news, changed)) == ["changed", "changed"]
    made = current(sessions)
    assert {each.state for each in made.values()} == {MessageState.HELD}
    with sessions() as session:
        blocks = session.scalars(select(Block.text).where(Block.message_id == made["es"].id))
        assert any("BETTER (ES)" in text for text in blocks)


def test_what_some_have_read_is_what_the_others_read_later(sessions: Sessions) -> None:
    subscribe(sessions, "en", "es")
    lacks = replace(
        SPRING, items=(replace(told_item(1), story=story("Story 1")), *SPRING.items[1:])
    )
    post(sessions, lacks)
    spanish_waits = wording("news", "News", en="News")
    news = newsletter(replace(told_item(7), texts={}, id="own"), said={"subject": spanish_waits})
    put(sessions, news, lacks)
    assert current(sessions)["es"].hold is Hold.TRANSLATION
    send(sessions, "en")
    better = replace(SPRING, items=(told_item(1), told_item(2, embargo_until=None)))
    whole = newsletter(replace(told_item(7), texts={}, id="own"))
    held = put(sessions, whole, better)
    assert kinds(held) == ["sent", "unchanged"], "the words that were frozen lack it still"
    with sessions() as session:
        english = select(func.count()).where(Message.campaign == "news", Message.locale == "en")
        assert session.scalar(english) == 1


def test_a_story_that_lacks_a_language_is_named_and_leaves_that_edition_alone(
    sessions: Sessions,
) -> None:
    subscribe(sessions, "en", "es")
    only_english = replace(told_item(2), story=story("Story 2"))
    both = replace(SPRING, items=(told_item(1), only_english))
    post(sessions, both)
    news = newsletter(said={"sources": Sources(campaigns=("spring",), since=WEEK)})
    put(sessions, news, both)
    send(sessions)
    compose(sessions, FIRST + WEEK - LEAD, news, both)
    assert set(current(sessions, "2026-11-11")) == {"en"}, "no story in Spanish, no mail"

    own = replace(told_item(7), texts={}, id="own", story=story("Own"))
    more = newsletter(own, said={"sources": Sources(campaigns=("spring",))}, id="more")
    done = put(sessions, more, both)
    notes = {change.identity.locale: change.note for change in done.changes}
    assert "the story more/own is left out: es:" in notes["es"]
    assert notes["en"] == ""


def test_a_language_without_any_story_is_told_and_gets_no_mail(sessions: Sessions) -> None:
    subscribe(sessions, "en", "es")
    own = replace(told_item(7), texts={}, id="own", story=story("Own"))
    done = put(sessions, newsletter(own))
    assert {change.identity.locale: change.what for change in done.changes} == {
        "en": "new", "es": "silent",
    }  # fmt: skip
    assert set(current(sessions)) == {"en"}
    gone = newsletter(said={"sources": Sources(campaigns=("spring",))})
    assert kinds(put(sessions, gone)) == [], "nothing is left to tell in any language"


def test_a_language_that_lost_its_last_story_is_taken_back(sessions: Sessions) -> None:
    subscribe(sessions, "en", "es")
    own = replace(told_item(7), texts={}, id="own")
    put(sessions, newsletter(own))
    assert set(current(sessions)) == {"en", "es"}
    done = put(sessions, newsletter(replace(own, story=story("Own"))))
    assert {change.identity.locale: change.what for change in done.changes} == {
        "en": "unchanged", "es": "canceled",
    } or kinds(done) == ["canceled", "changed"]  # fmt: skip
    assert set(current(sessions)) == {"en"}
    with sessions() as session:
        stages = select(Broadcast.stage).join(Message).where(Message.locale == "es")
        assert session.scalars(stages).all() == [Stage.CLOSING]


def test_reach_counts_for_the_stories_projects_too(sessions: Sessions) -> None:
    subscribe(sessions, "en")
    post(sessions)
    put(sessions, newsletter(), SPRING)
    message = current(sessions)["en"]
    with sessions() as session:
        projects = select(MessageProject.project).where(MessageProject.message_id == message.id)
        assert set(session.scalars(projects)) == {"2.2.1", "1.1.3"}


def test_its_audience_is_pinned_and_decides_who_gets_it(sessions: Sessions) -> None:
    subscribe(sessions, "en", country="BR")
    subscribe(sessions, "en", "es", country="UY")
    own = replace(told_item(7), texts={}, id="own")
    audience = Audience(topics=("policy",), segment="country = BR", local=True, sample="50%")
    put(sessions, newsletter(own))
    for_all = current(sessions)["en"]
    done = put(sessions, newsletter(own, audience=audience))
    assert {change.identity.locale: change.what for change in done.changes}["en"] == "changed"
    message = current(sessions)["en"]
    assert message.content_hash != for_all.content_hash
    with sessions() as session:
        broadcast = session.get_one(Broadcast, message.id)
    assert (broadcast.segment, broadcast.topics) == ("country = BR", ["policy"])
    assert (broadcast.local, broadcast.sample) == (True, "50%")
    assert broadcast.candidates == 1


def test_a_preview_shows_the_next_edition_also_when_it_is_composed_already(
    sessions: Sessions,
) -> None:
    subscribe(sessions, "en")
    post(sessions)
    small = newsletter(said={"sources": Sources(campaigns=None, at_most=1, since=3 * WEEK)})

    def shown(now: datetime) -> list[tuple[str, bool, tuple[str, ...]]]:
        found = preview_editions(sessions, small, OFFICE.desk, campaigns=[SPRING], now=now)
        return [(each.locale, "STORY 1" in each.text, each.notes) for each in found]

    before = shown(NOW)
    assert [(locale, told) for locale, told, _ in before] == [("en", True), ("es", True)]
    put(sessions, small, SPRING)
    assert shown(NOW) == before
    second = preview_editions(
        sessions, small, OFFICE.desk, campaigns=[SPRING], now=FIRST + WEEK + LEAD
    )
    assert "no room for the story spring/item-3" in second[0].notes[0]


def test_the_calendar_shows_editions_that_are_composed_and_those_to_come(
    sessions: Sessions,
) -> None:
    subscribe(sessions, "en", "en", "es")
    own = replace(told_item(7), texts={}, id="own")
    news = newsletter(own)
    put(sessions, news)
    days = month_ahead(
        sessions, OFFICE.desk, since=NOW, until=NOW + 2 * WEEK, campaigns=[news], now=NOW
    )
    assert [(day.what, day.due_at, day.mails, day.locales) for day in days] == [
        (What.MAIL, FIRST, 3, ("en", "es")),
        (What.EDITION, FIRST + WEEK, 0, ("en", "es")),
    ]


@pytest.mark.parametrize("what", ["composed", "begun"])
def test_somebody_who_was_faster_is_noticed(sessions: Sessions, what: str) -> None:
    """Between the look and the write another process composed it, or began to send it."""
    subscribe(sessions, "en")
    own = replace(told_item(7), texts={}, id="own")
    news = newsletter(own)
    if what == "begun":
        put(sessions, news)
    faster = [lambda: put(sessions, news) if what == "composed" else send(sessions)]

    def base_of(account: str) -> str:
        if faster:
            faster.pop()()
        return OFFICE.desk.base_of(account)

    done = queue_editions(
        sessions,
        newsletter(replace(own, story=story("Other", "es"))),
        replace(OFFICE.desk, base_of=base_of),
        start=None,
        new_run=False,
        by="author",
        now=NOW,
        dry_run=False,
    )
    assert kinds(done) == (["changed"] if what == "composed" else ["sent"])
    assert len(current(sessions)) == 1
