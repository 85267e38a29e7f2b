"""A call as it came, and how it is refused: with as little to learn from it as possible."""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

AT_MOST = timedelta(minutes=15)  # between a signature and its call: clocks differ, lines are slow


class RefusedError(Exception):
    """The call does not prove who made it, or cannot be read. `status` is what to answer."""

    def __init__(self, reason: str, *, status: int = 401) -> None:
        self.status = status
        super().__init__(reason)


@dataclass(frozen=True, kw_only=True)
class Call:
    """`headers` are found whatever their case; `body` is what was signed, byte by byte."""

    headers: Mapping[str, str]
    body: bytes
    now: datetime

    def json(self) -> Any:
        """Return the body as JSON. Raises RefusedError."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise RefusedError("it is not JSON", status=400) from None

    def check_age(self, seconds: str) -> None:
        """Raise RefusedError for a time of signing that is too long ago, or ahead, or no time."""
        try:
            signed_at = datetime.fromtimestamp(int(seconds), UTC)
        except (ValueError, OverflowError, OSError):
            raise RefusedError("it has no time of signing") from None
        if abs(self.now - signed_at) > AT_MOST:
            raise RefusedError("it was signed too long ago")


def is_same(one: str, other: str) -> bool:
    """Compare in a time that does not depend on where they differ. Nothing is not a secret."""
    return bool(other) and hmac.compare_digest(one.encode(), other.encode())
