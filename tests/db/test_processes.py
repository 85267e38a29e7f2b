"""Process records, on both databases."""

from dataclasses import replace as changed

from campaigner.db.engine import Sessions
from campaigner.db.processes import load_all, reorder, replace
from tests.processes import NOW, milestone, process, real_processes


def test_what_is_written_is_read_back(sessions: Sessions) -> None:
    with sessions.begin() as session:
        replace(session, real_processes(), source="pdps.yaml", now=NOW)
        reorder(session, [each.id for each in real_processes()])
    with sessions() as session:
        assert load_all(session) == real_processes()


def test_replacing_one_leaves_the_others_and_the_order(sessions: Sessions) -> None:
    one, two = process("one", milestone("2026-11-02", "x")), process("two", milestone("2026", "y"))
    with sessions.begin() as session:
        replace(session, [one, two], source="a.yaml", now=NOW)
        reorder(session, ["one", "two"])
    newer = changed(one, stage="board_vote", milestones=(milestone("2026-11-03", "z"),))
    with sessions.begin() as session:
        replace(session, [newer], source="b.yaml", now=NOW)
    with sessions() as session:
        assert load_all(session) == (newer, two)


def test_replacing_none_changes_nothing(sessions: Sessions) -> None:
    with sessions.begin() as session:
        replace(session, [], source="a.yaml", now=NOW)
        assert load_all(session) == ()
