"""What a person may do with a post or mail that has not gone out, and why not."""

from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from campaigner.core.delivery import Hold, State


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


def bound_by_hand(
    resend_until: datetime | None, *, state: State, hold: Hold | None, now: datetime
) -> datetime | None:
    """Return until when what a person sends or moves stays bound to its network's key.

    None: to no time. A second try that only waits stays bound, because nobody
    was told to look for the first one. Who acts on what was refused or given
    up, or is shown as perhaps out, knows that it is not out.
    """
    refused = state in (State.REJECTED, State.EXHAUSTED)
    told = refused or may_be_out(resend_until, hold=hold, now=now)
    return None if told else resend_until


def may_be_out(resend_until: datetime | None, *, hold: Hold | None, now: datetime) -> bool:
    """Whether its key was forgotten while a pause held it: people are told to look."""
    return hold is Hold.MISSED and is_forgotten(resend_until, at=now)


def is_forgotten(resend_until: datetime | None, *, at: datetime) -> bool:
    """Whether it is a second try that its network would not recognize any more."""
    return resend_until is not None and at >= resend_until


def in_city(moment: datetime, zone: ZoneInfo) -> str:
    """Return a time as people write it, with its city: 2026-12-01 10:00 Montevideo."""
    city = zone.key.rpartition("/")[2].replace("_", " ")
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M} {city}"
