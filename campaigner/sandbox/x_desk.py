"""What X's handlers share: who asks, what may be asked, and the shape of answers and errors."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse, Response
from starlette.datastructures import UploadFile

from campaigner.sandbox.addresses import links
from campaigner.sandbox.connection import SKEW
from campaigner.sandbox.counting import LIMITS, x_length
from campaigner.sandbox.faults import Fault, Kind
from campaigner.sandbox.posts import Post
from campaigner.sandbox.quotas import Allowance, Quota
from campaigner.sandbox.stage import Stage
from campaigner.sandbox.tokens import account_of
from campaigner.sandbox.x_objects import post_object

QUARTER = timedelta(minutes=15)
MOST_PICTURES = 4
LONGEST_ALT = 1000
LARGEST_PICTURE = 5 * 1024 * 1024
EXPIRES = 86_400  # seconds until an upload that no post uses is forgotten

# What an account may ask in a quarter of an hour: https://docs.x.com/x-api/fundamentals/rate-limits
QUOTAS = {
    "create": 100,
    "delete": 50,
    "lookup": 900,
    "timeline": 900,
    "me": 75,
    "initialize": 500,
    "append": 500,
    "finalize": 500,
    "metadata": 500,
}
_TITLES = {400: "Invalid Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}


class ProblemError(Exception):
    """An answer that is an error, in X's form. `errors` names what was wrong with a request."""

    def __init__(self, status: int, detail: str, *, errors: list[dict[str, Any]] | None = None):
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors

    def as_json(self) -> dict[str, Any]:
        title = _TITLES.get(self.status, self.detail)
        if self.errors is not None:
            kind = "https://api.twitter.com/2/problems/invalid-request"
            return {"errors": self.errors, "title": title, "detail": self.detail, "type": kind}
        return {
            "title": title,
            "detail": self.detail,
            "type": "about:blank",
            "status": self.status,
        }


class Upload:
    """A picture on its way in, in parts by number."""

    def __init__(self, kind: str, size: int) -> None:
        self.kind = kind
        self.size = size
        self.parts: dict[int, bytes] = {}


class Desk:
    """What X's handlers share: who asks, how much they may, and the shape of answers."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.uploads: dict[tuple[str, str], Upload] = {}
        self.quotas = {name: Quota(limit=limit, per=QUARTER) for name, limit in QUOTAS.items()}
        for post in reversed(stage.timeline("x")):
            self.quotas["create"].take(post.account, post.at)

    def enter(self, request: Request, endpoint: str) -> str:
        """Return the account that asks. Raises ProblemError for a stranger and past a limit."""
        account = account_of(request.headers.get("authorization", ""))
        if account is None:
            raise ProblemError(401, "Unauthorized")
        changes = request.method != "GET"
        if fault := self.stage.faults.at_the_door("x", account, counts=changes):
            # X says the same of a token that ran out, was taken back or never was one.
            if changes:
                self.stage.refuse("x", account, 401, "Unauthorized", fault=str(fault.kind))
            raise ProblemError(401, "Unauthorized")
        skew = self.stage.faults.skew("x", account, counts=endpoint == "create")
        setattr(request.state, SKEW, skew)
        allowance = self.quotas[endpoint].take(account, self.stage.clock())
        request.state.allowance = replace(allowance, reset_at=allowance.reset_at + skew)
        if not allowance.granted:
            self.stage.refuse("x", account, 429, f"Too Many Requests ({endpoint})")
            raise ProblemError(429, "Too Many Requests")
        return account

    def fail(self, request: Request, fault: Fault) -> ProblemError:
        """Return what X says of a post that it does not even look at, because of a fault."""
        match fault.kind:
            case Kind.RATE_LIMITED:
                until = self.stage.clock() + timedelta(seconds=fault.seconds)
                until += getattr(request.state, SKEW)
                request.state.allowance = self.quotas["create"].spent(until=until)
                return ProblemError(429, "Too Many Requests")
            case Kind.CONFLICT:
                return ProblemError(409, "Conflict")
            case _:
                return ProblemError(503, "Service Unavailable")

    def reply(self, request: Request, content: Mapping[str, Any], status: int = 200) -> Response:
        return JSONResponse(dict(content), status, rate_headers(request.state.allowance))

    def checked(
        self, account: str, values: Mapping[str, Any], now: datetime, *, skew: timedelta
    ) -> Post:
        """Return the post that was asked for. Raises ProblemError where X would refuse it.

        `skew` is how far X's clock is off.
        """
        text = values.get("text", "")
        media = values.get("media") or {}
        ids = media.get("media_ids", []) if isinstance(media, dict) else None
        if not isinstance(text, str) or not isinstance(ids, list) or not (text.strip() or ids):
            raise invalid("text", str(text), "must be a text, unless there are media")
        pictures = [self.stage.gallery.find("x", account, str(id)) for id in ids]
        if len(ids) > MOST_PICTURES or None in pictures:
            raise invalid("media.media_ids", ",".join(map(str, ids)), "Your media IDs are invalid.")
        if (length := x_length(text)) > LIMITS["x"]:
            detail = (
                "Your Tweet text is too long. For more information on how Twitter determines "
                "text length see https://github.com/twitter/twitter-text."
            )
            raise ProblemError(400, detail)
        reply = values.get("reply") or {}
        reply_to = str(reply.get("in_reply_to_tweet_id", "") if isinstance(reply, dict) else "")
        if reply and not reply_to:
            raise invalid("reply.in_reply_to_tweet_id", "", "is missing but it is required.")
        if reply_to and ("x", reply_to) not in self.stage.posts:
            detail = "You attempted to reply to a Tweet that is deleted or not visible to you."
            raise ProblemError(403, detail)
        if text and self.stage.holds_text(account, text):
            detail = "You are not allowed to create a Tweet with duplicate content."
            raise ProblemError(403, detail)
        return Post(
            network="x",
            account=account,
            id=self.stage.fresh_id("x", now + skew),
            at=now,
            skew=skew.total_seconds(),
            text=text,
            language=self.stage.only_language(account),
            links=tuple(link.text for link in links(text, schemeless=True)),
            media=tuple(picture for picture in pictures if picture),
            length=length,
            limit=LIMITS["x"],
            reply_to=reply_to,
        )

    def found(self, ids: list[str], query: Mapping[str, str]) -> dict[str, Any]:
        """Return the answer to a look-up: the posts that exist, an error for each that does not."""
        fields = _fields(query)
        posts = {id: self.stage.posts.get(("x", id)) for id in ids}
        shown = [post_object(self.stage, post, fields) for post in posts.values() if post]
        missing = [_not_found(id) for id, post in posts.items() if post is None]
        answer = {"data": shown, "errors": missing}
        return {name: part for name, part in answer.items() if part}

    def page(self, owner: str, query: Mapping[str, str]) -> dict[str, Any]:
        """Return a page of an account's posts, newest first, with where the next one begins."""
        size = query.get("max_results", "10")
        if not size.isdigit() or not 5 <= int(size) <= 100:
            raise invalid("max_results", size, "is not between 5 and 100")
        posts = [post for post in self.stage.timeline("x", owner) if _is_wanted(post, query)]
        rest = posts[int(size) :]
        posts = posts[: int(size)]
        meta: dict[str, Any] = {"result_count": len(posts)}
        if not posts:
            return {"meta": meta}
        meta |= {"newest_id": posts[0].id, "oldest_id": posts[-1].id}
        if rest:
            meta["next_token"] = posts[-1].id
        fields = _fields(query)
        return {"data": [post_object(self.stage, post, fields) for post in posts], "meta": meta}


async def body_of(request: Request) -> Mapping[str, Any]:
    """Return the JSON object of a request. Raises ProblemError for anything else."""
    try:
        values = await request.json()
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise ProblemError(400, "Could not parse the request body as a JSON object.", errors=[])
    return values


def rate_headers(allowance: Allowance) -> dict[str, str]:
    return {
        "x-rate-limit-limit": str(allowance.limit),
        "x-rate-limit-remaining": str(allowance.remaining),
        "x-rate-limit-reset": str(int(allowance.reset_at.timestamp())),
    }


def invalid(name: str, value: str, why: str) -> ProblemError:
    """Return the problem of a request whose parameter `name` is wrong."""
    message = why if why.endswith(".") else f"The `{name}` parameter value [{value}] {why}"
    errors = [{"parameters": {name: [value]}, "message": message}]
    return ProblemError(400, "One or more parameters to your request was invalid.", errors=errors)


def _fields(query: Mapping[str, str]) -> frozenset[str]:
    return frozenset(query.get("tweet.fields", "").split(","))


def _is_wanted(post: Post, query: Mapping[str, str]) -> bool:
    since, until = query.get("since_id"), query.get("until_id")
    token = query.get("pagination_token")
    start, end = query.get("start_time"), query.get("end_time")
    return (
        (not since or int(post.id) > _number(since, "since_id"))
        and (not until or int(post.id) < _number(until, "until_id"))
        and (not token or int(post.id) < _number(token, "pagination_token"))
        and (not start or post.shown_at >= _moment(start, "start_time"))
        and (not end or post.shown_at < _moment(end, "end_time"))
    )


def _number(text: str, name: str) -> int:
    if not text.isdigit():
        raise invalid(name, text, "is not a valid id")
    return int(text)


def _moment(text: str, name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise invalid(name, text, "is not a valid ISO 8601 date") from None
    if moment.tzinfo is None:
        raise invalid(name, text, "has no time zone")
    return moment


def _not_found(id: str) -> dict[str, str]:
    return {
        "value": id,
        "detail": f"Could not find tweet with ids: [{id}].",
        "title": "Not Found Error",
        "resource_type": "tweet",
        "parameter": "ids",
        "resource_id": id,
        "type": "https://api.twitter.com/2/problems/resource-not-found",
    }


def receipt(id: str) -> dict[str, Any]:
    return {"id": id, "media_key": f"3_{id}", "expires_after_secs": EXPIRES}


async def segment_of(request: Request) -> tuple[int, bytes]:
    """Return number and bytes of a part: from a form, or from JSON in base64."""
    if request.headers.get("content-type", "").startswith("application/json"):
        values = await body_of(request)
        index = str(values.get("segment_index", ""))
        try:
            data = base64.b64decode(str(values.get("media", "")), validate=True)
        except binascii.Error:
            raise invalid("media", index, "is not base64") from None
    else:
        async with request.form() as form:
            index = str(form.get("segment_index", ""))
            media = form.get("media")
            data = await media.read() if isinstance(media, UploadFile) else b""
    if not index.isdigit() or not data:
        raise invalid("segment_index", index, "or media is missing")
    return int(index), data


def outline(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the log keeps of a post that was refused."""
    text = str(values.get("text", ""))
    return {"text": text, "length": x_length(text), "limit": LIMITS["x"]}
