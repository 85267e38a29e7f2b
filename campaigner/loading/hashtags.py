"""Hashtags of an item: words of its own, and those of the library, each in every language."""

from collections.abc import Mapping, Sequence

import regex

from campaigner.core.campaign import ANY
from campaigner.core.locales import chain
from campaigner.core.placeholders import LIBRARY
from campaigner.core.spelling import did_you_mean, listed
from campaigner.loading import shapes
from campaigner.loading.problems import quoted
from campaigner.loading.wordings import LIBRARY_FILE, Wordings
from campaigner.loading.yaml import Node, ScalarNode

SharedTags = Mapping[str, Mapping[str, str]]
"""The library's hashtags: by name, the word of each locale, ANY for the others."""

HASHTAG = regex.compile(r"[\p{L}\p{M}\p{N}_]*\p{L}[\p{L}\p{M}\p{N}_]*")


def hashtag_fault(text: str) -> tuple[str, str] | None:
    """Return what is wrong with a hashtag and what to do; None if networks take it."""
    if HASHTAG.fullmatch(text):
        return None
    bare = regex.sub(r"[^\p{L}\p{M}\p{N}_]", "", text)
    fix = "Use letters, digits and underscores, one letter at least."
    if HASHTAG.fullmatch(bare):
        fix = f"Write {bare}: the # is added when it is posted."
    return f"{quoted(text)} cannot be a hashtag", fix


def read_hashtags(
    wordings: Wordings, node: Node | None, shared: SharedTags
) -> Mapping[str, tuple[str, ...]]:
    """Return the hashtags by locale, ANY for the others; `library.name` in each locale's word.

    Where the library is used, every locale that a post may be in has its entry.
    """
    if node is None:
        return {}
    written = {
        locale: _tags(wordings, value, shared)
        for locale, value in wordings.by_locale(node, "hashtags").items()
    }
    if not any(tag.text.startswith(LIBRARY) for tags in written.values() for tag in tags):
        return {locale: tuple(tag.text for tag in tags) for locale, tags in written.items()}
    return _in_each_locale(wordings, written, shared)


def word_in(words: Mapping[str, str], locale: str) -> str | None:
    """Return a shared hashtag's word for a locale, its nearest ancestor, or all."""
    return next((words[key] for key in (*chain(locale), ANY) if key in words), None)


def _tags(wordings: Wordings, node: Node, shared: SharedTags) -> list[ScalarNode]:
    """Return the tags that can be used; those of the library by their name there."""
    out = []
    for tag in shapes.texts(wordings.problems, node, "hashtags"):
        name = tag.text.lstrip("#")
        own = name.removeprefix(LIBRARY)
        if own == name:
            fault = hashtag_fault(tag.text)
        elif own not in shared:
            add = f"Add `{own}: …` under `hashtags` in {LIBRARY_FILE}."
            found = f"there is no hashtag {quoted(own)} in the library"
            fault = found, did_you_mean(own, shared, otherwise=add)
        elif name != tag.text:
            fault = f"{quoted(tag.text)} has a # before it", f"Write {name}: the # is added."
        else:
            fault = None
        if fault is None:
            out.append(tag)
        else:
            wordings.problems.add(tag.line, *fault)
    return out


def _in_each_locale(
    wordings: Wordings, written: Mapping[str, Sequence[ScalarNode]], shared: SharedTags
) -> Mapping[str, tuple[str, ...]]:
    languages = wordings.languages
    out: dict[str, tuple[str, ...]] = {}
    wordless: dict[tuple[int, str], list[str]] = {}
    for locale in dict.fromkeys((*languages.all, languages.source)):
        tags = next((written[key] for key in (*chain(locale), ANY) if key in written), ())
        words: dict[str, None] = {}
        for tag in tags:
            if not tag.text.startswith(LIBRARY):
                words[tag.text] = None
            elif word := word_in(shared[tag.text.removeprefix(LIBRARY)], locale):
                words[word] = None
            elif locale in languages.all:
                wordless.setdefault((tag.line, tag.text), []).append(locale)
        out[locale] = tuple(words)
    for (line, name), locales in wordless.items():
        found = f"the hashtag {name} has no word for {listed(locales)}"
        fix = f"Add `{locales[0]}: …` to it in {LIBRARY_FILE}, or `{ANY}: …` for every language."
        wordings.problems.add(line, found, fix)
    return out
