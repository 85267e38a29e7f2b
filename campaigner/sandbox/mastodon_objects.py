"""A status, an account and an instance as Mastodon shows them.

https://docs.joinmastodon.org/entities/Status/
"""

import hashlib
import html
import re
from datetime import UTC, datetime
from typing import Any

from campaigner.sandbox.addresses import Span, hashtags, links, mentions
from campaigner.sandbox.counting import LIMITS, LINK
from campaigner.sandbox.media import EXTENSIONS, Picture
from campaigner.sandbox.posts import Post, Version
from campaigner.sandbox.stage import Stage

VERSION = "4.7.0"
API_VERSION = 10
LONGEST_DESCRIPTION = 1500
MOST_PICTURES = 4
LARGEST_PICTURE = 16 * 1024 * 1024
DISPLAYED = 30  # characters of a link that people see
_REGIONAL = frozenset({"zh-CN", "zh-HK", "zh-TW"})  # all other languages are kept without a region


def account_id(account: str) -> str:
    """Return a number that is always the same for an account."""
    return str(
        109_000_000_000 + int.from_bytes(hashlib.sha256(account.encode()).digest()[:4], "big")
    )


def status_object(stage: Stage, post: Post, *, base: str) -> dict[str, Any]:
    """Return a status. `base` is the server's address."""
    counted = post.counters(stage.clock())
    answered = stage.posts.get(("mastodon", post.reply_to))
    address = f"{base}/@{stage.handle(post.account)}/{post.id}"
    return {
        "id": post.id,
        "uri": f"{base}/users/{stage.handle(post.account)}/statuses/{post.id}",
        "url": address,
        "created_at": timestamp(post.shown_at),
        "edited_at": timestamp(post.edited_at) if post.edited_at else None,
        "account": account_object(stage, post.account, base=base),
        "content": as_html(post.text, base=base),
        "text": post.text,
        "visibility": "public",
        "sensitive": False,
        "spoiler_text": "",
        "language": language_kept(post.language),
        "media_attachments": [media_object(picture, base=base) for picture in post.media],
        "mentions": [],
        "tags": [
            {"name": tag.text[1:].lower(), "url": f"{base}/tags/{tag.text[1:].lower()}"}
            for tag in hashtags(post.text)
        ],
        "emojis": [],
        "reblog": None,
        "poll": None,
        "card": None,
        "application": {"name": "sandbox", "website": None},
        "in_reply_to_id": post.reply_to or None,
        "in_reply_to_account_id": account_id(answered.account) if answered else None,
        "reblogs_count": counted["reblogs"],
        "favourites_count": counted["favourites"],
        "replies_count": counted["replies"],
        "quotes_count": 0,
        "favourited": False,
        "reblogged": False,
        "muted": False,
        "bookmarked": False,
        "pinned": False,
        "filtered": [],
    }


def edits_of(stage: Stage, post: Post, *, base: str) -> list[dict[str, Any]]:
    """Return all that a status ever said, oldest first; the last is what it says now."""
    now = Version(at=post.edited_at or post.at, text=post.text)
    return [
        {
            "content": as_html(version.text, base=base),
            "spoiler_text": "",
            "sensitive": False,
            "created_at": timestamp(version.at),
            "account": account_object(stage, post.account, base=base),
            "media_attachments": [media_object(picture, base=base) for picture in post.media],
            "emojis": [],
        }
        for version in (*post.earlier, now)
    ]


def account_object(stage: Stage, account: str, *, base: str) -> dict[str, Any]:
    handle = stage.handle(account)
    count = len(stage.timeline("mastodon", account))
    return {
        "id": account_id(account),
        "username": handle,
        "acct": handle,
        "display_name": stage.title(account),
        "url": f"{base}/@{handle}",
        "uri": f"{base}/users/{handle}",
        "note": "",
        "locked": False,
        "bot": False,
        "discoverable": True,
        "indexable": False,
        "group": False,
        "created_at": "2021-03-29T00:00:00.000Z",
        "last_status_at": None,
        "statuses_count": count,
        "followers_count": 0,
        "following_count": 0,
        "avatar": f"{base}/avatars/original/missing.png",
        "avatar_static": f"{base}/avatars/original/missing.png",
        "header": f"{base}/headers/original/missing.png",
        "header_static": f"{base}/headers/original/missing.png",
        "emojis": [],
        "fields": [],
    }


def media_object(picture: Picture, *, base: str) -> dict[str, Any]:
    address = f"{base}/media/{picture.sha256}.{EXTENSIONS[picture.mime]}"
    return {
        "id": picture.id,
        "type": "image",
        "url": address,
        "preview_url": address,
        "remote_url": None,
        "text_url": None,
        "meta": {},
        "description": picture.alt or None,
        "blurhash": None,
    }


def instance_v2(stage: Stage, *, base: str) -> dict[str, Any]:
    return {
        "domain": base.partition("://")[2],
        "title": "Sandbox",
        "version": VERSION,
        "api_versions": {"mastodon": API_VERSION},
        "source_url": "",
        "description": "Everything posted here stays on this machine.",
        "usage": {"users": {"active_month": len(stage.names("mastodon"))}},
        "languages": ["en"],
        "configuration": {**_configuration(), "urls": {"streaming": ""}},
        "registrations": {"enabled": False, "approval_required": False, "message": None},
        "contact": {"email": "", "account": None},
        "rules": [],
    }


def instance_v1(stage: Stage, *, base: str) -> dict[str, Any]:
    return {
        "uri": base.partition("://")[2],
        "title": "Sandbox",
        "short_description": "Everything posted here stays on this machine.",
        "description": "Everything posted here stays on this machine.",
        "email": "",
        "version": VERSION,
        "urls": {"streaming_api": ""},
        "stats": {
            "user_count": len(stage.names("mastodon")),
            "status_count": len(stage.timeline("mastodon")),
            "domain_count": 0,
        },
        "thumbnail": None,
        "languages": ["en"],
        "registrations": False,
        "approval_required": False,
        "invites_enabled": False,
        "configuration": _configuration(),
        "contact_account": None,
        "rules": [],
    }


def as_html(text: str, *, base: str) -> str:
    """Return the content as the server makes it: escaped, in paragraphs, links and tags marked up.

    A link's text is cut in three: what is hidden before, what is shown, what is hidden after.
    """
    spans: list[tuple[Span, str]] = [
        (link, _link(link.text)) for link in links(text, schemeless=False)
    ]
    for tag in [*hashtags(text), *mentions(text)]:
        if not any(span.start <= tag.start < span.end for span, _ in spans):
            name = html.escape(tag.text[1:])
            if tag.text.startswith("@"):
                spans.append((tag, f"@{name}"))
            else:
                href = html.escape(f"{base}/tags/{tag.text[1:].lower()}")
                mark = (
                    f'<a href="{href}" class="mention hashtag" rel="tag">#<span>{name}</span></a>'
                )
                spans.append((tag, mark))
    pieces, position = [], 0
    for span, marked_up in sorted(spans, key=lambda pair: pair[0].start):
        pieces += [html.escape(text[position : span.start]), marked_up]
        position = span.end
    whole = "".join([*pieces, html.escape(text[position:])]).strip()
    paragraphs = re.split(r"\n{2,}", whole.replace("\r\n", "\n"))
    return "".join(f"<p>{paragraph.replace(chr(10), '<br />')}</p>" for paragraph in paragraphs)


def language_kept(language: str) -> str | None:
    """Return what the server keeps of a language: `pt-BR` → `pt`."""
    if language in _REGIONAL:
        return language
    return language.split("-")[0].split("_")[0] or None


def timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _link(address: str) -> str:
    prefix = next((p for p in ("https://www.", "http://www.") if address.startswith(p)), "")
    prefix = prefix or address[: address.index("://") + 3]
    shown = address[len(prefix) :][:DISPLAYED]
    hidden = address[len(prefix) + DISPLAYED :]
    kind = "ellipsis" if hidden else ""
    return (
        f'<a href="{html.escape(address)}" target="_blank" rel="nofollow noopener" translate="no">'
        f'<span class="invisible">{html.escape(prefix)}</span>'
        f'<span class="{kind}">{html.escape(shown)}</span>'
        f'<span class="invisible">{html.escape(hidden)}</span></a>'
    )


def _configuration() -> dict[str, Any]:
    return {
        "statuses": {
            "max_characters": LIMITS["mastodon"],
            "max_media_attachments": MOST_PICTURES,
            "characters_reserved_per_url": LINK,
        },
        "media_attachments": {
            "supported_mime_types": list(EXTENSIONS),
            "description_limit": LONGEST_DESCRIPTION,
            "image_size_limit": LARGEST_PICTURE,
            "image_matrix_limit": 33_177_600,
        },
        "accounts": {"max_featured_tags": 10, "max_pinned_statuses": 5},
    }
