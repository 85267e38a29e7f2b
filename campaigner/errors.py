"""What can go wrong on purpose: each is for a person, and says what to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


class CampaignerError(Exception):
    """Base of all deliberate errors; catch it only in an entry point."""


class UserError(CampaignerError):
    """Something a person can put right: a file, a setting, a request."""


@dataclass(frozen=True)
class Problem:
    """One fault in a file. `line` counts from 1; `fix` is an instruction."""

    line: int
    found: str
    fix: str


class FileError(UserError):
    """A file is invalid. Carries every problem, not just the first, by line."""

    def __init__(self, path: Path, problems: Sequence[Problem]) -> None:
        self.path = path
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line))
        lines = [f"{path}:{p.line}: {p.found}. {p.fix}" for p in self.problems]
        super().__init__("\n".join(lines))
