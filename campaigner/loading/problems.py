"""The faults of one file, gathered so that its author sees them all at once."""

from dataclasses import dataclass, field
from pathlib import Path

from campaigner.errors import FileError, Problem

MOST = 100
LONGEST_QUOTE = 60


@dataclass
class Problems:
    """What is wrong with `path`, as far as it has been read."""

    path: Path
    found: list[Problem] = field(default_factory=list)

    def add(self, line: int, found: str, fix: str) -> None:
        """Note one fault: `found` says what is wrong (no full stop), `fix` what to do (a sentence).

        Raises FileError after a hundred: such a file is not what we take it
        for, and whoever reads the list has enough to do.
        """
        self.found.append(Problem(line, found, fix))
        if len(self.found) >= MOST:
            more = Problem(line, "there may be more", f"Reading stopped after {MOST} problems.")
            raise FileError(self.path, [*self.found, more])

    def stop(self, line: int, found: str, fix: str) -> FileError:
        """Return the error for a fault after which nothing can be read, with all before it."""
        return FileError(self.path, [*self.found, Problem(line, found, fix)])

    def raise_any(self) -> None:
        """Raise FileError if there is a fault."""
        if self.found:
            raise FileError(self.path, self.found)


def quoted(text: str) -> str:
    """Return `text` in quotes, on one line, and short enough for a message."""
    line = " ".join(text.split())
    if not line.isprintable():
        line = ascii(line)[1:-1]
    return f"'{line if len(line) <= LONGEST_QUOTE else line[: LONGEST_QUOTE - 1] + '…'}'"
