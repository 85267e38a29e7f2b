"""Where reports arrive: an IMAP mailbox, or a Maildir.

A mail stays as it is until whoever read it says that it is done: only then is
it marked seen (IMAP) or moved from `new` to `cur` (Maildir). So a crash reads
it again, and nothing is lost. RFC 3501, 9051; https://cr.yp.to/proto/maildir.html
"""

import os
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from campaigner.errors import UserError
from campaigner.net import NotReachedError, is_loopback

LONGEST = 1 << 20  # bytes that are read of a mail
AT_ONCE = 50
TIMEOUT = timedelta(seconds=30)
PORTS = {"imap": 143, "imaps": 993}


@dataclass(frozen=True)
class Arrived:
    """A mail in a mailbox: its name there, and its bytes, the first of them if there are many."""

    name: str
    raw: bytes


class Mailbox(Protocol):
    """A place with new mails, open."""

    def batches(self) -> Iterator[Sequence[Arrived]]:
        """Yield the mails that are new now, oldest first, some at a time."""

    def done(self, mails: Sequence[Arrived]) -> None:
        """Take note that these were dealt with, for good."""


@contextmanager
def opened(address: str, *, password: str = "", loopback_only: bool = False) -> Iterator[Mailbox]:
    """Open the mailbox at `imaps://user@host/FOLDER`, `imap://…` (STARTTLS) or `maildir:/path`.

    On this machine `imap://` goes without encryption. Raises UserError for an
    address that cannot be read or a login that is refused, NotReachedError
    where nobody answers or the connection breaks.
    """
    parts = urlsplit(address)
    if parts.scheme == "maildir":
        yield Maildir(Path(parts.path or parts.netloc))
        return
    if parts.scheme not in PORTS or not parts.hostname or not parts.username:
        raise UserError(
            f"'{_shown(address)}' is no mailbox. Write `bounces` as imaps://user@host/INBOX or "
            "maildir:/path"
        )
    if loopback_only and not is_loopback(address):
        raise NotReachedError(f"{parts.hostname} is not this machine, and nothing else is allowed")
    try:
        with IMAPClient(
            parts.hostname,
            port=parts.port or PORTS[parts.scheme],
            ssl=parts.scheme == "imaps",
            ssl_context=ssl.create_default_context(),
            timeout=TIMEOUT.total_seconds(),
        ) as client:
            if parts.scheme == "imap" and not is_loopback(address):
                client.starttls(ssl.create_default_context())
            _log_in(client, unquote(parts.username), password)
            client.select_folder(unquote(parts.path.lstrip("/")) or "INBOX")
            yield Imap(client)
    except (OSError, IMAPClientError) as error:
        raise NotReachedError(f"the mailbox at {parts.hostname} does not serve: {error}") from error


def _log_in(client: IMAPClient, user: str, password: str) -> None:
    try:
        client.login(user, password)
    except IMAPClientError as error:
        if isinstance(error.__context__, IMAPClientAbortError):
            raise  # the connection broke: no word about the password
        raise UserError(
            f"the mailbox refuses the login of {user}: {error}. Set its password "
            "(CAMPAIGNER_…_BOUNCES_PASSWORD)"
        ) from None


def _shown(address: str) -> str:
    """Return an address without the password that somebody may have written into it."""
    parts = urlsplit(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


@dataclass(frozen=True)
class Imap:
    """A folder of an IMAP server: what is not seen yet is new."""

    client: Any  # IMAPClient, most of whose methods have no types

    def batches(self) -> Iterator[Sequence[Arrived]]:
        numbers = sorted(self.client.search(["UNSEEN"]))
        for start in range(0, len(numbers), AT_ONCE):
            some = numbers[start : start + AT_ONCE]
            # PEEK: to read is not to be done with it.
            answers = self.client.fetch(some, [f"BODY.PEEK[]<0.{LONGEST}>"])
            yield [
                Arrived(name=str(number), raw=_body(answers[number]))
                for number in some
                if number in answers  # another reader may have taken it away
            ]

    def done(self, mails: Sequence[Arrived]) -> None:
        if mails:
            self.client.add_flags([int(mail.name) for mail in mails], [b"\\Seen"], silent=True)


def _body(answer: Mapping[bytes, object]) -> bytes:
    for name, value in answer.items():
        if name.startswith(b"BODY[]") and isinstance(value, bytes):
            return value
    return b""


@dataclass(frozen=True)
class Maildir:
    """A folder with `new` and `cur`, as mail servers and their users' programs share it."""

    path: Path
    may_be_missing: bool = False

    def batches(self) -> Iterator[Sequence[Arrived]]:
        new = self.path / "new"
        if not new.is_dir():
            if self.may_be_missing:
                return
            raise UserError(f"{self.path} is no Maildir: it has no folder `new`")
        # Names begin with the time of arrival.
        names = sorted(
            entry.name for entry in os.scandir(new) if entry.is_file(follow_symlinks=False)
        )
        for start in range(0, len(names), AT_ONCE):
            found = [self._read(new / name) for name in names[start : start + AT_ONCE]]
            yield [mail for mail in found if mail is not None]

    def done(self, mails: Sequence[Arrived]) -> None:
        cur = self.path / "cur"
        cur.mkdir(exist_ok=True)
        for mail in mails:
            seen = f"{mail.name.partition(':')[0]}:2,S"
            try:
                os.rename(self.path / "new" / mail.name, cur / seen)
            except FileNotFoundError:
                continue  # another reader was first; the report counts once all the same

    def _read(self, file: Path) -> Arrived | None:
        try:
            with file.open("rb") as stream:
                return Arrived(name=file.name, raw=stream.read(LONGEST))
        except FileNotFoundError:
            return None
