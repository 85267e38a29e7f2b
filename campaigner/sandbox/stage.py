"""What the networks hold: posts and mails in memory, rebuilt from the log at a start.

All servers share one stage and one thread; each has its own way of showing it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from campaigner.core.locales import bcp47
from campaigner.sandbox.faults import Fault, Faults
from campaigner.sandbox.log import Entry, Log, read_log
from campaigner.sandbox.media import Gallery
from campaigner.sandbox.posts import Mail, Post, mail_in, post_in
from campaigner.settings import AccountSettings

X_EPOCH = 1_288_834_974_657  # milliseconds; X's ids count from it
KEY_LIFE = timedelta(hours=1)


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
        kept = {"key": post.key, "reply_to": post.reply_to, "skew": post.skew}
        self._write_post(
            "accepted",
            post,
            {**post.content(), **kept},
            at=post.at,
            status=200 if post.network == "mastodon" else 201,
            fault=post.fault,
        )
        self.posts[post.network, post.id] = post

    def accept_mails(self, mails: Sequence[Mail]) -> None:
        """Take mails that came at the same time: on the disk together, then in the inbox."""
        self.log.extend([_entry("accepted", at=mail.at, **_mail_values(mail)) for mail in mails])
        self.mails.update((mail.id, mail) for mail in mails)

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
        kept = {"text": post.text, "language": post.language, "key": post.key}
        self._write_post("repeated", post, kept, at=self.clock())

    def edit(self, post: Post, wanted: Post) -> Post:
        """Let `post` say what `wanted` says, and remember what it said; return it as it is now."""
        now = self.clock()
        edited = post.edited(wanted, at=now)
        self._write_post("edited", post, edited.content(), at=now)
        self.posts[post.network, post.id] = edited
        return edited

    def delete(self, post: Post) -> None:
        now = self.clock()
        self._write_post("deleted", post, {}, at=now)
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

    def _take_away(self, post: Post, *, at: datetime) -> None:
        del self.posts[post.network, post.id]
        self.deleted[post.network, post.id] = replace(post, deleted_at=at)

    def _write_post(
        self,
        event: str,
        post: Post,
        values: Mapping[str, object],
        *,
        at: datetime,
        status: int = 200,
        fault: str = "",
    ) -> None:
        self._write(
            event,
            network=post.network,
            account=post.account,
            at=at,
            status=status,
            fault=fault,
            id=post.id,
            **values,
        )

    def _write(self, event: str, *, at: datetime, **values: object) -> None:
        entry = _entry(event, at=at, **values)
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
                self.mails[id] = mail_in(entry)
            case "accepted":
                self.posts[network, id] = post_in(entry)
            case "refused":
                self.refusals.append(entry)
            case "edited" if (network, id) in self.posts:
                wanted = post_in(entry)
                self.posts[network, id] = self.posts[network, id].edited(wanted, at=wanted.at)
            case "deleted" if (network, id) in self.posts:
                at = datetime.fromisoformat(entry["at"])
                self._take_away(self.posts[network, id], at=at)


def _entry(event: str, *, at: datetime, **values: object) -> Entry:
    moment = at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return {"at": moment, "event": event, **values}


def _mail_values(mail: Mail) -> dict[str, object]:
    return {
        "network": "smtp",
        "account": mail.account,
        "status": 250,
        "fault": mail.fault,
        "id": mail.id,
        "from": mail.sender,
        "recipients": mail.recipients,
        "message_id": mail.message_id,
        "subject": mail.subject,
        "language": mail.language,
        "file": mail.file,
    }
