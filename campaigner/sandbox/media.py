"""The pictures that were uploaded: their bytes and what is known of them, in `media/`."""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

EXTENSIONS = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp"}


@dataclass(frozen=True, kw_only=True)
class Picture:
    """An upload of an account. `sha256` names its bytes, in hexadecimal."""

    id: str
    network: str
    account: str
    mime: str
    sha256: str
    alt: str = ""


class Gallery:
    """The uploads of all accounts, on the disk: a restart keeps those not yet posted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "media"
        self.folder.mkdir(parents=True, exist_ok=True)

    def keep(self, picture: Picture, data: bytes) -> None:
        (self.folder / picture.sha256).write_bytes(data)
        self._write(picture)

    def find(self, network: str, account: str, id: str) -> Picture | None:
        """Return an account's own upload; None for another's, and for an unknown one."""
        path = self._path(network, id)
        if not id.isdigit() or not path.exists():
            return None
        picture = Picture(**json.loads(path.read_text(encoding="utf-8")))
        return picture if picture.account == account else None

    def ids(self) -> Iterator[tuple[str, str]]:
        """Yield network and id of every upload."""
        for path in self.folder.glob("*.json"):
            network, _, id = path.stem.partition("-")
            yield network, id

    def describe(self, picture: Picture, alt: str) -> Picture:
        """Give a picture its alternative text."""
        described = replace(picture, alt=alt)
        self._write(described)
        return described

    def data(self, sha256: str) -> bytes | None:
        """Return the bytes that have this hash, if we hold them."""
        path = self.folder / sha256
        is_name = len(sha256) == 64 and sha256.isalnum()
        return path.read_bytes() if is_name and path.is_file() else None

    def _write(self, picture: Picture) -> None:
        path = self._path(picture.network, picture.id)
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(asdict(picture), ensure_ascii=False), encoding="utf-8")
        os.replace(fresh, path)

    def _path(self, network: str, id: str) -> Path:
        return self.folder / f"{network}-{id}.json"


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def picture_type(data: bytes) -> str | None:
    """Return the type of a picture by its content; None if it is none that networks take."""
    for start, mime in (
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"GIF8", "image/gif"),
    ):
        if data.startswith(start):
            return mime
    return "image/webp" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else None
