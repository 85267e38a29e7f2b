"""Campaigns that speak on one account at nearly the same time: worth a word, never an error."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

NEAR = timedelta(minutes=30)


@dataclass(frozen=True, kw_only=True, order=True)
class Appointment:
    """When a campaign speaks on an account, in however many languages."""

    account: str
    at: datetime
    campaign: str
    item: str


@dataclass(frozen=True, kw_only=True)
class Collision:
    """Two campaigns that follow each other too closely on one account."""

    first: Appointment
    second: Appointment


def find_collisions(
    appointments: Iterable[Appointment], *, within: timedelta = NEAR
) -> list[Collision]:
    """Return where neighbours on an account are of two campaigns and less than `within` apart.

    In order of time. A campaign may follow itself as closely as it likes.
    What is exactly `within` apart does not collide.
    """
    in_order = sorted(set(appointments))
    found = [
        Collision(first=first, second=second)
        for first, second in pairwise(in_order)
        if first.account == second.account
        and first.campaign != second.campaign
        and second.at - first.at < within
    ]
    return sorted(found, key=lambda one: (one.first.at, one.first.account))
