"""SMTP as a broadcast speaks it: one kept connection, its commands in groups (RFC 2920).

`mail.transport` submits one mail at a time and is for few. This one is for
many connections on one event loop; what an answer means is the same table.
The final dot is the fence here too: until it is handed to the system the relay
has nothing, once it answered we know, and in between nobody does.
"""

import asyncio
import re
import ssl
from collections import deque
from collections.abc import Sequence
from typing import cast

from campaigner.core.channel import Outcome, Retry, Unknown
from campaigner.mail.envelope import Envelope, impossible, mail_command
from campaigner.mail.smtp import LONGEST_LINE, MOST_LINES, SmtpReply, extensions_in, login, reply_of
from campaigner.mail.transport import Server, after_command, after_dot, after_mail, own_name

BLOCK = 64 * 1024  # of a body at a time; each has its own time-out
_CODE = re.compile(rb"[2-5][0-9]{2}(?=[ \r\n-])")
_VERBS = ("MAIL", "RCPT", "DATA")
_RSET = b"RSET\r\n"
_DATA = b"DATA\r\n"
_DOT = b".\r\n"


class NotOpenError(Exception):
    """The relay cannot be used now. `refused`: it does not want us; waiting does not help."""

    def __init__(self, reason: str, *, refused: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.refused = refused


class UntouchedError(Exception):
    """The connection was gone before this mail had begun: another one may take it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.outcome = Retry(reason, reached=False)


class Wire(asyncio.Protocol):
    """Bytes to replies, for one reader. `lost` says why nothing more will come, or is empty."""

    def __init__(self, host: str) -> None:
        self.lost = ""
        self.replies: deque[bytes] = deque()
        self._host = host
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._lines = 0
        self._needed = 0
        self._waiter: asyncio.Future[None] | None = None
        self._deadline = 0.0
        self._alarm: asyncio.TimerHandle | None = None
        self._blocked = False

    async def read(self, count: int, *, seconds: float) -> Sequence[bytes]:
        """Return the next replies, whole and as they came: fewer where the connection is lost."""
        if len(self.replies) < count and not self.lost:
            self._needed = count
            await self._wait(seconds)
        return [self.replies.popleft() for _ in range(min(count, len(self.replies)))]

    def write(self, data: bytes) -> None:
        if self._transport is not None and not self.lost:
            self._transport.write(data)

    def write_all(self, parts: Sequence[bytes]) -> None:
        if self._transport is not None and not self.lost:
            self._transport.writelines(parts)

    async def drain(self, *, seconds: float) -> None:
        """Wait until the system has taken what was written, or the connection is lost."""
        if self._blocked and not self.lost:
            self._needed = 0
            await self._wait(seconds)

    async def encrypt(self, server: Server, *, seconds: float) -> None:
        """Change to TLS; raises OSError where the other side is not who it should be."""
        assert self._transport is not None
        if self._buffer or self.replies:
            # Somebody in between may have slipped in what we would take for encrypted.
            raise OSError("it went on talking in the clear after STARTTLS")
        async with asyncio.timeout(seconds):
            secure = await self._loop.start_tls(
                self._transport, self, server.context, server_hostname=server.host
            )
        if secure is None:
            raise OSError("it closed the connection")
        self._transport = secure

    def fail(self, reason: str) -> None:
        """Give the connection up, at once."""
        self.lost = self.lost or reason
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self._transport is not None:
            self._transport.abort()
        self._wake()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's only behaves as one
        self._transport.set_write_buffer_limits(high=BLOCK)

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data if self._buffer else data
        start = place = 0
        while (end := buffer.find(b"\n", place)) >= 0:
            if not _CODE.match(buffer, place):
                self.fail(f"{self._host} answers what is not SMTP")
                return
            if buffer[place + 3] != 45:  # "-": more lines of the same reply follow
                self.replies.append(buffer[start : end + 1])
                start = end + 1
                self._lines = 0
            else:
                self._lines += 1
            place = end + 1
        self._buffer = buffer[start:]
        if len(buffer) - place > LONGEST_LINE or self._lines > MOST_LINES:
            self.fail(f"{self._host} answers what is not SMTP")
        elif self._waiter is not None and 0 < self._needed <= len(self.replies):
            self._wake()

    def eof_received(self) -> bool:
        self.fail(f"{self._host} closed the connection")
        return False

    def connection_lost(self, error: Exception | None) -> None:
        why = f"broke off: {error}" if error else "closed the connection"
        self.fail(f"{self._host} {why}")

    def pause_writing(self) -> None:
        self._blocked = True

    def resume_writing(self) -> None:
        self._blocked = False
        if self._needed == 0:
            self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _wait(self, seconds: float) -> None:
        """Wait to be woken, or lose the connection when the time is over.

        One alarm serves many waits: it looks how much time is left and sets
        itself again, so that a wait costs no timer of its own.
        """
        self._deadline = self._loop.time() + seconds
        if self._alarm is None or self._alarm.when() > self._deadline:
            if self._alarm is not None:
                self._alarm.cancel()
            self._alarm = self._loop.call_at(self._deadline, self._ring)
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _ring(self) -> None:
        self._alarm = None
        if self._waiter is None:
            return
        if self._loop.time() >= self._deadline:
            self.fail(f"{self._host} did not answer in time")
        else:
            self._alarm = self._loop.call_at(self._deadline, self._ring)


class Pipeline:
    """A relay that let us in. `carried` counts the mails that it was offered."""

    def __init__(self, server: Server, wire: Wire) -> None:
        self.extensions: dict[str, str] = {}
        self.carried = 0
        self._server = server
        self._times = server.timeouts
        self._wire = wire
        self._unclean = False
        self._pipelines = False
        self._patience = max(server.timeouts.command, server.timeouts.data).total_seconds()
        self._most = 0

    @property
    def usable(self) -> bool:
        """Whether the next mail can go here: connected, nothing left unread, not used up."""
        return not (self._wire.lost or self._wire.replies or 0 < self._most <= self.carried)

    @property
    def connected(self) -> bool:
        return not self._wire.lost

    async def submit(self, mail: Envelope) -> Outcome:
        """Submit one mail. Raises UntouchedError where the connection was gone before it began."""
        if refused := impossible(mail, self.extensions):
            return refused
        if self._pipelines and not self._unclean:
            group = (
                f"{mail_command(mail, self.extensions)}\r\nRCPT TO:<{mail.recipient}>\r\nDATA\r\n"
            )
            self._wire.write(group.encode())
            replies = await self._wire.read(3, seconds=self._patience)
            verbs: Sequence[str] = _VERBS
        else:
            verbs, replies = await self._ask_for(mail)
        refusal = self._judge(verbs, replies or [b""])
        self.carried += 1
        if refusal is None:
            return await self._hand_over(mail)
        if any(reply[:3] == b"421" for reply in replies):
            self._wire.fail("the relay closes")
        elif replies[-1][:3] == b"354" and len(replies) == len(verbs):
            # It refused the recipient and waits for a body all the same: an empty one.
            self._wire.write(_DOT)
            await self._wire.read(1, seconds=self._times.command.total_seconds())
        self._unclean = True
        return refusal

    async def close(self) -> None:
        """Take leave, if there is anybody left to take it of."""
        try:
            if not self._wire.lost:
                self._wire.write(b"QUIT\r\n")
                await self._wire.read(1, seconds=self._times.goodbye.total_seconds())
        finally:
            self._wire.fail("done")

    async def _ask_for(self, mail: Envelope) -> tuple[Sequence[str], Sequence[bytes]]:
        """Clear the table if need be, then ask for a mail; return what was said and answered.

        In one group, or without PIPELINING one after the other, as long as each
        is granted. An answer that never came is missing at the end.
        """
        verbs = list(_VERBS)
        lines = [
            f"{mail_command(mail, self.extensions)}\r\n".encode(),
            f"RCPT TO:<{mail.recipient}>\r\n".encode(),
            _DATA,
        ]
        if self._unclean:
            verbs.insert(0, "RSET")
            lines.insert(0, _RSET)
            self._unclean = False
        if self._pipelines:
            self._wire.write(b"".join(lines))
            return verbs, await self._wire.read(len(lines), seconds=self._patience)
        replies: list[bytes] = []
        for line in lines:
            self._wire.write(line)
            limit = self._times.data.total_seconds() if line is _DATA else self._patience
            answer = await self._wire.read(1, seconds=limit)
            replies += answer
            if not answer or answer[0][:1] not in (b"2", b"3"):
                break
        return verbs, replies

    def _judge(self, verbs: Sequence[str], replies: Sequence[bytes]) -> Outcome | None:
        """Say what a group of answers means; None: the body may follow.

        Raises UntouchedError where the relay had gone before it heard of this mail.
        """
        if (
            len(replies) == 3
            and replies[0][:1] == b"2" == replies[1][:1]
            and replies[2][:3] == b"354"
            and not (self._wire.replies or self._wire.lost)
        ):
            return None
        for verb, raw in zip(verbs, replies, strict=False):
            if raw[:3] == b"354" if verb == "DATA" else raw[:1] == b"2":
                continue
            early = verb in ("RSET", "MAIL")
            if not raw:
                raise UntouchedError(self._wire.lost)
            reply = reply_of(raw)
            if early and (reply.code == 421 or verb == "RSET"):
                self._wire.fail("the relay closes")
                raise UntouchedError(f"the relay closes: {reply}")
            return after_mail(reply) if verb == "MAIL" else after_command(reply)
        if len(replies) < len(verbs):
            why = f"before the mail was handed over: {self._wire.lost}"
            if verbs[len(replies)] == "MAIL":
                raise UntouchedError(why)
            return Retry(why)
        if self._wire.replies:
            self._wire.fail("the relay answers more than it was asked")
            return Retry("the relay answers more than it was asked")
        if self._wire.lost:
            return Retry(f"before the mail was handed over: {self._wire.lost}")
        return None

    async def _hand_over(self, mail: Envelope) -> Outcome:
        """Write the body, then the dot, and listen. From the dot on silence is doubt."""
        wire, body = self._wire, mail.body
        if len(body) > BLOCK:
            whole = len(body) // BLOCK * BLOCK
            for start in range(0, whole, BLOCK):
                wire.write(body[start : start + BLOCK])
                await wire.drain(seconds=self._times.block.total_seconds())
                if wire.replies:  # it refuses before it has heard all: nothing of it counts
                    wire.fail("the relay answered before the end of the mail")
                if wire.lost:
                    return Retry(f"before the mail was handed over: {wire.lost}")
            body = body[whole:]
        wire.write_all((body, _DOT))
        answer = await wire.read(1, seconds=self._times.final.total_seconds())
        if not answer:
            return Unknown(f"the mail was handed over and not acknowledged: {wire.lost}")
        outcome = after_dot(reply_of(answer[0]))
        if answer[0][:3] == b"421":
            wire.fail("the relay closes")
        elif isinstance(outcome, Unknown):
            wire.fail("the relay answers what nobody understands")
        return outcome

    async def greet(self, most: int) -> None:
        """Greet, encrypt, log in; carry at most so many mails. Raises NotOpenError."""
        server = self._server
        self._need(await self._answer(self._times.greeting.total_seconds()), 220)
        await self._hello()
        if server.start_tls and not server.encrypted:
            if "STARTTLS" not in self.extensions:
                raise NotOpenError(
                    f"{server.host} offers no STARTTLS, and mail is not sent unencrypted",
                    refused=True,
                )
            self._need(await self._ask("STARTTLS"), 220)
            await self._encrypt()
            # What was offered in the clear is forgotten: somebody may have changed it.
            await self._hello()
        if server.user:
            await self._log_in()
        limit = re.search(r"\bMAILMAX=(\d+)", self.extensions.get("LIMITS", ""))
        self._most = min(most, max(1, int(limit[1]))) if limit else most

    async def _hello(self) -> None:
        reply = await self._ask(f"EHLO {own_name()}")
        self._need(reply, 250)
        self.extensions = dict(extensions_in(reply))
        self._pipelines = "PIPELINING" in self.extensions

    async def _encrypt(self) -> None:
        try:
            await self._wire.encrypt(self._server, seconds=self._times.command.total_seconds())
        except (OSError, TimeoutError, ValueError) as error:
            why = str(error) or "it took too long"
            raise NotOpenError(f"no secure connection to {self._server.host}: {why}") from error

    async def _log_in(self) -> None:
        server = self._server
        if "AUTH" not in self.extensions:
            raise NotOpenError(f"{server.host} offers no login", refused=True)
        reply = None
        for line in login(self.extensions["AUTH"], server.user, server.password):
            reply = await self._ask(line)
            if reply.code != 334:
                break
        assert reply is not None
        if reply.code // 100 == 5:
            raise NotOpenError(f"the relay refuses the login: {reply}", refused=True)
        self._need(reply, 235)

    async def _ask(self, line: str) -> SmtpReply:
        self._wire.write(f"{line}\r\n".encode())
        return await self._answer(self._times.command.total_seconds())

    async def _answer(self, seconds: float) -> SmtpReply:
        answer = await self._wire.read(1, seconds=seconds)
        if not answer:
            raise NotOpenError(self._wire.lost)
        return reply_of(answer[0])

    @staticmethod
    def _need(reply: SmtpReply, code: int) -> None:
        if reply.code != code:
            raise NotOpenError(f"the relay does not serve now: {reply}")


async def connect(server: Server, *, most: int) -> Pipeline:
    """Connect and be let in; `most` mails may use the connection. Raises NotOpenError."""
    loop = asyncio.get_running_loop()
    seconds = server.timeouts.connect.total_seconds()
    wire = Wire(server.host)
    try:
        async with asyncio.timeout(seconds):
            await loop.create_connection(
                lambda: wire,
                server.host,
                server.port,
                ssl=server.context if server.encrypted else None,
                server_hostname=server.host if server.encrypted else None,
            )
    except (OSError, UnicodeError, TimeoutError) as error:
        wire.fail("not connected")
        why = str(error) or "it took too long"
        if isinstance(error, ssl.SSLError):
            raise NotOpenError(f"no secure connection to {server.host}: {why}") from error
        raise NotOpenError(f"{server.host} could not be reached: {why}") from error
    pipeline = Pipeline(server, wire)
    try:
        await pipeline.greet(most)
    except BaseException:  # also where we are told to stop: no connection is left open
        wire.fail("not let in")
        raise
    return pipeline
