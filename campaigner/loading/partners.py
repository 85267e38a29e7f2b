"""Partners: whom texts name, with a handle where they have an account, else by their name.

`campaigns/data/partners.yaml`. A text names one as `{{ partner.lacnic }}`.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import idna

from campaigner.core.campaign import Partner
from campaigner.loading import shapes
from campaigner.loading.items import CHANNELS
from campaigner.loading.problems import Problems, quoted
from campaigner.loading.wordings import Wordings, named_nodes
from campaigner.loading.yaml import Node, read_yaml

KNOWN = ("name", *CHANNELS)

_ON_X = re.compile(r"@[A-Za-z0-9_]{1,15}")
_USER = re.compile(r"[A-Za-z0-9_]+([A-Za-z0-9_.-]*[A-Za-z0-9_])?")


def load_partners(path: Path) -> Mapping[str, Partner]:
    """Read the partners by id, in the order of the file; none where there is no file.

    Raises FileError with every problem of the file.
    """
    if not path.exists():
        return {}
    problems = Problems(path)
    root = read_yaml(path, problems)
    wordings = Wordings.of_constants(problems)
    nodes = named_nodes(problems, root, "partners", each="a partner")
    partners = {id: _partner(wordings, id, node) for id, node in nodes}
    problems.raise_any()
    return {id: partner for id, partner in partners.items() if partner is not None}


def handle_fault(channel: str, handle: str) -> tuple[str, str] | None:
    """Return what is wrong with a handle on a channel and what to do; None if nothing is.

    X takes up to 15 letters, digits and underscores; Mastodon names the server
    too; what others take is theirs to say.
    """
    shown = quoted(handle)
    if channel == "x" and not _ON_X.fullmatch(handle):
        fix = "Write @ and up to 15 letters, digits or underscores, like @lacnic."
        return f"{shown} cannot be a handle on X", fix
    if channel == "mastodon" and not _is_on_mastodon(handle):
        fix = "Write it with its server, like @lacnic@mastodon.example."
        return f"{shown} cannot be a handle on Mastodon", fix
    return None


def _is_on_mastodon(handle: str) -> bool:
    at, _, address = handle.partition("@")
    user, _, host = address.partition("@")
    if at or not _USER.fullmatch(user) or "." not in host:
        return False
    try:
        idna.encode(host, uts46=True)
    except UnicodeError:  # idna.IDNAError is one
        return False
    return True


def _partner(wordings: Wordings, id: str, node: Node) -> Partner | None:
    problems = wordings.problems
    found = shapes.fields(
        problems, node, f"the partner {quoted(id)}", known=KNOWN, required=("name",)
    )
    name = wordings.wording(found.get("name"), "name", context=f"partner {id}")
    handles = {}
    for channel in CHANNELS:
        if (handle := shapes.text(problems, found.get(channel), channel)) is None:
            continue
        if fault := handle_fault(channel, handle.text):
            problems.add(handle.line, *fault)
        handles[channel] = handle.text
    return Partner(id=id, name=name, handles=handles) if name else None
