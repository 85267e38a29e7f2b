"""How X answers, whatever was asked.

https://docs.x.com/x-api/fundamentals/response-codes-and-errors and /rate-limits
"""

import html
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from campaigner.channels.matching import same_text, time_in
from campaigner.core.channel import Counters, Sent
from campaigner.core.links import key_in
from campaigner.core.message import Outgoing
from campaigner.net import Reply

WINDOWS = ("x-rate-limit", "x-user-limit-24hour", "x-app-limit-24hour")


def data(reply: Reply) -> Mapping[str, Any]:
    """Return the answer's `data`, if it is one object; else nothing."""
    answer = reply.json
    content = answer.get("data") if isinstance(answer, dict) else None
    return content if isinstance(content, dict) else {}


def dicts(value: object) -> list[Mapping[str, Any]]:
    """Return the objects of a list; nothing of anything else."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def reason(reply: Reply) -> str:
    """Return X's own words: title and detail of its problem form, and its list of errors."""
    answer = reply.json
    if not isinstance(answer, dict):
        return f"X answered {reply.status}"
    errors = [str(error.get("message", "")) for error in dicts(answer.get("errors"))]
    said = [str(answer.get("title", "")), str(answer.get("detail", "")), *errors]
    words = ": ".join(dict.fromkeys(filter(None, said)))
    return f"X answered {reply.status}: {words[:300]}" if words else f"X answered {reply.status}"


def reset_time(reply: Reply) -> datetime | None:
    """Return when X allows again: the latest reset of a window that is used up.

    Epoch seconds, in one set of headers for the 15 minutes and more for the day.
    """
    resets: list[datetime] = []
    for window in WINDOWS:
        left = reply.headers.get(f"{window}-remaining", "0")
        reset = reply.headers.get(f"{window}-reset", "")
        if left == "0" and reset.isascii() and reset.isdigit() and len(reset) < 12:
            resets.append(datetime.fromtimestamp(int(reset), UTC))
    return max(resets, default=None)


def sent(id: str, site: str) -> Sent:
    """Say that it is there, and where people see it, if they do."""
    return Sent(id, f"{site}/i/web/status/{id}" if site else "")


def found_in(
    answer: Mapping[str, Any], post: Outgoing, *, since: datetime, site: str = ""
) -> Sent | None:
    """Find `post` in one page of own posts: by its link's key, else by text, media and time.

    An answer to another post is not it: a correction says the same to each.
    """
    key = key_in(post.link)
    for tweet in _tweets(answer):
        urls = [str(url.get("expanded_url", "")) for url in _urls(tweet)]
        by_key = key is not None and key in (key_in(url) for url in urls)
        created = time_in(tweet.get("created_at"))
        by_text = created and created >= since and _answers(tweet) in ("", post.reply_to)
        if by_key or (by_text and _same(tweet, post)):
            return sent(str(tweet["id"]), site)
    return None


def is_missing(answer: object, id: str) -> bool:
    """Whether an answer to a look-up says that there is no post `id`."""
    if not isinstance(answer, dict) or any(True for _ in _tweets(answer)):
        return False
    errors = dicts(answer.get("errors"))
    return any(
        str(error.get("resource_id") or error.get("value")) == id
        and str(error.get("type", "")).endswith("/resource-not-found")
        for error in errors
    )


def counters_in(answer: Mapping[str, Any]) -> dict[str, Counters]:
    """Read public_metrics, by id; a post that is gone is missing."""
    counters: dict[str, Counters] = {}
    for tweet in _tweets(answer):
        metrics = tweet.get("public_metrics") or {}
        named = {
            "impressions": metrics.get("impression_count"),
            "reactions": metrics.get("like_count"),
            "replies": metrics.get("reply_count"),
        }
        shared, quoted = metrics.get("retweet_count"), metrics.get("quote_count")
        if isinstance(shared, int) and isinstance(quoted, int):
            named["shares"] = shared + quoted
        counters[str(tweet["id"])] = Counters(
            {name: value for name, value in named.items() if isinstance(value, int)}
        )
    return counters


def _answers(tweet: Mapping[str, Any]) -> str:
    """Return the id of the post that a tweet answers; empty if it says none."""
    answered = [
        str(reference.get("id", ""))
        for reference in dicts(tweet.get("referenced_tweets"))
        if reference.get("type") == "replied_to"
    ]
    return answered[0] if answered else ""


def _same(tweet: Mapping[str, Any], post: Outgoing) -> bool:
    text = str(tweet.get("text", ""))
    for url in _urls(tweet):
        # The link to a post's own media is in its text, and nobody wrote it.
        shown = "" if url.get("media_key") else str(url.get("expanded_url", ""))
        text = text.replace(str(url.get("url") or "\0"), shown)
    media = (tweet.get("attachments") or {}).get("media_keys") or []
    return len(media) == len(post.media) and same_text(html.unescape(text), post.text)


def _urls(tweet: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from dicts((tweet.get("entities") or {}).get("urls"))


def _tweets(answer: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from (tweet for tweet in dicts(answer.get("data")) if tweet.get("id"))
