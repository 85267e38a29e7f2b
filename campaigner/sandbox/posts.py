"""A post and a mail as the sandbox keeps them, and how the log tells of them."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Self

from campaigner.sandbox.counters import counters
from campaigner.sandbox.faults import Fault
from campaigner.sandbox.log import Entry
from campaigner.sandbox.media import Picture


@dataclass(frozen=True, kw_only=True)
class Version:
    """What a post said from `at` on, until it was edited."""

    at: datetime
    text: str


@dataclass(frozen=True, kw_only=True)
class Post:
    """A post that a network accepted. `text` is as it was sent; `length` by our own count.

    `reply_to` is the id of the post that it answers. `earlier` is what it said
    before each edit, oldest first. `skew` is how far the network's clock was
    off, in seconds, when it was taken at `at`.
    """

    network: str
    account: str
    id: str
    at: datetime
    text: str
    language: str = ""
    key: str = ""
    links: tuple[str, ...] = ()
    media: tuple[Picture, ...] = ()
    length: int = 0
    limit: int = 0
    fault: str = ""
    reply_to: str = ""
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
    earlier: tuple[Version, ...] = ()
    skew: float = 0.0

    @property
    def shown_at(self) -> datetime:
        """When the network says that it was made."""
        return self.at + timedelta(seconds=self.skew)

    def counters(self, now: datetime) -> dict[str, int]:
        return counters(self.network, self.id, now - self.at)

    def marked(self, fault: Fault | None) -> Self:
        """Return it with the name of the fault that befell it."""
        return replace(self, fault=str(fault.kind)) if fault else self

    def edited(self, wanted: "Post", *, at: datetime) -> Self:
        """Return it as it is once it says what `wanted` says; it remembers what it said."""
        earlier = Version(at=self.edited_at or self.at, text=self.text)
        return replace(
            self,
            text=wanted.text,
            language=wanted.language,
            links=wanted.links,
            media=wanted.media,
            length=wanted.length,
            limit=wanted.limit,
            edited_at=at,
            earlier=(*self.earlier, earlier),
        )

    def content(self) -> dict[str, object]:
        """Return what an edit may change, as the log writes it."""
        return {
            "text": self.text,
            "language": self.language,
            "links": self.links,
            "media": [
                {"id": medium.id, "sha256": medium.sha256, "mime": medium.mime, "alt": medium.alt}
                for medium in self.media
            ],
            "length": self.length,
            "limit": self.limit,
        }


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A mail that was taken. Its bytes are in `mail/`, under the name `file`."""

    account: str
    id: str
    at: datetime
    sender: str
    recipients: tuple[str, ...]
    message_id: str
    subject: str
    language: str
    file: str
    fault: str = ""


def post_in(entry: Entry) -> Post:
    """Read a post as the log tells of it, accepted or edited."""
    network, account = entry["network"], entry["account"]
    kept = ("id", "text", "language", "length", "limit", "fault")
    media = (Picture(network=network, account=account, **medium) for medium in entry["media"])
    values: dict[str, Any] = {name: entry[name] for name in kept}
    return Post(
        network=network,
        account=account,
        at=datetime.fromisoformat(entry["at"]),
        key=entry.get("key", ""),
        links=tuple(entry["links"]),
        media=tuple(media),
        reply_to=entry.get("reply_to", ""),
        skew=entry.get("skew", 0.0),
        **values,
    )


def mail_in(entry: Entry) -> Mail:
    kept = ("account", "id", "message_id", "subject", "language", "file", "fault")
    values: dict[str, Any] = {name: entry[name] for name in kept}
    return Mail(
        at=datetime.fromisoformat(entry["at"]),
        sender=entry["from"],
        recipients=tuple(entry["recipients"]),
        **values,
    )
