"""Whether a translation asks for what its source asks for, no more and no less.

`{{ name }}` in the texts of a campaign, `%(name)s` in the strings of a template.
"""

import re
from collections.abc import Sequence

from campaigner.core.placeholders import fill, names_in, stray_mark

_IN_PERCENT = re.compile(r"%\(([A-Za-z_][A-Za-z0-9_]*)\)[sd]")


def differences(sources: Sequence[str], translation: str) -> str:
    """Say how a translation's placeholders differ from its source's; empty if they do not.

    With two sources (singular and plural) what just one of them has may be there or not.
    """
    each = [_placeholders(source) for source in sources]
    needed, allowed = frozenset.intersection(*each), frozenset.union(*each)
    found = _placeholders(translation)
    said = []
    if lacking := sorted(needed - found):
        said.append(f"it lacks {', '.join(lacking)}")
    if extra := sorted(found - allowed):
        said.append(f"it has {', '.join(extra)}")
    return " and ".join(said)


def stray_percent(text: str) -> bool:
    """Whether a string of a template holds a `%` that is neither `%%` nor a placeholder."""
    return "%" in _IN_PERCENT.sub("", text.replace("%%", ""))


def has_words(text: str) -> bool:
    """Whether a text has anything to translate: a year, a number or an emoji alone has not."""
    return any(character.isalpha() for character in _without(text))


def _placeholders(text: str) -> frozenset[str]:
    found = {f"{{{{ {name} }}}}" for name in names_in(text)}
    found.update(f"%({name})s" for name in _IN_PERCENT.findall(text))
    if mark := stray_mark(text):
        found.add(mark)
    return frozenset(found)


def _without(text: str) -> str:
    return fill(text, dict.fromkeys(names_in(text), ""))
