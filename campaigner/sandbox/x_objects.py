"""A post as X API v2 shows it: short links, entities, counters, only the fields asked for.

https://docs.x.com/x-api/fundamentals/data-dictionary
"""

import hashlib
import html
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from campaigner.sandbox.addresses import Span, hashtags, links
from campaigner.sandbox.posts import Post
from campaigner.sandbox.stage import Stage

DISPLAYED = 30  # characters of a link that people see


def user_id(account: str) -> str:
    """Return a number that is always the same for an account."""
    return str(1_000_000_000 + int.from_bytes(hashlib.sha256(account.encode()).digest()[:5], "big"))


def user_object(stage: Stage, account: str) -> dict[str, Any]:
    return {
        "id": user_id(account),
        "name": stage.title(account),
        "username": stage.handle(account),
    }


def post_object(stage: Stage, post: Post, fields: Collection[str]) -> dict[str, Any]:
    """Return a post with id and text, and what `tweet.fields` asked for besides."""
    text, entities = shortened(stage, post)
    values: dict[str, Any] = {
        "id": post.id,
        "text": text,
        "edit_history_tweet_ids": [post.id],
    }
    if "created_at" in fields:
        values["created_at"] = timestamp(post.shown_at)
    if "author_id" in fields:
        values["author_id"] = user_id(post.account)
    if "lang" in fields:
        values["lang"] = post.language.split("-")[0]
    if "entities" in fields and entities:
        values["entities"] = entities
    if "attachments" in fields and post.media:
        values["attachments"] = {"media_keys": [f"3_{medium.id}" for medium in post.media]}
    if "referenced_tweets" in fields and post.reply_to:
        values["referenced_tweets"] = [{"type": "replied_to", "id": post.reply_to}]
    if "public_metrics" in fields:
        values["public_metrics"] = public_metrics(stage, post)
    return values


def public_metrics(stage: Stage, post: Post) -> dict[str, int]:
    counted = post.counters(stage.clock())
    return {
        "retweet_count": counted["shares"],
        "reply_count": counted["replies"],
        "like_count": counted["likes"],
        "quote_count": counted["quotes"],
        "bookmark_count": counted["bookmarks"],
        "impression_count": counted["impressions"],
    }


def shortened(stage: Stage, post: Post) -> tuple[str, dict[str, Any]]:
    """Return the text as X keeps it, and its entities, by code points of that text.

    Every link is one of t.co; a picture adds one more at the end; `&`, `<` and
    `>` are escaped.
    """
    pieces: list[str] = []
    urls: list[dict[str, Any]] = []
    position = length = 0
    for link in [*links(post.text, schemeless=True), *_picture_link(stage, post)]:
        before = _escaped(post.text[position : link.start])
        before += " " if link.start == len(post.text) and post.text else ""
        short = "https://t.co/" + _slug(f"{post.id}/{len(urls)}")
        length += len(before)
        urls.append(
            {
                "start": length,
                "end": length + len(short),
                "url": short,
                "expanded_url": _with_scheme(link),
                "display_url": _displayed(link.text),
            }
        )
        pieces += [before, short]
        length += len(short)
        position = link.end if link.start < len(post.text) else len(post.text)
    text = "".join([*pieces, _escaped(post.text[position:])])
    tags = [
        {"start": tag.start, "end": tag.end, "tag": tag.text[1:]}
        for tag in hashtags(text)
        if not any(url["start"] <= tag.start < url["end"] for url in urls)
    ]
    entities = {"urls": urls, "hashtags": tags}
    return text, {name: found for name, found in entities.items() if found}


def timestamp(moment: datetime) -> str:
    """Write a moment as X does: UTC, with milliseconds and a Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _picture_link(stage: Stage, post: Post) -> list[Span]:
    if not post.media:
        return []
    end = len(post.text)
    address = f"https://x.com/{stage.handle(post.account)}/status/{post.id}/photo/1"
    return [Span(start=end, end=end, text=address)]


def _escaped(text: str) -> str:
    return html.escape(text, quote=False)


def _slug(seed: str) -> str:
    return hashlib.sha256(seed.encode()).hexdigest()[:10]


def _with_scheme(link: Span) -> str:
    return link.text if "://" in link.text else f"http://{link.text}"


def _displayed(address: str) -> str:
    bare = address.partition("://")[2] or address
    return bare if len(bare) <= DISPLAYED else bare[:DISPLAYED] + "…"
