"""Runs: each queueing of a campaign has its start, fixed once."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaigner.core.campaign import Campaign
from campaigner.core.schedule import NOW, start_of
from campaigner.db.models import Run
from campaigner.errors import UserError


def open_run(
    session: Session,
    campaign: Campaign,
    *,
    start: str | None,
    new_run: bool,
    by: str,
    now: datetime,
) -> tuple[Run, bool]:
    """Return the run to queue into and whether it is new. Its start is fixed once.

    "now" for a run that has begun means that run: it is how one asks twice.
    Raises UserError for any other start than the run's own.
    """
    run = find_run(session, campaign.id)
    if run is not None and not new_run:
        if start not in (None, NOW) and start_of(campaign, start, now=now).at != run.start_at:
            raise UserError(
                f"{campaign.id} is queued already, as run {run.name} from "
                f"{run.start_at:%Y-%m-%d %H:%M} UTC. Queue it without --start to take up changes, "
                "or start it afresh with --new-run"
            )
        return run, False
    begin = start_of(campaign, start, now=now)
    made = Run(
        campaign=campaign.id,
        name="1" if run is None else str(int(run.name) + 1),
        title=campaign.title,
        start_at=begin.at,
        immediate=begin.immediate,
        queued_by=by,
        queued_at=now,
    )
    session.add(made)
    session.flush()
    return made, True


def find_run(session: Session, campaign: str) -> Run | None:
    """Return the campaign's newest run."""
    return session.scalar(
        select(Run).where(Run.campaign == campaign).order_by(Run.id.desc()).limit(1)
    )


def runs(session: Session) -> dict[str, Run]:
    """Return the newest run of every campaign that was ever queued."""
    newest = select(func.max(Run.id)).group_by(Run.campaign)
    return {run.campaign: run for run in session.scalars(select(Run).where(Run.id.in_(newest)))}
