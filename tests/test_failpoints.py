"""Failpoints hold or kill a process where the plan says, and cost nothing without one."""

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from campaigner import failpoints
from campaigner.errors import UserError


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    failpoints.arm("")


@pytest.mark.parametrize("plan", ["deliver.fenced", "deliver.fenced=stop", "a=pause:x", "=,a"])
def test_a_plan_that_cannot_be_read_is_refused(plan: str) -> None:
    with pytest.raises(UserError, match="NAME=kill"):
        failpoints.arm(plan)


def test_without_a_plan_every_failpoint_is_passed() -> None:
    failpoints.arm("other=kill")
    failpoints.reach("deliver.fenced")
    failpoints.arm("deliver.fenced=kill:2")
    failpoints.reach("deliver.fenced")


def test_a_planned_kill_is_a_kill_at_that_passage() -> None:
    program = (
        "from campaigner import failpoints\n"
        "failpoints.arm('here=kill:3')\n"
        "for n in range(9):\n    print(n, flush=True)\n    failpoints.reach('here')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL
    assert done.stdout.split() == ["0", "1", "2"]
