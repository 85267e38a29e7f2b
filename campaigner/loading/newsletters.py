"""What campaigns of editions say beside their data: `digest` and `newsletter`."""

import re
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path

from campaigner.core.campaign import ANY, Digest, Newsletter, Note, Sources
from campaigner.core.spelling import did_you_mean
from campaigner.loading import shapes
from campaigner.loading.problems import Problems, quoted
from campaigner.loading.times import read_duration
from campaigner.loading.wordings import Wordings
from campaigner.loading.yaml import MapNode, Node, ScalarNode
from campaigner.settings import AccountSettings

COMPOSE_BEFORE = "2 days"
PREVIOUS = "previous edition"
MOST_STORIES = 50
ATTACHMENTS = ("attachments", "attachment", "attach", "files")
NOBODY = re.compile(r"(do)?[-_.]?not?[-_.]?reply.*", re.IGNORECASE)
"""Local parts that say that nobody reads what comes there."""
KNOWN = ("subject", "introduction", "note", "compose_before", "stories")


def read_digest(wordings: Wordings, node: Node | None, *, campaign: str) -> Digest | None:
    """Return what a digest says beside its data; None, and a problem, where it cannot be read."""
    if node is None:
        return None
    required = ("subject", "introduction")
    found = shapes.fields(
        wordings.problems,
        without_attachments(wordings.problems, node, "a digest"),
        "the digest",
        known=(*required, "compose_before"),
        required=required,
    )
    subject, introduction = (
        wordings.wording(found.get(part), part, context=f"{campaign} digest.{part}")
        for part in required
    )
    before = _compose_before(wordings.problems, node, found)
    if subject is None or introduction is None or before is None:
        return None
    return Digest(subject=subject, introduction=introduction, compose_before=before)


def read_newsletter(
    wordings: Wordings, names: Wordings, node: Node | None, *, campaign: str, folder: Path
) -> Newsletter | None:
    """Return what a newsletter says, and whose stories it tells.

    `names` reads what is never translated; `folder` is where the other
    campaigns' files are. None, and a problem, where it cannot be read.
    """
    if node is None:
        return None
    problems = wordings.problems
    found = shapes.fields(
        problems,
        without_attachments(problems, node, "a newsletter"),
        "the newsletter",
        known=KNOWN,
        required=("subject",),
    )
    said = {
        part: wordings.wording(found.get(part), part, context=f"{campaign} newsletter.{part}")
        for part in ("subject", "introduction")
    }
    note = _note(wordings, names, found.get("note"), campaign=campaign)
    sources = _sources(problems, found.get("stories"), campaign=campaign, folder=folder)
    before = _compose_before(problems, node, found)
    if said["subject"] is None or before is None:
        return None
    return Newsletter(
        subject=said["subject"],
        introduction=said["introduction"],
        note=note,
        sources=sources,
        compose_before=before,
    )


def without_attachments(problems: Problems, node: Node, name: str) -> Node:
    """Return a mapping without what would be attached to a mail: that is told, and why."""
    if not isinstance(node, MapNode):
        return node
    kept = []
    for key, value in node.entries:
        if key.text in ATTACHMENTS:
            found = f"{name} carries no attachments: spam filters and small phones refuse them"
            problems.add(key.line, found, "Put the file on a website, and link to it.")
        else:
            kept.append((key, value))
    return MapNode(line=node.line, entries=tuple(kept))


def check_replies(
    problems: Problems, named: Mapping[str, ScalarNode], accounts: Mapping[str, AccountSettings]
) -> None:
    """Tell of accounts whose readers would answer to nobody: their replies reach a person."""
    for name, account in accounts.items():
        if account.channel != "email":
            continue  # told already
        local, _, domain = account.reply_to.rpartition("@")
        fix = f"Give [accounts.{name}] in campaigner.toml a `reply_to` that a person reads."
        if not domain:
            found = f"account {quoted(name)} does not say who gets the replies to a newsletter"
            problems.add(named[name].line, found, fix)
        elif NOBODY.fullmatch(local):
            found = f"replies to account {quoted(name)} reach nobody ({account.reply_to})"
            problems.add(named[name].line, found, fix)


def _compose_before(problems: Problems, node: Node, found: Mapping[str, Node]) -> timedelta | None:
    default = ScalarNode(line=node.line, text=COMPOSE_BEFORE)
    return read_duration(problems, found.get("compose_before", default), "compose_before")


def _note(wordings: Wordings, names: Wordings, node: Node | None, *, campaign: str) -> Note | None:
    if node is None:
        return None
    parts = ("text", "by")
    found = shapes.fields(wordings.problems, node, "the note", known=parts, required=parts)
    context = f"{campaign} newsletter.note"
    text = wordings.wording(found.get("text"), "text", context=f"{context}.text")
    by = names.wording(found.get("by"), "by", context=f"{context}.by")
    return Note(text=text, by=by) if text and by else None


def _sources(
    problems: Problems, node: Node | None, *, campaign: str, folder: Path
) -> Sources | None:
    if node is None:
        return None
    known = ("from", "since", "at_most")
    found = shapes.fields(problems, node, "`stories`", known=known, required=("from",))
    fix = "Write how many stories an edition tells at most."
    at_most = shapes.number(problems, found.get("at_most"), "at_most", most=MOST_STORIES, fix=fix)
    build = partial(Sources, since=_since(problems, found.get("since")))
    if at_most is not None:
        build = partial(build, at_most=at_most)
    named = list(shapes.texts(problems, found.get("from"), "from"))
    if any(value.text == ANY for value in named):
        for value in named:
            if value.text != ANY:
                wrong = f"`from` names {quoted(value.text)} beside `{ANY}`"
                problems.add(value.line, wrong, f"Keep `{ANY}` alone, or name campaigns alone.")
        return build(campaigns=None)
    return build(campaigns=_campaigns(problems, named, campaign=campaign, folder=folder))


def _since(problems: Problems, node: Node | None) -> timedelta | None:
    value = shapes.text(problems, node, "since")
    if value is None or value.text == PREVIOUS:
        return None
    return read_duration(problems, value, "since")


def _campaigns(
    problems: Problems, named: list[ScalarNode], *, campaign: str, folder: Path
) -> tuple[str, ...]:
    """Return the campaigns named; each has to be a file beside this one, and another."""
    there = {path.stem for path in folder.glob("*.yaml")} - {campaign}
    out: list[str] = []
    for value in named:
        if value.text == campaign:
            wrong = "`from` names the newsletter itself"
            problems.add(value.line, wrong, "Remove it: its own items are told in any case.")
        elif value.text in out:
            problems.add(value.line, f"{quoted(value.text)} is named twice in `from`", "Keep one.")
        elif value.text not in there:
            fix = did_you_mean(value.text, there, otherwise="Check the name of its file.")
            problems.add(value.line, f"there is no campaign {quoted(value.text)}", fix)
        else:
            out.append(value.text)
    return tuple(out)
