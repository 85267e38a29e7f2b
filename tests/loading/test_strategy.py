from datetime import date
from pathlib import Path

import pytest

from campaigner.core.strategy import Strategy
from campaigner.errors import FileError
from campaigner.loading.strategy import load_strategy

PLAN = """\
title: Another plan
valid_from: 2026-01-01
valid_until: 2028-12-31
key_areas:
  - id: A
    title: Area
    objectives:
      - id: A.1
        title: Objective
        projects:
          - {id: A.1.1, title: Project, successors: [B.2]}
"""


def load(folder: Path, text: str) -> Strategy:
    path = folder / "plan.yaml"
    path.write_text(text, encoding="utf-8")
    return load_strategy(path)


def test_the_packaged_plan_is_whole(strategy: Strategy) -> None:
    objectives = [each for area in strategy.key_areas for each in area.objectives]
    assert (len(strategy.key_areas), len(objectives), len(strategy.paths)) == (4, 9, 24)
    assert (strategy.valid_from, strategy.valid_until) == (date(2020, 7, 1), date(2025, 6, 30))
    assert len(strategy.sources) == 3
    assert all(project.description for *_, project in strategy.paths.values())


def test_the_packaged_plan_keeps_its_wording(strategy: Strategy) -> None:
    area, objective, project = strategy.path("1.1.3")
    assert area.title == "Security of the Domain Name System"
    assert area.short_title == "Security of the DNS"
    assert objective.title == "Raise Awareness on DNS security and threats"
    assert project.title == "Social Media Communication on DNS Security and Threats"
    assert strategy.path("2.2.1")[-1].title == "Communication on ICANN’s PDPs."


def test_another_plan_takes_its_place(tmp_path: Path) -> None:
    plan = load(tmp_path, PLAN)
    area, _, project = plan.path("A.1.1")
    assert (plan.title, area.short_title, project.successors) == ("Another plan", "Area", ("B.2",))


def test_every_fault_of_a_plan_is_told_with_its_line(tmp_path: Path) -> None:
    text = (
        PLAN.replace("2028-12-31", "2025-12-31")
        .replace("title: Objective", "titel: Objective")
        .replace("id: A.1.1", "id: A.1")
        .replace("[B.2]", "['B 2']")
    )
    with pytest.raises(FileError) as caught:
        load(tmp_path, text)
    assert [(problem.line, problem.found) for problem in caught.value.problems] == [
        (3, "`valid_until` (2025-12-31) is before `valid_from` (2026-01-01)"),
        (9, "'titel' is not known in the objective"),
        (11, "the id 'A.1' is taken, in line 8"),
        (11, "'B 2' is not an id"),
    ]


@pytest.mark.parametrize("day", ["2026-02-30", "2026-1-1", "20260101", "0001-01-01", "soon"])
def test_a_day_must_be_one(day: str, tmp_path: Path) -> None:
    with pytest.raises(FileError, match="is no day"):
        load(tmp_path, PLAN.replace("2026-01-01", day))
