"""Queueing: once per identity, only what changed is asked again, nothing that left is remade."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from campaigner.core.campaign import ANY, Approval, Campaign, Missing
from campaigner.core.delivery import Hold, MessageState, State
from campaigner.core.difference import Queued
from campaigner.core.links import key_in
from campaigner.db import upkeep
from campaigner.db.engine import Sessions
from campaigner.db.models import Delivery, Medium, Message, MessageProject, Run
from campaigner.errors import UserError
from campaigner.rendering.drafts import Desk, link_key
from campaigner.services.approve import approve
from campaigner.services.queue import queue_campaign
from tests.services.desks import Office, campaign, current, item, named, picture, wording

NOW = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)  # a Monday
SPRING = campaign()
LONG = "word " * 80
DEFAULTS: dict[str, Any] = {"new_run": False, "by": "author", "dry_run": False}


def put(
    sessions: Sessions,
    what: Campaign = SPRING,
    *,
    office: Office | None = None,
    start: str | None = None,
    now: datetime = NOW,
    **rest: Any,
) -> Queued:
    return queue_campaign(
        sessions,
        what,
        (office or Office()).desk,
        start=start,
        now=now,
        **{**DEFAULTS, **rest},
    )


def say_yes(sessions: Sessions) -> None:
    approve(sessions, campaign="spring", by="approver", now=NOW)


def counted(queued: Queued) -> dict[str, int]:
    kinds = {change.what for change in queued.changes}
    return {kind: queued.count(kind) for kind in kinds}


def rows(sessions: Sessions) -> list[tuple[Any, ...]]:
    """Return everything that queueing writes, to compare."""
    with sessions() as session:
        tables: tuple[Any, ...] = (Run, Message, Delivery, MessageProject, Medium)
        return [
            tuple(row)
            for table in tables
            for row in session.execute(
                select(table.__table__).order_by(*table.__mapper__.primary_key)
            )
        ]


def send(sessions: Sessions, id: int, **values: Any) -> None:
    with sessions.begin() as session:
        session.execute(
            update(Delivery).where(Delivery.id == id).values(state=State.SENT, attempts=1, **values)
        )


def test_a_campaign_is_queued_once_and_again_changes_nothing(sessions: Sessions) -> None:
    first = put(sessions)
    assert (first.first_time, first.run, counted(first)) == (True, "1", {"new": 9})
    before = rows(sessions)
    for later in (timedelta(0), timedelta(hours=9), timedelta(days=3)):
        again = put(sessions, now=NOW + later)
        assert (again.first_time, counted(again)) == (False, {"unchanged": 9})
    assert rows(sessions) == before
    say_yes(sessions)
    approved = rows(sessions)
    assert counted(put(sessions, now=NOW + timedelta(hours=9))) == {"unchanged": 9}
    assert rows(sessions) == approved


def test_start_now_twice_across_midnight_queues_once(sessions: Sessions) -> None:
    just_before = datetime(2026, 3, 3, 2, 59, 59, tzinfo=UTC)  # midnight there is 03:00 UTC
    put(sessions, start="now", now=just_before)
    before = rows(sessions)
    again = put(sessions, start="now", now=just_before + timedelta(seconds=2))
    assert counted(again) == {"unchanged": 9}
    assert rows(sessions) == before
    assert min(one.message.due_at for one in current(sessions).values()) == just_before


def test_every_message_waits_for_approval_with_its_projects(sessions: Sessions) -> None:
    put(sessions)
    for one in current(sessions).values():
        assert (one.message.state, one.hold) == (MessageState.HELD, Hold.APPROVAL)
        assert (one.delivery.state, one.delivery.due_at) == (State.HELD, one.message.due_at)
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(MessageProject)) == 18


def test_a_dry_run_tells_the_difference_and_writes_nothing(sessions: Sessions) -> None:
    assert counted(put(sessions, dry_run=True)) == {"new": 9}
    assert rows(sessions) == []
    put(sessions)
    before = rows(sessions)
    assert counted(put(sessions, campaign(item(1)), dry_run=True)) == {
        "unchanged": 3,
        "canceled": 6,
    }
    assert counted(put(sessions, campaign(on=3), dry_run=True)) == {"moved": 9}
    assert rows(sessions) == before


def test_an_edited_item_is_asked_about_again_and_no_other(sessions: Sessions) -> None:
    put(sessions)
    say_yes(sessions)
    before = current(sessions)
    text = wording("item-2 text", "Lesson 2!", en="Lesson 2!", es="Lección 2")
    edited = campaign(item(1), item(2, texts={ANY: text}), item(3))
    done = put(sessions, edited)
    assert counted(done) == {"changed": 2, "unchanged": 7}, "the Spanish text is what it was"
    after = current(sessions)
    assert after.keys() == before.keys()
    for name, one in after.items():
        old = before[name]
        if name[0] == "item-2" and name[2] == "en":
            assert (one.message.version, one.message.state) == (2, MessageState.HELD)
            assert one.message.content_hash != old.message.content_hash
            assert one.message.key != old.message.key
            assert one.delivery.state is State.HELD
            with sessions() as session:
                assert session.get_one(Message, old.message.id).state is MessageState.REPLACED
                assert session.get_one(Delivery, old.delivery.id).state is State.CANCELED
        else:
            assert one.message.id == old.message.id
            assert one.message.content_hash == old.message.content_hash
            assert one.delivery.state is State.QUEUED


def test_after_the_weekday_moved_nothing_is_left_on_the_old_days(sessions: Sessions) -> None:
    put(sessions)
    say_yes(sessions)
    assert counted(put(sessions, campaign(on=3))) == {"moved": 9}
    open_states = (State.HELD, State.QUEUED, State.CLAIMED)
    with sessions() as session:
        days = session.scalars(
            select(Message.day).join(Delivery).where(Delivery.state.in_(open_states))
        ).all()
    assert {day.weekday() for day in days} == {3}
    assert len(days) == 9


def test_an_item_taken_out_is_canceled_and_put_back_asks_again(sessions: Sessions) -> None:
    put(sessions)
    say_yes(sessions)
    shorter = campaign(item(1), item(2))
    assert counted(put(sessions, shorter)) == {"unchanged": 6, "canceled": 3}
    assert counted(put(sessions, shorter)) == {"unchanged": 6}
    assert {name[0] for name in current(sessions)} == {"item-1", "item-2"}
    put(sessions)
    for name, one in current(sessions).items():
        again = name[0] == "item-3"
        assert one.message.version == (2 if again else 1)
        assert one.delivery.state is (State.HELD if again else State.QUEUED)


@pytest.mark.parametrize(
    "state", [State.SENDING, State.SENT, State.UNKNOWN, State.REJECTED, State.EXHAUSTED]
)
def test_what_was_fenced_is_never_made_again(sessions: Sessions, state: State) -> None:
    put(sessions)
    say_yes(sessions)
    name = ("item-1", "x-en", "en")
    id = current(sessions)[name].delivery.id
    send(sessions, id)
    with sessions.begin() as session:
        session.execute(update(Delivery).where(Delivery.id == id).values(state=state))
    text = wording("item-1 text", "Other", en="Other", es="Otra")
    for what in (campaign(item(1, texts={ANY: text})), campaign(on=4), campaign(item(2)), SPRING):
        done = put(sessions, what)
        mine = [change.what for change in done.changes if named(change.identity) == name]
        assert mine in (["sent"], [])
        with sessions() as session:
            versions = session.scalars(
                select(Message.version).where(
                    Message.item == name[0], Message.account == name[1], Message.locale == name[2]
                )
            ).all()
            assert versions == [1]
            assert session.get_one(Delivery, id).state is state


def test_what_waits_for_its_next_try_is_canceled_with_its_item(sessions: Sessions) -> None:
    put(sessions)
    say_yes(sessions)
    one = current(sessions)[("item-3", "x-en", "en")]
    with sessions.begin() as session:
        session.execute(update(Delivery).where(Delivery.id == one.delivery.id).values(attempts=1))
    assert put(sessions, campaign(item(1), item(2))).count("canceled") == 3
    with sessions() as session:
        assert session.get_one(Delivery, one.delivery.id).state is State.CANCELED


def test_a_second_start_is_refused_and_the_same_is_not(sessions: Sessions) -> None:
    put(sessions, start="2026-03-10")
    for start in ("2026-03-10", "now", None):
        assert counted(put(sessions, start=start)) == {"unchanged": 9}
    with pytest.raises(UserError, match="--new-run"):
        put(sessions, start="2026-03-11")
    assert {one.message.run for one in current(sessions).values()} == {"1"}


def test_a_new_run_says_it_all_again_and_nothing_of_the_old_one_remains(
    sessions: Sessions,
) -> None:
    put(sessions)
    say_yes(sessions)
    gone = current(sessions)[("item-1", "x-en", "en")].delivery.id
    send(sessions, gone)
    done = put(sessions, start="2026-04-01", new_run=True, now=NOW + timedelta(days=2))
    assert (done.run, done.first_time, done.count("new")) == ("2", True, 9)
    assert done.count("canceled") == 8, "else every post would go out twice"
    with sessions() as session:
        waiting = session.scalars(
            select(Message.run).join(Delivery).where(Delivery.state.in_([State.HELD, State.QUEUED]))
        ).all()
        assert set(waiting) == {"2"}
        assert session.get_one(Delivery, gone).state is State.SENT
    assert counted(put(sessions)) == {"unchanged": 9}


SPANISH_LACKS = campaign(
    item(1, texts={ANY: wording("item-1 text", "Lesson", en="Lesson")}), item(2)
)


def test_an_untranslated_string_holds_its_own_locale_and_is_named(sessions: Sessions) -> None:
    put(sessions, SPANISH_LACKS)
    say_yes(sessions)
    found = current(sessions)
    held = found.pop(("item-1", "m", "es"))
    assert (held.hold, held.delivery.hold) == (Hold.TRANSLATION, Hold.TRANSLATION)
    assert "Lesson" in held.message.note
    assert {one.delivery.state for one in found.values()} == {State.QUEUED}
    put(sessions, campaign(item(1), item(2)))
    translated = current(sessions)[("item-1", "m", "es")]
    assert (translated.message.version, translated.hold) == (2, Hold.APPROVAL)


def test_an_untranslated_string_is_skipped_or_said_in_the_source_as_the_campaign_says(
    sessions: Sessions,
) -> None:
    put(sessions, replace(SPANISH_LACKS, missing=Missing.SKIP))
    assert ("item-1", "m", "es") not in current(sessions)
    put(sessions, replace(SPANISH_LACKS, missing=Missing.SOURCE))
    one = current(sessions)[("item-1", "m", "es")].message
    assert one.language == "en"
    assert one.text.startswith("Lesson")
    put(sessions, replace(SPANISH_LACKS, missing=Missing.SKIP))
    assert ("item-1", "m", "es") not in current(sessions), "and taken back"


def test_a_text_too_long_is_held_on_its_network_only(sessions: Sessions) -> None:
    text = wording("item-1 text", LONG, en=LONG, es=LONG)
    put(sessions, campaign(item(1, texts={ANY: text})))
    holds = {name[1:]: one.hold for name, one in current(sessions).items()}
    assert holds == {
        ("x-en", "en"): Hold.LENGTH,
        ("m", "en"): Hold.APPROVAL,
        ("m", "es"): Hold.APPROVAL,
    }
    assert "too long" in current(sessions)[("item-1", "x-en", "en")].message.note


def test_the_key_of_its_link_is_in_the_text_and_stays_in_every_version(sessions: Sessions) -> None:
    put(sessions)
    first = {name: one.message.link for name, one in current(sessions).items()}
    put(sessions, campaign(on=3))
    for name, one in current(sessions).items():
        message = one.message
        identity = next(c.identity for c in put(sessions, campaign(on=3)).changes
                        if named(c.identity) == name)  # fmt: skip
        assert message.link in message.text
        assert key_in(message.link) == link_key(identity)
        assert message.link == first[name]
    assert len(set(first.values())) == 9


def test_an_account_gone_live_later_changes_its_address_and_asks_again(sessions: Sessions) -> None:
    put(sessions)
    say_yes(sessions)
    done = put(sessions, office=Office(live={"m"}))
    assert counted(done) == {"changed": 6, "unchanged": 3}
    for name, one in current(sessions).items():
        live = name[1] == "m"
        assert one.message.base == ("https://m.example" if live else "http://here")
        assert one.delivery.state is (State.HELD if live else State.QUEUED)


def test_another_picture_under_the_same_name_is_asked_about(sessions: Sessions) -> None:
    shown = campaign(item(1, pictures={ANY: (picture("a.png", en="A key", es="Una llave"),)}))
    put(sessions, shown, office=Office(pictures={"a.png": b"one"}))
    say_yes(sessions)
    assert counted(put(sessions, shown, office=Office(pictures={"a.png": b"one"}))) == {
        "unchanged": 3
    }
    assert counted(put(sessions, shown, office=Office(pictures={"a.png": b"two"}))) == {
        "changed": 3
    }
    with sessions() as session:
        assert set(session.scalars(select(Medium.data))) == {b"one", b"two"}


def test_the_four_eyes_of_the_file_are_those_of_the_message(sessions: Sessions) -> None:
    put(sessions, campaign(approval=Approval.ONE_PERSON))
    assert {one.message.four_eyes for one in current(sessions).values()} == {False}


def test_what_expired_is_not_queued_again_unless_it_changed(sessions: Sessions) -> None:
    put(sessions)
    with sessions.begin() as session:
        upkeep.expire(session, now=NOW + timedelta(days=60))
    late = NOW + timedelta(days=60)
    assert counted(put(sessions, now=late)) == {"expired": 9}
    assert counted(put(sessions, campaign(not_after=timedelta(days=90)), now=late)) == {
        "changed": 9
    }


def test_items_without_a_date_are_named(sessions: Sessions) -> None:
    assert list(put(sessions, start="2026-03-10").unscheduled) == []
    schedule = replace(SPRING.schedule, last_day=NOW.date() + timedelta(days=9))
    assert list(put(sessions, replace(SPRING, schedule=schedule)).unscheduled) == [
        "item-2",
        "item-3",
    ]


def test_a_post_that_leaves_while_it_is_queued_again_is_not_made_twice(sessions: Sessions) -> None:
    """A worker's fence commits between our look and our writing, as PostgreSQL allows."""
    if sessions.kw["bind"].dialect.name == "sqlite":
        return  # one writer: it cannot happen
    put(sessions)
    say_yes(sessions)
    one = current(sessions)[("item-1", "x-en", "en")]
    left: list[int] = []

    def leave_once(name: str) -> str:
        if not left:
            left.append(one.delivery.id)
            send(sessions, one.delivery.id)
        return "http://here"

    class Slow(Office):
        @property
        def desk(self) -> Desk:
            return replace(super().desk, base_of=leave_once)

    text = wording("item-1 text", "Other", en="Other", es="Otra")
    done = put(sessions, campaign(item(1, texts={ANY: text}), item(2), item(3)), office=Slow())
    mine = [c.what for c in done.changes if named(c.identity) == ("item-1", "x-en", "en")]
    assert left
    assert mine == ["sent"]
    assert current(sessions)[("item-1", "x-en", "en")].message.id == one.message.id
    assert done.count("changed") == 2
