"""How a post looks on its network: who says it, its links as they are shown, what it costs.

https://docs.x.com/fundamentals/counting-characters (links are shown short);
Mastodon: app/lib/text_formatter.rb of its server (30 characters of an address).
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import regex

from campaigner.core.addresses_in_text import found_by_mastodon, found_by_x
from campaigner.core.campaign import Campaign
from campaigner.core.cost import cost_of, in_dollars
from campaigner.core.counting import length
from campaigner.core.locales import bcp47
from campaigner.rendering.drafts import Draft
from campaigner.rendering.pages import Album, PagePicture
from campaigner.settings import AccountSettings

TITLES = {"x": "X", "mastodon": "Mastodon"}
SHOWN = {"x": 27, "mastodon": 30}  # characters of an address before it is cut

_TAG = regex.compile(
    r"(?<![\p{L}\p{M}\p{N}_&/])[#＃][\p{L}\p{M}\p{N}_]*[\p{L}\p{M}][\p{L}\p{M}\p{N}_]*"
)
_MENTION = regex.compile(r"(?<![\w/@.=])@\w+(?:[.\-]\w+)*(?:@\w+(?:[.\-]\w+)*)?")


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A part of a text: plain, a `link` with `href`, a `tag`, or what is `over` the limit."""

    text: str
    kind: str = "text"
    href: str = ""


@dataclass(frozen=True, kw_only=True)
class Card:
    """A post as its network would show it, and beside it what its author wants to know.

    `language` is BCP 47; `source` is the locale that it was written in;
    `is_source`: that is the post's own; `stands_in`: it is said in that one for want of a
    translation.
    `used` is the share of the limit in percent. `cost` is empty where it is
    free. `hold` is why it cannot go out (core.delivery.Hold), `note` says it in words.
    """

    network: str
    network_title: str
    account: str
    title: str
    handle: str
    initials: str
    hue: int
    locale: str
    language: str
    source: str
    is_source: bool
    stands_in: bool
    pieces: tuple[Piece, ...]
    pictures: tuple[PagePicture, ...]
    link: str
    length: int
    limit: int
    used: int
    cost: str
    dropped: tuple[str, ...]
    hold: str
    note: str


def card_of(draft: Draft, campaign: Campaign, account: AccountSettings, album: Album) -> Card:
    """Return a draft as its account's network would show it; its pictures go into `album`."""
    source = campaign.item(draft.identity.item).source_locale or campaign.source_locale
    cost = cost_of(draft.channel, draft.text)
    title = account.title or draft.identity.account
    return Card(
        network=draft.channel,
        network_title=network_title(account),
        account=draft.identity.account,
        title=title,
        handle=_handle(account),
        initials=initials(title),
        hue=hue(draft.identity.account),
        locale=draft.identity.locale,
        language=draft.language,
        source=source,
        is_source=draft.identity.locale == source,
        stands_in=draft.language != bcp47(draft.identity.locale),
        pieces=tuple(pieces(draft.channel, draft.text, limit=draft.limit)),
        pictures=tuple(album.add(picture.file, alt=picture.alt) for picture in draft.pictures),
        link=draft.link,
        length=draft.length,
        limit=draft.limit,
        used=min(100, round(100 * draft.length / draft.limit)) if draft.limit else 0,
        cost=in_dollars(cost) if cost else "",
        dropped=draft.dropped,
        hold=draft.hold or "",
        note=draft.note,
    )


def network_title(account: AccountSettings) -> str:
    """Return what the network is called; of a manual account, the place."""
    return TITLES.get(account.channel) or account.place or account.channel


def _handle(account: AccountSettings) -> str:
    """Return the handle, on Mastodon with its server, as far as it is known."""
    server = urlsplit(account.live_base).hostname or ""
    if account.channel == "mastodon" and account.handle and server:
        return f"{account.handle}@{server}"
    return account.handle


def initials(title: str) -> str:
    """Return one or two capital letters: ICANN LAC en español → IL."""
    words = regex.findall(r"\w+", title)
    return "".join(word[0] for word in words[:2]).upper() or "?"


def hue(name: str) -> int:
    """Return a colour, as an angle, that is always the same for a name."""
    return int(hashlib.sha256(name.encode()).hexdigest()[:4], 16) % 360


def pieces(channel: str, text: str, *, limit: int = 0) -> Iterator[Piece]:
    """Cut a text at its links, hashtags and mentions, and where the limit (0: none) is reached."""
    end = _fitting(channel, text, limit)
    position = 0
    for start, stop, kind in _spans(channel, text):
        if stop > end:
            break
        if start > position:
            yield Piece(text=text[position:start])
        found = text[start:stop]
        yield Piece(
            text=shown_address(channel, found) if kind == "link" else found,
            kind=kind,
            href=_address(found) if kind == "link" else "",
        )
        position = stop
    if position < end:
        yield Piece(text=text[position:end])
    if end < len(text):
        yield Piece(text=text[end:], kind="over")


def shown_address(channel: str, address: str) -> str:
    """Return an address as the network shows it: without a scheme, and cut."""
    bare = address.partition("://")[2] or address
    bare = bare.removeprefix("www.")
    most = SHOWN.get(channel, 0)
    return bare if not most or len(bare) <= most else f"{bare[:most]}…"


def _address(text: str) -> str:
    return text if "://" in text else f"https://{text}"


def _spans(channel: str, text: str) -> list[tuple[int, int, str]]:
    """Return (start, end, kind) in order; of two that overlap, the first, links before others."""
    found = found_by_x if channel == "x" else found_by_mastodon
    links = [(start, end, "link") for start, end in found(text)]
    marks = [
        (mark.start(), mark.end(), "tag")
        for pattern in (_TAG, _MENTION)
        for mark in pattern.finditer(text)
    ]
    kept: list[tuple[int, int, str]] = []
    for start, end, kind in sorted(links + marks, key=lambda span: (span[0], span[2])):
        inside = any(first <= start < last for first, last, _ in links) and kind != "link"
        if not inside and (not kept or start >= kept[-1][1]):
            kept.append((start, end, kind))
    return kept


def _fitting(channel: str, text: str, limit: int) -> int:
    """Return how many characters of `text` fit the limit."""
    if limit == 0 or length(channel, text) <= limit:
        return len(text)
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if length(channel, text[:middle]) <= limit:
            low = middle
        else:
            high = middle - 1
    return low
