"""Named places where a test may kill or hold this process, as a power cut would.

Part of the shipped code, so that what is tested is what runs. Without a plan
a failpoint costs one look into an empty dictionary. The entry point arms the
plan that Settings read: ``deliver.fenced=pause:3,deliver.claimed=kill``
holds the third passage of the one and kills at the first of the other.
"""

import os
import signal
import threading
from pathlib import Path

from campaigner.errors import UserError

ACTIONS = ("kill", "pause")

_armed: dict[str, tuple[str, int]] = {}
_passed: dict[str, int] = {}
_marks: Path | None = None
_lock = threading.Lock()


def arm(plan: str, *, marks: Path | None = None) -> None:
    """Set the plan, and the folder where a held failpoint leaves a file of its name.

    Raises UserError for a plan that cannot be read.
    """
    global _marks
    with _lock:
        _armed.clear()
        _passed.clear()
        _marks = marks
        for entry in filter(None, (part.strip() for part in plan.split(","))):
            name, _, action = entry.partition("=")
            verb, _, count = action.partition(":")
            if verb not in ACTIONS or (count and not count.isdigit()):
                raise UserError(
                    f"failpoint '{entry}' cannot be read. Write NAME=kill or NAME=pause:3."
                )
            _armed[name] = (verb, int(count or 1))


def reach(name: str) -> None:
    """Pass the failpoint `name`: return at once unless the plan holds it here."""
    if name not in _armed:
        return
    with _lock:
        _passed[name] = _passed.get(name, 0) + 1
        verb, count = _armed[name]
        if _passed[name] != count:
            return
    if _marks is not None:
        (_marks / name).write_text(str(os.getpid()))
    if verb == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    threading.Event().wait()  # until somebody kills the process
