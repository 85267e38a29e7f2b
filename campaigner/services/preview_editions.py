"""Preview an edition: what a digest or a newsletter composed now would say, per locale."""

import html
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from campaigner.core.campaign import Campaign
from campaigner.core.editions import ScheduledEdition, plan_editions
from campaigner.core.newsletter import NewsletterData
from campaigner.core.schedule import Start
from campaigner.core.slots import PATTERN
from campaigner.db.engine import Sessions
from campaigner.db.tellings import gather
from campaigner.rendering.drafts import Desk
from campaigner.rendering.gate import RenderedEdition, Stopped
from campaigner.rendering.posts import NotRendered
from campaigner.rendering.preview_pages import EditionPreview
from campaigner.rendering.tellings import NothingSaid, Said, say

A_YEAR = timedelta(days=366)
# What stands in a preview where a mail has its reader's own.
SAMPLE_READER = {
    "name": "Ana",
    "address": "reader@example.org",
    "unsubscribe": "https://example.org/unsubscribe",
    "preferences": "https://example.org/preferences",
}


def preview_editions(
    sessions: Sessions,
    campaign: Campaign,
    desk: Desk,
    *,
    campaigns: Iterable[Campaign] = (),
    now: datetime,
) -> list[EditionPreview]:
    """Return what an edition would say, per locale, in the campaign's zone.

    That of a digest is one composed now; that of a newsletter the next one by
    its schedule, with the stories of `campaigns` that are queued by now.
    """
    zone = campaign.schedule.zone
    planned = _next(campaign, now)
    with sessions() as session:
        telling = gather(
            session,
            campaign,
            day=planned.slot.day if planned else now.astimezone(zone).date(),
            slot=planned.name if planned else "",
            due_at=planned.slot.due_at if planned else now,
            campaigns={each.id: each for each in campaigns},
            now=now,
        )
    left = telling.left if isinstance(telling, NewsletterData) else ()
    waiting = [f"there is no room for the story {id}: the next edition tells it" for id in left]
    found = []
    for account in campaign.accounts:
        served = desk.accounts[account].locales
        for locale in (name for name in campaign.locales if name in served):
            said = say(telling, campaign, desk, account=account, locale=locale, zones=(zone.key,))
            found.append(_preview(said, account, locale, waiting))
    return found


def _preview(
    said: Said | NothingSaid | NotRendered, account: str, locale: str, waiting: Sequence[str]
) -> EditionPreview:
    match said:
        case Stopped(edition=edition):
            return _shown(edition, account, locale, waiting)
        case NotRendered(faults=faults):
            why = "\n".join(faults)
            return EditionPreview(account=account, locale=locale, subject="", text=why)
        case NothingSaid(notes=notes):
            why = "\n".join(["there is no story in this language, so there is no mail", *notes])
            return EditionPreview(account=account, locale=locale, subject="", text=why)
        case Said(edition=edition, notes=notes):
            return _shown(edition, account, locale, (*notes, *waiting))


def _shown(
    edition: RenderedEdition, account: str, locale: str, notes: Sequence[str]
) -> EditionPreview:
    return EditionPreview(
        account=account,
        locale=locale,
        subject=edition.subject,
        text=_filled("\n".join(block.text for block in edition.blocks), str),
        html=_filled("".join(block.html for block in edition.blocks), html.escape),
        notes=tuple(notes),
        faults=edition.warnings,
    )


def _next(campaign: Campaign, now: datetime) -> ScheduledEdition | None:
    """Return the newsletter's next edition; None for a digest, which is shown as of now."""
    if campaign.newsletter is None:
        return None
    planned = plan_editions(campaign, start=Start(at=now), until=now + A_YEAR)
    return planned[0] if planned else None


def _filled(text: str, spell: Callable[[str], str]) -> str:
    return PATTERN.sub(lambda slot: spell(SAMPLE_READER.get(slot[1], slot[0])), text)
