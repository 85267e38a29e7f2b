"""Which facts an edition tells, and that it tells them once."""

import json
from dataclasses import replace
from datetime import date, timedelta

from campaigner.core.changes import MilestoneAdded, ProcessAdded, StageEntered
from campaigner.core.digest import EditionData, assemble
from campaigner.core.processes import Process
from tests.processes import NOW, milestone, process, real_processes, window

DAY, NEXT = date(2026, 12, 3), date(2026, 12, 10)
LATER = NOW + timedelta(days=7)


def first(*processes: Process) -> EditionData:
    return assemble(processes, previous=None, day=DAY, now=NOW)


def second(previous: EditionData, *processes: Process) -> EditionData:
    return assemble(processes, previous=previous, day=NEXT, now=LATER)


def test_the_first_edition_tells_where_every_process_stands() -> None:
    data = first(*real_processes())
    assert (data.is_first, data.is_quiet, data.comments, data.news) == (True, False, (), ())
    assert set(data.active) | set(data.finished) == {each.id for each in real_processes()}
    assert set(data.finished) == {"irtp-d", "ccpdp2", "ccpdp1"}
    assert data.active[:4] == ("dnsam-pdp1", "latin-diacritics", "subpro", "dnsam-pdp2")
    assert str(data.confirmed) == "2026-06-22"


def test_an_open_comment_comes_first_and_the_one_closing_soonest_before_all() -> None:
    late = process("late", windows=(window(date(2026, 11, 1), date(2027, 1, 15)),))
    soon = process("soon", windows=(window(date(2026, 11, 1), date(2026, 12, 8)),))
    data = first(process("high", interest="high"), late, soon)
    assert [comment.process for comment in data.comments] == ["soon", "late"]
    assert data.active == ("soon", "late", "high")


def test_an_edition_comes_back_from_json_as_it_was() -> None:
    one = first(*real_processes(), process("open", windows=(window(DAY, NEXT),)))
    two = second(
        one,
        *real_processes()[1:],
        process("open", milestone("2026-12-04", "x"), stage="board_vote"),
        process("new"),
    )
    for data in (one, two):
        text = json.dumps(data.to_json())
        assert EditionData.from_json(json.loads(text)) == data


def test_the_second_edition_tells_only_what_changed() -> None:
    before = process("a", milestone("2026-11-02", "old"))
    after = replace(before, milestones=(*before.milestones, milestone("2026-12-04", "new")))
    one = first(before, process("b"))
    two = second(one, after, process("b"), process("c"))
    assert (two.previous_day, two.active, two.finished) == (DAY, (), ())
    assert [news.process for news in two.news] == ["a", "c"]
    (change,) = two.news[0].changes
    assert isinstance(change, MilestoneAdded)
    assert change.fact.what == "new"
    assert two.news[1].changes == (ProcessAdded(process="c"),)
    assert two.unchanged == ("b",)


def test_nothing_is_told_in_two_editions() -> None:
    before, after = process("a"), process("a", milestone("2026-12-04", "x"), stage="board_vote")
    two = second(first(before), after)
    three = assemble((after,), previous=two, day=date(2026, 12, 17), now=LATER)
    assert [type(change) for change in two.news[0].changes] == [StageEntered, MilestoneAdded]
    assert three.news == ()


def test_an_edition_without_news_and_without_a_comment_is_quiet() -> None:
    assert second(first(*real_processes()), *real_processes()).is_quiet
    assert first().is_quiet


def test_an_open_comment_is_worth_an_edition_by_itself() -> None:
    records = process(windows=(window(date(2026, 11, 1), date(2026, 12, 30)),))
    data = second(first(records), records)
    assert not data.is_quiet
    assert (len(data.comments), data.news) == (1, ())


def test_what_a_milestone_says_of_a_comment_is_not_said_again() -> None:
    opening = milestone("2026-12-04", "Initial Report public comment opens")
    after = process("a", opening, windows=(window(date(2026, 12, 4), date(2027, 1, 15)),))
    two = second(first(process("a")), after)
    assert [type(change) for change in two.news[0].changes] == [MilestoneAdded]
    assert len(two.comments) == 1


def test_a_finished_process_is_not_listed_as_unchanged() -> None:
    done = process("done", stage="completed")
    assert second(first(done, process("a")), done, process("a")).unchanged == ("a",)
