"""What an edition has to tell, gathered from the tables and the campaigns' files."""

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaigner.core import digest, newsletter
from campaigner.core.campaign import Campaign
from campaigner.core.digest import EditionData
from campaigner.core.newsletter import NewsletterData
from campaigner.core.tellings import Telling, read_back
from campaigner.db import editions, processes, stories
from campaigner.db.models import Edition, Message


def gather(
    session: Session,
    campaign: Campaign,
    *,
    day: date,
    slot: str,
    due_at: datetime,
    campaigns: Mapping[str, Campaign],
    now: datetime,
) -> Telling:
    """Compose the data of an edition as of `now`.

    `day` and `slot` name it; it goes out at `due_at`. `campaigns` are the files
    that could be read, by id: a newsletter tells their stories.
    """
    before = editions.previous_edition(session, campaign=campaign.id, before=due_at)
    previous = read_back(before.data) if before else None
    if campaign.newsletter is None:
        return digest.assemble(
            processes.load_all(session),
            previous=previous if isinstance(previous, EditionData) else None,
            day=day,
            now=now,
        )
    sources = campaign.newsletter.sources
    previous_at = _due_at(session, before) if before else None
    return newsletter.assemble(
        campaign,
        day=day,
        due_at=due_at,
        dated={}
        if sources is None
        else stories.dated_stories(
            session,
            campaigns=sources.campaigns,
            span=newsletter.span_of(sources, due_at=due_at, previous_at=previous_at),
        ),
        campaigns=campaigns,
        told=stories.told_stories(session, campaign=campaign.id, day=day, slot=slot),
        waiting=previous.left if isinstance(previous, NewsletterData) else (),
    )


def _due_at(session: Session, edition: Edition) -> datetime | None:
    """Return when an edition went, or goes, out."""
    return session.scalar(select(func.max(Message.due_at)).where(Message.edition_id == edition.id))
