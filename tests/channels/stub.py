"""A small real server on loopback that answers as told: with bytes, with nothing, or never."""

import socket
import threading
from collections.abc import Iterable, Mapping
from types import TracebackType

DROP = b""
STALL = b"<stall>"


def answer(status: int, body: bytes | str = b"", headers: Mapping[str, str] | None = None) -> bytes:
    """Write an HTTP/1.1 answer."""
    data = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(data)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + data


class Stub:
    """Takes one request per connection and gives the next answer; then DROP for ever.

    `requests` are the raw requests in order. `unread`: close without reading.
    """

    def __init__(self, *answers: bytes, unread: bool = False) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self._answers = iter(answers)
        self._unread = unread
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.port: int = self._listener.getsockname()[1]
        self.base = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> "Stub":
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

    def _serve(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            with connection:
                if self._over.is_set():
                    return
                self.connections += 1
                try:
                    self._converse(connection)
                except OSError:
                    continue

    def _converse(self, connection: socket.socket) -> None:
        if self._unread:
            return
        if request := read_request(connection):
            self.requests.append(request)
            said = next(self._answers, DROP)
            if said == STALL:
                self._over.wait()
            else:
                connection.sendall(said)


def read_request(connection: socket.socket) -> bytes:
    """Read one HTTP request, with its body if its length is told; b"" for none."""
    data = b""
    while b"\r\n\r\n" not in data:
        if not (part := connection.recv(65536)):
            return b""
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    lengths: Iterable[int] = (
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    )
    length = next(iter(lengths), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def closed_port() -> int:
    """Return a port of this machine at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
