"""`{{ name }}` in the texts of campaigns: the one thing that a text may ask to be filled in.

A name with a dot is not the campaign's own: `{{ partner.lacnic }}`, `{{ library.welcome }}`.
Nothing more of the template language is understood there: a text is written,
and translated, by people who need not know that there is one.
"""

import re
from collections.abc import Mapping

NAME = re.compile(r"[a-z_][a-z0-9_]*")
RESERVED = frozenset(["and", "else", "false", "if", "in", "is", "none", "not", "or", "true"])
"""Words that mean something else between the braces."""
PARTNER, LIBRARY = "partner.", "library."
"""What the names of partners and of the library's texts and hashtags begin with."""

_WORD = r"[A-Za-z_][A-Za-z0-9_]*"
_PLACEHOLDER = re.compile(rf"\{{\{{\s*({_WORD}(?:\.{_WORD})?)\s*\}}\}}")
_MARK = re.compile(r"\{\{|\}\}|\{%|%\}|\{#|#\}")


def names_in(text: str) -> tuple[str, ...]:
    """Return the names asked for, each once, in order of first use."""
    return tuple(dict.fromkeys(_PLACEHOLDER.findall(text)))


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put the values in. Every name that the text asks for must be among them."""
    return _PLACEHOLDER.sub(lambda found: values[found[1]], text)


def stray_mark(text: str) -> str | None:
    """Return the first mark of the template language that is no part of a `{{ name }}`.

    `{{ a b }}`, `{{ name|upper }}`, `{% if %}`, `{# note #}` and a lone `}}`
    all hold one.
    """
    mark = _MARK.search(_PLACEHOLDER.sub("", text))
    return mark.group() if mark else None
