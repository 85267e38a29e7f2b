"""Links that carry who brought the reader: utm_* parameters, and the message's key in utm_content.

What the parameters say is made by rules: one per parameter, a text that may
hold `{campaign}` and the like. Addresses are changed as text, never parsed and
written again: what an author pasted (an IDN, percent-encoding, the order of
its query) stays as it was.
"""

import re
from collections.abc import Mapping
from urllib.parse import quote, unquote_plus

from campaigner.core.spelling import did_you_mean, listed

KEY = "utm_content"
DEFAULTS: Mapping[str, str] = {
    "source": "{channel}",
    "medium": "social",
    "campaign": "{campaign}",
    "term": "",
}
"""The rule of each parameter that has one, by its name without `utm_`; an empty one sets none."""
FIELDS = ("campaign", "channel", "account", "locale", "item", "project")
"""What a rule may hold between braces."""

_FIELD = re.compile(r"\{(" + "|".join(FIELDS) + r")\}")
_BRACED = re.compile(r"\{[^{}]*\}|[{}]")


def rule_fault(name: str, rule: str) -> tuple[str, str] | None:
    """Return what is wrong with the rule for a parameter and what to do; None if nothing is."""
    if name == "content":
        found = "`content` is what campaigner itself sets: by it, posts are found again"
        return found, "Remove it; use `term` for what is yours to say."
    if name not in DEFAULTS:
        fix = did_you_mean(name, DEFAULTS, otherwise=f"Known are {listed(DEFAULTS)}.")
        return f"'{name}' is no part of a link that a rule can set", fix
    for asked in _BRACED.findall(rule):
        if not _FIELD.fullmatch(asked):
            known = [f"{{{field}}}" for field in FIELDS]
            fix = did_you_mean(asked, known, otherwise=f"Known are {listed(known)}.")
            return f"the rule for `{name}` holds '{asked}', which stands for nothing", fix
    return None


def parameters(rules: Mapping[str, str], fields: Mapping[str, str]) -> Mapping[str, str]:
    """Return what `tag` puts into a link: `rules` over DEFAULTS, filled in from `fields`.

    By name without `utm_`; what comes to nothing is left out. `fields` must
    hold all of FIELDS.
    """
    filled = {
        name: _FIELD.sub(lambda found: fields[found[1]], rule).strip()
        for name, rule in {**DEFAULTS, **rules}.items()
    }
    return {name: value for name, value in filled.items() if value}


def tag(link: str, parameters: Mapping[str, str], *, key: str) -> str:
    """Return `link` with utm_source and so on, and utm_content (the key), in its query.

    `parameters` are named without `utm_`. The rest of the query keeps its
    order; what it had of these is replaced, other utm_* stay. The fragment
    stays last. An empty link stays empty.
    """
    if not link:
        return link
    ours = {f"utm_{name}": value for name, value in parameters.items()} | {KEY: key}
    address, hash_mark, fragment = link.partition("#")
    page, _, query = address.partition("?")
    kept = [part for part in query.split("&") if part and _name(part) not in ours]
    added = [f"{name}={quote(value, safe='')}" for name, value in ours.items()]
    return f"{page}?{'&'.join(kept + added)}{hash_mark}{fragment}"


def key_in(url: str) -> str | None:
    """Return the key that `tag` put into `url`; None if it carries none."""
    query = url.partition("#")[0].partition("?")[2]
    # Networks that show HTML may hand the address on with its ampersands escaped.
    for part in re.split(r"&amp;|&", query):
        if _name(part) == KEY:
            return unquote_plus(part.partition("=")[2]) or None
    return None


def _name(part: str) -> str:
    return unquote_plus(part.partition("=")[0])
