"""Texts of a campaign file: one for every locale, or one per locale; and what may be filled in."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from campaigner.core.campaign import ANY, Wording
from campaigner.core.locales import chain, normalize
from campaigner.core.placeholders import NAME, RESERVED, names_in, stray_mark
from campaigner.core.spelling import did_you_mean, listed
from campaigner.loading import shapes
from campaigner.loading.problems import Problems, quoted
from campaigner.loading.yaml import ListNode, MapNode, Node, ScalarNode


@dataclass(frozen=True, kw_only=True)
class Languages:
    """The locales of a campaign, as far as they could be read."""

    source: str
    all: tuple[str, ...]

    @property
    def named(self) -> frozenset[str]:
        """What a text of one's own may be given for: each locale, its ancestors, the source."""
        return frozenset(name for locale in (*self.all, self.source) for name in chain(locale))


@dataclass(frozen=True, kw_only=True)
class Wordings:
    """Reads the texts of one campaign. `variables` are what `{{ name }}` may name."""

    problems: Problems
    languages: Languages
    variables: frozenset[str] = frozenset()

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
            if missing and self.languages.source:
                found = f"`{name}` has no text that could be translated for {listed(missing)}"
                fix = f"Add `{self.languages.source}: …`, or a text for each."
                self.problems.add(node.line, found, fix)
            source = next(iter(given.values()))
        return Wording(context=context, source=source, given=given, line=node.line)

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
            if asked not in self.variables:
                self.problems.add(value.line, *self._unknown(asked, name))
        return value.text

    def _unknown(self, asked: str, name: str) -> tuple[str, str]:
        found = f"`{name}` asks for {{{{ {asked} }}}}, but there is no such variable"
        otherwise = f"Add `{asked}: …` under `variables`."
        return found, did_you_mean(asked, self.variables, otherwise=otherwise)


def read_variables(
    wordings: Wordings, node: Node | None, *, campaign: str
) -> Mapping[str, Wording]:
    """Return the campaign's variables. A value may not ask for another variable."""
    if node is None:
        return {}
    if not isinstance(node, MapNode):
        found = "`variables` must be names with their values"
        wordings.problems.add(node.line, found, 'Write them as `name: "value"`.')
        return {}
    out: dict[str, Wording] = {}
    for key, value in node.entries:
        if not NAME.fullmatch(key.text) or key.text in RESERVED:
            found = f"{quoted(key.text)} cannot be the name of a variable"
            fix = "Begin with a lower-case letter; go on with those, digits and underscores."
            wordings.problems.add(key.line, found, fix)
            continue
        context = f"{campaign} variables.{key.text}"
        if (wording := wordings.wording(value, key.text, context=context)) is not None:
            out[key.text] = wording
    return out


def variable_names(node: Node | None) -> frozenset[str]:
    """Return every name that stands under `variables`, right or wrong: it is told once, there."""
    if not isinstance(node, MapNode):
        return frozenset()
    return frozenset(key.text for key, _ in node.entries)


def listed_nodes(node: Node) -> tuple[Node, ...]:
    """Return what is in a list, or a single value as the only one."""
    return node.items if isinstance(node, ListNode) else (node,)
