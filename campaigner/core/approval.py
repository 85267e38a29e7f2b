"""What an approval pins: not a message's name but every byte that it will say."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from campaigner.core.message import Medium


@dataclass(frozen=True, kw_only=True)
class Pinned:
    """Everything of a message that nobody may change after a yes.

    `when` is the wall-clock time as it was written, with its zone: where a
    government moves its clocks, ten o'clock stays what was approved.
    `blocks` are a mail's, each (zone, position, html, text); `audience` says in
    words which readers of its list get it, and when; `recipients` how many
    people it goes to. All are empty for a post.
    """

    account: str
    base: str
    when: str
    text: str
    link: str
    language: str
    media: Sequence[Medium] = ()
    blocks: Sequence[tuple[str, int, str, str]] = ()
    audience: str = ""
    recipients: int = 0


def content_hash(pinned: Pinned) -> str:
    """Return the SHA-256 of the content, in hexadecimal; the same on any machine."""
    content = {
        "account": pinned.account,
        "base": pinned.base,
        "when": pinned.when,
        "text": pinned.text,
        "link": pinned.link,
        "language": pinned.language,
        "media": [[medium.sha256, medium.mime, medium.alt] for medium in pinned.media],
        "blocks": [list(block) for block in pinned.blocks],
        "recipients": pinned.recipients,
    }
    if pinned.audience:  # else a post would not have the hash that it had before there was any
        content["audience"] = pinned.audience
    plain = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()


def why_not(*, by: str, queued_by: str, four_eyes: bool) -> str | None:
    """Return why this person may not approve what that one queued; None: they may."""
    if four_eyes and by == queued_by:
        return f"{by} queued it: somebody else has to look at it too"
    return None
