"""Mastodon, and servers that speak its API, through Mastodon.py.

https://docs.joinmastodon.org/methods/statuses/#create, #edit, #delete, /methods/media/#v2,
/methods/accounts/#statuses, /api/rate-limits/
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import mastodon

from campaigner.channels.matching import addresses, plain, same_text, time_in
from campaigner.channels.session import OnceSession, Patience, exchange, refusal_of
from campaigner.core.channel import (
    Absent,
    Corrected,
    Counters,
    Disconnected,
    Done,
    Finding,
    Gone,
    NotSampled,
    Outcome,
    Rate,
    Recovery,
    Reject,
    Retry,
    Sent,
    Unknown,
)
from campaigner.core.links import key_in
from campaigner.core.message import Attachment, Outgoing
from campaigner.errors import UserError
from campaigner.net import NoAnswerError, NotReachedError, Reply, refuse_remote

# What Mastodon.py takes the server for, so that it does not ask before each
# upload: the first version whose /api/v2/media all of today's servers share.
VERSION = "4.0.0"
SLACK = timedelta(minutes=5)  # our clock and theirs
PAGES = 5
PER_PAGE = 40
LOOKS_AT_PROCESSING = 10
BETWEEN_LOOKS = timedelta(seconds=2)
# The server keeps a key for an hour, but only once the post is made: a second
# try too early would not be recognized, nor one too late.
RECOVERY = Recovery(resend_from=timedelta(seconds=60), resend_until=timedelta(minutes=50))


@dataclass(frozen=True, kw_only=True)
class Mastodon:
    """One account on one server. `credentials`: `token`, with write:statuses write:media read."""

    SECRETS: ClassVar = ("token",)

    name: str
    base: str
    credentials: Mapping[str, str] = field(repr=False)
    loopback_only: bool = False
    patience: Patience = field(default_factory=Patience)
    sleep: Callable[[float], None] = time.sleep
    rates: Sequence[Rate] = (Rate(name="posts", limit=300, per=timedelta(hours=3)),)
    recovery: Recovery = RECOVERY

    def __post_init__(self) -> None:
        if self.loopback_only:
            refuse_remote(self.base)
        if not self.credentials.get("token"):
            raise UserError(f"account '{self.name}' has no credentials for Mastodon. Set its token")

    def send(self, post: Outgoing) -> Outcome:
        """Upload the media, then post once. The key makes the same call again safe for an hour."""
        media_ids: list[str] = []
        for attachment in post.media:
            uploaded = self._upload(attachment)
            if not isinstance(uploaded, str):
                return uploaded
            media_ids.append(uploaded)
        try:
            reply = self._ask(
                lambda client: client.status_post(
                    post.text,
                    media_ids=media_ids or None,
                    language=post.language or None,
                    in_reply_to_id=post.reply_to or None,
                    idempotency_key=post.key,
                )
            )
        except NotReachedError as error:
            return Retry(str(error), reached=False)
        except NoAnswerError as error:
            return Unknown(str(error))
        return outcome_of(reply, answers=bool(post.reply_to))

    def find(self, post: Outgoing) -> Finding:
        """Look through the account's own statuses since the first attempt, newest first."""
        me = self.whoami()
        if not isinstance(me, Sent):
            return Unknown(me.reason)
        since = post.first_attempt_at - SLACK
        before: str | None = None
        for _ in range(PAGES):
            try:
                reply = self._page(me.remote_id, before)
            except (NotReachedError, NoAnswerError) as error:
                return Unknown(str(error))
            if reply.status != 200 or not isinstance(reply.json, list):
                return Unknown(f"could not look: the server answered {reply.status}")
            statuses = [entry for entry in reply.json if isinstance(entry, dict) and "id" in entry]
            found = found_in(statuses, post, since=since)
            if found is not None:
                return found
            if not statuses:
                return Absent()
            oldest = time_in(statuses[-1].get("created_at"))
            if oldest and oldest < since:
                return Absent()
            before = str(statuses[-1]["id"])
        return Unknown("could not look through all statuses since the first attempt")

    def edit(self, remote_id: str, text: str) -> Corrected:
        """Replace the text once; the language stays.

        The server takes away pictures and a content warning that an edit does
        not name again: so what it shows is read first, and sent back.
        """
        try:
            shown = self._status(remote_id)
        except (NotReachedError, NoAnswerError) as error:
            return Retry(str(error), reached=False)
        status = shown.json if isinstance(shown.json, dict) else {}
        if shown.status != 200 or not status:
            refusal = correction_of(shown)
            # Nothing was asked to change yet, so no doubt is left.
            return Retry(refusal.reason) if isinstance(refusal, Unknown) else refusal
        media = [
            str(medium["id"]) for medium in status.get("media_attachments") or () if "id" in medium
        ]
        try:
            reply = self._ask(
                lambda client: client.status_update(
                    remote_id,
                    text,
                    media_ids=media or None,
                    sensitive=bool(status.get("sensitive")),
                    spoiler_text=str(status.get("spoiler_text") or "") or None,
                )
            )
        except NotReachedError as error:
            return Retry(str(error), reached=False)
        except NoAnswerError as error:
            return Unknown(str(error))
        return correction_of(reply)

    def delete(self, remote_id: str) -> Corrected:
        try:
            reply = self._ask(lambda client: client.status_delete(remote_id))
        except NotReachedError as error:
            return Retry(str(error), reached=False)
        except NoAnswerError as error:
            return Unknown(str(error))
        return correction_of(reply)

    def sample(self, remote_ids: Sequence[str]) -> Mapping[str, Counters] | NotSampled:
        counters: dict[str, Counters] = {}
        for id in remote_ids:
            try:
                reply = self._status(id)
            except (NotReachedError, NoAnswerError) as error:
                return NotSampled(str(error))
            if reply.status in (404, 410):
                continue
            if reply.status != 200 or not isinstance(reply.json, dict):
                return NotSampled(f"the server answered {reply.status}", reset_at=reset_time(reply))
            counters[id] = counters_in(reply.json)
        return counters

    def whoami(self) -> Sent | Disconnected | Unknown:
        try:
            reply = self._ask(lambda client: client.account_verify_credentials())
        except (NotReachedError, NoAnswerError) as error:
            return Unknown(str(error))
        account = reply.json if isinstance(reply.json, dict) else {}
        if reply.status == 200 and account.get("id"):
            return Sent(str(account["id"]), str(account.get("url") or ""))
        if reply.status in (401, 403):
            return Disconnected(_reason(reply))
        return Unknown(f"the server answered {reply.status}")

    def _status(self, id: str) -> Reply:
        return self._ask(lambda client: client.status(id))

    def _page(self, account: str, before: str | None) -> Reply:
        return self._ask(
            lambda client: client.account_statuses(
                account, exclude_reblogs=True, max_id=before, limit=PER_PAGE
            )
        )

    def _upload(self, attachment: Attachment) -> str | Retry | Reject | Disconnected:
        """Return the id of the uploaded picture. Nothing of it is visible, so no doubt is left."""
        try:
            reply = self._ask(
                lambda client: client.media_post(
                    attachment.data,
                    mime_type=attachment.mime,
                    description=attachment.alt or None,
                    file_name=attachment.name,
                )
            )
            id = _id(reply)
            for _ in range(LOOKS_AT_PROCESSING):
                if reply.status not in (202, 206) or not id:
                    break
                self.sleep(BETWEEN_LOOKS.total_seconds())
                reply = self._ask(lambda client: client.media(id))
        except NotReachedError as error:
            return Retry(str(error), reached=False)
        except NoAnswerError as error:
            return Retry(f"{attachment.name} could not be uploaded: {error}")
        if reply.status == 200 and id:
            return id
        return media_refusal(reply, attachment.name)

    def _ask(self, call: Callable[[Any], object]) -> Reply:
        session = OnceSession(self.base, loopback_only=self.loopback_only, patience=self.patience)
        client = mastodon.Mastodon(
            access_token=self.credentials["token"],
            api_base_url=self.base,
            session=session,
            ratelimit_method="throw",
            request_timeout=self.patience.read.total_seconds(),
            mastodon_version=VERSION,
            version_check_mode="created",
            user_agent="campaigner",
        )
        return exchange(session, lambda: call(client))


def outcome_of(reply: Reply, *, answers: bool = False) -> Outcome:
    """Say what an answer to POST /api/v1/statuses means. `answers`: the post replies to another."""
    match reply.status:
        case 200:
            if id := _id(reply):
                return Sent(id, str(reply.json.get("url") or ""))
            return Unknown("the server answered 200 without an id")
        case 429:
            return Retry("the server allows no more posts for now", reset_at=reset_time(reply))
        case 401 | 403:
            return Disconnected(_reason(reply))
        case 409:
            # Kindred servers say so while a request under the same key is still being done.
            return Unknown(_reason(reply))
        case 422 if "finished processing" in _reason(reply).lower():
            return Retry(_reason(reply))
        case 404 if answers and _says_error(reply):
            return Reject(f"the post that it answers is not there: {_reason(reply)}")
        case _:
            return _refusal(reply)


def correction_of(reply: Reply) -> Corrected:
    """Say what an answer to PUT or DELETE /api/v1/statuses/:id means."""
    match reply.status:
        case 200 if _id(reply):
            return Done()
        case 404 | 410 if _says_error(reply):
            return Gone()
        case 429:
            return Retry("the server allows no more changes for now", reset_at=reset_time(reply))
        case 401 | 403:
            return Disconnected(_reason(reply))
        case _:
            return _refusal(reply)


def media_refusal(reply: Reply, what: str) -> Retry | Reject | Disconnected:
    """Say what a refused upload means. Nothing is visible yet, so it is never unknown."""
    match reply.status:
        case 429:
            return Retry("the server allows no more uploads for now", reset_at=reset_time(reply))
        case 401 | 403:
            return Disconnected(_reason(reply))
        case 202 | 206:
            return Retry(f"the server is still processing {what}")
        case 400 | 413 | 415 | 422:
            return Reject(f"the server does not take {what}: {_reason(reply)}")
        case status:
            return Retry(f"{what} could not be uploaded: the server answered {status}")


def found_in(
    statuses: Sequence[Mapping[str, Any]], post: Outgoing, *, since: datetime
) -> Sent | None:
    """Find `post` in one page of own statuses: by its link's key, else by text, media and time.

    An answer to another post is not it: a correction says the same to each. One
    that answers nothing any more may be, because what it answered was deleted.
    """
    key = key_in(post.link)
    for status in statuses:
        content = str(status.get("content") or "")
        by_key = key is not None and key in (key_in(url) for url in addresses(content))
        media = status.get("media_attachments") or []
        created = time_in(status.get("created_at"))
        by_text = (
            created is not None
            and created >= since
            and status.get("in_reply_to_id") in (None, post.reply_to or None)
            and len(media) == len(post.media)
            and same_text(plain(content), post.text)
        )
        if by_key or by_text:
            return Sent(str(status["id"]), str(status.get("url") or ""))
    return None


def counters_in(status: Mapping[str, Any]) -> Counters:
    """Read a status's counters. Mastodon shows no impressions, so there are none."""
    named = {
        "reactions": status.get("favourites_count"),
        "replies": status.get("replies_count"),
        "shares": status.get("reblogs_count"),
    }
    return Counters({name: value for name, value in named.items() if isinstance(value, int)})


def reset_time(reply: Reply) -> datetime | None:
    """Read X-RateLimit-Reset: ISO 8601, and epoch seconds on some kindred servers."""
    said = reply.headers.get("x-ratelimit-reset", "").strip()
    if said.isascii() and said.isdigit() and len(said) < 12:
        return datetime.fromtimestamp(int(said), UTC)
    return time_in(said)


def _id(reply: Reply) -> str:
    answer = reply.json
    id = answer.get("id") if isinstance(answer, dict) else None
    return str(id) if isinstance(id, str | int) and id else ""


def _says_error(reply: Reply) -> bool:
    """Whether it answers as Mastodon does: anything else may be another server's page."""
    return isinstance(reply.json, dict) and bool(reply.json.get("error"))


def _refusal(reply: Reply) -> Disconnected | Reject | Unknown:
    doubt = f"the server answered {reply.status}"
    return refusal_of(reply, network="Mastodon", reason=_reason(reply), doubt=doubt)


def _reason(reply: Reply) -> str:
    answer = reply.json
    said = str(answer.get("error") or "") if isinstance(answer, dict) else ""
    answered = f"the server answered {reply.status}"
    return f"{answered}: {said[:300]}" if said else answered
