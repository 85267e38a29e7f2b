"""What a person may do with a post or mail that has not gone out, and why not."""

from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo


class Decision(StrEnum):
    """What becomes of something that fell due under a pause."""

    SEND = "send"
    MOVE = "move"
    DROP = "drop"


def why_not_at(
    at: datetime,
    *,
    not_after: datetime,
    embargo_until: datetime | None,
    resend_until: datetime | None = None,
    zone: ZoneInfo,
) -> str:
    """Return why nothing of a message may go out at `at`; empty: it may.

    Nobody lifts an embargo by hand. `resend_until` is until when its network
    recognizes a second try.
    """
    if embargo_until is not None and at < embargo_until:
        return (
            f"it is under embargo until {in_city(embargo_until, zone)}. Move it to then or later; "
            "for an earlier time, change `embargo_until` in its campaign and queue it again"
        )
    if at >= not_after:
        return (
            f"it was to go out before {in_city(not_after, zone)}. Move it with --not-after, or "
            "give its campaign a later `not_after` and queue it again"
        )
    if resend_until is not None and at >= resend_until:
        return (
            f"its network recognizes a second try until {in_city(resend_until, zone)} only. "
            "Let it be tried, or cancel it"
        )
    return ""


def in_city(moment: datetime, zone: ZoneInfo) -> str:
    """Return a time as people write it, with its city: 2026-12-01 10:00 Montevideo."""
    city = zone.key.rpartition("/")[2].replace("_", " ")
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M} {city}"
