"""One text of a campaign in one language, with its variables and partners filled in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from campaigner.core.campaign import Campaign, Partner, Wording
from campaigner.core.delivery import Hold
from campaigner.core.locales import chain
from campaigner.core.placeholders import PARTNER, fill, names_in, stray_mark
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
    wording: Wording, campaign: Campaign, *, locale: str, catalogs: Catalogs, channel: str = ""
) -> Localized | tuple[Fault, ...]:
    """Return a text as a reader of `locale` gets it, or every reason why not.

    A text given for the locale, or for an ancestor of it, is used as it is.
    Only the variables that the text uses need a translation. Partners are
    named by their handle on `channel`, by their name where they have none or
    no channel is given.
    """
    text = _in_locale(wording, campaign, locale, catalogs)
    if isinstance(text, Untranslated):
        return (Fault(Hold.TRANSLATION, text.sentence()),)
    partners = partner_names(campaign.partners, locale=locale, channel=channel)
    if faults := _wrong_placeholders(text, wording, {*campaign.variables, *partners}, locale):
        return faults
    values, lacking = dict(partners), list[Fault]()
    for name in names_in(text):
        if name in partners:
            continue
        variable = campaign.variables[name]
        value = _in_locale(variable, campaign, locale, catalogs)
        if isinstance(value, Untranslated):
            lacking.append(Fault(Hold.TRANSLATION, value.sentence()))
        elif faults := _wrong_placeholders(value, variable, partners, locale):
            lacking.extend(faults)
        else:
            values[name] = fill(value, partners)
    return tuple(lacking) if lacking else Localized(fill(text, values))


def partner_names(
    partners: Mapping[str, Partner], *, locale: str, channel: str = ""
) -> dict[str, str]:
    """Return how partners are named, by what asks for each: `{{ partner.lacnic }}`."""
    return {PARTNER + id: _named(partner, locale, channel) for id, partner in partners.items()}


def _named(partner: Partner, locale: str, channel: str) -> str:
    """Return the partner's handle, or its name: the reader's, else the one for all.

    A name is never looked up in a catalog: it is what they call themselves.
    """
    given = partner.name.given
    name = next((given[each] for each in chain(locale) if each in given), partner.name.source)
    return partner.handle_on(channel) or name


def _wrong_placeholders(
    text: str, wording: Wording, known: Iterable[str], locale: str
) -> tuple[Fault, ...]:
    """Say what a text asks for and cannot get: a translation may have slipped past the loader."""
    names = frozenset(known)
    wrong = []
    for name in names_in(text):
        if name not in names:
            hint = did_you_mean(name, names, otherwise=f"Define '{name}' under `variables`.")
            wrong.append(f"'{name}' is not a variable of this campaign. {hint}")
    if mark := stray_mark(text):
        wrong.append(f"`{mark}` belongs to no placeholder. Write one as {{{{ name }}}}.")
    where = f"{wording.context} ({locale})"
    return tuple(Fault(Hold.RENDERING, f"{where}: {sentence}") for sentence in wrong)


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
        source_locale=campaign.language_of(wording),
    )
    return found.text if isinstance(found, Translated) else found
