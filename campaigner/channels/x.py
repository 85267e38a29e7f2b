"""X, through API v2 and Tweepy.

https://docs.x.com/x-api/posts/create-post, /x-api/posts/delete-post,
/x-api/media/upload-media, /x-api/users/get-posts, /x-api/fundamentals/response-codes-and-errors
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar

import requests
from tweepy.auth import OAuth1UserHandler
from tweepy.client import Client

from campaigner.channels.session import OnceSession, Patience, exchange, refusal_of
from campaigner.channels.x_answers import (
    counters_in,
    data,
    found_in,
    is_missing,
    reason,
    reset_time,
    sent,
)
from campaigner.channels.x_media import upload
from campaigner.core.channel import (
    Absent,
    Corrected,
    Counters,
    Disconnected,
    Done,
    Duplicate,
    Finding,
    Gone,
    NotOffered,
    NotSampled,
    Outcome,
    Rate,
    Recovery,
    Reject,
    Retry,
    Sent,
    Unknown,
)
from campaigner.core.message import Outgoing
from campaigner.errors import UserError
from campaigner.net import Http, NoAnswerError, NotReachedError, Reply, origin, refuse_remote

BUILT_IN = "https://api.twitter.com"  # Tweepy's own host, which it lets nobody choose
SLACK = timedelta(minutes=5)  # our clock and theirs
FAR_OFF = timedelta(days=1)  # a clock that is wrong by more would be noticed
SITE = "https://x.com"
REAL = frozenset({"api.x.com", "api.twitter.com"})
PAGES = 5
PER_PAGE = 100
IDS_PER_CALL = 100
# When debugging, they log each request with its token.
for _library in ("tweepy", "oauthlib", "requests_oauthlib"):
    logging.getLogger(_library).setLevel(logging.INFO)

RECOVERY = Recovery(resend_from=timedelta(0), sole_text=True)


@dataclass(frozen=True, kw_only=True)
class X:
    """One account on X.

    `credentials`: `token` (OAuth 2, the user's own), or all of `api_key`,
    `api_secret`, `access_token` and `access_secret` (OAuth 1.0a).
    """

    SECRETS: ClassVar = ("token", "api_key", "api_secret", "access_token", "access_secret")

    name: str
    base: str
    credentials: Mapping[str, str] = field(repr=False)
    loopback_only: bool = False
    patience: Patience = field(default_factory=Patience)
    sleep: Callable[[float], None] = time.sleep
    rates: Sequence[Rate] = (Rate(name="posts", limit=100, per=timedelta(minutes=15)),)
    recovery: Recovery = RECOVERY
    known: dict[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if self.loopback_only:
            refuse_remote(self.base)
        if not self._token and not all(self._keys):
            raise UserError(
                f"account '{self.name}' has no credentials for X. Set its token, or its "
                "api_key, api_secret, access_token and access_secret"
            )

    def send(self, post: Outgoing) -> Outcome:
        """Upload the media, then post once. X keeps no key: the text itself is its only guard."""
        media_ids: list[str] = []
        for attachment in post.media:
            uploaded = upload(
                attachment,
                base=self.base,
                http=self._http,
                authorization=self._authorization,
                sleep=self.sleep,
            )
            if not isinstance(uploaded, str):
                return uploaded
            media_ids.append(uploaded)
        try:
            reply = self._ask(
                lambda client: client.create_tweet(
                    text=post.text,
                    media_ids=media_ids or None,
                    in_reply_to_tweet_id=post.reply_to or None,
                    user_auth=self._signs,
                )
            )
        except NotReachedError as error:
            return Retry(str(error), reached=False)
        except NoAnswerError as error:
            return Unknown(str(error))
        return outcome_of(reply, site=self._site)

    def find(self, post: Outgoing) -> Finding:
        """Look through the account's own posts since the first attempt, newest first."""
        me = self._me()
        if not isinstance(me, str):
            return Unknown(me.reason)
        since = post.first_attempt_at - SLACK
        page: str | None = None
        for _ in range(PAGES):
            try:
                reply = self._page(me, since=since - FAR_OFF, page=page)
            except (NotReachedError, NoAnswerError) as error:
                return Unknown(str(error))
            answer = reply.json
            meta = answer.get("meta") if isinstance(answer, dict) else None
            if reply.status != 200 or not isinstance(meta, dict):
                return Unknown(f"could not look: {reason(reply)}")
            found = found_in(answer, post, since=since, site=self._site)
            if found is not None:
                return found
            page = meta.get("next_token")
            if not page:
                return Absent()
        return Unknown("could not look through all posts since the first attempt")

    def edit(self, remote_id: str, text: str) -> Corrected:
        return NotOffered("X lets no program edit a post")

    def delete(self, remote_id: str) -> Corrected:
        """Delete once. Where X says no, look whether the post is there at all."""
        try:
            reply = self._ask(lambda client: client.delete_tweet(remote_id, user_auth=self._signs))
        except NotReachedError as error:
            return Retry(str(error), reached=False)
        except NoAnswerError as error:
            return Unknown(str(error))
        answer = deletion_of(reply)
        if reply.status in (200, 403, 404) and answer != Done() and self._is_missing(remote_id):
            return Gone()
        return answer

    def sample(self, remote_ids: Sequence[str]) -> Mapping[str, Counters] | NotSampled:
        counters: dict[str, Counters] = {}
        for start in range(0, len(remote_ids), IDS_PER_CALL):
            ids = list(remote_ids[start : start + IDS_PER_CALL])
            try:
                reply = self._posts(ids, fields=["public_metrics"])
            except (NotReachedError, NoAnswerError) as error:
                return NotSampled(str(error))
            answer = reply.json
            if reply.status != 200 or not isinstance(answer, dict):
                return NotSampled(reason(reply), reset_at=reset_time(reply))
            counters.update(counters_in(answer))
        return counters

    def whoami(self) -> Sent | Disconnected | Unknown:
        try:
            reply = self._ask(lambda client: client.get_me(user_auth=self._signs))
        except (NotReachedError, NoAnswerError) as error:
            return Unknown(str(error))
        user = data(reply)
        if reply.status == 200 and isinstance(user.get("id"), str):
            return Sent(
                user["id"], f"{self._site}/{user.get('username', '')}" if self._site else ""
            )
        if reply.status in (401, 402, 403):
            return Disconnected(reason(reply))
        return Unknown(f"X answered {reply.status}")

    def _is_missing(self, remote_id: str) -> bool:
        try:
            reply = self._posts([remote_id])
        except (NotReachedError, NoAnswerError):
            return False
        return reply.status == 200 and is_missing(reply.json, remote_id)

    def _me(self) -> str | Disconnected | Unknown:
        """Return the account's id; asked for once, because X allows few such calls."""
        if "id" not in self.known:
            me = self.whoami()
            if not isinstance(me, Sent):
                return me
            self.known["id"] = me.remote_id
        return self.known["id"]

    def _page(self, user: str, *, since: datetime, page: str | None) -> Reply:
        return self._ask(
            lambda client: client.get_users_tweets(
                user,
                start_time=since,
                max_results=PER_PAGE,
                pagination_token=page,
                tweet_fields=["created_at", "entities", "attachments", "referenced_tweets"],
                user_auth=self._signs,
            )
        )

    def _posts(self, ids: list[str], *, fields: list[str] | None = None) -> Reply:
        return self._ask(
            lambda client: client.get_tweets(ids, tweet_fields=fields, user_auth=self._signs)
        )

    @property
    def _site(self) -> str:
        """Where people see posts; what a rehearsal was given is not to be looked for on X."""
        return SITE if origin(self.base)[1] in REAL else ""

    @property
    def _http(self) -> Http:
        return Http(
            base=self.base,
            loopback_only=self.loopback_only,
            connect_timeout=self.patience.connect,
            read_timeout=self.patience.read,
            whole_timeout=self.patience.whole,
        )

    def _ask(self, call: Callable[[Any], object]) -> Reply:
        """Let a Tweepy client ask, whose requests go to our base, once each."""
        client = Client(  # type: ignore[no-untyped-call]
            self._token or None,
            *(key or None for key in self._keys),
            return_type=requests.Response,
            wait_on_rate_limit=False,
        )
        session = OnceSession(
            self.base,
            instead_of=BUILT_IN,
            loopback_only=self.loopback_only,
            patience=self.patience,
        )
        client.session = session
        return exchange(session, lambda: call(client))

    def _authorization(self, method: str, url: str) -> dict[str, str]:
        """Return the header for a call beside Tweepy; a form's or file's content is not signed."""
        if not self._signs:
            return {"Authorization": f"Bearer {self._token}"}
        auth = OAuth1UserHandler(*self._keys).apply_auth()  # type: ignore[no-untyped-call]
        signed = requests.Request(method, url, auth=auth).prepare().headers["Authorization"]
        return {"Authorization": signed.decode() if isinstance(signed, bytes) else signed}

    @property
    def _signs(self) -> bool:
        return not self._token

    @property
    def _token(self) -> str:
        return self.credentials.get("token", "")

    @property
    def _keys(self) -> tuple[str, ...]:
        return tuple(self.credentials.get(name, "") for name in self.SECRETS[1:])


def outcome_of(reply: Reply, *, site: str = "") -> Outcome:
    """Say what an answer to POST /2/tweets means. `site`: where people see posts, if they do."""
    match reply.status:
        case 200 | 201:
            id = data(reply).get("id")
            if isinstance(id, str) and id:
                return sent(id, site)
            return Unknown(f"X answered {reply.status} without an id")
        case 429 if "usage" in reason(reply).lower():
            return Disconnected(reason(reply))
        case 429:
            return Retry("X allows no more posts for now", reset_at=reset_time(reply))
        case 401 | 402:
            return Disconnected(reason(reply))
        case 409:
            # In conflict with what? It may be with our own request, on its way.
            return Unknown(reason(reply))
        case 403 if "duplicate" in reason(reply).lower():
            return Duplicate(reason(reply))
        case 403 if "too long" in reason(reply).lower():
            return Reject(reason(reply))
        case 403 if "reply to" in reason(reply).lower():
            # What it answers was deleted, or may not be answered: no fault of the account's.
            return Reject(reason(reply))
        case 403:
            return Disconnected(reason(reply))
        case status:
            return refusal_of(
                reply, network="X", reason=reason(reply), doubt=f"X answered {status}"
            )


def deletion_of(reply: Reply) -> Corrected:
    """Say what an answer to DELETE /2/tweets/:id means."""
    match reply.status:
        case 200 if data(reply).get("deleted") is True:
            return Done()
        case 429 if "usage" in reason(reply).lower():
            return Disconnected(reason(reply))
        case 429:
            return Retry("X allows no more deletions for now", reset_at=reset_time(reply))
        case 401 | 402:
            return Disconnected(reason(reply))
        case status:
            doubt = f"X answered {status}, and not that it is deleted"
            return refusal_of(reply, network="X", reason=reason(reply), doubt=doubt)
