"""How much an account may ask for, as the networks count: in fixed windows of time."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """What is left after a request. `granted` is whether this one still was within."""

    limit: int
    remaining: int
    reset_at: datetime
    granted: bool = True


@dataclass(kw_only=True)
class Quota:
    """At most `limit` requests of one account in a window of `per`, begun by the first."""

    limit: int
    per: timedelta
    _windows: dict[str, tuple[datetime, int]] = field(default_factory=dict)

    def take(self, account: str, now: datetime) -> Allowance:
        """Count a request. A refused one does not count."""
        begun, used = self._window(account, now)
        granted = used < self.limit
        used += granted
        self._windows[account] = (begun, used)
        return Allowance(
            limit=self.limit,
            remaining=self.limit - used,
            reset_at=begun + self.per,
            granted=granted,
        )

    def spent(self, *, until: datetime) -> Allowance:
        """Say that all is used up until then, whatever was asked for."""
        return Allowance(limit=self.limit, remaining=0, reset_at=until, granted=False)

    def _window(self, account: str, now: datetime) -> tuple[datetime, int]:
        begun, used = self._windows.get(account, (now, 0))
        return (begun, used) if now < begun + self.per else (now, 0)
