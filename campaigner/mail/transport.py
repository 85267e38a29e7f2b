"""A mail on its way to the relay: one kept connection, one mail after the other.

The final dot is the fence of SMTP: until it is written the relay has nothing,
once it answered we know, and in between nobody does.
"""

import contextlib
import re
import socket
import ssl
from dataclasses import dataclass

from campaigner.core.channel import Disconnected, Outcome, Reject, Retry, Sent, Unknown
from campaigner.core.message import OutgoingMail
from campaigner.mail.envelope import Envelope, envelope_of, impossible, mail_command
from campaigner.mail.smtp import Connection, SmtpReply, Timeouts, WireError

MAILS_PER_CONNECTION = 100
# Not logged in, wrong login, login too weak: it concerns every mail, not this one.
LOGIN_CODES = frozenset({530, 534, 535, 538})

_IDS = (
    re.compile(r"\bqueued as ([^\s;,]+)", re.IGNORECASE),
    re.compile(r"\bid[=: ]\s*([^\s;,]+)", re.IGNORECASE),
    re.compile(r"<([^<>\s]+@[^<>\s]+)>"),
    re.compile(r"^ok:?\s+(?:\d{9,11}\s+)?(?=\S*\d)([\w.+/=-]{8,})", re.IGNORECASE),
)


@dataclass(frozen=True, kw_only=True)
class Server:
    """A relay and how to come in. `encrypted`: TLS from the start; `start_tls`: it is required.

    `context` verifies the relay's certificate against its name.
    """

    host: str
    port: int
    encrypted: bool
    start_tls: bool
    user: str = ""
    password: str = ""
    context: ssl.SSLContext
    timeouts: Timeouts

    def __repr__(self) -> str:
        return f"Server({self.host}:{self.port})"


class _NotTakenError(Exception):
    """The connection failed before the dot. `untouched`: before this mail had begun."""

    def __init__(self, outcome: Outcome, *, untouched: bool = False) -> None:
        self.outcome = outcome
        self.untouched = untouched


class Transport:
    """Submits to one server. Not for two threads at once."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._open: Connection | None = None
        self._left = 0

    def send(self, mail: OutgoingMail) -> Outcome:
        """Submit one mail. After a failure the connection is made anew for the next."""
        envelope = envelope_of(mail)
        if isinstance(envelope, Reject):
            return envelope
        kept = self._open is not None
        try:
            return self._submit(envelope)
        except _NotTakenError as failure:
            self._drop()
            if not (kept and failure.untouched):
                return failure.outcome
        # The relay had closed the kept connection while it lay idle: a new one, once.
        try:
            return self._submit(envelope)
        except _NotTakenError as failure:
            self._drop()
            return failure.outcome

    def close(self) -> None:
        """Take leave, if connected."""
        if self._open is not None:
            with contextlib.suppress(WireError):
                self._open.command("QUIT", timeout=self._server.timeouts.goodbye)
        self._drop()

    def _drop(self) -> None:
        if self._open is not None:
            self._open.close()
        self._open = None

    def _submit(self, mail: Envelope) -> Outcome:
        wire = self._open or self._connect()
        if refused := impossible(mail, wire.extensions):
            return refused
        times = self._server.timeouts
        try:
            reply = wire.command(mail_command(mail, wire.extensions), timeout=times.command)
        except WireError as error:
            raise _NotTakenError(Retry(str(error)), untouched=True) from error
        if reply.code == 421:
            raise _NotTakenError(Retry(f"the relay closes: {reply}"), untouched=True)
        if reply.code // 100 != 2:
            return self._refused(wire, after_mail(reply))
        try:
            reply = wire.command(f"RCPT TO:<{mail.recipient}>", timeout=times.command)
            if reply.code // 100 != 2:
                return self._refused(wire, after_command(reply))
            reply = wire.command("DATA", timeout=times.data)
            if reply.code != 354:
                return self._refused(wire, after_command(reply))
            wire.write(mail.body, timeout=times.block)
        except WireError as error:
            raise _NotTakenError(Retry(f"before the mail was handed over: {error}")) from error
        return self._finish(wire)

    def _finish(self, wire: Connection) -> Outcome:
        """Write the dot and listen. From here on silence is doubt."""
        times = self._server.timeouts
        try:
            wire.write(b".\r\n", timeout=times.block)
            reply = wire.read(timeout=times.final)
        except WireError as error:
            self._drop()
            return Unknown(f"the mail was handed over and not acknowledged: {error}")
        self._left -= 1
        if reply.code == 421:
            self._drop()
        elif self._left <= 0:
            self.close()
        return after_dot(reply)

    def _refused(self, wire: Connection, outcome: Outcome) -> Outcome:
        """Clear the table for the next mail."""
        try:
            reply = wire.command("RSET", timeout=self._server.timeouts.command)
        except WireError:
            self._drop()
            return outcome
        if reply.code != 250 or isinstance(outcome, Disconnected):
            self._drop()
        return outcome

    def _connect(self) -> Connection:
        """Connect, greet, encrypt, log in. Raises _NotTakenError."""
        server = self._server
        try:
            wire = Connection(
                server.host,
                server.port,
                timeouts=server.timeouts,
                context=server.context,
                encrypted=server.encrypted,
            )
        except WireError as error:
            raise _NotTakenError(Retry(str(error), reached=False)) from error
        self._open = wire
        try:
            self._greet(wire)
        except WireError as error:
            raise _NotTakenError(Retry(str(error))) from error
        limit = re.search(r"\bMAILMAX=(\d+)", wire.extensions.get("LIMITS", ""))
        self._left = min(MAILS_PER_CONNECTION, max(1, int(limit[1])) if limit else 100)
        return wire

    def _greet(self, wire: Connection) -> None:
        server, times = self._server, self._server.timeouts
        _need(wire.read(timeout=times.greeting), 220)
        _need(wire.hello(own_name(), timeout=times.command), 250)
        if server.start_tls and not server.encrypted:
            if "STARTTLS" not in wire.extensions:
                raise _NotTakenError(
                    Disconnected(
                        f"{server.host} offers no STARTTLS, and mail is not sent unencrypted"
                    )
                )
            _need(wire.start_tls(timeout=times.command), 220)
            # What was offered in the clear is forgotten: somebody may have changed it.
            _need(wire.hello(own_name(), timeout=times.command), 250)
        if server.user:
            if "AUTH" not in wire.extensions:
                raise _NotTakenError(Disconnected(f"{server.host} offers no login"))
            reply = wire.log_in(server.user, server.password, timeout=times.command)
            if reply.code // 100 == 5:
                raise _NotTakenError(Disconnected(f"the relay refuses the login: {reply}"))
            _need(reply, 235)


def after_mail(reply: SmtpReply) -> Outcome:
    """Say what a refusal of MAIL means: by policy (5.7.x), it is the account that is refused."""
    if reply.code in LOGIN_CODES or (reply.code >= 500 and reply.status.startswith("5.7.")):
        return Disconnected(f"the relay refuses the sender: {reply}")
    return after_command(reply)


def after_command(reply: SmtpReply) -> Outcome:
    """Say what a refusal before the body means. 421 is about the relay: it costs no try."""
    if reply.code == 421:
        return Retry(f"the relay closes: {reply}", reached=False)
    if reply.code in LOGIN_CODES:
        return Disconnected(f"the relay wants a login: {reply}")
    if reply.code >= 500:
        return Reject(f"the relay refuses it: {reply}")
    return Retry(f"the relay does not take it now: {reply}")


def after_dot(reply: SmtpReply) -> Outcome:
    """Say what the answer to the whole mail means."""
    if reply.code == 421:
        return Retry(f"the relay closes: {reply}", reached=False)
    match reply.code // 100:
        case 2:
            return Sent(remote_id=id_in(reply.text))
        case 4:
            return Retry(f"the relay does not take it now: {reply}")
        case 5:
            return Reject(f"the relay refuses it: {reply}")
        case _:
            return Unknown(f"the relay answered {reply}")


def id_in(text: str) -> str:
    """Return the relay's name for the mail, from the words of its 250; "" if it says none."""
    for pattern in _IDS:
        if found := pattern.search(text):
            return found[1].strip("<>.")
    return ""


def _need(reply: SmtpReply, code: int) -> None:
    if reply.code != code:
        raise _NotTakenError(Retry(f"the relay does not serve now: {reply}"))


def own_name() -> str:
    """Return how this machine calls itself to a relay: a name with a dot, or an address."""
    name = socket.gethostname()
    return name if "." in name and name.isascii() else "[127.0.0.1]"
