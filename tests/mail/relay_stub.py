"""A small real SMTP server on loopback that answers each verb as told, also wrongly."""

import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType

TLS = Path(__file__).parent.parent / "data" / "tls"
DROP = "<drop>"
STALL = "<stall>"
EHLO = "250-relay.example\r\n250-SIZE 10000\r\n250-8BITMIME\r\n250 SMTPUTF8"
END = b"\r\n.\r\n"

ORDINARY = {
    "GREETING": "220 relay.example",
    "EHLO": EHLO,
    "MAIL": "250 2.1.0 Ok",
    "RCPT": "250 2.1.5 Ok",
    "DATA": "354 Go on",
    "BODY": "",
    ".": "250 2.0.0 Ok: queued as 4F1A2B",
    "RSET": "250 2.0.0 Ok",
    "QUIT": "221 2.0.0 Bye",
    "STARTTLS": "220 2.0.0 Ready",
    "AUTH": "235 2.7.0 Welcome",
}

Script = Mapping[str, str | tuple[str, ...]]
"""What is said to each verb, to GREETING, to EHLO AFTER TLS, while the BODY comes, and to the dot.

Several answers are given in turn, and the last of them from then on. DROP
hangs up, STALL says nothing for ever; `` as BODY reads it whole.
"""


class RelayStub:
    """Each connection follows the next script, then the last; a verb not in it is ordinary.

    Connections are served at the same time. `lines` are all commands in order,
    `mails` what came between DATA and dot, `accepted` the recipients of the
    mails whose dot came and was not refused: also those that were never told,
    but not those of which nothing came but the dot.
    `encrypted`: TLS from the first byte. `context`: the server's certificate.
    """

    def __init__(
        self, *scripts: Script, encrypted: bool = False, context: ssl.SSLContext | None = None
    ) -> None:
        self.lines: list[str] = []
        self.mails: list[bytes] = []
        self.accepted: list[str] = []
        self.connections = 0
        self._scripts = list(scripts) or [{}]
        self._encrypted = encrypted
        self._context = context
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._talks: list[tuple[_Talk, threading.Thread]] = []
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> "RelayStub":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        # Wakes the thread that waits for a connection.
        with socket.socket() as wake:
            wake.connect_ex(("127.0.0.1", self.port))
        self._thread.join()
        for talk, thread in self._talks:
            talk.hang_up()
            thread.join()
        self._listener.close()

    @property
    def verbs(self) -> list[str]:
        return [line.split(" ")[0] for line in self.lines]

    def _serve(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self._over.is_set():
                connection.close()
                return
            connection.settimeout(5)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
            talk = _Talk(self, connection, {**ORDINARY, **script})
            thread = threading.Thread(target=talk.hold, daemon=True)
            self._talks.append((talk, thread))
            thread.start()

    def secure(self, connection: socket.socket) -> ssl.SSLSocket:
        """Change a connection to TLS, as the server of it."""
        return (self._context or _tls()).wrap_socket(connection, server_side=True)

    @property
    def is_encrypted(self) -> bool:
        return self._encrypted

    def stall(self) -> None:
        """Say nothing until the test is over."""
        self._over.wait()


class _Talk:
    """One connection's conversation."""

    def __init__(self, stub: RelayStub, connection: socket.socket, script: Script) -> None:
        self.stub = stub
        self.connection = connection
        self.script = script
        self.buffer = b""
        self.recipients: list[str] = []
        self._said: dict[str, int] = {}

    def hang_up(self) -> None:
        """Close it, whoever waits for a word of the other."""
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def hold(self) -> None:
        """Talk until either side hangs up."""
        with suppress(OSError), ExitStack() as closing:
            closing.enter_context(self.connection)
            if self.stub.is_encrypted:
                self.connection = closing.enter_context(self.stub.secure(self.connection))
            if not self._say(self._answer("GREETING")):
                return
            while (line := self._line()) is not None:
                self.stub.lines.append(line)
                verb = line.split(" ")[0].upper()
                said = self._answer(verb)
                if verb == "RCPT" and said.startswith("25"):
                    self.recipients.append(line[line.find("<") + 1 : line.rfind(">")])
                if verb in ("MAIL", "RSET"):
                    self.recipients.clear()
                if not self._say(said) or verb == "QUIT":
                    return
                if verb == "STARTTLS" and said.startswith("220"):
                    self.connection = closing.enter_context(self.stub.secure(self.connection))
                    if "EHLO AFTER TLS" in self.script:
                        self.script = {**self.script, "EHLO": self.script["EHLO AFTER TLS"]}
                if verb == "DATA" and said.startswith("354") and not self._take_body():
                    return

    def _take_body(self) -> bool:
        """Read a mail up to its dot, and answer that; False to hang up."""
        if body := self._answer("BODY"):
            if body == DROP:  # in the middle of it
                self.connection.recv(1000)
            self._say(body)
            return False
        while not (self.buffer.startswith(END[2:]) or END in self.buffer):
            if not self._receive():
                return False
        if self.buffer.startswith(END[2:]):
            mail, self.buffer = b"", self.buffer[3:]
        else:
            mail, _, self.buffer = self.buffer.partition(END)
            mail += b"\r\n"
        self.stub.mails.append(mail)
        said = self._answer(".")
        if mail.strip() and not said.startswith(("4", "5")):
            self.stub.accepted += self.recipients
        self.recipients.clear()
        return self._say(said)

    def _answer(self, verb: str) -> str:
        """Return what is said to a verb this time."""
        answers = self.script.get(verb, "502 5.5.1 What?")
        if isinstance(answers, str):
            return answers
        number = self._said.get(verb, 0)
        self._said[verb] = number + 1
        return answers[min(number, len(answers) - 1)]

    def _line(self) -> str | None:
        while b"\r\n" not in self.buffer:
            if not self._receive():
                return None
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line.decode()

    def _receive(self) -> bytes:
        part = self.connection.recv(65536)
        self.buffer += part
        return part

    def _say(self, text: str) -> bool:
        if text == STALL:
            self.stub.stall()
        if text in (DROP, STALL):
            return False
        self.connection.sendall(f"{text}\r\n".encode())
        return True


def _tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "localhost.crt", TLS / "localhost.key")
    return context
