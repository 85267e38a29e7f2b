"""Make a partner kit: one page with a campaign's texts and pictures in all its languages."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from campaigner.core.cadence import AccountSlots
from campaigner.core.campaign import Campaign
from campaigner.core.due_days import fixed_start
from campaigner.core.locales import bcp47
from campaigner.core.schedule import Start, plan_run
from campaigner.db.engine import Sessions
from campaigner.db.runs import find_run
from campaigner.errors import UserError
from campaigner.rendering.drafts import Desk
from campaigner.rendering.kit_items import KitWriter, LeftOut
from campaigner.rendering.pages import Section, page_languages, press_for


@dataclass(frozen=True, kw_only=True)
class Kit:
    """A finished page. `dated` says whether it could suggest dates."""

    html: str
    items: int
    locales: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    embargo_until: datetime | None
    dated: bool


def make_kit(
    campaign: Campaign,
    desk: Desk,
    *,
    sender: str,
    start: Start | None,
    language: str,
    now: datetime,
) -> Kit:
    """Return the kit of a campaign, its own words in `language` (a locale of ours).

    `sender` is who gives it out; `start` that of the run, None if it is not
    queued. Only whole texts go in: what waits for a translation, or does not
    fit, is named instead. Raises UserError for a campaign of editions, and where
    nothing is ready.
    """
    if campaign.has_editions:
        kind = "digest" if campaign.digest is not None else "newsletter"
        raise UserError(
            f"{campaign.id} is a {kind}: it is made anew for each edition, so there is no kit. "
            "Forward an edition instead"
        )
    writer = KitWriter(campaign, desk, language)
    dates = _dates(campaign, desk, start)
    whole = _ahead(campaign.embargo_until, now)  # of the whole page
    sections: list[Section] = []
    embargoes: list[datetime | None] = []
    for item in campaign.items:
        values = writer.item_values(item)
        if values is None:
            continue
        embargo = _ahead(campaign.embargo_of(item), now)
        values |= {"date": dates.get(item.id), "embargo": None if embargo == whole else embargo}
        embargoes.append(embargo)
        sections.append(Section(template="kit_item.html", values=values))
    if not sections:
        raise UserError(
            f"nothing of {campaign.id} is ready for partners. See `campaigner preview`, "
            "and give what is missing to a translator"
        )
    locales = [locale for locale in campaign.locales if locale in writer.locales]
    values = {
        "campaign": {"title": campaign.title},
        "source_tag": bcp47(campaign.source_locale),
        "sender": sender,
        "made": now.astimezone(campaign.schedule.zone).date(),
        "embargo": whole,
        "some_embargo": any(embargoes),
        "languages": page_languages(locales),
        "items": [section.values["item"] for section in sections],
        "left_out": _told_once(writer.left_out),
    }
    press = press_for(campaign, desk, language)
    html = press.page("kit.html", values, sections=sections, album=writer.album, script="kit.js")
    return Kit(
        html=html,
        items=len(sections),
        locales=tuple(locales),
        left_out=tuple(writer.left_out),
        embargo_until=max(filter(None, embargoes), default=None),
        dated=bool(dates),
    )


def _told_once(left_out: Sequence[LeftOut]) -> list[dict[str, Any]]:
    """Return what the page names: partners need to know that it is not there, not every reason."""
    told = {(each.item, each.locale, each.is_translation): asdict(each) for each in left_out}
    return list(told.values())


def start_of_run(sessions: Sessions, campaign: str) -> Start | None:
    """Return when a campaign's newest run begins; None: it was never queued."""
    with sessions() as session:
        run = find_run(session, campaign)
        return Start(at=run.start_at, immediate=run.immediate) if run else None


def _ahead(embargo: datetime | None, now: datetime) -> datetime | None:
    return embargo if embargo is not None and embargo > now else None


def _dates(campaign: Campaign, desk: Desk, start: Start | None) -> Mapping[str, datetime]:
    """Return when each item is said first, as far as that is fixed (see core.due_days)."""
    begin = start or fixed_start(campaign)
    if begin is None or isinstance(campaign.schedule.cadence, AccountSlots):
        return {}
    plan = plan_run(campaign, run="kit", start=begin, serves=desk.posting(campaign))
    dates: dict[str, datetime] = {}
    for scheduled in plan.scheduled:
        due = scheduled.slot.due_at
        dates[scheduled.item.id] = min(due, dates.get(scheduled.item.id, due))
    return dates
