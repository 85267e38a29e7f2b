"""Which kind a campaign is: posts, a digest or a newsletter; and whether the rest of it fits."""

from collections.abc import Mapping

from campaigner.loading.newsletters import check_replies
from campaigner.loading.problems import Problems, quoted
from campaigner.loading.yaml import MapNode, Node, ScalarNode
from campaigner.settings import AccountSettings

MAIL = "email"
MAKE_TWO = "Make two campaigns of it."


def has_editions(fields: Mapping[str, Node]) -> bool:
    """Whether the campaign sends editions to readers; else it posts items."""
    return "digest" in fields or "newsletter" in fields


def check_content(problems: Problems, root: Node, fields: Mapping[str, Node]) -> None:
    """Tell of a campaign that says nothing, or two things of which it can be only one."""
    items, digest, newsletter = (fields.get(name) for name in ("items", "digest", "newsletter"))
    has_stories = isinstance(newsletter, MapNode) and any(
        key.text == "stories" for key, _ in newsletter.entries
    )
    if digest is not None and newsletter is not None:
        found = "the campaign is both a digest and a newsletter"
        problems.add(newsletter.line, found, MAKE_TWO)
    elif digest is not None and items is not None:
        problems.add(digest.line, "the campaign has items and a digest", MAKE_TWO)
    elif newsletter is not None and items is None and not has_stories:
        fix = "Add `stories: {from: all}` to it, or `items:` with stories of its own."
        problems.add(newsletter.line, "the newsletter has no stories", fix)
    elif digest is None and newsletter is None and items is None:
        fix = "Add `items:`, or a `digest:` or a `newsletter:`."
        problems.add(root.line, "the campaign says nothing", fix)


def check_readers(problems: Problems, fields: Mapping[str, Node]) -> bool:
    """Return whether it may choose its readers; tell of posts that do."""
    if has_editions(fields):
        return True
    for name in ("topics", "audience"):
        if name in fields:
            found = f"`{name}` chooses the readers of mails, but items are posts"
            problems.add(fields[name].line, found, "Remove it.")
    return False


def check_channels(
    problems: Problems,
    fields: Mapping[str, Node],
    named: Mapping[str, ScalarNode],
    accounts: Mapping[str, AccountSettings],
) -> None:
    """Tell of accounts that cannot carry the content: editions are mail, items are posts."""
    if "digest" in fields and "items" in fields:
        return  # told already, and nobody knows which of the two is meant
    kind = "newsletter" if "newsletter" in fields else "digest"
    for name, account in accounts.items():
        if (account.channel == MAIL) is has_editions(fields):
            continue
        if has_editions(fields):
            found = f"account {quoted(name)} posts, but a {kind} is mail"
            fix = "Name accounts whose channel is email."
        else:
            found = f"account {quoted(name)} sends mail, but items are posts"
            fix = "Remove it, or write a digest or a newsletter instead."
        problems.add(named[name].line, found, fix)
    if kind == "newsletter":
        check_replies(problems, named, accounts)
