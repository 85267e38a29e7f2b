"""The official words of a field: which a text uses, and whether its translation keeps to them.

Words are compared as people inflect them: in any case, with or without
accents, in the singular or the plural, with whichever article stands between.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from campaigner.core.locales import nearest

_WORD = re.compile(r"[^\W_]+")
_ABBREVIATION = re.compile(r"\s*\(([^()\s]+)\)$")
_PLURALS = ("s", "es", "x")
LONGEST_LINK = 3  # letters of a word that only links others: de, del, des, par
WIDEST_GAP = 3  # words that may stand between two words of a term: « Junta Directiva de la ICANN »
ENDING = 2  # letters in which two forms of one word differ: registrador, registradora


@dataclass(frozen=True, kw_only=True)
class Words:
    """How one language says a term. `words` are equals, the first is the one to use.

    `source` is where they were read as official; empty: they are only usual.
    An abbreviation stands behind in parentheses: ``sistema de nomes de domínio (DNS)``.
    """

    words: tuple[str, ...]
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class Term:
    """One notion, by locale."""

    words: Mapping[str, Words]

    def in_locale(self, locale: str) -> Words | None:
        """Return how a reader of `locale` is told it: by the chain, else by their language."""
        return self.words.get(nearest(locale, self.words, otherwise=""))


@dataclass(frozen=True)
class Departure:
    """A translation lacks the official words for a term that its source holds."""

    term: str
    official: str


@dataclass(frozen=True)
class Glossary:
    """All terms, in the order of their file."""

    terms: tuple[Term, ...] = ()

    def terms_in(self, text: str, locale: str) -> tuple[Term, ...]:
        """Return the terms that a text of `locale` holds, in the order in which they stand there.

        What is a part of a longer term (`registrar` in `registrar lock`) is not meant by itself.
        """
        tokens = _tokens(text)
        found: list[tuple[int, int, Term]] = []
        for term in self.terms:
            if (own := term.in_locale(locale)) is None:
                continue
            for words in own.words:
                found += ((start, end, term) for start, end in _spans(_tokens(bare(words)), tokens))
        longest = sorted(found, key=lambda span: (span[0] - span[1], span[0]))
        taken: set[int] = set()
        kept = []
        for start, end, term in longest:
            if taken.isdisjoint(range(start, end)):
                taken.update(range(start, end))
                kept.append((start, term))
        kept.sort(key=lambda span: span[0])
        return tuple({id(term): term for _, term in kept}.values())

    def departures(
        self, source: str, translation: str, *, source_locale: str, locale: str
    ) -> tuple[Departure, ...]:
        """Return the terms for which the translation lacks the official words.

        An abbreviation by itself will do where the source does not spell out both.
        """
        tokens = _tokens(translation)
        return tuple(
            Departure(_name(term, source_locale), official.words[0])
            for term in self.terms_in(source, source_locale)
            if (official := term.in_locale(locale)) is not None
            and official.source
            and not _holds(official, tokens, translation, source)
        )

    def same_in(self, source_locale: str, locale: str) -> frozenset[str]:
        """Return the words and abbreviations that both languages write alike, in small letters."""
        alike: set[str] = set()
        for term in self.terms:
            one, other = term.in_locale(source_locale), term.in_locale(locale)
            if one and other:
                alike |= _written(one) & _written(other)
        return frozenset(alike)


def bare(words: str) -> str:
    """Return a term without its abbreviation: `public comment`, `sistema de nomes de domínio`."""
    return _ABBREVIATION.sub("", words)


def abbreviation(words: str) -> str:
    """Return what stands behind a term in parentheses; empty if nothing does."""
    found = _ABBREVIATION.search(words)
    return found[1] if found else ""


def _name(term: Term, locale: str) -> str:
    words = term.in_locale(locale)
    return bare(words.words[0]) if words else ""


def _written(words: Words) -> set[str]:
    return {
        form.casefold() for each in words.words for form in (bare(each), abbreviation(each)) if form
    }


def _holds(official: Words, tokens: Sequence[str], translation: str, source: str) -> bool:
    if any(_is_in(_tokens(bare(words)), tokens) for words in official.words):
        return True
    short = next((short for words in official.words if (short := abbreviation(words))), "")
    return bool(short) and f"({short})" not in source and short in _WORD.findall(translation)


def _spans(term: Sequence[str], text: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield where a source text holds just these words, each in the singular or a plural."""
    length = len(term)
    for start in range(len(text) - length + 1 if length else 0):
        pairs = zip(term, text[start : start + length], strict=True)
        if all(_is_form(word, found) for word, found in pairs):
            yield start, start + length


def _is_form(word: str, found: str) -> bool:
    if word == found:
        return True
    if found.endswith("ies") and word.endswith("y"):
        return word[:-1] == found[:-3]
    return found.startswith(word) and found[len(word) :] in _PLURALS


def _is_in(term: Sequence[str], text: Sequence[str]) -> bool:
    """Whether a translation holds a term's words in their order, inflected as it may be."""
    carrying = [word for word in term if len(word) > LONGEST_LINK] or list(term)
    if not carrying:
        return True
    for start, found in enumerate(text):
        if _inflects(carrying[0], found) and _follow(carrying[1:], text, start + 1):
            return True
    return False


def _follow(words: Sequence[str], text: Sequence[str], at: int) -> bool:
    for word in words:
        window = range(at, min(at + WIDEST_GAP + 1, len(text)))
        place = next((index for index in window if _inflects(word, text[index])), None)
        if place is None:
            return False
        at = place + 1
    return True


def _inflects(word: str, found: str) -> bool:
    if len(word) <= LONGEST_LINK:
        return found.startswith(word) and len(found) <= len(word) + ENDING
    stem = word[: max(LONGEST_LINK, len(word) - ENDING)]
    return found.startswith(stem) and len(found) <= len(word) + ENDING + 1


@lru_cache(maxsize=4096)
def _tokens(text: str) -> tuple[str, ...]:
    """Return the words of a text in small letters and without accents."""
    plain = unicodedata.normalize("NFD", text.casefold())
    return tuple(_WORD.findall("".join(c for c in plain if not unicodedata.combining(c))))
