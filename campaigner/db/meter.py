"""Rates of relays and of readers' domains, taken from the database in lumps: no query per mail."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from campaigner.core.relays import lump, rate_of
from campaigner.db import rates

KEPT = timedelta(seconds=1)  # later what is left of a lump is forgotten: it would be a burst


@dataclass(frozen=True)
class _Lump:
    tokens: int
    at: datetime


class Meter:
    """What one run may take of its rates before it has to ask the database again."""

    def __init__(self) -> None:
        self._lumps: dict[tuple[str, str], _Lump] = {}

    def take(
        self,
        session: Session,
        relay: str,
        *,
        domain: str = "",
        per_second: float,
        wanted: int,
        now: datetime,
    ) -> tuple[int, datetime]:
        """Take up to `wanted` mails of a relay's rate, or of its rate for one domain.

        Returns how many, and when the next may go. Two workers share a rate:
        each takes its lumps out of the same bucket.
        """
        key = (relay, domain)
        kept = self._lumps.get(key, _Lump(0, now))
        left = kept.tokens if now - kept.at <= KEPT else 0
        free_at = now
        if left < wanted:
            more, free_at = rates.take_some(
                session,
                account=relay,
                rate=rate_of(f"to {domain}" if domain else "relay", per_second),
                wanted=lump(per_second, wanted=wanted - left),
                now=now,
            )
            left += more
        given = min(left, wanted)
        self._lumps[key] = _Lump(left - given, now)
        return given, free_at
