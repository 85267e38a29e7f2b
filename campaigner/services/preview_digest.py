"""Preview an edition: what a digest composed now would say, per locale."""

import html
from collections.abc import Callable
from datetime import datetime

from campaigner.core.campaign import Campaign
from campaigner.core.digest import EditionData, assemble
from campaigner.core.slots import PATTERN
from campaigner.db import editions, processes
from campaigner.db.engine import Sessions
from campaigner.rendering.drafts import Desk
from campaigner.rendering.editions import render_edition
from campaigner.rendering.posts import NotRendered
from campaigner.rendering.preview_pages import EditionPreview

# What stands in a preview where a mail has its reader's own.
SAMPLE_READER = {
    "name": "Ana",
    "address": "reader@example.org",
    "unsubscribe": "https://example.org/unsubscribe",
}


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
                why = "\n".join(rendered.faults)
                found.append(EditionPreview(account=account, locale=locale, subject="", text=why))
                continue
            found.append(
                EditionPreview(
                    account=account,
                    locale=locale,
                    subject=rendered.subject,
                    text=_filled("\n".join(block.text for block in rendered.blocks), str),
                    html=_filled("".join(block.html for block in rendered.blocks), html.escape),
                )
            )
    return found


def _filled(text: str, spell: Callable[[str], str]) -> str:
    return PATTERN.sub(lambda slot: spell(SAMPLE_READER.get(slot[1], slot[0])), text)
