"""A mail server as fast as they come, whose word counts: what it took is in its own log.

Each recipient is in the log, and the log on the disk, before the mail is
answered. It shares nothing with the product, nor with the sandbox.
"""

import asyncio
import os
import re
import threading
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Self

OFFER = b"250-sink\r\n250-PIPELINING\r\n250-SIZE 0\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"
END = b"\r\n.\r\n"
_ADDRESS = re.compile(rb"<([^>]*)>")


class Sink:
    """The server, from `with` to its end. `delay` seconds are let pass before each answer to a dot.

    `taken` grows while it works; `open` is how many connections there are now,
    `most_open` how many there were at most since it was last set to 0.
    """

    def __init__(self, log: Path, *, delay: float = 0.0) -> None:
        self.taken = 0
        self.open = 0
        self.most_open = 0
        self.port = 0
        self._delay = delay
        self._path = log
        self._waiting: list[tuple[_Talk, bytes]] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="sink", daemon=True)
        self._ready = threading.Event()

    def __enter__(self) -> Self:
        self._file = self._path.open("ab")
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._file.close()

    def received(self) -> Counter[str]:
        """Return how often each recipient's mail was taken, as the log on the disk has it."""
        return Counter(self._path.read_text(encoding="utf-8").split())

    def _serve(self) -> None:
        server = self._loop.run_until_complete(
            self._loop.create_server(lambda: _Talk(self), "127.0.0.1", 0)
        )
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def take(self, talk: "_Talk", recipient: bytes) -> None:
        """Write it down together with whatever comes in the same turn, then answer."""
        if not self._waiting:
            self._loop.call_soon(self._loop.call_soon, self._write)
        self._waiting.append((talk, recipient))

    def _write(self) -> None:
        taken, self._waiting = self._waiting, []
        self._file.writelines(recipient + b"\n" for _, recipient in taken)
        self._file.flush()
        os.fsync(self._file.fileno())
        self.taken += len(taken)
        for talk, _ in taken:
            if self._delay:
                self._loop.call_later(self._delay, talk.say, b"250 2.0.0 Ok: queued\r\n")
            else:
                talk.say(b"250 2.0.0 Ok: queued\r\n")


class _Talk(asyncio.Protocol):
    """One connection."""

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.buffer = b""
        self.recipient = b""
        self.in_body = False
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.sink.open += 1
        self.sink.most_open = max(self.sink.most_open, self.sink.open)
        self.say(b"220 sink\r\n")

    def connection_lost(self, error: Exception | None) -> None:
        self.transport = None
        self.sink.open -= 1

    def say(self, words: bytes) -> None:
        if self.transport is not None:
            self.transport.write(words)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while self._take_body() if self.in_body else self._take_line():
            pass

    def _take_body(self) -> bool:
        end = self.buffer.find(END)
        if end < 0:
            return False
        self.buffer = self.buffer[end + len(END) :]
        self.in_body = False
        self.sink.take(self, self.recipient)
        return True

    def _take_line(self) -> bool:
        line, found, rest = self.buffer.partition(b"\r\n")
        if not found:
            return False
        self.buffer = rest
        match line[:4].upper():
            case b"EHLO":
                self.say(OFFER)
            case b"DATA":
                self.in_body = True
                self.say(b"354 Go on\r\n")
            case b"QUIT":
                self.say(b"221 Bye\r\n")
            case verb:
                if verb == b"RCPT" and (address := _ADDRESS.search(line)):
                    self.recipient = address[1]
                self.say(b"250 Ok\r\n")
        return True
