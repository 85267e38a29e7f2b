"""What the networks hold: posts and mails in memory, rebuilt from the log at a start.

All servers share one stage and one thread; each has its own way of showing it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from campaigner.core.locales import bcp47
from campaigner.sandbox.counters import counters
from campaigner.sandbox.faults import Fault, Faults
from campaigner.sandbox.log import Entry, Log, read_log
from campaigner.sandbox.media import Gallery, Picture
from campaigner.settings import AccountSettings

X_EPOCH = 1_288_834_974_657  # milliseconds; X's ids count from it
KEY_LIFE = timedelta(hours=1)


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


@dataclass
class Stage:
    """Everything that the sandbox's servers share."""

    folder: Path
    faults: Faults
    clock: Callable[[], datetime]
    accounts: Mapping[str, AccountSettings]
    posts: dict[tuple[str, str], Post] = field(default_factory=dict)
    deleted: dict[tuple[str, str], Post] = field(default_factory=dict)
    mails: dict[str, Mail] = field(default_factory=dict)
    refusals: list[Entry] = field(default_factory=list)
    _last_ids: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.log = Log(self.folder)
        self.gallery = Gallery(self.folder)
        self.mail_folder = self.folder / "mail"
        self.mail_folder.mkdir(exist_ok=True)
        for entry in read_log(self.folder):
            self._know_id(entry["network"], entry.get("id", ""))
            self._replay(entry)
        for network, id in self.gallery.ids():
            self._know_id(network, id)

    def accept(self, post: Post) -> None:
        """Take a post: on the disk first, then in the timelines."""
        self._write(
            "accepted",
            network=post.network,
            account=post.account,
            at=post.at,
            status=200 if post.network == "mastodon" else 201,
            fault=post.fault,
            id=post.id,
            text=post.text,
            language=post.language,
            key=post.key,
            links=post.links,
            media=_media_of(post),
            length=post.length,
            limit=post.limit,
            reply_to=post.reply_to,
            skew=post.skew,
        )
        self.posts[post.network, post.id] = post

    def accept_mail(self, mail: Mail) -> None:
        values = {
            "id": mail.id,
            "from": mail.sender,
            "recipients": mail.recipients,
            "message_id": mail.message_id,
            "subject": mail.subject,
            "language": mail.language,
            "file": mail.file,
        }
        self._write(
            "accepted",
            network="smtp",
            account=mail.account,
            at=mail.at,
            status=250,
            fault=mail.fault,
            **values,
        )
        self.mails[mail.id] = mail

    def refuse(
        self, network: str, account: str, status: int, reason: str, **details: object
    ) -> None:
        """Note that something was refused, with what is known of it."""
        details.setdefault("fault", "")
        self._write(
            "refused",
            network=network,
            account=account,
            at=self.clock(),
            status=status,
            reason=reason,
            **details,
        )

    def repeat(self, post: Post) -> None:
        """Note that a post was sent again under its key, and answered with the first."""
        self._write(
            "repeated",
            network=post.network,
            account=post.account,
            at=self.clock(),
            status=200,
            fault="",
            id=post.id,
            text=post.text,
            language=post.language,
            key=post.key,
        )

    def edit(self, post: Post, wanted: Post) -> Post:
        """Let `post` say what `wanted` says, and remember what it said; return it as it is now."""
        now = self.clock()
        edited = _edited(post, wanted, at=now)
        self._write(
            "edited",
            network=post.network,
            account=post.account,
            at=now,
            status=200,
            fault="",
            id=post.id,
            text=edited.text,
            language=edited.language,
            links=edited.links,
            media=_media_of(edited),
            length=edited.length,
            limit=edited.limit,
        )
        self.posts[post.network, post.id] = edited
        return edited

    def delete(self, post: Post) -> None:
        now = self.clock()
        self._write(
            "deleted",
            network=post.network,
            account=post.account,
            at=now,
            status=200,
            fault="",
            id=post.id,
        )
        self._take_away(post, at=now)

    def answers(self, post: Post) -> list[Post]:
        """Return the posts that answer it, oldest first."""
        return [
            other
            for other in self.posts.values()
            if (other.network, other.reply_to) == (post.network, post.id)
        ]

    def timeline(self, network: str = "", account: str = "") -> list[Post]:
        """Return the posts of a network and account (empty: of all), newest first."""
        return [
            post
            for post in reversed(self.posts.values())
            if network in ("", post.network) and account in ("", post.account)
        ]

    def with_key(self, account: str, key: str, now: datetime) -> Post | None:
        """Return the Mastodon post made under `key` by this account in the last hour."""
        if not key:
            return None
        return next(
            (
                post
                for post in self.posts.values()
                if (post.network, post.account, post.key) == ("mastodon", account, key)
                and now - post.at < KEY_LIFE
            ),
            None,
        )

    def holds_text(self, account: str, text: str) -> bool:
        """Whether X already shows exactly this text from this account."""
        return any(
            (post.network, post.account, post.text) == ("x", account, text)
            for post in self.posts.values()
        )

    def names(self, network: str) -> Sequence[str]:
        """Return the accounts of a network: those in the settings, then strangers who posted."""
        known = [name for name, account in self.accounts.items() if account.channel == network]
        strangers = {post.account for post in self.posts.values() if post.network == network}
        return [*known, *sorted(strangers.difference(known))]

    def title(self, account: str) -> str:
        settings = self.accounts.get(account)
        return (settings.title if settings else "") or account

    def handle(self, account: str) -> str:
        settings = self.accounts.get(account)
        return (settings.handle if settings else "") or account.replace("-", "_")

    def only_language(self, account: str) -> str:
        """Return the language (BCP 47) of an account that has one; `und` if nobody can know."""
        settings = self.accounts.get(account)
        return bcp47(settings.locales[0]) if settings and len(settings.locales) == 1 else "und"

    def fresh_id(self, network: str, now: datetime) -> str:
        """Return an id later than all before, built as the network builds its own."""
        milliseconds = int(now.timestamp() * 1000)
        wanted = (milliseconds - X_EPOCH) << 22 if network == "x" else milliseconds << 16
        self._last_ids[network] = id = max(wanted, self._last_ids.get(network, 0) + 1)
        return str(id)

    def fault_before(self, network: str, account: str) -> Fault | None:
        return self.faults.take(network, account, accepting=False)

    def fault_after(self, network: str, account: str) -> Fault | None:
        return self.faults.take(network, account, accepting=True)

    def skew(self, network: str, account: str, *, counts: bool) -> timedelta:
        return self.faults.skew(network, account, counts=counts)

    def _take_away(self, post: Post, *, at: datetime) -> None:
        del self.posts[post.network, post.id]
        self.deleted[post.network, post.id] = replace(post, deleted_at=at)

    def _write(self, event: str, *, at: datetime, **values: object) -> None:
        moment = at.astimezone(UTC).isoformat().replace("+00:00", "Z")
        entry = {"at": moment, "event": event, **values}
        self.log.append(entry)
        if event == "refused":
            self.refusals.append(entry)

    def _know_id(self, network: str, id: str) -> None:
        if id.isdigit():
            self._last_ids[network] = max(int(id), self._last_ids.get(network, 0))

    def _replay(self, entry: Entry) -> None:
        network, id = entry["network"], entry.get("id", "")
        match entry["event"]:
            case "accepted" if network == "smtp":
                self.mails[id] = _mail_in(entry)
            case "accepted":
                self.posts[network, id] = _post_in(entry)
            case "refused":
                self.refusals.append(entry)
            case "edited" if (network, id) in self.posts:
                post = self.posts[network, id]
                at = datetime.fromisoformat(entry["at"])
                wanted = _post_in({**entry, "key": post.key})
                self.posts[network, id] = _edited(post, wanted, at=at)
            case "deleted" if (network, id) in self.posts:
                at = datetime.fromisoformat(entry["at"])
                self._take_away(self.posts[network, id], at=at)


def _post_in(entry: Entry) -> Post:
    network, account = entry["network"], entry["account"]
    kept = ("id", "text", "language", "key", "length", "limit", "fault")
    media = (Picture(network=network, account=account, **medium) for medium in entry["media"])
    values: dict[str, Any] = {name: entry[name] for name in kept}
    return Post(
        network=network,
        account=account,
        at=datetime.fromisoformat(entry["at"]),
        links=tuple(entry["links"]),
        media=tuple(media),
        reply_to=entry.get("reply_to", ""),
        skew=entry.get("skew", 0.0),
        **values,
    )


def _edited(post: Post, wanted: Post, *, at: datetime) -> Post:
    earlier = Version(at=post.edited_at or post.at, text=post.text)
    return replace(
        post,
        text=wanted.text,
        language=wanted.language,
        links=wanted.links,
        media=wanted.media,
        length=wanted.length,
        limit=wanted.limit,
        edited_at=at,
        earlier=(*post.earlier, earlier),
    )


def _media_of(post: Post) -> list[dict[str, str]]:
    return [
        {"id": medium.id, "sha256": medium.sha256, "mime": medium.mime, "alt": medium.alt}
        for medium in post.media
    ]


def _mail_in(entry: Entry) -> Mail:
    kept = ("account", "id", "message_id", "subject", "language", "file", "fault")
    values: dict[str, Any] = {name: entry[name] for name in kept}
    return Mail(
        at=datetime.fromisoformat(entry["at"]),
        sender=entry["from"],
        recipients=tuple(entry["recipients"]),
        **values,
    )


def marked(post: Post, fault: Fault | None) -> Post:
    """Return the post with the name of the fault that befell it."""
    return replace(post, fault=str(fault.kind)) if fault else post
