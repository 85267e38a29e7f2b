"""What the sandbox makes of a sender, a recipient and a mail: taken, refused, or told of later.

A recipient's name decides: one with "refused" is refused at once; one with
"bounce" or "full" is taken and comes back later as a report, and one with
"complain" as a complaint, in `bounces/`, as a mailbox provider would send it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import parseaddr
from functools import lru_cache
from pathlib import Path

from campaigner.sandbox.connection import Holds
from campaigner.sandbox.faults import Fault, Kind
from campaigner.sandbox.posts import Mail
from campaigner.sandbox.smtp_reports import complaint, failure
from campaigner.sandbox.stage import Stage

REFUSED = "refused"
BOUNCING = {"bounce": "5.1.1", "full": "4.2.2"}
COMPLAINING = "complain"
FOLDER = "bounces"
TOKENS = {  # RFC 4954, section 6
    Kind.EXPIRED_TOKEN: "535 5.7.8 Authentication credentials invalid",
    Kind.REVOKED_TOKEN: "530 5.7.0 Authentication required",
}
_headers = BytesHeaderParser(policy=compat32)


@dataclass(frozen=True)
class _Taken:
    """A mail that waits to be written to the log."""

    mail: Mail
    written: "asyncio.Future[None]"


class Desk:
    """All connections' decisions. Belongs to one event loop."""

    def __init__(self, stage: Stage, holds: Holds) -> None:
        self.stage = stage
        self.holds = holds
        self._taken: list[_Taken] = []

    def log_in(self, user: str) -> str:
        """Let anybody in, unless a fault says that the password is good no more."""
        refused = self.stage.faults.at_the_door("smtp", user, counts=True)
        if refused is None:
            return "235 2.7.0 Welcome"
        return self._refuse(user, TOKENS[Kind.EXPIRED_TOKEN], refused)

    def refuse_sender(self, address: str) -> str:
        """Return why a sender is not let in; "": it is."""
        if refused := self.stage.faults.at_the_door("smtp", address, counts=True):
            return self._refuse(address, TOKENS[refused.kind], refused, **{"from": address})
        return ""

    def refuse_recipient(self, sender: str, address: str) -> str:
        """Return why there is no such recipient; "": there is."""
        if REFUSED not in _local(address):
            return ""
        reply = "550 5.1.1 The mailbox does not exist"
        self.stage.refuse("smtp", sender, 550, reply, **{"from": sender, "recipients": [address]})
        return reply

    async def take(self, sender: str, recipients: Sequence[str], data: bytes) -> str | None:
        """Decide on a whole mail; None: hang up without an answer.

        It is in the log, and that on the disk, before it is answered. Mails
        that come at the same time share the wait for the disk.
        """
        mail = self._mail(sender, recipients, data)
        if fault := self.stage.fault_before("smtp", mail.account):
            note = {"from": sender, "recipients": mail.recipients, "subject": mail.subject}
            return self._refuse(mail.account, not_now(fault), fault, **note)
        fault = self.stage.fault_after("smtp", mail.account)
        (self.stage.mail_folder / mail.file).write_bytes(data)
        await self._write(replace(mail, fault=str(fault.kind)) if fault else mail)
        self._report(mail, data)
        match fault.kind if fault else None:
            case Kind.ACCEPT_AND_DROP | Kind.ERROR_AFTER_ACCEPT:
                return None
            case Kind.HOLD:
                await self.holds.wait()
            case Kind.SLOW if fault:
                await self.holds.delay(timedelta(seconds=fault.seconds))
            case Kind.MALFORMED:
                return "<!doctype html><title>One moment</title>"
        return f"250 2.0.0 Ok: queued as {mail.id}"

    async def _write(self, mail: Mail) -> None:
        loop = asyncio.get_running_loop()
        if not self._taken:
            # In the turn after next: until then the other connections' mails arrive too.
            loop.call_soon(loop.call_soon, self._write_all)
        taken = _Taken(mail, loop.create_future())
        self._taken.append(taken)
        await taken.written

    def _write_all(self) -> None:
        taken, self._taken = self._taken, []
        self.stage.accept_mails([each.mail for each in taken])
        for each in taken:
            if not each.written.done():  # its connection may be gone meanwhile
                each.written.set_result(None)

    def _report(self, mail: Mail, data: bytes) -> None:
        """Send back what a mailbox provider would: to where the mail says that reports go."""
        for number, recipient in enumerate(mail.recipients):
            local = _local(recipient)
            name = f"{int(mail.at.timestamp())}.{mail.id}_{number}.sandbox"
            status = next((code for word, code in BOUNCING.items() if word in local), "")
            if status and mail.sender:
                _deliver(self.stage.folder / FOLDER, name, failure(mail, recipient, status, data))
            elif COMPLAINING in local:
                _deliver(self.stage.folder / FOLDER, name, complaint(mail, recipient, data))

    def _refuse(self, account: str, reply: str, fault: Fault, **note: object) -> str:
        status = int(reply[:3])
        self.stage.refuse("smtp", account, status, reply, fault=str(fault.kind), **note)
        return reply

    def _mail(self, sender: str, recipients: Sequence[str], data: bytes) -> Mail:
        parsed = _headers.parsebytes(data.partition(b"\r\n\r\n")[0])
        headers = {name.lower(): value for name, value in reversed([*parsed.raw_items()])}
        now = self.stage.clock()
        id = self.stage.fresh_id("smtp", now)
        name, address = parseaddr(readable(headers.get("from", "")))
        return Mail(
            account=name or address or sender,
            id=id,
            at=now,
            sender=sender,
            recipients=tuple(recipients),
            message_id=readable(headers.get("message-id", "")),
            subject=readable(headers.get("subject", "")),
            language=readable(headers.get("content-language", "")) or "und",
            file=f"{id}.eml",
        )


def not_now(fault: Fault) -> str:
    """Return what the server says of a mail that it does not take for now."""
    match fault.kind:
        case Kind.RATE_LIMITED:
            return f"451 4.7.1 Too many messages, try again in {fault.seconds} seconds"
        case Kind.CONFLICT:
            return "450 4.2.0 The mailbox is in use by another process"
        case _:
            return "451 4.3.0 Requested action aborted: error in processing"


def readable(header: str) -> str:
    """Return a header as people read it, on one line; whatever is wrong with it stays as it is."""
    text = header.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return _decoded(" ".join(text.split()))


@lru_cache(1000)  # most mails of an edition share all but one
def _decoded(text: str) -> str:
    if "=?" not in text:
        return text
    try:
        return str(make_header(decode_header(text)))
    except (HeaderParseError, LookupError, UnicodeError):
        return text


def _local(address: str) -> str:
    return address.rpartition("@")[0].lower()


def _deliver(folder: Path, name: str, data: bytes) -> None:
    """Put a mail into a Maildir: written in `tmp`, then moved to `new`, so that none is half."""
    for part in ("tmp", "new", "cur"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    draft = folder / "tmp" / name
    draft.write_bytes(data)
    draft.rename(folder / "new" / name)
