"""Segments: rules over subscribers as people write them, read into a tree of `core.rules`.

::

    country in (BR, AR) and language = pt
    not (topic = dnssec) or attributes.role contains 'engineer'
    list.newsletter = active and confirmed.newsletter >= 2026-01-01
    latin-america and zone is not set

`not` binds tighter than `and`, `and` tighter than `or`. A name alone is another
segment, which is put in its place. Words of more than letters, digits and
``_ - . / + :`` stand in quotes; a quote within them is doubled. Comparisons
mind case, but for countries (``Brazil``, ``br``) and locales (``es-419``).
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from campaigner.core.audience import Standing
from campaigner.core.countries import country_code
from campaigner.core.locales import normalize
from campaigner.core.rules import (
    DATED,
    NAMED,
    All,
    Among,
    Contains,
    Dated,
    Either,
    Field,
    IsSet,
    Kind,
    Not,
    Relation,
    Rule,
)
from campaigner.core.segment_words import SegmentError as SegmentError
from campaigner.core.segment_words import Word, words_of
from campaigner.core.spelling import did_you_mean, listed
from campaigner.errors import UserError

LONGEST = 2_000  # characters
DEEPEST = 30  # parentheses and names within one another
MOST_RULES = 200  # comparisons, with those of the named segments
MOST_WORDS = 500  # in one list

_DAY = re.compile(r"[12]\d{3}-\d{2}-\d{2}", re.ASCII)
_NAME = re.compile(r"[\w-]+")
_SIGNS = ("=", "!=", "<", "<=", ">", ">=")
_COMPARISONS = "Write =, !=, in (…), contains or is set after"


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """What a rule may name. None: not known here, so not checked.

    `segments` are the named ones, as text.
    """

    segments: Mapping[str, str] | None = None
    topics: Collection[str] | None = None
    lists: Collection[str] | None = None
    zones: Collection[str] | None = None


ANYTHING = Vocabulary()


def parse(text: str, vocabulary: Vocabulary = ANYTHING) -> Rule:
    """Read a rule. Raises SegmentError, which says where it cannot be read and what to write."""
    return _Reader(text, vocabulary, (), []).read()


class _Reader:
    """Reads one text from left to right; `within` are the named segments that led here."""

    def __init__(
        self, text: str, vocabulary: Vocabulary, within: tuple[str, ...], read: list[Rule]
    ) -> None:
        if len(text) > LONGEST:
            found = f"it has {len(text):,} characters, more than {LONGEST:,}"
            raise SegmentError(LONGEST + 1, found, "Give parts of it a name in segments.yaml.")
        self.vocabulary, self.within, self.all_read = vocabulary, within, read
        self.tokens = words_of(text)
        self.token = next(self.tokens)
        self.depth = len(within)

    def read(self) -> Rule:
        rule = self._either()
        if self.token.kind != "end":
            raise self._wrong("Join comparisons with and, or.")
        return rule

    def _next(self) -> Word:
        token = self.token
        self.token = next(self.tokens, token)  # behind the end there is the end
        return token

    def _wrong(self, fix: str, token: Word | None = None) -> SegmentError:
        token = token or self.token
        return SegmentError(token.position, f"{token.shown} cannot stand here", fix)

    def _either(self) -> Rule:
        rules = [self._all()]
        while self.token.says("or"):
            self._next()
            rules.append(self._all())
        return rules[0] if len(rules) == 1 else Either(tuple(rules))

    def _all(self) -> Rule:
        rules = [self._one()]
        while self.token.says("and"):
            self._next()
            rules.append(self._one())
        return rules[0] if len(rules) == 1 else All(tuple(rules))

    def _one(self) -> Rule:
        if self.token.says("not"):
            self._deeper()
            self._next()
            rule: Rule = Not(self._one())
        elif self.token.says("("):
            self._deeper()
            opened = self._next()
            rule = self._either()
            if not self.token.says(")"):
                where = f"that was opened at character {opened.position}"
                raise self._wrong(f"Join with and, or; or close the parenthesis {where}.")
            self._next()
        else:
            return self._comparison()
        self.depth -= 1
        return rule

    def _deeper(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            found = f"it goes more than {DEEPEST} levels deep"
            raise SegmentError(self.token.position, found, "Write it flatter.")

    def _comparison(self) -> Rule:
        token = self._next()
        if token.kind != "word" or token.says("and", "or", "in", "is", "contains", "set"):
            fix = f"Write what to compare: {listed([*Kind], last='or')}."
            raise self._wrong(fix, token)
        if self._is_name_alone():
            return self._named(token)
        where = self._field(token)
        negated = self.token.says("not")
        if negated:
            self._next()
        if self.token.says("in"):
            rule: Rule = self._in(where)
        elif self.token.says("contains"):
            rule = self._contains(where, token)
        elif self.token.says("is") and not negated:
            return self._counted(self._is_set(where))
        elif self.token.says(*_SIGNS, "<>") and not negated:
            return self._counted(self._sign(where))
        else:
            raise self._wrong(f"{_COMPARISONS} {where}.")
        rule = self._counted(rule)
        return Not(rule) if negated else rule

    def _is_name_alone(self) -> bool:
        return self.token.kind == "end" or self.token.says("and", "or", ")")

    def _counted(self, rule: Rule) -> Rule:
        self.all_read.append(rule)
        if len(self.all_read) > MOST_RULES:
            found = f"it has more than {MOST_RULES} comparisons"
            raise SegmentError(self.token.position, found, "Use in (…) for many words.")
        return rule

    def _named(self, token: Word) -> Rule:
        name, segments = token.text, self.vocabulary.segments or {}
        if name in [*Kind] or name.partition(".")[0] in NAMED:
            raise self._wrong(f"{_COMPARISONS} {name}.")
        if name not in segments:
            known = [*segments, *Kind]
            fix = did_you_mean(name, known, otherwise="Name one, or compare something.")
            raise SegmentError(token.position, f"there is no segment '{name}'", fix)
        if name in self.within:
            chain = " → ".join([*self.within, name])
            raise SegmentError(token.position, f"it names itself: {chain}", "Break the circle.")
        if len(self.within) >= DEEPEST:
            raise SegmentError(token.position, "too many names within one another", "Write fewer.")
        inner = _Reader(segments[name], self.vocabulary, (*self.within, name), self.all_read)
        try:
            return inner.read()
        except SegmentError as error:
            found = f"of the segment '{name}', character {error.position}: {error.found}"
            raise SegmentError(token.position, found, error.fix) from None

    def _field(self, token: Word) -> Field:
        kind, dot, name = token.text.partition(".")
        if kind not in [*Kind]:
            known = [f"{each}.NAME" if each in NAMED else each for each in Kind]
            fix = did_you_mean(kind, [*Kind], otherwise=f"Known are {listed(known)}.")
            raise SegmentError(token.position, f"{token.shown} is nothing to compare", fix)
        field = Field(Kind(kind), name)
        if field.kind not in NAMED:
            if dot:
                fix = f"Write {kind} alone."
                raise SegmentError(token.position, f"'{kind}' has no parts", fix)
            return field
        if not _NAME.fullmatch(name):
            lists = sorted(self.vocabulary.lists or ["newsletter"])
            example = "attributes.city" if field.kind is Kind.ATTRIBUTE else f"{kind}.{lists[0]}"
            found = f"'{kind}' needs a name after it"
            raise SegmentError(token.position, found, f"Write it like {example}.")
        if field.kind is not Kind.ATTRIBUTE:
            self._check(name, self.vocabulary.lists, "list", token)
        return field

    def _in(self, where: Field) -> Rule:
        if where.kind in DATED:
            raise self._wrong(f"Compare {where} with =, <, <=, > or >= and a day like 2026-01-31.")
        self._next()
        if not self._next_is("("):
            raise self._wrong("Write the words in parentheses: in (BR, AR).")
        words = [self._word(where)]
        while self.token.says(","):
            self._next()
            words.append(self._word(where))
            if len(words) > MOST_WORDS:
                found = f"there are more than {MOST_WORDS} words"
                raise SegmentError(self.token.position, found, "Use an attribute for them.")
        if not self._next_is(")"):
            raise self._wrong("Write a comma and another word, or close the parenthesis.")
        return Among(where, tuple(dict.fromkeys(words)))

    def _next_is(self, sign: str) -> bool:
        if not self.token.says(sign):
            return False
        self._next()
        return True

    def _contains(self, where: Field, token: Word) -> Rule:
        if where.kind not in (Kind.ATTRIBUTE, Kind.ZONE):
            fix = f"Write {where} = … or {where} in (…)."
            raise SegmentError(token.position, f"'{where}' is compared as a whole", fix)
        self._next()
        part = self._value()
        if not part.text:
            raise self._wrong("Write what it contains.", part)
        return Contains(where, part.text)

    def _is_set(self, where: Field) -> Rule:
        self._next()
        negated = self._next_is("not")
        if not self._next_is("set"):
            raise self._wrong("Write is set, or is not set.")
        return Not(IsSet(where)) if negated else IsSet(where)

    def _sign(self, where: Field) -> Rule:
        sign = self._next()
        negated = sign.text in ("!=", "<>")
        rule: Rule
        if where.kind in DATED:
            relation = Relation.ON if negated else Relation(sign.text)
            rule = Dated(where, relation, self._day())
        elif negated or sign.text == "=":
            rule = Among(where, (self._word(where),))
        else:
            raise self._wrong(f"Only days are before or after; compare {where} with = or !=.", sign)
        return Not(rule) if negated else rule

    def _value(self) -> Word:
        if self.token.kind not in ("word", "quoted"):
            raise self._wrong("Write a word, or several in '…'.")
        return self._next()

    def _day(self) -> date:
        token = self._value()
        try:
            if _DAY.fullmatch(token.text):
                return date.fromisoformat(token.text)
        except ValueError:
            pass
        raise SegmentError(token.position, f"{token.shown} is no day", "Write it like 2026-01-31.")

    def _word(self, where: Field) -> str:
        """Read a word to compare with, in the form in which it is stored."""
        token = self._value()
        word = token.text
        match where.kind:
            case Kind.COUNTRY if word:
                try:
                    return country_code(word)
                except UserError as error:
                    found, _, fix = str(error).partition(". ")
                    raise SegmentError(token.position, found, fix) from None
            case Kind.LOCALE | Kind.LANGUAGE:
                return self._locale(token, alone=where.kind is Kind.LANGUAGE)
            case Kind.ZONE:
                self._check(word, self.vocabulary.zones, "time zone", token)
            case Kind.TOPIC:
                self._check(word, self.vocabulary.topics, "topic", token)
            case Kind.LIST:
                self._check(word, [*Standing], "state of a list", token)
        return word

    def _locale(self, token: Word, *, alone: bool) -> str:
        try:
            locale = normalize(token.text)
        except ValueError:
            found = f"{token.shown} is not a locale"
            fix = "Write a language, like es, or with a country, like es_UY."
            raise SegmentError(token.position, found, fix) from None
        if alone and "_" in locale:
            fix = f"Write language = {locale.partition('_')[0]}, or locale = {locale}."
            raise SegmentError(token.position, f"{token.shown} is more than a language", fix)
        return locale

    def _check(self, word: str, known: Collection[str] | None, what: str, token: Word) -> None:
        if known is None or word in known:
            return
        otherwise = f"Known are {listed(sorted(known)[:10])}." if known else "None is set up."
        fix = did_you_mean(word, known, otherwise=otherwise)
        raise SegmentError(token.position, f"there is no {what} '{word}'", fix)
