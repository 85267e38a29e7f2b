"""A catalog brought up to date with the strings that there are now.

The identity of a campaign's string is its context: another source text under
the same one is an edit, and a person says whether its meaning changed.
"""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from campaigner.core.glossary import Glossary
from campaigner.rendering.briefs import Brief, comments_for
from campaigner.rendering.catalogs import CAMPAIGNS
from campaigner.rendering.podocuments import Key, PoDocument, PoEntry
from campaigner.rendering.pofiles import plural_names


@dataclass(frozen=True, kw_only=True)
class Edit:
    """A source text that was changed where translations of it exist."""

    context: str
    before: str
    after: str


@dataclass
class Merged:
    """The catalog as it should be, and what that changes, by context (or source text)."""

    document: PoDocument
    added: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    back: list[str] = field(default_factory=list)  # there before, and translated then
    moved: list[str] = field(default_factory=list)  # the same text at another place
    kept: list[str] = field(default_factory=list)  # edited, and the translation is still good
    to_check: list[str] = field(default_factory=list)  # edited, and to be checked again


def merge(
    document: PoDocument,
    briefs: Sequence[Brief],
    glossary: Glossary,
    *,
    locale: str,
    adds: Callable[[Brief], bool],
    mine: Callable[[str | None], bool],
    kept: Callable[[Edit], bool],
    settled: Collection[str] = (),
) -> Merged:
    """Bring a catalog of `locale` up to date with `briefs`, the strings that may stand in it.

    New ones come in, empty, where `adds` says so, in the order of `briefs`.
    Those that are gone become obsolete, if their context is `mine` to judge;
    without a translation they are left out. `kept` says whether an edited
    text still means the same; for the contexts in `settled` that is so even of
    an edit that was taken up before. Comments of translators and the header stay.
    """
    return _Merger(document, briefs, glossary, locale, adds, mine, kept, settled).merged()


class _Merger:
    def __init__(
        self,
        document: PoDocument,
        briefs: Sequence[Brief],
        glossary: Glossary,
        locale: str,
        adds: Callable[[Brief], bool],
        mine: Callable[[str | None], bool],
        kept: Callable[[Edit], bool],
        settled: Collection[str],
    ) -> None:
        self.briefs = {brief.key: brief for brief in briefs}
        self.glossary = glossary
        self.locale = locale
        self.adds = adds
        self.kept = kept
        self.settled = settled
        self.document = document
        self.in_use = dict(document.by_key)
        self.obsolete = {entry.key: entry for entry in document.entries if entry.obsolete}
        self.orphans = {
            key: entry
            for key, entry in self.in_use.items()
            if key not in self.briefs and mine(entry.context)
        }
        self.taken: set[Key] = set()  # what went to another place
        self.contexts = Counter(key[0] for key in self.briefs if key not in self.in_use)
        self.twins = {
            (entry.message, entry.plural): entry
            for entry in self.orphans.values()
            if any(entry.strings) and not self.contexts[entry.context]
        }
        self.result = Merged(document=document)

    def merged(self) -> Merged:
        """Replace entries where they stand, put new ones behind those before them in the file."""
        placed: dict[Key, PoEntry] = {}  # by the key of the entry whose place it takes
        behind: dict[Key | None, list[PoEntry]] = {}
        before: Key | None = None
        for key, brief in self.briefs.items():
            if key in self.in_use:
                placed[key] = self._still_there(self.in_use[key], brief)
                before = key
            elif edited := self._edited(brief):
                placed[edited.key] = self._after_edit(edited, brief)
                before = edited.key
            elif self.adds(brief):
                behind.setdefault(before, []).append(self._new(brief))
        entries = list(behind.get(None, []))
        gone: list[PoEntry] = []
        for entry in self.document.entries:
            if entry.obsolete or entry.key in self.taken:
                continue
            if entry.key in placed:
                entries.append(placed[entry.key])
            elif entry.key in self.orphans:
                gone += self._retired(entry)
            else:
                entries.append(entry)
            entries += behind.get(entry.key, [])
        buried = {entry.key for entry in (*entries, *gone)}
        still = [entry for key, entry in self.obsolete.items() if key not in buried]
        self.result.document = PoDocument(
            head=self.document.head,
            entries=(*entries, *still, *gone),
            tail=self.document.tail,
            newline=self.document.newline,
        )
        return self.result

    def _still_there(self, entry: PoEntry, brief: Brief) -> PoEntry:
        fresh = self._refreshed(entry, brief)
        if entry.check_again and "msgid" in entry.previous and entry.context in self.settled:
            self.result.kept.append(_name(brief.key))
            return fresh.settled()
        return fresh

    def _edited(self, brief: Brief) -> PoEntry | None:
        """Return the one entry that a string without one replaces: its context's only orphan."""
        if brief.domain != CAMPAIGNS:
            return None  # a policy process has many facts in one context
        same = [entry for entry in self.orphans.values() if entry.context == brief.key[0]]
        return same[0] if len(same) == 1 and self.contexts[brief.key[0]] == 1 else None

    def _after_edit(self, entry: PoEntry, brief: Brief) -> PoEntry:
        del self.orphans[entry.key]
        context, message = brief.key
        edited = entry.changed(message=message, plural=brief.string.plural)
        edited = self._refreshed(edited, brief)
        if not any(entry.strings):
            self.result.added.append(_name(brief.key))
            return edited
        before = entry.previous.get("msgid", entry.message) if entry.check_again else entry.message
        if entry.check_again and before == message:
            self.result.kept.append(_name(brief.key))  # the edit was taken back
            return edited.settled()
        if self.kept(Edit(context=context or "", before=entry.message, after=message)):
            self.result.kept.append(_name(brief.key))
            return edited
        self.result.to_check.append(_name(brief.key))
        plural = entry.previous.get("msgid_plural", entry.plural)
        return edited.to_check(previous=before, previous_plural=plural)

    def _new(self, brief: Brief) -> PoEntry:
        """Return a string's first entry: with a translation if it had one, or has one elsewhere."""
        if old := self.obsolete.get(brief.key):
            self.result.back.append(_name(brief.key))
            return self._refreshed(old.changed(obsolete=False), brief)
        context, message = brief.key
        text = message, brief.string.plural
        if brief.domain == CAMPAIGNS and (twin := self.twins.pop(text, None)):
            self.result.moved.append(_name(brief.key))
            del self.orphans[twin.key]
            self.taken.add(twin.key)
            return self._refreshed(twin.changed(context=context), brief)
        self.result.added.append(_name(brief.key))
        empty = PoEntry(context=context, message=message, plural=brief.string.plural, strings=("",))
        return self._refreshed(empty, brief)

    def _refreshed(self, entry: PoEntry, brief: Brief) -> PoEntry:
        forms = len(plural_names(self.locale)) if brief.string.plural else 1
        strings = (*entry.strings, *("" for _ in range(forms - len(entry.strings))))
        return entry.changed(
            plural=brief.string.plural,
            strings=strings if brief.string.plural else strings[:1],
            extracted=comments_for(brief, self.glossary, locale=self.locale),
            references=brief.references or entry.references,
        )

    def _retired(self, entry: PoEntry) -> list[PoEntry]:
        self.result.gone.append(_name(entry.key))
        if not any(entry.strings):
            return []
        return [entry.changed(obsolete=True, extracted=(), references=())]


def belongs_to(context: str | None, campaigns: Collection[str]) -> bool:
    """Whether a context is one of these campaigns' own: `<id>/…` or `<id> …`."""
    place = (context or "").partition(" ")[0].partition("/")[0]
    return place in campaigns


def _name(key: Key) -> str:
    context, message = key
    return context or message
