"""Preview an edition: what a digest composed now would say, per locale."""

from dataclasses import dataclass
from datetime import datetime

from campaigner.core.campaign import Campaign
from campaigner.core.digest import EditionData, assemble
from campaigner.db import editions, processes
from campaigner.db.engine import Sessions
from campaigner.rendering.drafts import Desk
from campaigner.rendering.editions import render_edition
from campaigner.rendering.posts import NotRendered


@dataclass(frozen=True, kw_only=True)
class EditionPreview:
    """The edition of today in one locale, as text. `subject` is empty where it has to wait."""

    locale: str
    subject: str
    text: str


def preview_digest(
    sessions: Sessions, campaign: Campaign, desk: Desk, *, now: datetime
) -> list[EditionPreview]:
    """Return what an edition composed now would say, per locale, in the campaign's zone."""
    zone = campaign.schedule.zone
    with sessions() as session:
        before = editions.previous_edition(session, campaign=campaign.id, before=now)
        data = assemble(
            processes.load_all(session),
            previous=EditionData.from_json(before.data) if before else None,
            day=now.astimezone(zone).date(),
            now=now,
        )
    found = []
    for account in campaign.accounts:
        sender = desk.accounts[account]
        for locale in (name for name in campaign.locales if name in sender.locales):
            rendered = render_edition(
                data,
                campaign=campaign,
                sender=sender,
                locale=locale,
                zones=(zone.key,),
                catalogs=desk.catalogs,
                environment=desk.environment,
            )
            if isinstance(rendered, NotRendered):
                text = "\n".join(rendered.faults)
                found.append(EditionPreview(locale=locale, subject="", text=text))
            else:
                text = "\n".join(block.text for block in rendered.blocks)
                found.append(EditionPreview(locale=locale, subject=rendered.subject, text=text))
    return found
