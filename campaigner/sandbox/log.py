"""What the sandbox has seen, in a file of its own: one JSON object a line, never changed.

Each line is on the disk before the answer leaves, so that a test can compare
what a network accepted with what the product believes, whoever was killed.
"""

import json
import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

FILE = "log.jsonl"

Entry = dict[str, Any]
"""Always: at (ISO 8601, UTC), network (x, mastodon, smtp), account, event, status, fault.

`event` is accepted; repeated (a known Idempotency-Key); refused, with `reason`;
edited, with all that the post says from then on; or deleted. A post has: id,
text, language, key, links, media (alt, sha256, mime, id), length, limit,
reply_to (the id of the post that it answers, or empty), skew (how many seconds
the network's clock was off). A mail has: id, from, recipients, message_id,
subject, language, file (its bytes, in `mail/`).
"""


class Log:
    """The file, open for appending. Safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / FILE
        _cut_torn_line(path)
        self._file = path.open("a", encoding="utf-8")
        self._lock = threading.Lock()
        self.entries = len(read_log(folder))
        _sync_folder(folder)

    def append(self, entry: Mapping[str, Any]) -> None:
        """Write one entry; return when it is on the disk."""
        self.extend([entry])

    def extend(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """Write several entries; return when all are on the disk."""
        with self._lock:
            self._file.writelines(json.dumps(each, ensure_ascii=False) + "\n" for each in entries)
            self._file.flush()
            os.fsync(self._file.fileno())
            self.entries += len(entries)

    def close(self) -> None:
        self._file.close()


def read_log(folder: Path) -> list[Entry]:
    """Return the entries of a sandbox's folder, oldest first; also while it runs.

    A last line that is not finished was never answered, and is left out.
    """
    path = folder / FILE
    if not path.exists():
        return []
    lines = path.read_bytes().split(b"\n")[:-1]
    return [json.loads(line) for line in lines]


def _cut_torn_line(path: Path) -> None:
    if path.exists() and (content := path.read_bytes()) and not content.endswith(b"\n"):
        os.truncate(path, content.rfind(b"\n") + 1)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
