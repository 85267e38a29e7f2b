"""A clock for those who cannot wait."""

from datetime import datetime, timedelta


class VirtualClock:
    """A clock that stands still until it is moved, and only goes forward."""

    def __init__(self, begin: datetime) -> None:
        self._now = begin

    def __call__(self) -> datetime:
        return self._now

    def move_to(self, moment: datetime) -> None:
        self._now = max(self._now, moment)

    def wait(self, time: timedelta) -> bool:
        """Let so much time pass at once; never told to stop."""
        self.move_to(self._now + time)
        return False
