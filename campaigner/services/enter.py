"""Enter: figures that a person read off, where no program is told them or they are in doubt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from campaigner.core.delivery import State
from campaigner.core.message import Kind
from campaigner.core.reach import NETWORK, SOCIAL
from campaigner.core.spelling import did_you_mean, listed
from campaigner.db import listing, outbox, samples
from campaigner.db.engine import Sessions
from campaigner.db.listing import Listed
from campaigner.errors import UserError

LARGEST = 2**31 - 1  # what the column holds on every database


@dataclass(frozen=True, kw_only=True)
class Entered:
    """One counter: what reports showed, None if nothing, and what was entered.

    `outdated`: the network itself said something else later, which reports go on showing.
    """

    counter: str
    before: int | None
    after: int
    outdated: bool


def enter(
    sessions: Sessions,
    id: int,
    figures: Mapping[str, int],
    *,
    source: str = "",
    at: datetime,
    by: str,
    now: datetime,
) -> Sequence[Entered]:
    """Store running totals, by the words of core.reach, of a published post as they stood at `at`.

    They replace what was entered by hand before for the same counters. Reports
    show the newest figure, so a network that is asked later wins again.
    `source` says where they were read, for the post's history. Raises UserError for a
    word or figure that cannot be, and for what is no published post.
    """
    _check(figures)
    if at > now:
        raise UserError(f"{at:%Y-%m-%d %H:%M} UTC is still to come. Say when the figures stood so")
    with sessions() as session:
        row = listing.get_delivery(session, id)
        _check_post(row, id, at=at)
        known = samples.newest(session, id)
        samples.enter(session, id, figures, taken_at=at)
        said = ", ".join(f"{counter}={value}" for counter, value in figures.items())
        reason = f"{said} ({source})" if source else said
        outbox.keep_attempt(session, id, number=0, outcome="entered", reason=reason, now=now, by=by)
        session.commit()
    return [
        Entered(
            counter=counter,
            before=known[counter].value if counter in known else None,
            after=value,
            outdated=counter in known
            and known[counter].source == NETWORK
            and known[counter].taken_at > at,
        )
        for counter, value in figures.items()
    ]


def _check(figures: Mapping[str, int]) -> None:
    if not figures:
        raise UserError("give at least one figure, like impressions=1200")
    for counter, value in figures.items():
        if counter not in SOCIAL:
            fix = did_you_mean(counter, SOCIAL, otherwise=f"Known are {listed(SOCIAL)}.")
            raise UserError(f"'{counter}' is nothing that is counted of a post. {fix}")
        if not 0 <= value <= LARGEST:
            raise UserError(f"{counter}={value}: a figure is from 0 to {LARGEST:,}")


def _check_post(row: Listed, id: int, *, at: datetime) -> None:
    if row.message.kind is not Kind.POST:
        raise UserError(f"delivery {id} is a mail: campaigner itself counts what mails reach")
    sent_at = row.delivery.sent_at
    if row.delivery.state is not State.SENT or sent_at is None:
        raise UserError(f"delivery {id} is not published, so it has reached nobody yet")
    if at < sent_at:
        raise UserError(
            f"{at:%Y-%m-%d %H:%M} UTC is before delivery {id} was published "
            f"({sent_at:%Y-%m-%d %H:%M} UTC). Look at the time again"
        )
