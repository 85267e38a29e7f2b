"""Translations that came back, taken into a catalog: what changes, and what is wrong with the rest.

Only a real change is one. What is wrong is left out and told in a line; all
the rest is taken.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from campaigner.core.exchange import Offer, State, key_of, plain
from campaigner.rendering.briefs import Brief
from campaigner.rendering.catalogs import CAMPAIGNS, TEMPLATES, quoted
from campaigner.rendering.placeholders import differences, stray_percent
from campaigner.rendering.podocuments import FUZZY, Key, PoDocument, PoEntry
from campaigner.rendering.pofiles import plural_names

COLUMN = "translation"


@dataclass(frozen=True, kw_only=True)
class Taken:
    """One text that changes. `state` is how its string stands afterwards."""

    brief: Brief
    form: str
    source: str
    before: str
    after: str
    state: State


@dataclass(frozen=True, kw_only=True)
class Refused:
    """What was left out: where it stood in the file, and a sentence without its stop."""

    place: str
    sentence: str


@dataclass
class Comparison:
    """What came back, against what there is. `entries` by domain are to be written."""

    entries: dict[str, dict[Key, PoEntry]] = field(default_factory=dict)
    taken: list[Taken] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class _Found:
    """A text that came back, and the string that it is for. `edited`: its source is another now."""

    offer: Offer
    brief: Brief
    form: int
    edited: bool


def compare(
    offers: Iterable[Offer],
    briefs: Sequence[Brief],
    documents: Mapping[str, PoDocument],
    *,
    locale: str,
) -> Comparison:
    """Compare what came back with the catalogs, by domain, that it is for."""
    return _Comparer(briefs, documents, locale).compare(offers)


class _Comparer:
    def __init__(
        self, briefs: Sequence[Brief], documents: Mapping[str, PoDocument], locale: str
    ) -> None:
        self.documents = documents
        self.names = [name for name, _ in plural_names(locale)]
        self.result = Comparison()
        self.by_key: dict[str, tuple[Brief, int]] = {}
        self.by_context: dict[str, list[Brief]] = {}
        for brief in briefs:
            context, message = brief.key
            for form, name in enumerate(self._forms(brief)):
                self.by_key[key_of(brief.domain, context, message, name)] = (brief, form)
            self.by_context.setdefault(context or "", []).append(brief)

    def compare(self, offers: Iterable[Offer]) -> Comparison:
        strings: dict[tuple[str, Key], dict[int, _Found]] = {}
        for offer in offers:
            if (found := self._find(offer)) is None:
                continue
            forms = strings.setdefault((found.brief.domain, found.brief.key), {})
            if found.form in forms:
                self._tell_twice(forms[found.form], found)
                continue
            forms[found.form] = found
        for forms in strings.values():
            self._take(forms)
        return self.result

    def _find(self, offer: Offer) -> _Found | None:
        if known := self.by_key.get(offer.key):
            brief, form = known
            return _Found(offer=offer, brief=brief, form=form, edited=False)
        same = self.by_context.get(offer.context or "", [])
        exact = [brief for brief in same if plain(offer.source) in map(plain, _sources(brief))]
        alone = same if len(same) == 1 and same[0].domain == CAMPAIGNS else []
        for brief in exact or alone:
            forms = self._forms(brief)
            if offer.form in forms:
                form = forms.index(offer.form)
                return _Found(offer=offer, brief=brief, form=form, edited=not exact)
        if not offer.is_empty:
            about = offer.context or quoted(offer.source)
            self._refuse(offer, f"'{about}' is no string of this workspace: not taken")
        return None

    def _tell_twice(self, first: _Found, second: _Found) -> None:
        if second.offer.is_empty or second.offer.translation == first.offer.translation:
            return
        again = f"comes twice, also in {first.offer.place}, and differs: only that is taken"
        self._refuse(second.offer, f"{self._name(second)} {again}")

    def _take(self, forms: Mapping[int, _Found]) -> None:
        """Take what changed of one string."""
        first = forms[min(forms)]
        brief = first.brief
        entry = self._entry(brief)
        strings = [*entry.strings, *[""] * (len(self._forms(brief)) - len(entry.strings))]
        before = list(strings)
        changed, looked_at = [], 0
        for form, found in sorted(forms.items()):
            offer, current = found.offer, strings[form]
            untouched = offer.untouched(current)
            if fault := self._fault(found, current, untouched):
                self._refuse(offer, f"{self._name(found)}: {fault}")
                continue
            if not untouched:
                strings[form] = offer.translation
                changed.append(found)
            looked_at += not untouched or (offer.new_state is State.DONE and not offer.is_empty)
        self._tell_lost(forms)
        fresh = entry if strings == before else entry.changed(strings=tuple(strings))
        fresh = self._judged(fresh, forms, changed, whole=looked_at == len(self._forms(brief)))
        note = next((found.offer.new_note for found in forms.values() if found.offer.new_note), "")
        if note and plain(note) != plain("\n".join(entry.notes)):
            fresh = fresh.changed(notes=tuple(note.splitlines()))
        if fresh == entry:
            return
        self.result.entries.setdefault(brief.domain, {})[brief.key] = fresh
        for found in changed or [first]:
            self.result.taken.append(
                Taken(
                    brief=brief,
                    form=self._forms(brief)[found.form],
                    source=_source(found),
                    before=before[found.form],
                    after=strings[found.form],
                    state=State.CHECK if fresh.check_again else State.DONE,
                )
            )

    def _judged(
        self, fresh: PoEntry, forms: Mapping[int, _Found], changed: Sequence[_Found], *, whole: bool
    ) -> PoEntry:
        """Mark the string as good, or to be checked again, as translator and source text say.

        It is good when every form of it was looked at: changed, or said to be done.
        """
        if not any(fresh.strings):
            return fresh
        if edited := [found for found in changed if found.edited]:
            source = edited[0].offer.source
            return fresh.to_check(previous=source, previous_plural=source)
        if any(found.edited for found in forms.values()):
            return fresh
        offers = [found.offer for found in forms.values()]
        if any(offer.new_state is State.CHECK and not offer.is_empty for offer in offers):
            flags = (FUZZY, *(flag for flag in fresh.flags if flag != FUZZY))
            return fresh.changed(flags=flags)
        return fresh.settled() if whole else fresh

    def _fault(self, found: _Found, current: str, untouched: bool) -> str:
        """Say what is wrong with one text; empty if it can be taken, or changes nothing."""
        offer, brief = found.offer, found.brief
        if offer.fault:
            # What the file cannot say any more is no loss where it says what there is.
            lost = offer.is_empty or not untouched
            return f"{offer.fault}: it stays as it was" if lost else ""
        if untouched:
            typed_over = offer.key and not found.edited and offer.place.startswith("row")
            known = {plain(source).casefold() for source in _sources(brief)}
            if typed_over and offer.source and plain(offer.source).casefold() not in known:
                return f"its source text was typed over. Write into the column '{COLUMN}'"
            return ""
        sources = _sources(brief)
        wrong = differences(sources if found.form == 0 else sources[-1:], offer.translation)
        if not wrong and brief.domain == TEMPLATES and stray_percent(offer.translation):
            wrong = "it has a % that stands for itself and is not written %%"
        return f"{wrong}: not taken" if wrong else ""

    def _tell_lost(self, forms: Mapping[int, _Found]) -> None:
        """Tell which forms did not come back of a plural string of which others did."""
        first = forms[min(forms)]
        names = self._forms(first.brief)
        for form, name in enumerate(names):
            if form not in forms:
                said = f"{_context(first.brief)} ({name}): this plural form is lost"
                self._refuse(first.offer, f"{said}: it stays as it was")

    def _entry(self, brief: Brief) -> PoEntry:
        context, message = brief.key
        empty = PoEntry(
            context=context,
            message=message,
            plural=brief.string.plural,
            strings=("",),
            references=brief.references,
        )
        return self.documents[brief.domain].by_key.get(brief.key, empty)

    def _forms(self, brief: Brief) -> list[str]:
        return self.names if brief.string.plural else [""]

    def _name(self, found: _Found) -> str:
        form = self._forms(found.brief)[found.form]
        return _context(found.brief) + (f" ({form})" if form else "")

    def _refuse(self, offer: Offer, sentence: str) -> None:
        self.result.refused.append(Refused(place=offer.place, sentence=sentence))


def _sources(brief: Brief) -> tuple[str, ...]:
    string = brief.string
    return (string.message, string.plural) if string.plural else (string.message,)


def _source(found: _Found) -> str:
    sources = _sources(found.brief)
    return sources[min(found.form, len(sources) - 1)]


def _context(brief: Brief) -> str:
    return brief.string.context or f'"{quoted(brief.string.message)}"'
