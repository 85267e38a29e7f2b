"""Topics that subscribers choose among: `campaigns/data/topics.yaml`.

::

    topics:
      - id: policy
        title: {en: Policy development, es: Desarrollo de políticas}
"""

import re
from collections.abc import Mapping
from pathlib import Path

from campaigner.core.locales import normalize
from campaigner.loading import shapes
from campaigner.loading.problems import Problems, quoted
from campaigner.loading.yaml import MapNode, Node, ScalarNode, read_yaml

MOST = 50
LONGEST_TITLE = 80
_ID = re.compile(r"[a-z][a-z0-9-]{0,39}")

Titles = Mapping[str, str]
"""A topic's title by locale, first that of the file's own language."""


def load_topics(path: Path) -> Mapping[str, Titles]:
    """Read the topics by id, in the order of the file; none where there is no file.

    Raises FileError with every problem of the file.
    """
    if not path.exists():
        return {}
    problems = Problems(path)
    root = read_yaml(path, problems)
    found: dict[str, Titles] = {}
    fields = shapes.fields(problems, root, "the file", known=("topics",), required=("topics",))
    for node in shapes.items(problems, fields.get("topics"), "topics"):
        _topic(problems, node, found)
    if len(found) > MOST:
        problems.add(root.line, f"there are {len(found)} topics", f"Keep at most {MOST}.")
    problems.raise_any()
    return found


def _topic(problems: Problems, node: Node, found: dict[str, Titles]) -> None:
    fields = shapes.fields(
        problems, node, "a topic", known=("id", "title"), required=("id", "title")
    )
    id = shapes.text(problems, fields.get("id"), "id")
    titles = _titles(problems, fields.get("title"))
    if id is None:
        return
    if not _ID.fullmatch(id.text):
        fix = "Begin with a lower-case letter; go on with those, digits and hyphens."
        problems.add(id.line, f"{quoted(id.text)} cannot be the id of a topic", fix)
    elif id.text in found:
        problems.add(id.line, f"the topic {quoted(id.text)} comes twice", "Keep one.")
    else:
        found[id.text] = titles


def _titles(problems: Problems, node: Node | None) -> Titles:
    """Return the title of each locale; one for all where it is a plain text."""
    if isinstance(node, ScalarNode):
        title = shapes.text(problems, node, "title")
        return {"en": title.text} if title else {}
    if not isinstance(node, MapNode):
        if node is not None:
            fix = "Write title: {en: …, es: …}."
            problems.add(node.line, "`title` is a list", fix)
        return {}
    titles: dict[str, str] = {}
    for key, value in node.entries:
        try:
            locale = normalize(key.text)
        except ValueError:
            fix = "Write a language, like es, or with a country, like pt_BR."
            problems.add(key.line, f"{quoted(key.text)} is not a locale", fix)
            continue
        title = shapes.text(problems, value, f"title in {locale}")
        if title is not None and len(title.text) > LONGEST_TITLE:
            found = f"the title in {locale} has {len(title.text)} characters"
            problems.add(title.line, found, f"Write at most {LONGEST_TITLE}.")
        elif title is not None:
            titles[locale] = title.text
    return titles
