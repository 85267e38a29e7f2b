"""An edition of the digest in one language: blocks of HTML and of text, from the same data.

An edition is complete in its language or is not sent: one untranslated
string anywhere holds it, and every such string is named.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parseaddr

from campaigner.core.campaign import Campaign
from campaigner.core.delivery import Hold
from campaigner.core.digest import EditionData
from campaigner.core.locales import bcp47
from campaigner.rendering.blocks import PlannedBlock, render_blocks, slot_values
from campaigner.rendering.catalogs import TEMPLATES, Catalogs
from campaigner.rendering.edition_views import Words, view
from campaigner.rendering.environment import FaultyTemplateError, TemplateEnvironment
from campaigner.rendering.formats import locale_name
from campaigner.rendering.gate import RenderedEdition, finish
from campaigner.rendering.posts import NotRendered
from campaigner.rendering.wordings import Localized, localize
from campaigner.settings import AccountSettings

FOLDER = "mail/digest"
PROCEEDINGS = "https://www.icann.org/en/public-comment"


@dataclass(frozen=True, kw_only=True)
class Imprint:
    """Who sends it, as the footer says."""

    title: str
    postal_address: str
    contact: str


def render_edition(
    data: EditionData,
    *,
    campaign: Campaign,
    sender: AccountSettings,
    locale: str,
    zones: Sequence[str],
    catalogs: Catalogs,
    environment: TemplateEnvironment,
    public_url: str = "",
) -> RenderedEdition | NotRendered:
    """Say an edition in `locale`, with its times in each of the readers' `zones`.

    `sender` is the e-mail account, whose identity stands in the footer;
    `public_url` is where readers reach our pages, if they can.

    NotRendered names every string that lacks a translation, the template at
    fault, or what the gate holds it for. Raises ValueError for a campaign that is no digest.
    """
    if campaign.digest is None:
        raise ValueError(f"{campaign.id} is no digest")
    words = Words(catalogs, locale)
    wordings = (campaign.digest.subject, campaign.digest.introduction)
    found = [localize(each, campaign, locale=locale, catalogs=catalogs) for each in wordings]
    subject, introduction = (each.text if isinstance(each, Localized) else "" for each in found)
    variables = {
        **view(data, words),
        "subject": subject,
        "preheader": introduction,
        "introduction": introduction,
        "imprint": imprint_of(sender),
        "languages": tuple(locale_name(each, each) for each in campaign.locales if each != locale),
        "slot": slot_values(public_url),
        "proceedings": PROCEEDINGS,
    }
    translator = catalogs.translations(TEMPLATES, locale)
    try:
        blocks = render_blocks(
            _plan(data),
            variables,
            environment=environment,
            translator=translator,
            locale=locale,
            zones=zones,
        )
    except FaultyTemplateError as error:
        return NotRendered(reason=Hold.RENDERING, faults=(str(error),))
    faults = [fault for each in found if not isinstance(each, Localized) for fault in each]
    sentences = (
        *(fault.sentence for fault in faults),
        *words.untranslated,
        *(string.sentence(f"templates/{FOLDER}") for string in translator.untranslated),
    )
    if sentences:
        broken = any(fault.reason is Hold.RENDERING for fault in faults)
        reason = Hold.RENDERING if broken else Hold.TRANSLATION
        return NotRendered(reason=reason, faults=tuple(dict.fromkeys(sentences)))
    return finish(subject=subject, language=bcp47(locale), blocks=blocks)


def imprint_of(sender: AccountSettings) -> Imprint:
    """Return who sends it, as the account's settings say."""
    _, address = parseaddr(sender.sender)
    return Imprint(
        title=sender.title,
        postal_address=sender.postal_address,
        contact=sender.reply_to or address,
    )


def _plan(data: EditionData) -> list[PlannedBlock]:
    """Return the blocks of this edition, in order. Only open comments tell times."""
    names = ["header", "do_now", "processes" if data.is_first else "changes"]
    if data.unchanged:
        names.append("nothing_new")
    names.append("footer")
    return [
        PlannedBlock(
            name=name,
            template=f"{FOLDER}/{name}",
            zonal=name == "do_now" and bool(data.comments),
        )
        for name in names
    ]
