"""A mail server that takes everything and delivers nothing: each mail goes to `mail/ID.eml`.

Recipients whose name holds "bounce" or "refused" are refused, so that
refusals can be seen. RFC 5321; AUTH is offered and takes anybody.
"""

import asyncio
import os
from dataclasses import replace
from datetime import timedelta
from email import policy
from email.parser import BytesParser
from email.utils import getaddresses
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from campaigner.sandbox.connection import Holds
from campaigner.sandbox.faults import Fault, Kind
from campaigner.sandbox.posts import Mail
from campaigner.sandbox.stage import Stage

LARGEST_MAIL = 25 * 1024 * 1024
REFUSED_NAMES = ("bounce", "refused")
HOST = "sandbox.localhost"
TOKENS = {  # RFC 4954, section 6
    Kind.EXPIRED_TOKEN: "535 5.7.8 Authentication credentials invalid",
    Kind.REVOKED_TOKEN: "530 5.7.0 Authentication required",
}


class MailServer(SMTP):
    """One connection. It offers SIZE, 8BITMIME, SMTPUTF8 and AUTH, and knows its own socket."""

    def __init__(
        self,
        stage: Stage,
        holds: Holds,
        connections: "set[MailServer]",
        *,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        postmaster = Postmaster(stage, holds)
        super().__init__(
            postmaster,
            data_size_limit=LARGEST_MAIL,
            enable_SMTPUTF8=True,
            decode_data=False,
            hostname=HOST,
            ident="sandbox",
            auth_require_tls=False,
            authenticator=postmaster.authenticate,
            loop=loop,
        )
        self._connections = connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._connections.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._connections.discard(self)
        super().connection_lost(error)

    def hang_up(self) -> None:
        """Close the connection without a word."""
        if isinstance(self.transport, asyncio.Transport):
            self.transport.abort()


class Postmaster:
    """What becomes of a recipient and of a mail. aiosmtpd calls its methods by these names."""

    def __init__(self, stage: Stage, holds: Holds) -> None:
        self.stage = stage
        self.holds = holds

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, login: object
    ) -> AuthResult:
        """Let anybody in, unless a fault says that the password is good no more."""
        user = login.login.decode() if isinstance(login, LoginPassword) else ""
        refused = self.stage.faults.at_the_door("smtp", user, counts=True)
        if refused is None:
            return AuthResult(success=True)
        self._refuse(user, TOKENS[Kind.EXPIRED_TOKEN], refused)
        return AuthResult(success=False, handled=False)

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if refused := self.stage.faults.at_the_door("smtp", address, counts=True):
            return self._refuse(address, TOKENS[refused.kind], refused, **{"from": address})
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 Ok"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        local = address.rpartition("@")[0].lower()
        if any(name in local for name in REFUSED_NAMES):
            reply = "550 5.1.1 The mailbox does not exist"
            sender = envelope.mail_from or ""
            self.stage.refuse(
                "smtp", sender, 550, reply, **{"from": sender, "recipients": [address]}
            )
            return reply
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 Ok"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        data = envelope.content if isinstance(envelope.content, bytes) else b""
        mail = self._mail(envelope, data)
        if fault := self.stage.fault_before("smtp", mail.account):
            note = {"from": mail.sender, "recipients": mail.recipients, "subject": mail.subject}
            return self._refuse(mail.account, not_now(fault), fault, **note)
        fault = self.stage.fault_after("smtp", mail.account)
        _keep(self.stage.mail_folder / mail.file, data)
        self.stage.accept_mail(replace(mail, fault=str(fault.kind)) if fault else mail)
        match fault.kind if fault else None:
            case Kind.ACCEPT_AND_DROP | Kind.ERROR_AFTER_ACCEPT:
                await _drop(server)
            case Kind.HOLD:
                await self.holds.wait()
            case Kind.SLOW if fault:
                await self.holds.delay(timedelta(seconds=fault.seconds))
            case Kind.MALFORMED:
                return "<!doctype html><title>One moment</title>"
        return f"250 2.0.0 Ok: queued as {mail.id}"

    def _refuse(self, account: str, reply: str, fault: Fault, **note: object) -> str:
        status = int(reply[:3])
        self.stage.refuse("smtp", account, status, reply, fault=str(fault.kind), **note)
        return reply

    def _mail(self, envelope: Envelope, data: bytes) -> Mail:
        headers = BytesParser(policy=policy.default).parsebytes(data, headersonly=True)
        now = self.stage.clock()
        id = self.stage.fresh_id("smtp", now)
        (name, address), *_ = getaddresses([str(headers.get("From", ""))]) or [("", "")]
        return Mail(
            account=name or address or envelope.mail_from or "",
            id=id,
            at=now,
            sender=envelope.mail_from or "",
            recipients=tuple(envelope.rcpt_tos),
            message_id=str(headers.get("Message-ID", "")).strip(),
            subject=str(headers.get("Subject", "")),
            language=str(headers.get("Content-Language", "")).strip() or "und",
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


def _keep(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


async def _drop(server: Any) -> None:
    """Hang up; the handler of a connection that is gone is canceled by aiosmtpd."""
    server.transport.abort()
    await asyncio.Event().wait()
