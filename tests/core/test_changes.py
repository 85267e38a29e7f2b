"""What changed between two looks at the records."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from campaigner.core.changes import (
    Change,
    CommentClosed,
    CommentClosing,
    CommentMoved,
    CommentOpened,
    MilestoneAdded,
    MilestoneMoved,
    MilestoneReworded,
    ProcessAdded,
    Snapshot,
    StageEntered,
    compare,
)
from campaigner.core.processes import Process, publish
from tests.processes import NOW, milestone, process, real_processes, window


def snapshot(*processes: Process, at: datetime = NOW) -> Snapshot:
    return Snapshot(at=at, standings=tuple(publish(each) for each in processes))


def changes(old: Process, new: Process) -> list[Change]:
    return compare(snapshot(old), snapshot(new))


def names(found: list[Change]) -> list[str]:
    return [type(change).__name__ for change in found]


def test_the_same_records_hold_no_change() -> None:
    assert compare(snapshot(*real_processes()), snapshot(*real_processes())) == []


def test_a_new_stage_says_where_it_came_from() -> None:
    (change,) = changes(process(), process(stage="council_deliberation"))
    assert isinstance(change, StageEntered)
    assert (change.before, change.stage) == ("working_group", "council_deliberation")


def test_a_new_substate_is_a_change_of_stage_too() -> None:
    (change,) = changes(process(substate="deliberation"), process(substate="comment_review"))
    assert isinstance(change, StageEntered)
    assert change.substate == "comment_review"


def test_a_stage_that_becomes_doubtful_is_not_news() -> None:
    assert changes(process(), process(stage="board_vote", stands=False)) == []


def test_a_stage_that_becomes_certain_is_news() -> None:
    (change,) = changes(process(stands=False), process())
    assert isinstance(change, StageEntered)
    assert change.before == ""


def test_a_milestone_is_added_moved_or_reworded() -> None:
    old = milestone("2026-12-10", "Council votes")
    later = replace(old, date=milestone("2026-12-17", "").date)
    words = replace(old, what="Council votes on the Final Report")
    assert names(changes(process("a"), process("a", old))) == ["MilestoneAdded"]
    (moved,) = changes(process("a", old), process("a", later))
    assert isinstance(moved, MilestoneMoved)
    assert (str(moved.before), str(moved.fact.date)) == ("2026-12-10", "2026-12-17")
    (reworded,) = changes(process("a", old), process("a", words))
    assert isinstance(reworded, MilestoneReworded)
    assert reworded.before == "Council votes"


def test_two_meetings_of_one_name_are_two_milestones() -> None:
    first, second = milestone("2026-11-02", "WG meeting"), milestone("2026-11-09", "WG meeting")
    assert names(changes(process("a", first), process("a", first, second))) == ["MilestoneAdded"]


def test_a_milestone_that_vanished_is_no_news() -> None:
    assert changes(process("a", milestone("2026-12-10", "x")), process("a")) == []


def test_a_doubtful_milestone_is_no_news_until_it_was_seen() -> None:
    doubtful = milestone("2026-11-10", "Board adopts", evidence="gk")
    seen = milestone("2026-11-10", "Board adopts")
    assert changes(process("a"), process("a", doubtful)) == []
    assert names(changes(process("a", doubtful), process("a", seen))) == ["MilestoneAdded"]


def test_a_process_that_is_new_is_one_change() -> None:
    found = compare(snapshot(), snapshot(process("a", milestone("2026-11-02", "x"))))
    assert found == [ProcessAdded(process="a")]


OPENS, CLOSES = date(2026, 11, 10), date(2026, 12, 20)


@pytest.mark.parametrize(
    ("was", "now", "expected"),
    [
        (date(2026, 11, 3), date(2026, 11, 5), []),  # still to come
        (date(2026, 11, 3), date(2026, 11, 10), [CommentOpened]),
        (date(2026, 11, 10), date(2026, 11, 17), []),
        (date(2026, 12, 10), date(2026, 12, 17), [CommentClosing]),
        (date(2026, 12, 14), date(2026, 12, 18), []),  # was told that it closes
        (date(2026, 12, 17), date(2026, 12, 24), [CommentClosed]),
        (date(2026, 12, 24), date(2026, 12, 31), []),
        (date(2026, 11, 3), date(2026, 12, 24), []),  # came and went: its milestones tell it
    ],
)
def test_a_comment_is_told_when_it_opens_nears_its_end_and_closes(
    was: date, now: date, expected: list[type[Change]]
) -> None:
    records = process(windows=(window(OPENS, CLOSES),))
    noon = timedelta(hours=12)
    old, new = (
        snapshot(records, at=datetime(day.year, day.month, day.day, tzinfo=UTC) + noon)
        for day in (was, now)
    )
    assert [type(change) for change in compare(old, new)] == expected


def test_an_extended_comment_is_told_once_with_its_old_end() -> None:
    old = snapshot(process(windows=(window(OPENS, date(2026, 12, 3)),)))
    extended = process(windows=(window(OPENS, CLOSES),))
    (change,) = compare(old, snapshot(extended))
    assert isinstance(change, CommentMoved)
    assert (change.before, change.window.closes) == (date(2026, 12, 3), CLOSES)
    reopened = snapshot(extended, at=NOW + timedelta(days=5))  # extended after it had closed
    assert names(compare(old, reopened)) == ["CommentMoved"]


def test_a_comment_that_was_not_seen_is_not_told() -> None:
    hidden = window(date(2026, 11, 25), CLOSES, is_publishable=False)
    assert changes(process(), process(windows=(hidden,))) == []


def test_the_trace_of_ccpdp1_is_told_milestone_by_milestone() -> None:
    whole = next(each for each in real_processes() if each.id == "ccpdp1")
    told: list[Change] = []
    stages = ["initiation", "initial_report", "final_report", "members_vote", "board_vote"]
    at, before = (
        datetime(2005, 6, 1, tzinfo=UTC),
        replace(whole, stage="initiation", milestones=(), windows=()),
    )
    for count, stage in zip((1, 2, 3, 5, 6), stages, strict=True):
        known = whole.milestones[:count]
        windows = whole.windows if count == 6 else ()
        after = replace(whole, stage=stage, milestones=known, windows=windows)
        day = known[-1].date.full
        assert day is not None
        later = datetime(day.year, day.month, day.day, 18, tzinfo=UTC)
        told += compare(snapshot(before, at=at), snapshot(after, at=later))
        at, before = later, after
    for days in (20, 27):  # it closes on 16 January 2006
        later = at + timedelta(days=days)
        told += compare(snapshot(before, at=at), snapshot(before, at=later))
        at = later
    told += compare(snapshot(before, at=at), snapshot(whole, at=at))
    assert [
        fact.what.split(" (")[0] for fact in (c.fact for c in told if isinstance(c, MilestoneAdded))
    ] == [
        "Council initiates",
        "Initial Report",
        "Final Report",
        "Members Report",
        "Board Report",
        "Board-ordered public comment announced, to 2006-01-16",
    ]
    assert [c.stage for c in told if isinstance(c, StageEntered)] == [*stages[1:], "completed"]
    assert [
        type(c) for c in told if isinstance(c, CommentOpened | CommentClosing | CommentClosed)
    ] == [
        CommentOpened,
        CommentClosing,
        CommentClosed,
    ]
