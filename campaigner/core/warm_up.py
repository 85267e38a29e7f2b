"""Warming up: how many mails a new sender's domain may send on each of its first days.

Receivers do not know it yet, and a domain that begins with a hundred thousand
mails looks like a stolen one. (Design, section 8.)
"""

from datetime import UTC, date, datetime, time, timedelta

FIRST_DAYS = (200, 500, 1_000)
GROWTH = 1.5
WARM = 1_000_000  # a day that may have so many needs no limit any more


def allowance(first_day: date, day: date) -> int | None:
    """Return how many mails `day` may have; None: as many as one likes. Days are UTC.

    200, 500, 1,000, then half as many again each day. Before the first day
    counts as the first.
    """
    age = max((day - first_day).days, 0)
    if age < len(FIRST_DAYS):
        return FIRST_DAYS[age]
    beyond = min(age - len(FIRST_DAYS) + 1, 50)
    mails = int(FIRST_DAYS[-1] * GROWTH**beyond)
    return None if mails >= WARM else mails


def next_day(now: datetime) -> datetime:
    """Return when the next day's allowance begins: midnight, UTC."""
    tomorrow = now.astimezone(UTC).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(0), UTC)
