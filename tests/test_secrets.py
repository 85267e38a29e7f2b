import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from campaigner.core.tokens import Purpose, read, sign
from campaigner.errors import UserError
from campaigner.secrets import load_keyring, rotate


def test_keys_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    file = tmp_path / "state" / "keys"
    first = load_keyring(file)
    assert load_keyring(file) == first
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["keys"]


def test_of_many_who_make_the_keys_at_once_all_get_the_same(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(load_keyring, [file] * 32))
    assert len(set(found)) == 1


def test_a_rotated_keyring_reads_what_went_out_before(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    token = sign(load_keyring(file), Purpose.UNSUBSCRIBE, 7)
    after = rotate(file)
    assert len(after.keys) == 2
    assert read(after, Purpose.UNSUBSCRIBE, token) == 7
    assert sign(after, Purpose.UNSUBSCRIBE, 7) != token
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b"", b"no key\n", b"\xff\xfe", b"abcd\n"])
def test_a_file_without_keys_is_told_and_never_replaced(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "keys"
    file.write_bytes(content)
    with pytest.raises(UserError, match="cannot be read as keys"):
        load_keyring(file)
    assert file.read_bytes() == content
