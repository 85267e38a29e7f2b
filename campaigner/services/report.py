"""Report: what campaigns reached, along the strategy or by what they are made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from campaigner.core.reach import By, Report, rows_of
from campaigner.core.strategy import Strategy
from campaigner.db import reach

CHANNEL_TITLES = {"x": "X", "mastodon": "Mastodon", "email": "E-mail", "manual": "By hand"}
LEVELS = {By.KEY_AREA: 0, By.OBJECTIVE: 1, By.PROJECT: 2}  # where each stands in a project's path


@dataclass(frozen=True, kw_only=True)
class Places:
    """The groups of a strategy at one level: which project is where, in the plan's order."""

    of_project: Mapping[str, str]
    titles: Mapping[str, str]


def report(
    session: Session,
    strategy: Strategy,
    *,
    by: By,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Report:
    """Return the reach of what was published in ``since <= t < until``, in groups.

    A message that serves two projects counts in each, but once in an
    objective or key area that holds both. Projects of another strategy stay,
    without a title. Only groups in which something was sent, refused or left
    unknown have a row. The figures are the newest that each message has.
    """
    places = places_in(strategy, by)
    grouping = reach.by_places(places.of_project) if places else reach.by_own(by)
    titles = places.titles if places else _titles(session, by)
    return Report(
        by=by,
        since=since,
        until=until,
        rows=rows_of(
            reach.tallies(session, grouping, since=since, until=until),
            reach.sums(session, grouping, since=since, until=until),
            titles=titles,
            order=tuple(places.titles) if places else (),
        ),
    )


def places_in(strategy: Strategy, by: By) -> Places | None:
    """Return the strategy's groups at the level of `by`; None if `by` is no level of it."""
    if by not in LEVELS:
        return None
    groups = {project: path[LEVELS[by]] for project, path in strategy.paths.items()}
    return Places(
        of_project={project: group.id for project, group in groups.items()},
        titles={group.id: group.title for group in groups.values()},
    )


def _titles(session: Session, by: By) -> Mapping[str, str]:
    match by:
        case By.CAMPAIGN:
            return reach.campaign_titles(session)
        case By.CHANNEL:
            return CHANNEL_TITLES
        case _:
            return {}
