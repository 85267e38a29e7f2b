"""The glossary of a workspace: `campaigns/data/glossary.yaml`.

A list of terms, each with its words by locale: a text, or
``{term: …, source: …, note: …}``, of which `source` makes them official.
"""

from collections.abc import Mapping
from pathlib import Path

from campaigner.core.glossary import Glossary, Term, Words
from campaigner.core.locales import normalize
from campaigner.loading import shapes
from campaigner.loading.problems import Problems, quoted
from campaigner.loading.yaml import MapNode, Node, ScalarNode, read_yaml

KNOWN = ("term", "source", "note")


def load_glossary(path: Path) -> Glossary:
    """Read a glossary; an empty one where there is no such file.

    Raises FileError with every problem of it.
    """
    if not path.exists():
        return Glossary()
    problems = Problems(path)
    root = read_yaml(path, problems)
    terms = tuple(
        Term(words=words)
        for node in shapes.items(problems, root, "glossary")
        if (words := _term(problems, node))
    )
    problems.raise_any()
    return Glossary(terms)


def _term(problems: Problems, node: Node) -> Mapping[str, Words]:
    if not isinstance(node, MapNode):
        found = "a term of the glossary needs its words by language"
        problems.add(node.line, found, "Write it as `en: …`, and below it `es: …`.")
        return {}
    out: dict[str, Words] = {}
    for key, value in node.entries:
        locale = _locale(problems, key)
        if locale in out:
            found = f"{quoted(key.text)} names {locale} for the second time"
            problems.add(key.line, found, "Keep one of the two; equal words are a list.")
        elif locale and (words := _words(problems, value, key.text)) is not None:
            out[locale] = words
    if len(out) == 1:
        found = "this term has words in one language only"
        problems.add(node.line, found, "Add those of another, or take it out.")
    return out


def _locale(problems: Problems, key: ScalarNode) -> str:
    try:
        return normalize(key.text)
    except ValueError:
        found = f"{quoted(key.text)} is no language"
        problems.add(key.line, found, "Write the name of a locale, like es or pt_BR.")
        return ""


def _words(problems: Problems, node: Node, name: str) -> Words | None:
    fields: Mapping[str, Node] = {"term": node}
    if isinstance(node, MapNode):
        fields = shapes.fields(problems, node, name, known=KNOWN, required=("term",))
    term = fields.get("term")
    words = tuple(each.text for each in shapes.texts(problems, term, name)) if term else ()
    source = shapes.text(problems, fields.get("source"), "source")
    shapes.text(problems, fields.get("note"), "note")
    return Words(words=words, source=source.text if source else "") if words else None
