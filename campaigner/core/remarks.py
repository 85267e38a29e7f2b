"""What a reader of a translation would stumble over, and no machine can be sure of.

Remarks are for people to look at. They hold nothing back.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from campaigner.core.glossary import Glossary

SAID_ALIKE = 3  # words; Spanish and Portuguese, say, have shorter texts in common

_NO_WORDS = re.compile(
    r"\{\{.*?\}\}|%\(\w+\)[sd]|<[^<>]*>"  # placeholders, and the tags of a template
    r"|https?://\S+|[\w.+-]+@[\w-]+\.[\w.-]+|[#@]\w+"  # links, addresses, hashtags, handles
)
_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")


class Kind(StrEnum):
    SAME_AS_SOURCE = "same as source"
    SAME_AS_OTHER = "same as another language"
    GLOSSARY = "glossary"


@dataclass(frozen=True, kw_only=True)
class Remark:
    """`locale` is that of the translation; `found` says what is odd about it, without a stop."""

    locale: str
    kind: Kind
    found: str


def remarks_on(
    source: str,
    translations: Mapping[str, str],
    *,
    source_locale: str,
    glossary: Glossary,
    label: bool = False,
) -> list[Remark]:
    """Return what is odd about the translations of one text, in their order.

    Alike may be what has no words of its own (a year, a link, a name that the
    glossary keeps), a `label` of one word ("Source" is French, too), and what
    two languages have in common that is shorter than three words. Two locales
    of one language may agree in everything.
    """
    out = []
    for locale, text in translations.items():
        if _language(locale) == _language(source_locale):
            continue
        if _alike(text, source) and (
            len(own_words(text, glossary.same_in(source_locale, locale))) > label
        ):
            found = "is the same as its source"
            out.append(Remark(locale=locale, kind=Kind.SAME_AS_SOURCE, found=found))
        elif (other := _twin(locale, text, translations)) and (
            len(own_words(text, glossary.same_in(other, locale))) >= SAID_ALIKE
        ):
            found = f"is the same as that of {other}"
            out.append(Remark(locale=locale, kind=Kind.SAME_AS_OTHER, found=found))
        out += [
            Remark(
                locale=locale,
                kind=Kind.GLOSSARY,
                found=f"lacks '{one.official}', the official words for '{one.term}'",
            )
            for one in glossary.departures(source, text, source_locale=source_locale, locale=locale)
        ]
    return out


def own_words(text: str, same: Collection[str] = ()) -> tuple[str, ...]:
    """Return the words that a translator would have to translate.

    Not among them: placeholders, links, addresses, hashtags, numbers, and the
    words in `same` (in small letters), which both languages write alike.
    """
    rest = _NO_WORDS.sub(" ", text)
    for term in sorted(same, key=len, reverse=True):
        rest = re.sub(rf"(?<!\w){re.escape(term)}(?!\w)", " ", rest, flags=re.IGNORECASE)
    return tuple(_WORD.findall(rest))


def _twin(locale: str, text: str, translations: Mapping[str, str]) -> str:
    """Return the first locale of another language that says the very same."""
    return next(
        (
            other
            for other, said in translations.items()
            if _language(other) != _language(locale) and _alike(said, text)
        ),
        "",
    )


def _alike(one: str, other: str) -> bool:
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


def _language(locale: str) -> str:
    return locale.split("_")[0]
