"""To whom the editions of a campaign go: `topics`, and `audience`."""

import re
from collections.abc import Mapping
from decimal import Decimal

from campaigner.core.campaign import Audience
from campaigner.core.rules import written
from campaigner.core.segments import LONGEST, SegmentError, Vocabulary, parse
from campaigner.loading import shapes
from campaigner.loading.problems import Problems, quoted
from campaigner.loading.yaml import Node

KNOWN = ("segment", "local", "sample")
TOPICS_FILE = "campaigns/data/topics.yaml"


def read_audience(
    problems: Problems, fields: Mapping[str, Node], vocabulary: Vocabulary
) -> Audience:
    """Return whom the editions go to; all of the list's readers where nothing is said."""
    node = fields.get("audience")
    found = {} if node is None else shapes.fields(problems, node, "the audience", known=KNOWN)
    return Audience(
        topics=_topics(problems, fields.get("topics"), vocabulary),
        segment=_segment(problems, found.get("segment"), vocabulary),
        local=_local(problems, found.get("local")),
        sample=_sample(problems, found.get("sample")),
    )


def _topics(problems: Problems, node: Node | None, vocabulary: Vocabulary) -> tuple[str, ...]:
    topics: list[str] = []
    for value in shapes.texts(problems, node, "topics") if node is not None else ():
        if value.text in topics:
            problems.add(
                value.line, f"{quoted(value.text)} is named twice in `topics`", "Keep one."
            )
        elif vocabulary.topics is None or shapes.one_of(
            problems, value, "topic", vocabulary.topics, where=f"in {TOPICS_FILE}"
        ):
            topics.append(value.text)
    return tuple(topics)


def _segment(problems: Problems, node: Node | None, vocabulary: Vocabulary) -> str:
    """Return the rule with the named segments put into it; empty if there is none, or a faulty."""
    value = shapes.text(problems, node, "segment")
    if value is None:
        return ""
    try:
        text = written(parse(value.text, vocabulary))
    except SegmentError as error:
        found = f"`segment` is not understood at its character {error.position}: {error.found}"
        problems.add(value.line, found, error.fix)
        return ""
    if len(text) > LONGEST:
        found = (
            f"`segment` has {len(text):,} characters with all that it names, more than {LONGEST:,}"
        )
        problems.add(value.line, found, "Write a simpler rule.")
    return text


def _local(problems: Problems, node: Node | None) -> bool:
    value = shapes.text(problems, node, "local")
    if value is None or value.text in ("true", "false"):
        return value is not None and value.text == "true"
    fix = "Write `local: true` for the same time on each reader's own clock, or remove it."
    problems.add(value.line, f"`local` is {quoted(value.text)}, but can be true or false", fix)
    return False


def _sample(problems: Problems, node: Node | None) -> str:
    value = shapes.text(problems, node, "sample")
    if value is None:
        return ""
    if match := re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]{1,2})?) ?%", value.text):
        if 0 < Decimal(match[1]) < 100:
            return f"{match[1]}%"
    elif re.fullmatch(r"[0-9]{1,7}", value.text) and int(value.text) > 0:
        return str(int(value.text))
    found = (
        f"`sample` is {quoted(value.text)}, but must be a part of the readers, or a number of them"
    )
    problems.add(value.line, found, "Write it like 5% or 200.")
    return ""
