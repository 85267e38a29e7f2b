"""The workspace's own keys: made at first use, kept in a file that only its owner reads.

One key in hexadecimal a line, newest first. Tokens in mails that went out years
ago are signed with them: a lost file means links that work no more, and a
suppression list that recognizes nobody. Back it up with the database.
"""

import os
import secrets
from pathlib import Path

from campaigner.core.tokens import Keyring
from campaigner.errors import UserError

BYTES = 32


def load_keyring(path: Path) -> Keyring:
    """Read the keys, and make the first one where there is no file yet.

    Of two processes that make it at once one wins, and both read that one.
    Raises UserError for a file that cannot be read or holds no key.
    """
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_new(path, [secrets.token_bytes(BYTES)])
        return Keyring(_keys(path))
    except (OSError, ValueError) as error:
        raise UserError(
            f"{path} cannot be read as keys: {error}. Restore it from a backup: "
            "unsubscribe links in mails that went out depend on it"
        ) from None


def rotate(path: Path) -> Keyring:
    """Add a new key in front; the old ones go on reading what they signed."""
    before = load_keyring(path)
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    _write_new(draft, [secrets.token_bytes(BYTES), *before.keys])
    os.replace(draft, path)
    return load_keyring(path)


def _keys(path: Path) -> tuple[bytes, ...]:
    lines = path.read_text(encoding="ascii").split()
    return tuple(bytes.fromhex(line) for line in lines)


def _write_new(path: Path, keys: list[bytes]) -> None:
    """Write a file that was not there, whole or not at all."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.writelines(f"{key.hex()}\n" for key in keys)
            file.flush()
            os.fsync(file.fileno())
        # A link, unlike a rename, fails where another process was first: then theirs counts.
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink(missing_ok=True)
