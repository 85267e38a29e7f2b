"""Files of policy processes: the real one, and faulty ones."""

from datetime import date
from pathlib import Path

import pytest

from campaigner.core.processes import PartialDate
from campaigner.errors import FileError
from campaigner.loading.comments import derive_windows
from campaigner.loading.processes import load_processes
from tests.processes import milestone, real_processes

FILE = """\
src:
  wiki: https://example.org/wiki
pdps:
  - id: one
    short_name: One
    full_title: The process one
    so: GNSO
    process: gnso_pdp
    working_group: null
    current_stage: {id: working_group, last_seen: 2026-11-02}
    milestones:
      - {date: 2026-11-02, what: "second", ref: wiki, evidence: seen}
      - {date: 2026-10, what: "first", ref: null, evidence: gk}
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "processes.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(path: Path) -> list[tuple[int, str]]:
    with pytest.raises(FileError) as raised:
        load_processes(path)
    return [(problem.line, problem.found) for problem in raised.value.problems]


def test_the_real_records_are_read_whole() -> None:
    processes = {each.id: each for each in real_processes()}
    assert len(processes) == 23
    assert sum(len(each.milestones) for each in processes.values()) == 87
    diacritics = processes["latin-diacritics"]
    assert (diacritics.organization, diacritics.kind) == ("GNSO", "gnso_pdp")
    assert (diacritics.stage, diacritics.substate) == ("working_group", "comment_review")
    assert diacritics.stage_confirmed == PartialDate(2026, 5, 13)
    assert diacritics.milestones[0].source.startswith("https://lists.icann.org/")
    assert processes["ccpdp4"].stage_confirmed == PartialDate(2025)


def test_tracks_that_are_no_pdp_are_not_taken_for_one() -> None:
    assert not {"rd-accuracy", "rdrs", "ssad-supp", "next-round"} & {p.id for p in real_processes()}


def test_milestones_are_in_order_and_a_ref_becomes_its_address(tmp_path: Path) -> None:
    (one,) = load_processes(write(tmp_path, FILE))
    assert [each.what for each in one.milestones] == ["first", "second"]
    assert [each.source for each in one.milestones] == ["", "https://example.org/wiki"]
    assert one.working_group == ""


def test_comment_windows_are_read_out_of_real_milestones() -> None:
    found = {
        each.id: [(str(window.opens), str(window.closes)) for window in each.windows]
        for each in real_processes()
        if each.windows
    }
    assert found == {
        "latin-diacritics": [("2026-01-12", "2026-02-23")],
        "transfer-policy": [("2020-10-12", "2020-11-30")],
        "epdp-idn-2": [("2024-04-11", "2024-05-21")],
        "irtp-d": [("2014-03-03", "2014-04-03")],
        "ccpdp1": [("2005-12-21", "2006-01-16")],
    }


def test_a_window_needs_two_full_days_that_were_seen() -> None:
    opens = milestone("2026-01-12", "public comment opens")
    assert derive_windows([opens]) == ()
    assert derive_windows([opens, milestone("2026-02", "public comment closes")]) == ()
    assert derive_windows([opens, milestone("2026-02-23", "closes", evidence="gk")]) == ()
    assert derive_windows([opens, milestone("2026-02-23", "application window closes")]) == ()
    assert derive_windows([opens, milestone("2026-02-23", "consensus call closes")]) == ()
    again = milestone("2026-02-01", "second public comment opens")
    closes = milestone("2026-02-23", "public comment closes; 16 submissions")
    assert [each.opens for each in derive_windows([opens, again, closes])] == [date(2026, 2, 1)]
    assert derive_windows([milestone("2026-01-12", "comment opens (to 2026-02-31)")]) == ()
    assert derive_windows([milestone("2026-01-12", "comment opens (to 2025-02-03)")]) == ()


def test_a_listed_comment_wins_over_what_milestones_say(tmp_path: Path) -> None:
    text = (
        FILE
        + """\
      - date: 2026-11-05
        what: comment opens (to 2026-12-01)
        ref: wiki
        evidence: seen
    comments:
      - {opens: 2026-11-05, closes: 2026-12-15, ref: wiki, evidence: seen}
      - {opens: 2026-12-20, closes: 2027-01-15, url: https://example.org, evidence: gk}
"""
    )
    (one,) = load_processes(write(tmp_path, text))
    assert [(each.closes, each.is_publishable) for each in one.windows] == [
        (date(2026, 12, 15), True),
        (date(2027, 1, 15), False),
    ]


def test_every_fault_of_a_file_is_told_with_its_line(tmp_path: Path) -> None:
    text = """\
as_of: yesterday
src:
  wiki: example.org/wiki
pdps:
  - id: One!
    short_name: One
    full_title: The process one
    so: GNOS
    process: gnso_pdpp
    current_stage: {id: working_group, last_seen: 2026-11-02}
  - id: two
    full_title: The process two
    so: GNSO
    process: gnso_pdp
    current_stage: {id: members_vote, last_seen: soon}
    stage: x
    milestones:
      - {date: 2026-02-30, what: "x", ref: wikki, evidence: seen}
      - {date: 2026-03-01, what: "x", ref: wiki, evidence: seen}
      - {date: 2026-03-01, what: "x", ref: wiki, evidence: seen}
    comments:
      - {opens: 2026-03-01, closes: 2026-02-01, ref: wiki, evidence: seen}
  - id: two
    short_name: Two
    full_title: The process two
    so: GNSO
    process: gnso_pdp
    current_stage: {id: working_group, substate: odp, last_seen: 2026}
"""
    found = problems(write(tmp_path, text))
    assert found == [
        (1, "`as_of` is no day: 'yesterday'"),
        (3, "`src.wiki` is no web address: 'example.org/wiki'"),
        (5, "'One!' is not an id"),
        (8, "so 'GNOS' is not known here"),
        (9, "process 'gnso_pdpp' is not known here"),
        (11, "`short_name` is missing in the process"),
        (15, "`last_seen` is no date: 'soon'"),
        (15, "stage 'members_vote' is not known here"),
        (16, "'stage' is not known in the process"),
        (18, "`date` is no date: '2026-02-30'"),
        (18, "'wikki' is not in `src`"),
        (20, "the milestone 'x' of 2026-03-01 is there twice"),
        (22, "the comment closes (2026-02-01) before it opens (2026-03-01)"),
        (23, "the id 'two' is taken, in line 11"),
        (28, "substate 'odp' is not known here"),
    ]
