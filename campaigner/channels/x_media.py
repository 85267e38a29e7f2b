"""Pictures for X, through API v2: Tweepy still uploads through the old one.

https://docs.x.com/x-api/media/quickstart/media-upload-chunked and /metadata
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from campaigner.channels.x_answers import data, reason, reset_time
from campaigner.core.channel import Disconnected, Reject, Retry
from campaigner.core.message import Attachment
from campaigner.net import Http, NoAnswerError, NotReachedError, Reply

CHUNK = 4 * 1024 * 1024
LOOKS = 10
LONGEST_LOOK = 10.0  # seconds between two looks, whatever X says

Refusal = Retry | Reject | Disconnected


def upload(
    attachment: Attachment,
    *,
    base: str,
    http: Http,
    authorization: Callable[[str, str], dict[str, str]],
    sleep: Callable[[float], None],
) -> str | Refusal:
    """Return the id of the uploaded picture, its alt text set.

    Nothing of it is visible before it is posted, so no failure leaves doubt.
    `authorization` makes the header for a method and an address.
    """
    upload = _Upload(base=base.rstrip("/"), http=http, authorization=authorization, sleep=sleep)
    try:
        return upload.run(attachment)
    except NotReachedError as error:
        return Retry(str(error), reached=False)
    except NoAnswerError as error:
        return Retry(f"{attachment.name} could not be uploaded: {error}")


@dataclass(frozen=True, kw_only=True)
class _Upload:
    base: str
    http: Http
    authorization: Callable[[str, str], dict[str, str]]
    sleep: Callable[[float], None]

    def run(self, attachment: Attachment) -> str | Refusal:
        category = "tweet_gif" if attachment.mime == "image/gif" else "tweet_image"
        reply = self._post(
            "/2/media/upload/initialize",
            json={
                "media_type": attachment.mime,
                "total_bytes": len(attachment.data),
                "media_category": category,
            },
        )
        id = data(reply).get("id")
        if reply.status >= 300 or not isinstance(id, str):
            return refusal(reply, attachment.name)
        for index, offset in enumerate(range(0, len(attachment.data), CHUNK)):
            reply = self._post(
                f"/2/media/upload/{id}/append",
                form={"segment_index": str(index)},
                files={
                    "media": (
                        attachment.name,
                        attachment.data[offset : offset + CHUNK],
                        attachment.mime,
                    )
                },
            )
            if reply.status >= 300:
                return refusal(reply, attachment.name)
        reply = self._processed(id, self._post(f"/2/media/upload/{id}/finalize"))
        if reply.status >= 300 or _state(reply) not in ("", "succeeded"):
            return refusal(reply, attachment.name)
        return self._described(id, attachment)

    def _described(self, id: str, attachment: Attachment) -> str | Refusal:
        if attachment.alt:
            words = {"id": id, "metadata": {"alt_text": {"text": attachment.alt}}}
            reply = self._post("/2/media/metadata", json=words)
            if reply.status >= 300:
                return refusal(reply, f"the alt text of {attachment.name}")
        return id

    def _processed(self, id: str, reply: Reply) -> Reply:
        """Ask again, when X says and a bounded number of times, until it is ready."""
        for _ in range(LOOKS):
            if _state(reply) not in ("pending", "in_progress"):
                break
            wait = data(reply)["processing_info"].get("check_after_secs")
            self.sleep(min(float(wait), LONGEST_LOOK) if isinstance(wait, int) else 1.0)
            url = f"{self.base}/2/media/upload?media_id={id}&command=STATUS"
            reply = self.http.get(url, headers=self.authorization("GET", url))
        return reply

    def _post(self, path: str, **content: Any) -> Reply:
        url = f"{self.base}{path}"
        return self.http.post(url, headers=self.authorization("POST", url), **content)


def refusal(reply: Reply, what: str) -> Refusal:
    """Say what a refused upload means: never unknown."""
    match reply.status:
        case 429:
            return Retry("X allows no more uploads for now", reset_at=reset_time(reply))
        case 401 | 402 | 403:
            return Disconnected(reason(reply))
        case status if status < 300 and _state(reply) == "failed":
            return Reject(f"X could not process {what}")
        case 400 | 413 | 415 | 422:
            return Reject(f"X does not take {what}: {reason(reply)}")
        case status:
            return Retry(f"{what} could not be uploaded: X answered {status}")


def _state(reply: Reply) -> str:
    info = data(reply).get("processing_info")
    return str(info.get("state", "")) if isinstance(info, dict) else ""
