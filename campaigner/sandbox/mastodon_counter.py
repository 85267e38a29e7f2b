"""What Mastodon's handlers share: who asks, what may be asked, and the shape of refusals."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from fastapi import Request

from campaigner.sandbox.addresses import links
from campaigner.sandbox.connection import SKEW
from campaigner.sandbox.counting import LIMITS, mastodon_length
from campaigner.sandbox.faults import Fault, Kind
from campaigner.sandbox.mastodon_objects import LONGEST_DESCRIPTION, MOST_PICTURES, timestamp
from campaigner.sandbox.media import Picture
from campaigner.sandbox.posts import Post
from campaigner.sandbox.quotas import Allowance, Quota
from campaigner.sandbox.stage import Stage
from campaigner.sandbox.tokens import account_of

# https://github.com/doorkeeper-gem/doorkeeper, in the words of its invalid_token errors.
TOKENS = {
    Kind.EXPIRED_TOKEN: "The access token expired",
    Kind.REVOKED_TOKEN: "The access token was revoked",
}


class RefusedError(Exception):
    """An answer that is an error, in Mastodon's form."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status = status
        self.error = error


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A status as somebody asks for it."""

    text: str
    warning: str
    language: str
    media_ids: tuple[str, ...]
    reply_to: str = ""


class Counter:
    """What Mastodon's handlers share: who asks, how much they may, what is refused."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        # https://docs.joinmastodon.org/api/rate-limits/
        self.quotas = {
            "api": Quota(limit=300, per=timedelta(minutes=5)),
            "statuses": Quota(limit=300, per=timedelta(hours=3)),
            "deletions": Quota(limit=30, per=timedelta(minutes=30)),
            "media": Quota(limit=30, per=timedelta(minutes=30)),
        }
        for post in reversed(stage.timeline("mastodon")):
            self.quotas["statuses"].take(post.account, post.at)

    def enter(self, request: Request, kind: str = "api") -> str:
        """Return the account that asks. Raises RefusedError for a stranger and past a limit."""
        account = account_of(request.headers.get("authorization", ""))
        if account is None:
            raise RefusedError(401, "The access token is invalid")
        changes = request.method != "GET"
        if fault := self.stage.faults.at_the_door("mastodon", account, counts=changes):
            error = TOKENS[fault.kind]
            if changes:
                self.stage.refuse("mastodon", account, 401, error, fault=str(fault.kind))
            raise RefusedError(401, error)
        now = self.stage.clock()
        skew = self.stage.faults.skew("mastodon", account, counts=kind == "statuses")
        setattr(request.state, SKEW, skew)
        for quota in dict.fromkeys(("api", kind)):
            allowance = self.quotas[quota].take(account, now)
            request.state.allowance = replace(allowance, reset_at=allowance.reset_at + skew)
            if not allowance.granted:
                self.stage.refuse("mastodon", account, 429, f"Too many requests ({quota})")
                raise RefusedError(429, "Too many requests")
        return account

    def fail(self, request: Request, fault: Fault) -> RefusedError:
        """Return what the server says of a post that it does not even look at, for a fault."""
        match fault.kind:
            case Kind.RATE_LIMITED:
                until = self.stage.clock() + timedelta(seconds=fault.seconds)
                until += getattr(request.state, SKEW)
                request.state.allowance = self.quotas["statuses"].spent(until=until)
                return RefusedError(429, "Too many requests")
            case Kind.CONFLICT:
                return RefusedError(409, "Conflict: a request with this key is being worked on")
            case _:
                error = "There was a temporary problem serving your request, please try again"
                return RefusedError(503, error)

    def visit(self, request: Request) -> str:
        """Return the account that asks, or "" for one who does not say: public things."""
        return self.enter(request) if "authorization" in request.headers else ""

    def picture(self, account: str, id: str) -> Picture:
        if picture := self.stage.gallery.find("mastodon", account, id):
            return picture
        raise RefusedError(404, "Record not found")

    def post(self, id: str) -> Post:
        """Return a post, whosever it is. Raises RefusedError for none."""
        if post := self.stage.posts.get(("mastodon", id)):
            return post
        raise RefusedError(404, "Record not found")

    def own(self, account: str, id: str) -> Post:
        """Return the account's own post. Raises RefusedError for another's, and for none."""
        post = self.post(id)
        if post.account != account:
            raise RefusedError(404, "Record not found")
        return post

    def checked(
        self, account: str, wish: Wish, key: str, *, skew: timedelta = timedelta(0)
    ) -> Post:
        """Return the post that was asked for. Raises RefusedError where Mastodon would refuse.

        `skew` is how far the server's clock is off.
        """
        pictures = [self.stage.gallery.find("mastodon", account, id) for id in wish.media_ids]
        if len(pictures) > MOST_PICTURES:
            raise RefusedError(422, "Validation failed: Cannot attach more than 4 files")
        if None in pictures:
            raise RefusedError(422, "Validation failed: Media attachments not found")
        if not wish.text.strip() and not pictures:
            raise RefusedError(422, "Validation failed: Text can't be blank")
        if wish.reply_to and ("mastodon", wish.reply_to) not in self.stage.posts:
            raise RefusedError(404, "The post you are trying to reply to does not appear to exist.")
        limit = LIMITS["mastodon"]
        if (length := mastodon_length(wish.text, wish.warning)) > limit:
            error = f"Validation failed: Text character limit of {limit} exceeded"
            raise RefusedError(422, error)
        now = self.stage.clock()
        return Post(
            network="mastodon",
            account=account,
            id=self.stage.fresh_id("mastodon", now + skew),
            at=now,
            skew=skew.total_seconds(),
            text=wish.text,
            language=wish.language or "und",
            key=key,
            links=tuple(link.text for link in links(wish.text, schemeless=False)),
            media=tuple(picture for picture in pictures if picture),
            length=length,
            limit=limit,
            reply_to=wish.reply_to,
        )


async def values_of(request: Request) -> Mapping[str, Any]:
    """Return the values of a form or of JSON; a form's `name[]` is a list `name`."""
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            values = await request.json()
        except ValueError:
            values = None
        if not isinstance(values, dict):
            raise RefusedError(400, "Error occurred while parsing request parameters")
        return values
    async with request.form() as form:
        lists = {name[:-2]: form.getlist(name) for name in form if name.endswith("[]")}
        return {**form, **lists}


def wish_in(values: Mapping[str, Any]) -> Wish:
    ids = values.get("media_ids") or []
    if values.get("scheduled_at"):
        raise RefusedError(422, "The sandbox does not schedule: post when it is due")
    return Wish(
        text=str(values.get("status") or "").replace("\r\n", "\n"),
        warning=str(values.get("spoiler_text") or ""),
        language=str(values.get("language") or ""),
        media_ids=tuple(str(id) for id in (ids if isinstance(ids, list) else [ids])),
        reply_to=str(values.get("in_reply_to_id") or ""),
    )


def described(text: object) -> str:
    """Return a picture's description. Raises RefusedError for one that is too long."""
    alt = str(text or "")
    if len(alt) > LONGEST_DESCRIPTION:
        raise RefusedError(
            422, f"Validation failed: Description is too long (maximum is {LONGEST_DESCRIPTION})"
        )
    return alt


def page_of(posts: list[Post], query: Mapping[str, str]) -> list[Post]:
    """Return the posts (newest first) that a page asks for; `min_id` counts from the oldest."""
    limit = min(max(int(query.get("limit") or 20), 1), 40) if _is_number(query, "limit") else 20
    if _is_number(query, "max_id"):
        posts = [post for post in posts if int(post.id) < int(query["max_id"])]
    if _is_number(query, "since_id"):
        posts = [post for post in posts if int(post.id) > int(query["since_id"])]
    if _is_number(query, "min_id"):
        posts = [post for post in posts if int(post.id) > int(query["min_id"])]
        return posts[-limit:]
    return posts[:limit]


def rate_headers(request: Request) -> dict[str, str]:
    """Return the limits that apply, if the request came so far; the reset is in ISO 8601."""
    allowance: Allowance | None = getattr(request.state, "allowance", None)
    if allowance is None:
        return {}
    return {
        "X-RateLimit-Limit": str(allowance.limit),
        "X-RateLimit-Remaining": str(allowance.remaining),
        "X-RateLimit-Reset": timestamp(allowance.reset_at),
    }


def _is_number(query: Mapping[str, str], name: str) -> bool:
    return query.get(name, "").isdigit()
