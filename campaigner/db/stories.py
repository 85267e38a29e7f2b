"""Stories as the outbox knows them: when their items are out, and which editions told them."""

from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from campaigner.core.delivery import CURRENT
from campaigner.core.message import Kind
from campaigner.core.newsletter import NewsletterData, Span, StoryId
from campaigner.core.tellings import read_back
from campaigner.db.models import Edition, Message


def dated_stories(
    session: Session, *, campaigns: Collection[str] | None, span: Span
) -> dict[StoryId, datetime]:
    """Return the items that are first out within `span`, or are to be, and when.

    They were queued, by the campaigns named or by any, and were not taken
    back. Whether such an item has a story at all its file says.
    """
    first = func.min(Message.due_at)
    query = (
        select(Message.campaign, Message.item, first)
        .where(
            Message.kind == Kind.POST,
            Message.state.in_(CURRENT),
            Message.corrects_id.is_(None),
        )
        .group_by(Message.campaign, Message.item)
        .having(first > span.after, first <= span.until)
    )
    if campaigns is not None:
        query = query.where(Message.campaign.in_(campaigns))
    return {
        StoryId(campaign=campaign, item=item): due_at
        for campaign, item, due_at in session.execute(query)
    }


def told_stories(session: Session, *, campaign: str, day: date, slot: str) -> set[StoryId]:
    """Return what all other editions of a newsletter tell than that of `day` and `slot`.

    One that was dropped or came too late told nothing.
    """
    alive = (
        select(Message.id)
        .where(Message.edition_id == Edition.id, Message.state.in_(CURRENT))
        .exists()
    )
    editions = session.scalars(
        select(Edition.data).where(
            Edition.campaign == campaign, or_(Edition.day != day, Edition.slot != slot), alive
        )
    )
    tellings = (read_back(data) for data in editions)
    return {
        story.id
        for telling in tellings
        if isinstance(telling, NewsletterData)
        for story in telling.stories
    }
