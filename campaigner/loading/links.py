"""Links of a campaign file: where its posts lead, and the rules of what is added to them."""

from collections.abc import Mapping
from urllib.parse import urlsplit

import idna

from campaigner.core.links import rule_fault
from campaigner.loading import shapes
from campaigner.loading.problems import Problems, quoted
from campaigner.loading.yaml import MapNode, Node, ScalarNode


def read_rules(problems: Problems, node: Node | None) -> Mapping[str, str]:
    """Return the rules under `utm`. An empty one (`term: ""`) sets nothing."""
    if node is None:
        return {}
    if not isinstance(node, MapNode):
        fix = 'Write them like `utm: {campaign: "{campaign}-{locale}"}`.'
        problems.add(node.line, "`utm` must be parameters with their rules", fix)
        return {}
    rules = {}
    for key, value in node.entries:
        if isinstance(value, ScalarNode) and not value.text.strip():
            rule = ""
        else:
            written = shapes.text(problems, value, key.text)
            rule = written.text if written else ""
        if fault := rule_fault(key.text, rule):
            problems.add(key.line, *fault)
        rules[key.text] = rule
    return rules


def link_fault(link: str) -> tuple[str, str] | None:
    """Return what is wrong with a link and what to do; None if it is an https address.

    The host may be internationalized (IDNA 2008, with UTS 46 mapping).
    """
    shown = quoted(link)
    if any(character.isspace() for character in link):
        return f"the link {shown} has white space in it", "Write it without, or as %20."
    try:
        parts = urlsplit(link)
        host, _ = parts.hostname or "", parts.port
        if host:
            idna.encode(host, uts46=True)
    except (ValueError, UnicodeError):  # idna.IDNAError is a UnicodeError
        return f"the link {shown} has an impossible host", "Correct the part after https://."
    if parts.scheme != "https":
        secure = f"https{link.removeprefix(parts.scheme)}" if parts.scheme == "http" else None
        fix = f"Write {secure}" if secure else "Begin it with https://"
        return f"the link {shown} is not https", f"{fix}."
    if not host:
        return f"the link {shown} has no host", "Write it whole, like https://example.org/page."
    if parts.username is not None or parts.password is not None:
        return f"the link {shown} holds a user name or password", "Remove what is before the @."
    return None
