"""Setting right what is out: what each network offers, what stays visible, what an answer means.

    asked --> done | refused | unknown

`asked` is committed before the network is called: one that stays so, or is
`unknown`, may have happened. Asking for the same again is safe.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from urllib.parse import parse_qsl

from campaigner.core.addresses_in_text import found_by_mastodon
from campaigner.core.approval import why_not
from campaigner.core.channel import (
    Corrected,
    Disconnected,
    Done,
    Gone,
    NotOffered,
    Reject,
    Retry,
    Unknown,
)
from campaigner.core.links import key_in, tag


class Way(StrEnum):
    """How something that is out is set right."""

    EDIT = "edit"  # other words in their place
    DELETE = "delete"
    REPLY = "reply"  # an answer to it that says what is right
    REPOINT = "repoint"  # the same words with another link


class CorrectionState(StrEnum):
    ASKED = "asked"
    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a person wants, and why. `words`: the new text, the answer, or the new link."""

    way: Way
    reason: str
    by: str
    words: str = ""


DOUBTFUL = frozenset({CorrectionState.ASKED, CorrectionState.UNKNOWN})
"""It may have happened."""

OFFERED: Mapping[str, Collection[Way]] = {
    "mastodon": frozenset(Way),
    "x": frozenset({Way.DELETE, Way.REPLY}),
}
"""What the networks let a program do, by channel; on any other channel: nothing."""

_COPIES = (
    "Screenshots, notifications that were already shown, search engines and readers' "
    "programs keep what it said."
)
_STAYS: Mapping[tuple[str, Way], Sequence[str]] = {
    ("mastodon", Way.EDIT): (
        "Anybody can open its edit history and read what it said.",
        "Who boosted it is told of the edit; a server that cannot be reached keeps the old words.",
        _COPIES,
    ),
    ("mastodon", Way.REPOINT): (
        "Anybody can open its edit history and find the old link.",
        "Who opened the old link has opened it.",
        _COPIES,
    ),
    ("mastodon", Way.DELETE): (
        "This cannot be undone: a new post has another address, without the boosts and answers.",
        "Other servers are asked to delete it too; not every one does, and not at once.",
        _COPIES,
    ),
    ("x", Way.DELETE): (
        "This cannot be undone: a new post has another address, without the likes and answers.",
        "Answers and quotes stay, and show that a post is missing.",
        _COPIES,
    ),
}
_ANSWERED = (
    "The post itself stays as it is.",
    "Who saw only a repost or a copy of it may never see the answer.",
)


def not_offered(way: Way, channel: str) -> str | None:
    """Return why `way` is not to be had on `channel` and what to do instead; None if it is."""
    if way in OFFERED.get(channel, ()):
        return None
    match channel:
        case "email":
            return (
                "a mail that was sent is in its readers' mailboxes: nobody can edit it, delete it "
                "or call it back. Send a correction edition"
            )
        case "manual":
            return "a person published it by hand: they have to set it right there, by hand"
        case "x" if way is Way.REPOINT:
            return (
                "X lets no program edit a post, and so not its link either. Use `correct delete` "
                "and publish a new item, or `correct reply` with the right link"
            )
        case "x":
            return (
                "X lets no program edit a post. Use `correct delete` and publish a new item, or "
                "`correct reply`"
            )
        case _:
            return f"on {channel} nothing that is out can be changed by a program"


def what_stays(way: Way, channel: str) -> Sequence[str]:
    """Return, in sentences, what people may still see afterwards and what cannot be undone."""
    return _ANSWERED if way is Way.REPLY else _STAYS.get((channel, way), ())


def who_may_not(way: Way, *, by: str, queued_by: str, four_eyes: bool) -> str | None:
    """Return why this person may not set it right this way; None: they may.

    To take something away is an emergency, and nothing new is said: one person
    and a reason are enough. An answer waits for approval like any post. An
    edit puts new words on an official account at once: in a campaign that asks
    for four eyes it is not for the one who queued the wrong ones.
    """
    if way not in (Way.EDIT, Way.REPOINT):
        return None
    refusal = why_not(by=by, queued_by=queued_by, four_eyes=four_eyes)
    return None if refusal is None else f"{refusal}. Another person runs it with --as THEIR-NAME"


def repointed(text: str, *, link: str, to: str) -> str | None:
    """Return `text` with the message's own link leading `to`; None if it is not in there.

    `link` is the one that was approved. After an earlier repointing another
    stands in its place; it is known by the same key. What told readers of this
    message from those of others is carried over.
    """
    if not link:
        return None
    if link in text:
        return text.replace(link, carried(link, to=to))
    key = key_in(link)
    spans = [
        (start, end)
        for start, end in found_by_mastodon(text)
        if key is not None and key_in(text[start:end]) == key
    ]
    for start, end in reversed(spans):
        text = text[:start] + carried(text[start:end], to=to) + text[end:]
    return text if spans else None


def carried(link: str, *, to: str) -> str:
    """Return `to` with the utm_* parameters that `link` had from us; as it is, if it had none."""
    key = key_in(link)
    if key is None:
        return to
    query = link.partition("#")[0].partition("?")[2]
    parameters = {
        name.removeprefix("utm_"): value
        for name, value in parse_qsl(query)
        if name.startswith("utm_") and name != "utm_content"
    }
    return tag(to, parameters, key=key)


@dataclass(frozen=True, kw_only=True)
class Ended:
    """What became of a correction. `gone`: the post is not on the network any more.

    `silent` says that the account's other posts need not be tried now either.
    """

    state: CorrectionState
    note: str = ""
    gone: bool = False
    silent: bool = False


def after_answer(answer: Corrected, way: Way) -> Ended:
    """Decide what a network's answer to an edit or a deletion means."""
    match answer:
        case Done():
            return Ended(state=CorrectionState.DONE, gone=way is Way.DELETE)
        case Gone() if way is Way.DELETE:
            return Ended(state=CorrectionState.DONE, note="it was gone already", gone=True)
        case Gone():
            note = "nothing was changed: it is not there any more. Somebody deleted it"
            return Ended(state=CorrectionState.REFUSED, note=note)
        case NotOffered(reason):
            return Ended(state=CorrectionState.REFUSED, note=f"nothing was changed: {reason}")
        case Reject(reason):
            return Ended(state=CorrectionState.REFUSED, note=f"nothing was changed: {reason}")
        case Disconnected(reason):
            note = f"nothing was changed, the account has to be reconnected: {reason}"
            return Ended(state=CorrectionState.REFUSED, note=note, silent=True)
        case Retry(reason, reset_at):
            note = f"nothing was changed: {reason}. Try again {_when(reset_at)}"
            return Ended(state=CorrectionState.REFUSED, note=note, silent=True)
        case Unknown(reason):
            note = f"it may have happened, please look; to say it again is safe: {reason}"
            return Ended(state=CorrectionState.UNKNOWN, note=note)


def _when(reset_at: datetime | None) -> str:
    if reset_at is None:
        return "in a few minutes"
    return f"after {reset_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
