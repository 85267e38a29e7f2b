"""The content library: texts and hashtags that every campaign may use, each written once.

`campaigns/data/library.yaml`. A campaign asks for a text as `{{ library.name }}`
and for a hashtag as `library.name`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from campaigner.core.campaign import Wording
from campaigner.core.placeholders import LIBRARY
from campaigner.loading import shapes
from campaigner.loading.hashtags import SharedTags, hashtag_fault
from campaigner.loading.problems import Problems
from campaigner.loading.wordings import Wordings, named_nodes, read_locale
from campaigner.loading.yaml import Node, read_yaml

KNOWN = ("source_locale", "texts", "hashtags")


@dataclass(frozen=True, kw_only=True)
class Library:
    """What may be used again. `texts` and `hashtags` by name, as it stands in the file.

    A text that has no words of its own for a locale is translated: its
    context is `library NAME`.
    """

    texts: Mapping[str, Wording] = field(default_factory=dict)
    hashtags: SharedTags = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        """What a campaign's texts may ask for, like `library.english_only`."""
        return frozenset(LIBRARY + name for name in self.texts)

    def used(self, asked: Collection[str]) -> Mapping[str, Wording]:
        """Return those of the texts that are `asked` for, by the name with which they are."""
        return {
            LIBRARY + name: text for name, text in self.texts.items() if LIBRARY + name in asked
        }


def load_library(path: Path, *, partners: Collection[str]) -> Library:
    """Read the library; an empty one where there is no file. `partners` are their ids.

    Raises FileError with every problem of the file.
    """
    if not path.exists():
        return Library()
    problems = Problems(path)
    root = read_yaml(path, problems)
    found = shapes.fields(problems, root, "the library", known=KNOWN)
    texts = found.get("texts")
    if texts is not None and "source_locale" not in found:
        fix = "Add `source_locale: en`, or whichever it is."
        problems.add(texts.line, "the library does not say in which language its texts are", fix)
    source = shapes.text(problems, found.get("source_locale"), "source_locale")
    constants = Wordings.of_constants(problems, partners=partners)
    reader = _Reader(constants.written_in(read_locale(problems, source) or ""))
    library = Library(texts=reader.texts(texts), hashtags=reader.hashtags(found.get("hashtags")))
    problems.raise_any()
    return library


@dataclass(frozen=True)
class _Reader:
    wordings: Wordings

    def texts(self, node: Node | None) -> Mapping[str, Wording]:
        nodes = named_nodes(self.wordings.problems, node, "`texts`", each="a text")
        read = {
            name: self.wordings.wording(value, name, context=f"library {name}")
            for name, value in nodes
        }
        return {name: text for name, text in read.items() if text is not None}

    def hashtags(self, node: Node | None) -> SharedTags:
        nodes = named_nodes(self.wordings.problems, node, "`hashtags`", each="a hashtag")
        return {name: self._hashtag(name, value) for name, value in nodes}

    def _hashtag(self, name: str, node: Node) -> Mapping[str, str]:
        words = {}
        for locale, value in self.wordings.by_locale(node, name).items():
            if (word := shapes.text(self.wordings.problems, value, name)) is None:
                continue
            if fault := hashtag_fault(word.text):
                self.wordings.problems.add(word.line, *fault)
            words[locale] = word.text
        return words
