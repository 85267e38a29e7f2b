"""Files of ours, written whole or not at all."""

import os
import tempfile
from pathlib import Path


def write_whole(path: Path, data: bytes) -> None:
    """Put `data` in the place of what is there, in one step: a reader sees the old or the new.

    Whatever kills us, the file of before is lost only when the new one is on
    the disk. Its folder is made if need be; its permissions stay.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(draft, path.stat().st_mode & 0o777 if path.exists() else 0o644)
        os.replace(draft, path)
    finally:
        Path(draft).unlink(missing_ok=True)  # there is one only if something went wrong
