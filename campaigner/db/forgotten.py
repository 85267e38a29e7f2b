"""Erasures as this user remembers them, outside the database: a backup does not know the last ones.

`state_dir/erasures`, one keyed hash a line. No address is in it, and without
the workspace's keys nobody can tell whose it is.
"""

import os
from pathlib import Path

FILE = "erasures"


def remember(state_dir: Path, hash: str) -> None:
    """Write an erasure down, on the disk when it returns.

    Before its commit: one that is not committed then was asked for all the same.
    """
    state_dir.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(state_dir / FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, f"{hash}\n".encode("ascii"))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remembered(state_dir: Path) -> frozenset[str]:
    """Return all hashes that were ever written down; a line that a crash cut off is passed over."""
    try:
        lines = (state_dir / FILE).read_text(encoding="ascii").splitlines()
    except FileNotFoundError:
        return frozenset()
    return frozenset(line for line in lines if len(line) == 64)
