"""Taking in a file of processes: what it changes is said first, and only that is written."""

from pathlib import Path

import pytest

from campaigner.db.engine import Sessions
from campaigner.db.processes import load_all
from campaigner.errors import FileError
from campaigner.services.import_processes import import_processes
from tests.processes import NOW, PDPS, real_processes


def test_a_dry_run_says_what_would_change_and_writes_nothing(sessions: Sessions) -> None:
    found = import_processes(sessions, PDPS, dry_run=True, now=NOW)
    assert len(found.added) == 23
    with sessions() as session:
        assert load_all(session) == ()


def test_the_same_file_twice_changes_nothing(sessions: Sessions) -> None:
    first = import_processes(sessions, PDPS, dry_run=False, now=NOW)
    assert (len(first.added), first.is_empty) == (23, False)
    again = import_processes(sessions, PDPS, dry_run=False, now=NOW)
    assert (again.is_empty, len(again.unchanged)) == (True, 23)
    with sessions() as session:
        assert load_all(session) == real_processes()


def test_a_changed_file_says_what_changes_in_which_process(
    sessions: Sessions, tmp_path: Path
) -> None:
    import_processes(sessions, PDPS, dry_run=False, now=NOW)
    text = PDPS.read_text(encoding="utf-8")
    for old, new in (
        ("{id: working_group, substate: comment_review, last_seen: 2026-05-13}",
         "{id: council_deliberation, last_seen: 2026-11-20}"),
        ('{date: 2026-05-13, what: "WG meeting 35 reviews comments", ref: ld_may, evidence: seen}',
         '{date: 2026-11-20, what: "Final Report", ref: ld_may, evidence: seen}'),
        ("comment opens (to 2020-11-30)", "comment opens (to 2020-12-07)"),
    ):  # fmt: skip
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "newer.yaml"
    path.write_text(text, encoding="utf-8")
    found = import_processes(sessions, path, dry_run=False, now=NOW)
    assert {change.id: change.differences for change in found.changed} == {
        "latin-diacritics": (
            "last confirmed: 2026-05-13 → 2026-11-20",
            "stage: 4 of 7: Working Group, comment review → 5 of 7: Council Deliberation",
            "milestone added: 2026-11-20 Final Report",
            "milestone removed: 2026-05-13 WG meeting 35 reviews comments",
        ),
        "transfer-policy": (
            "milestone added: 2020-10-12 Preliminary Issue Report comment opens (to 2020-12-07)",
            "milestone removed: 2020-10-12 Preliminary Issue Report comment opens (to 2020-11-30)",
            "public comment changed: 2020-10-12 to 2020-11-30 → 2020-10-12 to 2020-12-07",
        ),
    }
    assert len(found.unchanged) == 21
    assert import_processes(sessions, path, dry_run=False, now=NOW).is_empty
    with sessions() as session:
        assert [each.id for each in load_all(session)] == [each.id for each in real_processes()]


def test_a_process_that_a_file_lacks_stays_and_is_named(sessions: Sessions, tmp_path: Path) -> None:
    import_processes(sessions, PDPS, dry_run=False, now=NOW)
    path = tmp_path / "one.yaml"
    path.write_text(
        "pdps:\n"
        "  - {id: new, short_name: New, full_title: The new one, so: ASO, process: aso_gpdp,\n"
        "     current_stage: {id: proposal, last_seen: 2026-11}}\n",
        encoding="utf-8",
    )
    found = import_processes(sessions, path, dry_run=False, now=NOW)
    assert [each.id for each in found.added] == ["new"]
    assert len(found.absent) == 23
    with sessions() as session:
        assert load_all(session)[0].id == "new"
        assert len(load_all(session)) == 24


def test_a_faulty_file_writes_nothing(sessions: Sessions, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(PDPS.read_text(encoding="utf-8") + "\n  - {id: x}\n", encoding="utf-8")
    with pytest.raises(FileError):
        import_processes(sessions, path, dry_run=False, now=NOW)
    with sessions() as session:
        assert load_all(session) == ()
