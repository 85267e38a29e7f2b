"""Texts of a campaign file: one for every locale, or one per locale; and what may be filled in."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from campaigner.core.campaign import ANY, Wording
from campaigner.core.locales import chain, normalize
from campaigner.core.placeholders import LIBRARY, NAME, PARTNER, RESERVED, names_in, stray_mark
from campaigner.core.spelling import did_you_mean, listed
from campaigner.loading import shapes
from campaigner.loading.problems import Problems, quoted
from campaigner.loading.yaml import ListNode, MapNode, Node, ScalarNode

PARTNERS_FILE = "campaigns/data/partners.yaml"
LIBRARY_FILE = "campaigns/data/library.yaml"
NAME_RULE = "Begin with a lower-case letter; go on with those, digits and underscores."


@dataclass(frozen=True, kw_only=True)
class Languages:
    """The locales of a campaign, as far as they could be read.

    `any_other`: texts that campaigns share must do for locales that nobody knows yet.
    """

    source: str
    all: tuple[str, ...]
    any_other: bool = False

    @property
    def named(self) -> frozenset[str]:
        """What a text of one's own may be given for: each locale, its ancestors, the source."""
        return frozenset(name for locale in (*self.all, self.source) for name in chain(locale))


@dataclass(frozen=True, kw_only=True)
class Wordings:
    """Reads the texts of one campaign. `names` are what may stand between braces.

    `constant`: what is read may itself be asked for, and can name partners
    only. `locale` is set where what is read has a source language of its own.
    `asked` gathers every name that a text asks for.
    """

    problems: Problems
    languages: Languages
    names: frozenset[str] = frozenset()
    constant: bool = False
    locale: str = ""
    asked: set[str] = field(default_factory=set)

    @classmethod
    def of_constants(cls, problems: Problems, *, partners: Collection[str] = ()) -> "Wordings":
        """Return what reads texts that campaigns share, in whatever languages there are."""
        languages = Languages(source="", all=(), any_other=True)
        names = frozenset(PARTNER + partner for partner in partners)
        return cls(problems=problems, languages=languages, names=names, constant=True)

    def written_in(self, locale: str) -> "Wordings":
        """Return what reads texts whose source is in `locale`."""
        return replace(self, languages=replace(self.languages, source=locale), locale=locale)

    def wording(self, node: Node | None, name: str, *, context: str) -> Wording | None:
        """Return a text, or a text per locale; None (and a problem) if there is none.

        Of a mapping, `all`, or else the source locale's text, is what the
        locales that are not named translate.
        """
        if node is None:
            return None
        texts = {
            locale: text
            for locale, value in self.by_locale(node, name).items()
            if (text := self.filled(value, name)) is not None
        }
        if not texts:
            return None
        source = texts.get(ANY) or texts.get(self.languages.source)
        given = {locale: text for locale, text in texts.items() if locale != ANY}
        if source is None:
            missing = [each for each in self.languages.all if given.keys().isdisjoint(chain(each))]
            if self.languages.source and (missing or self.languages.any_other):
                others = listed(missing) if missing else "other languages"
                found = f"`{name}` has no text that could be translated for {others}"
                or_each = ", or a text for each" if missing else ""
                fix = f"Add `{self.languages.source}: …`{or_each}."
                self.problems.add(node.line, found, fix)
            source = next(iter(given.values()))
        return Wording(
            context=context, source=source, given=given, locale=self.locale, line=node.line
        )

    def by_locale(
        self, node: Node, name: str, *, besides: Collection[str] = ()
    ) -> Mapping[str, Node]:
        """Return what a value is for each locale named, ANY for the others.

        A value that is no mapping is one for all. `besides` are other keys
        that the author may have had in mind.
        """
        if not isinstance(node, MapNode):
            return {ANY: node}
        if not node.entries:
            self.problems.add(node.line, f"`{name}` is empty", "Write something, or remove it.")
        out: dict[str, Node] = {}
        for key, value in node.entries:
            if (locale := self._locale(key, name, besides)) is None:
                continue
            if locale in out:
                found = f"{quoted(key.text)} names {locale} in `{name}` for the second time"
                self.problems.add(key.line, found, "Keep one of the two.")
                continue
            out[locale] = value
        return out

    def _locale(self, key: ScalarNode, name: str, besides: Collection[str]) -> str | None:
        if key.text == ANY:
            return ANY
        try:
            locale = normalize(key.text)
        except ValueError:
            locale = ""
        if locale and (not self.languages.all or locale in self.languages.named):
            return locale
        known = [*self.languages.all, *besides, ANY]
        what = "is no locale of the campaign" if locale else "is no locale"
        fix = did_you_mean(key.text, known, otherwise=f"Known here are {listed(known)}.")
        self.problems.add(key.line, f"{quoted(key.text)} in `{name}` {what}", fix)
        return None

    def filled(self, node: Node, name: str) -> str | None:
        """Return a text whose placeholders are all known; None if it is no text."""
        if (value := shapes.text(self.problems, node, name)) is None:
            return None
        if (mark := stray_mark(value.text)) is not None:
            found = f"`{name}` holds `{mark}` that belongs to no placeholder"
            fix = "Write a placeholder as {{ name }}; nothing else is understood between braces."
            self.problems.add(value.line, found, fix)
        for asked in names_in(value.text):
            self.asked.add(asked)
            if asked not in self.names:
                self.problems.add(value.line, *self._unknown(asked, name))
        return value.text

    def _unknown(self, asked: str, name: str) -> tuple[str, str]:
        asks = f"`{name}` asks for {{{{ {asked} }}}}"
        kind, dot, own = asked.rpartition(".")
        known = [
            each.removeprefix(kind + dot) for each in self.names if each.startswith(kind + dot)
        ]
        if asked.startswith(PARTNER):
            found = f"{asks}, but there is no such partner"
            otherwise = f"Add `{own}: {{name: …}}` to {PARTNERS_FILE}."
        elif self.constant:
            return f"{asks}, but it can ask for partners only", "Write out what it stands for."
        elif asked.startswith(LIBRARY):
            found = f"{asks}, but there is no such text in the library"
            otherwise = f"Add `{own}: …` under `texts` in {LIBRARY_FILE}."
        elif dot:
            found = f"{asks}, but only {PARTNER}… and {LIBRARY}… have a dot"
            return found, "Write the name without one, or write out what it stands for."
        else:
            found = f"{asks}, but there is no such variable"
            otherwise = f"Add `{asked}: …` under `variables`."
        return found, did_you_mean(own, known, otherwise=otherwise)


def read_variables(
    wordings: Wordings, node: Node | None, *, campaign: str
) -> Mapping[str, Wording]:
    """Return the campaign's variables. A value may not ask for another variable."""
    out: dict[str, Wording] = {}
    for key, value in named_nodes(wordings.problems, node, "`variables`", each="a variable"):
        context = f"{campaign} variables.{key}"
        if (wording := wordings.wording(value, key, context=context)) is not None:
            out[key] = wording
    return out


def named_nodes(
    problems: Problems, node: Node | None, name: str, *, each: str
) -> Iterator[tuple[str, Node]]:
    """Yield what a mapping gives to names that can stand between braces; others are told.

    `each` is what such a name is the name of (`a variable`).
    """
    if node is None:
        return
    if not isinstance(node, MapNode):
        problems.add(node.line, f"{name} must be names with their values", "Write `name: …`.")
        return
    for key, value in node.entries:
        if not NAME.fullmatch(key.text) or key.text in RESERVED:
            found = f"{quoted(key.text)} cannot be the name of {each}"
            problems.add(key.line, found, NAME_RULE)
        else:
            yield key.text, value


def read_locale(problems: Problems, value: ScalarNode | None) -> str | None:
    """Return the CLDR name of a locale; None, and a problem, where it is none."""
    if value is None:
        return None
    try:
        return normalize(value.text)
    except ValueError:
        fix = "Write a language, and a territory where it matters, like es or pt_BR."
        problems.add(value.line, f"{quoted(value.text)} is not a locale", fix)
        return None


def variable_names(node: Node | None) -> frozenset[str]:
    """Return every name that stands under `variables`, right or wrong: it is told once, there."""
    if not isinstance(node, MapNode):
        return frozenset()
    return frozenset(key.text for key, _ in node.entries)


def listed_nodes(node: Node) -> tuple[Node, ...]:
    """Return what is in a list, or a single value as the only one."""
    return node.items if isinstance(node, ListNode) else (node,)
