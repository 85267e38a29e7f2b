"""An edition of either kind, said in one language."""

from collections.abc import Sequence
from dataclasses import dataclass

from campaigner.core.campaign import Campaign
from campaigner.core.delivery import Hold
from campaigner.core.digest import EditionData
from campaigner.core.locales import bcp47
from campaigner.core.newsletter import NewsletterData
from campaigner.core.tellings import Telling
from campaigner.rendering.blocks import PlannedBlock, render_blocks, slot_values
from campaigner.rendering.catalogs import TEMPLATES
from campaigner.rendering.drafts import Desk
from campaigner.rendering.editions import imprint_of, render_edition
from campaigner.rendering.environment import FaultyTemplateError
from campaigner.rendering.formats import locale_name
from campaigner.rendering.gate import RenderedEdition, finish
from campaigner.rendering.newsletters import NewsletterView, view
from campaigner.rendering.posts import NotRendered

FOLDER = "mail/newsletter"


@dataclass(frozen=True, kw_only=True)
class Said:
    """An edition in one language. `notes` say what of it is left out there, a sentence each.

    `projects` are served by its stories, beside the campaign's own.
    """

    edition: RenderedEdition
    notes: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class NothingSaid:
    """There is no story to tell in that language: no fault, and no mail. `notes` say why."""

    notes: tuple[str, ...]


def say(
    data: Telling,
    campaign: Campaign,
    desk: Desk,
    *,
    account: str,
    locale: str,
    zones: Sequence[str],
) -> Said | NothingSaid | NotRendered:
    """Say an edition on an e-mail account in `locale`, with times in each of the readers' `zones`.

    Raises ValueError for data that are not of the campaign's kind.
    """
    match data:
        case EditionData():
            rendered = render_edition(
                data,
                campaign=campaign,
                sender=desk.accounts[account],
                locale=locale,
                zones=zones,
                catalogs=desk.catalogs,
                environment=desk.environment,
                public_url=desk.public_url,
            )
            return rendered if isinstance(rendered, NotRendered) else Said(edition=rendered)
        case NewsletterData():
            return _newsletter(data, campaign, desk, account, locale)


def _newsletter(
    data: NewsletterData, campaign: Campaign, desk: Desk, account: str, locale: str
) -> Said | NothingSaid | NotRendered:
    told = view(data, campaign, account=account, locale=locale, catalogs=desk.catalogs)
    if isinstance(told, NotRendered):
        return told
    if not told.stories:
        return NothingSaid(notes=told.left_out)
    translator = desk.catalogs.translations(TEMPLATES, locale)
    variables = {
        "day": data.day,
        "subject": told.subject,
        "preheader": told.introduction or told.stories[0].headline,
        "introduction": told.introduction,
        "note": told.note,
        "stories": told.stories,
        "imprint": imprint_of(desk.accounts[account]),
        "languages": tuple(locale_name(each, each) for each in campaign.locales if each != locale),
        "slot": slot_values(desk.public_url),
    }
    try:
        blocks = render_blocks(
            _plan(told),
            variables,
            environment=desk.environment,
            translator=translator,
            locale=locale,
            zones=(),
        )
    except FaultyTemplateError as error:
        return NotRendered(reason=Hold.RENDERING, faults=(str(error),))
    if translator.untranslated:
        lacking = (string.sentence(f"templates/{FOLDER}") for string in translator.untranslated)
        return NotRendered(reason=Hold.TRANSLATION, faults=tuple(dict.fromkeys(lacking)))
    edition = finish(subject=told.subject, language=bcp47(locale), blocks=blocks)
    if isinstance(edition, NotRendered):
        return edition
    return Said(edition=edition, notes=told.left_out, projects=told.projects)


def _plan(told: NewsletterView) -> list[PlannedBlock]:
    """Return the blocks in order: one for each story, so that an approval names them one by one."""
    plan = [PlannedBlock(name="header", template=f"{FOLDER}/header")]
    if told.note is not None:
        plan.append(PlannedBlock(name="note", template=f"{FOLDER}/note"))
    plan += [
        PlannedBlock(name=story.anchor, template=f"{FOLDER}/story", values={"story": story})
        for story in told.stories
    ]
    return [*plan, PlannedBlock(name="footer", template=f"{FOLDER}/footer")]
