"""A small real SMTP server on loopback that answers each verb as told."""

import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

TLS = Path(__file__).parent.parent / "data" / "tls"
DROP = "<drop>"
STALL = "<stall>"
EHLO = "250-relay.example\r\n250-SIZE 10000\r\n250-8BITMIME\r\n250 SMTPUTF8"

ORDINARY = {
    "GREETING": "220 relay.example",
    "EHLO": EHLO,
    "MAIL": "250 2.1.0 Ok",
    "RCPT": "250 2.1.5 Ok",
    "DATA": "354 Go on",
    ".": "250 2.0.0 Ok: queued as 4F1A2B",
    "RSET": "250 2.0.0 Ok",
    "QUIT": "221 2.0.0 Bye",
    "STARTTLS": "220 2.0.0 Ready",
    "AUTH": "235 2.7.0 Welcome",
}

Script = Mapping[str, str]


class RelayStub:
    """Each connection follows the next script, then the last; a verb not in it is ordinary.

    `lines` are all commands in order, `mails` what came between DATA and dot.
    `encrypted`: TLS from the first byte.
    """

    def __init__(self, *scripts: Script, encrypted: bool = False) -> None:
        self.lines: list[str] = []
        self.mails: list[bytes] = []
        self.connections = 0
        self._scripts = list(scripts) or [{}]
        self._encrypted = encrypted
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
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
            try:
                self._converse(connection, {**ORDINARY, **script})
            except OSError:
                continue

    def _converse(self, connection: socket.socket, script: Script) -> None:
        with ExitStack() as closing:
            closing.enter_context(connection)
            if self._encrypted:
                connection = closing.enter_context(_tls().wrap_socket(connection, server_side=True))
            if not self._say(connection, script["GREETING"]):
                return
            buffer = b""
            while True:
                while b"\r\n" not in buffer:
                    if not (part := connection.recv(65536)):
                        return
                    buffer += part
                line, _, buffer = buffer.partition(b"\r\n")
                self.lines.append(line.decode())
                verb = self.lines[-1].split(" ")[0]
                said = script.get(verb, "502 5.5.1 What?")
                if verb == "MAIL" and "MAIL AGAIN" in script:
                    script = {**script, "MAIL": script["MAIL AGAIN"]}
                if not self._say(connection, said) or verb == "QUIT":
                    return
                if verb == "STARTTLS" and said.startswith("220"):
                    connection = closing.enter_context(
                        _tls().wrap_socket(connection, server_side=True)
                    )
                    script = {**script, "EHLO": script.get("EHLO AFTER TLS", script["EHLO"])}
                if verb == "DATA" and said.startswith("354"):
                    while not (buffer.startswith(b".\r\n") or b"\r\n.\r\n" in buffer):
                        if not (part := connection.recv(65536)):
                            return
                        buffer += part
                    mail, _, buffer = buffer.partition(b"\r\n.\r\n")
                    self.mails.append(mail + b"\r\n")
                    if not self._say(connection, script["."]):
                        return

    def _say(self, connection: socket.socket, text: str) -> bool:
        if text == STALL:
            self._over.wait()
        if text in (DROP, STALL):
            return False
        connection.sendall(f"{text}\r\n".encode())
        return True


def _tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "localhost.crt", TLS / "localhost.key")
    return context
