"""One text of a campaign in one language, with its variables filled in."""

from dataclasses import dataclass

from campaigner.core.campaign import Campaign, Wording
from campaigner.core.delivery import Hold
from campaigner.core.locales import chain
from campaigner.core.placeholders import fill, names_in, stray_mark
from campaigner.core.spelling import did_you_mean
from campaigner.rendering.catalogs import CAMPAIGNS, Catalogs, Translated, Untranslated
from campaigner.rendering.placeholders import has_words


@dataclass(frozen=True)
class Localized:
    text: str


@dataclass(frozen=True)
class Fault:
    """Why a text cannot be said yet: Hold.TRANSLATION or Hold.RENDERING, and a sentence."""

    reason: Hold
    sentence: str


def localize(
    wording: Wording, campaign: Campaign, *, locale: str, catalogs: Catalogs
) -> Localized | tuple[Fault, ...]:
    """Return a text as a reader of `locale` gets it, or every reason why not.

    A text given for the locale, or for an ancestor of it, is used as it is.
    Only the variables that the text uses need a translation.
    """
    text = _in_locale(wording, campaign, locale, catalogs)
    if isinstance(text, Untranslated):
        return (Fault(Hold.TRANSLATION, text.sentence()),)
    if wrong := _wrong_placeholders(text, campaign):
        where = f"{wording.context} ({locale})"
        return tuple(Fault(Hold.RENDERING, f"{where}: {sentence}") for sentence in wrong)
    values, lacking = {}, []
    for name in names_in(text):
        value = _in_locale(campaign.variables[name], campaign, locale, catalogs)
        if isinstance(value, Untranslated):
            lacking.append(Fault(Hold.TRANSLATION, value.sentence()))
        else:
            values[name] = value
    return tuple(lacking) if lacking else Localized(fill(text, values))


def _wrong_placeholders(text: str, campaign: Campaign) -> list[str]:
    """Say what a text asks for and cannot get: a translation may have slipped past the loader."""
    wrong = []
    for name in names_in(text):
        if name not in campaign.variables:
            hint = did_you_mean(
                name, campaign.variables.keys(), otherwise=f"Define '{name}' under `variables`."
            )
            wrong.append(f"'{name}' is not a variable of this campaign. {hint}")
    if mark := stray_mark(text):
        wrong.append(f"`{mark}` belongs to no placeholder. Write one as {{{{ name }}}}.")
    return wrong


def _in_locale(
    wording: Wording, campaign: Campaign, locale: str, catalogs: Catalogs
) -> str | Untranslated:
    for candidate in chain(locale):
        if candidate in wording.given:
            return wording.given[candidate]
    if not has_words(wording.source):
        return wording.source
    found = catalogs.look_up(
        CAMPAIGNS,
        wording.source.strip(),
        context=wording.context,
        locale=locale,
        source_locale=campaign.source_locale,
    )
    return found.text if isinstance(found, Translated) else found
