from datetime import date

import pytest

from campaigner.core.strategy import KeyArea, Objective, Project, Strategy

PHISHING = Project(id="1.1.3", title="Social media", successors=("7.1",))
WEBINARS = Project(id="1.2.1", title="Webinars")
AWARENESS = Objective(id="1.1", title="Awareness", projects=(PHISHING,))
CAPACITY = Objective(id="1.2", title="Capacity", projects=(WEBINARS,))
SECURITY = KeyArea(id="1", title="Security", short_title="Sec", objectives=(AWARENESS, CAPACITY))
PLAN = Strategy(
    title="A plan",
    valid_from=date(2020, 7, 1),
    valid_until=date(2025, 6, 30),
    key_areas=(SECURITY,),
)


def test_every_id_is_found_in_the_order_of_the_plan() -> None:
    assert list(PLAN.entries) == ["1", "1.1", "1.1.3", "1.2", "1.2.1"]
    assert PLAN.find("1.1") is AWARENESS
    assert PLAN.find("1.9") is None


def test_a_project_has_a_path() -> None:
    assert PLAN.path("1.1.3") == (SECURITY, AWARENESS, PHISHING)
    with pytest.raises(KeyError):
        PLAN.path("1.1")


def test_the_projects_under_a_part_are_known() -> None:
    assert PLAN.projects_under("1") == (PHISHING, WEBINARS)
    assert PLAN.projects_under("1.2") == (WEBINARS,)
    assert PLAN.projects_under("1.1.3") == (PHISHING,)
    assert PLAN.projects_under("9") == ()


def test_a_mistyped_id_gets_the_nearest() -> None:
    assert PLAN.suggest("1.1.33") == ("1.1.3",)
    assert PLAN.suggest("something else") == ()


@pytest.mark.parametrize(
    ("day", "valid"),
    [
        (date(2020, 6, 30), False),
        (date(2020, 7, 1), True),
        (date(2025, 6, 30), True),
        (date(2025, 7, 1), False),
    ],
)
def test_both_days_of_the_validity_are_inside(day: date, valid: bool) -> None:
    assert PLAN.is_valid_on(day) is valid
