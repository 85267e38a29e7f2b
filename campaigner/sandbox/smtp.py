"""A mail server on the wire: one connection, its commands in groups or one by one.

RFC 5321, with PIPELINING (2920), SIZE (1870), 8BITMIME (6152), SMTPUTF8 (6531),
ENHANCEDSTATUSCODES (2034) and AUTH (4954), which takes anybody. What becomes of
a mail is decided by `sandbox.smtp_desk`.
"""

import asyncio
import base64
import binascii
import contextlib
import re
from collections.abc import Callable

from campaigner.sandbox.smtp_desk import Desk

HOST = "sandbox.localhost"
LARGEST_MAIL = 25 * 1024 * 1024
LONGEST_LINE = 4096
MOST_RECIPIENTS = 100
OFFERS = (
    "PIPELINING",
    f"SIZE {LARGEST_MAIL}",
    "8BITMIME",
    "SMTPUTF8",
    "ENHANCEDSTATUSCODES",
    "AUTH PLAIN LOGIN",
)
_PATH = re.compile(r"(FROM|TO):\s*<([^<>\s]*)>((?:\s+\S+)*)\s*", re.IGNORECASE)
_END = b"\r\n.\r\n"

Heard = Callable[[str], str]


class MailServer(asyncio.Protocol):
    """One connection. While a mail is decided on, what comes after it waits in the buffer."""

    def __init__(self, desk: Desk, connections: "set[MailServer]") -> None:
        self._desk = desk
        self._connections = connections
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._searched = 0  # how much of the buffer holds no end of a body
        self._in_body = False
        self._decision: asyncio.Task[None] | None = None
        self._next: Heard | None = None  # who hears the next line, in the middle of a login
        self._sender: str | None = None
        self._recipients: list[str] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._connections.add(self)
        self._say(f"220 {HOST} ESMTP sandbox")

    def connection_lost(self, error: Exception | None) -> None:
        self._connections.discard(self)
        self._transport = None
        if self._decision is not None:
            self._decision.cancel()

    def hang_up(self) -> None:
        """Close the connection without a word."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._go_on()

    def _go_on(self) -> None:
        """Take up all that is there and may be taken up."""
        while self._decision is None and self._transport is not None:
            if not (self._take_body() if self._in_body else self._take_line()):
                return

    def _take_line(self) -> bool:
        end = self._buffer.find(b"\n")
        if end < 0 and len(self._buffer) <= LONGEST_LINE:
            return False
        line = bytes(self._buffer[: max(end, 0)]).rstrip(b"\r")
        if end < 0 or len(line) > LONGEST_LINE:
            self._say("500 5.5.2 Line too long")
            self.hang_up()
            return False
        del self._buffer[: end + 1]
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            self._say("500 5.5.2 That is not UTF-8")
            return True
        hears, self._next = self._next or self._command, None
        self._say(hears(text))
        return True

    def _take_body(self) -> bool:
        """Take a mail's bytes, if its final dot is there."""
        if self._buffer.startswith(_END[2:]):
            body, rest = b"", 3
        else:
            end = self._buffer.find(_END, max(self._searched - len(_END), 0))
            self._searched = len(self._buffer)
            if end < 0:
                return False
            body, rest = bytes(self._buffer[: end + 2]), end + len(_END)
        del self._buffer[:rest]
        self._searched, self._in_body = 0, False
        if body.startswith(b".") or b"\r\n." in body:
            body = (b"\r\n" + body).replace(b"\r\n.", b"\r\n")[2:]
        self._decision = asyncio.get_running_loop().create_task(self._decide(body))
        return True

    async def _decide(self, body: bytes) -> None:
        sender, recipients = self._sender or "", tuple(self._recipients)
        self._forget()
        if len(body) > LARGEST_MAIL:
            answer: str | None = "552 5.3.4 The mail is too big"
        else:
            answer = await self._desk.take(sender, recipients, body)
        self._decision = None
        if answer is None:
            self.hang_up()
        else:
            self._say(answer)
            self._go_on()

    def _say(self, answer: str) -> None:
        if self._transport is not None:
            self._transport.write(f"{answer}\r\n".encode())

    def _forget(self) -> None:
        self._sender, self._recipients = None, []

    def _command(self, line: str) -> str:
        verb, _, rest = line.partition(" ")
        match verb.upper():
            case "EHLO":
                self._forget()
                return "".join(f"250-{offer}\r\n" for offer in (HOST, *OFFERS[:-1])) + (
                    f"250 {OFFERS[-1]}"
                )
            case "HELO":
                self._forget()
                return f"250 {HOST}"
            case "AUTH":
                return self._auth(rest)
            case "MAIL":
                return self._mail(rest)
            case "RCPT":
                return self._rcpt(rest)
            case "DATA":
                return self._data()
            case "RSET":
                self._forget()
                return "250 2.0.0 Ok"
            case "NOOP":
                return "250 2.0.0 Ok"
            case "VRFY":
                return "252 2.5.0 Try it"
            case "QUIT":
                self._say("221 2.0.0 Bye")
                if self._transport is not None:
                    self._transport.close()
                self._transport = None
                return ""
            case _:
                return "500 5.5.2 What?"

    def _mail(self, rest: str) -> str:
        found = _PATH.fullmatch(rest)
        if not found or found[1].upper() != "FROM":
            return "501 5.5.4 Write MAIL FROM:<address>"
        if self._sender is not None:
            return "503 5.5.1 There is a sender already"
        parameters = [word.upper() for word in found[3].split()]
        if not found[2].isascii() and "SMTPUTF8" not in parameters:
            return "553 5.6.7 Such an address needs SMTPUTF8"
        size = next((word[5:] for word in parameters if word.startswith("SIZE=")), "")
        if size.isdigit() and int(size) > LARGEST_MAIL:
            return "552 5.3.4 The mail is too big"
        if refused := self._desk.refuse_sender(found[2]):
            return refused
        self._sender = found[2]
        return "250 2.1.0 Ok"

    def _rcpt(self, rest: str) -> str:
        found = _PATH.fullmatch(rest)
        if not found or found[1].upper() != "TO" or not found[2]:
            return "501 5.5.4 Write RCPT TO:<address>"
        if self._sender is None:
            return "503 5.5.1 First MAIL"
        if len(self._recipients) >= MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        if refused := self._desk.refuse_recipient(self._sender, found[2]):
            return refused
        self._recipients.append(found[2])
        return "250 2.1.5 Ok"

    def _data(self) -> str:
        if not self._recipients:
            return "503 5.5.1 First RCPT" if self._sender is None else "554 5.5.1 To nobody?"
        self._in_body = True
        return "354 Go on, and end with a dot"

    def _auth(self, rest: str) -> str:
        kind, _, first = rest.partition(" ")
        match kind.upper(), first:
            case ("PLAIN", ""):
                self._next = self._plain
                return "334 "
            case ("PLAIN", _):
                return self._plain(first)
            case ("LOGIN", ""):
                self._next = self._user
                return f"334 {_b64('Username:')}"
            case ("LOGIN", _):
                return self._user(first)
            case _:
                return "504 5.5.4 PLAIN or LOGIN"

    def _plain(self, token: str) -> str:
        parts = _unb64(token).split("\0")
        return self._desk.log_in(parts[1] if len(parts) == 3 else "")

    def _user(self, token: str) -> str:
        user = _unb64(token)
        self._next = lambda password: self._desk.log_in(user)
        return f"334 {_b64('Password:')}"


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")


def _unb64(token: str) -> str:
    with contextlib.suppress(binascii.Error, UnicodeError, ValueError):
        return base64.b64decode(token).decode()
    return ""
