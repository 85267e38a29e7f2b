"""Segments with a name, to be used wherever a rule may stand: `campaigns/data/segments.yaml`.

::

    segments:
      brazil: country = BR
      engineers-of-the-region: brazil and attributes.role contains 'engineer'
"""

import re
from collections.abc import Collection, Mapping
from pathlib import Path

from campaigner.core.rules import Kind
from campaigner.core.segments import SegmentError, Vocabulary, parse
from campaigner.loading import shapes
from campaigner.loading.problems import Problems, quoted
from campaigner.loading.yaml import MapNode, ScalarNode, read_yaml

MOST = 200
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,59}")
_RESERVED = frozenset({*Kind, "and", "or", "not", "in", "is", "set", "contains"})


def load_segments(
    path: Path, *, topics: Collection[str] | None, lists: Collection[str] | None
) -> Mapping[str, str]:
    """Read the named rules, each as its text, in the order of the file; none without a file.

    A rule may name others, also later ones. Raises FileError with every
    problem of the file.
    """
    if not path.exists():
        return {}
    problems = Problems(path)
    root = read_yaml(path, problems)
    fields = shapes.fields(problems, root, "the file", known=("segments",), required=("segments",))
    rules: dict[str, ScalarNode] = {}
    node = fields.get("segments")
    if isinstance(node, MapNode):
        for key, value in node.entries:
            rule = shapes.text(problems, value, key.text)
            if not _NAME.fullmatch(key.text) or key.text in _RESERVED:
                fix = "Begin with a lower-case letter; go on with those, digits, - and _."
                problems.add(key.line, f"{quoted(key.text)} cannot name a segment", fix)
            elif rule is not None:
                rules[key.text] = rule
    elif node is not None:
        problems.add(node.line, "`segments` has no names", "Write each as NAME: RULE.")
    if len(rules) > MOST:
        problems.add(root.line, f"there are {len(rules)} segments", f"Keep at most {MOST}.")
    texts = {name: rule.text for name, rule in rules.items()}
    vocabulary = Vocabulary(segments=texts, topics=topics, lists=lists)
    for name, rule in rules.items():
        try:
            parse(rule.text, vocabulary)
        except SegmentError as error:
            found = f"the segment '{name}', character {error.position}: {error.found}"
            problems.add(rule.line, found, error.fix)
    problems.raise_any()
    return texts
