"""SMTP on the wire (RFC 5321): one connection, its commands and replies. It decides nothing.

Every failure to speak or to listen is a `WireError`; what it means for a mail
depends on how far the mail had come, which mail.transport knows.
"""

import base64
import re
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from campaigner.errors import CampaignerError

LONGEST_LINE = 8192
MOST_LINES = 200
_REPLY = re.compile(rb"([2-5][0-9]{2})([ -]?)(.*)", re.DOTALL)
_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s+|$)")


class WireError(CampaignerError):
    """The connection failed, was closed, or carried what is not SMTP."""


@dataclass(frozen=True, kw_only=True)
class Timeouts:
    """How long to wait for each answer (RFC 5321, 4.5.3.2); `block` is for a part of the body."""

    connect: timedelta = timedelta(seconds=30)
    greeting: timedelta = timedelta(minutes=5)
    command: timedelta = timedelta(minutes=5)
    data: timedelta = timedelta(minutes=2)
    block: timedelta = timedelta(minutes=3)
    final: timedelta = timedelta(minutes=10)
    goodbye: timedelta = timedelta(seconds=5)


@dataclass(frozen=True, kw_only=True)
class SmtpReply:
    """An answer: its code, its enhanced status (RFC 3463) or "", and its words."""

    code: int
    status: str = ""
    text: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, (str(self.code), self.status, self.text)))[:300]


class Connection:
    """A connection to one server. `extensions` are what its last EHLO offered, in upper case."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        timeouts: Timeouts,
        context: ssl.SSLContext,
        encrypted: bool,
    ) -> None:
        """Connect, with TLS from the first byte if `encrypted`. Raises WireError."""
        self.extensions: Mapping[str, str] = {}
        self._host = host
        self._context = context
        self._buffer = b""
        try:
            self._socket = socket.create_connection(
                (host, port), timeout=timeouts.connect.total_seconds()
            )
            # Small parts wait for an answer each: held back, a mail costs 40 ms more.
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except (OSError, UnicodeError) as error:
            raise WireError(f"{host} could not be reached: {error}") from error
        if encrypted:
            self._encrypt()

    def command(self, line: str, *, timeout: timedelta) -> SmtpReply:
        """Send one command line and read its reply."""
        self.write(f"{line}\r\n".encode(), timeout=timeout)
        return self.read(timeout=timeout)

    def hello(self, name: str, *, timeout: timedelta) -> SmtpReply:
        reply = self.command(f"EHLO {name}", timeout=timeout)
        self.extensions = extensions_in(reply)
        return reply

    def start_tls(self, *, timeout: timedelta) -> SmtpReply:
        """Ask for TLS and, if granted, change to it; all that was said before is forgotten."""
        reply = self.command("STARTTLS", timeout=timeout)
        if reply.code == 220:
            if self._buffer:
                # Somebody in between may have slipped in what we would take for encrypted.
                raise WireError(f"{self._host} went on talking in the clear after STARTTLS")
            self._encrypt()
            self.extensions = {}
        return reply

    def log_in(self, user: str, password: str, *, timeout: timedelta) -> SmtpReply:
        """Authenticate with PLAIN if it is offered, else with LOGIN; 235 is success."""
        first, *rest = login(self.extensions.get("AUTH", ""), user, password)
        reply = self.command(first, timeout=timeout)
        for line in rest:
            if reply.code != 334:
                break
            reply = self.command(line, timeout=timeout)
        return reply

    def write(self, data: bytes, *, timeout: timedelta) -> None:
        try:
            self._socket.settimeout(timeout.total_seconds())
            self._socket.sendall(data)
        except OSError as error:
            raise WireError(f"{self._host} broke off: {error}") from error

    def read(self, *, timeout: timedelta) -> SmtpReply:
        """Read one reply, of one line or many."""
        lines: list[str] = []
        while len(lines) < MOST_LINES:
            match = _REPLY.fullmatch(self._line(timeout))
            if not match:
                raise WireError(f"{self._host} answers what is not SMTP")
            lines.append(match[3].decode("utf-8", errors="replace"))
            if match[2] != b"-":
                return _reply(int(match[1]), lines)
        raise WireError(f"{self._host} answers without end")

    def close(self) -> None:
        self._socket.close()

    def _line(self, timeout: timedelta) -> bytes:
        while b"\n" not in self._buffer:
            if len(self._buffer) > LONGEST_LINE:
                raise WireError(f"{self._host} answers what is not SMTP")
            try:
                self._socket.settimeout(timeout.total_seconds())
                received = self._socket.recv(LONGEST_LINE)
            except OSError as error:
                raise WireError(f"{self._host} did not answer: {error}") from error
            if not received:
                raise WireError(f"{self._host} closed the connection")
            self._buffer += received
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.rstrip(b"\r")

    def _encrypt(self) -> None:
        try:
            self._socket = self._context.wrap_socket(self._socket, server_hostname=self._host)
        except (OSError, ValueError) as error:
            self._socket.close()
            raise WireError(f"no secure connection to {self._host}: {error}") from error


def extensions_in(reply: SmtpReply) -> Mapping[str, str]:
    """Return what an answer to EHLO offers: verbs in upper case, and what stands behind each."""
    offers = [line.strip().partition(" ") for line in reply.text.split("\n")[1:]]
    return {verb.upper(): arguments for verb, _, arguments in offers if verb}


def login(offered: str, user: str, password: str) -> Sequence[str]:
    """Return what is said to log in, as long as each but the last is answered with 334.

    `offered` is what EHLO said of AUTH. PLAIN if it is there, else LOGIN.
    """
    if "PLAIN" in offered.upper().split():
        return [f"AUTH PLAIN {_b64(f'{chr(0)}{user}{chr(0)}{password}')}"]
    return ["AUTH LOGIN", _b64(user), _b64(password)]


def reply_of(raw: bytes) -> SmtpReply:
    """Read one whole reply, of one line or many, whose lines are known to begin with a code."""
    lines = raw.decode("utf-8", errors="replace").removesuffix("\n").split("\n")
    return _reply(int(raw[:3]), [line[4:].removesuffix("\r") for line in lines])


def _reply(code: int, lines: list[str]) -> SmtpReply:
    first = _ENHANCED.match(lines[0])
    words = [line[found.end() :] if (found := _ENHANCED.match(line)) else line for line in lines]
    return SmtpReply(code=code, status=first[1] if first else "", text="\n".join(words))


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")
