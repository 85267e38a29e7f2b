"""An edition of the digest in one language: blocks of HTML and of text, from the same data.

An edition is complete in its language or is not sent: one untranslated
string anywhere holds it, and every such string is named.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any

from campaigner.core.campaign import Campaign
from campaigner.core.delivery import Hold
from campaigner.core.digest import EditionData
from campaigner.core.locales import bcp47
from campaigner.core.slots import SLOTS, placeholder
from campaigner.rendering.catalogs import TEMPLATES, Catalogs
from campaigner.rendering.edition_views import Words, view
from campaigner.rendering.environment import (
    FaultyTemplateError,
    TemplateEnvironment,
    Voice,
    render,
)
from campaigner.rendering.formats import locale_name
from campaigner.rendering.posts import NotRendered
from campaigner.rendering.wordings import Localized, localize
from campaigner.settings import AccountSettings

PROCEEDINGS = "https://www.icann.org/en/public-comment"


@dataclass(frozen=True, kw_only=True)
class Imprint:
    """Who sends it, as the footer says."""

    title: str
    postal_address: str
    contact: str


@dataclass(frozen=True, kw_only=True)
class RenderedBlock:
    """A piece of an edition. `zone` is empty where it reads the same everywhere.

    A mail is, in order of `position`, every block whose zone is empty or the
    reader's: just one of each position.
    """

    name: str
    zone: str
    position: int
    html: str
    text: str


@dataclass(frozen=True, kw_only=True)
class RenderedEdition:
    """`language` is BCP 47."""

    subject: str
    language: str
    blocks: tuple[RenderedBlock, ...]


def render_edition(
    data: EditionData,
    *,
    campaign: Campaign,
    sender: AccountSettings,
    locale: str,
    zones: Sequence[str],
    catalogs: Catalogs,
    environment: TemplateEnvironment,
) -> RenderedEdition | NotRendered:
    """Say an edition in `locale`, with its times in each of the readers' `zones`.

    `sender` is the e-mail account, whose identity stands in the footer.

    NotRendered names every string that lacks a translation, or the template
    at fault. Raises ValueError for a campaign that is no digest.
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
        "introduction": introduction,
        "imprint": _imprint(sender),
        "languages": tuple(locale_name(each, each) for each in campaign.locales if each != locale),
        "slot": {name: placeholder(name) for name in SLOTS},
        "proceedings": PROCEEDINGS,
    }
    translator = catalogs.translations(TEMPLATES, locale)
    blocks = []
    try:
        for position, (name, block_zones) in enumerate(_plan(data, zones)):
            for zone in block_zones:
                voice = Voice(locale=locale, zone=zone or "UTC", translator=translator)
                blocks.append(_block(environment, name, zone, position, variables, voice))
    except FaultyTemplateError as error:
        return NotRendered(reason=Hold.RENDERING, faults=(str(error),))
    faults = [fault for each in found if not isinstance(each, Localized) for fault in each]
    sentences = (
        *(fault.sentence for fault in faults),
        *words.untranslated,
        *(string.sentence("templates/mail/digest") for string in translator.untranslated),
    )
    if sentences:
        broken = any(fault.reason is Hold.RENDERING for fault in faults)
        reason = Hold.RENDERING if broken else Hold.TRANSLATION
        return NotRendered(reason=reason, faults=tuple(dict.fromkeys(sentences)))
    return RenderedEdition(subject=subject, language=bcp47(locale), blocks=tuple(blocks))


def _imprint(sender: AccountSettings) -> Imprint:
    _, address = parseaddr(sender.sender)
    return Imprint(
        title=sender.title,
        postal_address=sender.postal_address,
        contact=sender.reply_to or address,
    )


def _plan(data: EditionData, zones: Sequence[str]) -> list[tuple[str, Sequence[str]]]:
    """Return the blocks of this edition in order, each with the zones that it differs by."""
    everywhere = ("",)
    plan: list[tuple[str, Sequence[str]]] = [("header", everywhere)]
    own = tuple(dict.fromkeys(zones)) or ("UTC",)
    plan.append(("do_now", own if data.comments else everywhere))
    plan.append(("processes" if data.is_first else "changes", everywhere))
    if data.unchanged:
        plan.append(("nothing_new", everywhere))
    plan.append(("footer", everywhere))
    return plan


def _block(
    environment: TemplateEnvironment,
    name: str,
    zone: str,
    position: int,
    variables: Mapping[str, Any],
    voice: Voice,
) -> RenderedBlock:
    html, text = (
        render(
            environment,
            f"mail/digest/{name}.{kind}",
            {**variables, "zone": voice.zone},
            voice=voice,
        )
        for kind in ("html", "txt")
    )
    return RenderedBlock(name=name, zone=zone, position=position, html=html, text=text)
