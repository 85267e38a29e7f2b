"""Builders of policy processes, and the real ones, for tests of every room."""

from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

from campaigner.core.processes import CommentWindow, Milestone, PartialDate, Process
from campaigner.loading.processes import load_processes

PDPS = Path(__file__).parent / "data" / "icann" / "pdps.yaml"
NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


@cache
def real_processes() -> tuple[Process, ...]:
    return load_processes(PDPS)


def milestone(day: str, what: str, *, evidence: str = "seen") -> Milestone:
    return Milestone(
        date=PartialDate.parse(day),
        what=what,
        source=f"https://example.org/{day}",
        evidence=evidence,
    )


def window(opens: date, closes: date, *, is_publishable: bool = True) -> CommentWindow:
    return CommentWindow(
        opens=opens,
        closes=closes,
        url="https://example.org/comment",
        is_publishable=is_publishable,
    )


def process(
    id: str = "one",
    *milestones: Milestone,
    windows: tuple[CommentWindow, ...] = (),
    stage: str = "working_group",
    substate: str = "",
    confirmed: str = "2026-11-02",
    stands: bool = True,
    kind: str = "gnso_pdp",
    interest: str = "low",
) -> Process:
    return Process(
        id=id,
        short_name=f"PDP {id}",
        full_title=f"The policy development process {id}",
        organization="GNSO",
        kind=kind,
        interest=interest,
        url=f"https://example.org/{id}",
        stage=stage,
        substate=substate,
        stage_confirmed=PartialDate.parse(confirmed),
        stage_is_publishable=stands,
        milestones=milestones,
        windows=windows,
    )
