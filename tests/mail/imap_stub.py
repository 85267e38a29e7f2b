"""A mail server that speaks as much IMAP as it takes to read a folder (RFC 3501), on loopback."""

import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Folder:
    """The mails of one folder by their numbers; those in `seen` are not new."""

    mails: dict[int, bytes] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    password: str = "right"
    commands: list[str] = field(default_factory=list)
    breaks_at: str = ""
    """A command at which the connection is cut."""


@contextmanager
def serving(folder: Folder) -> Iterator[int]:
    """Serve a folder until the block ends; yield the port."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"* OK ready\r\n")
            for line in self.rfile:
                tag, _, command = line.decode().strip().partition(" ")
                verb = re.sub(r"^UID ", "", command).partition(" ")[0].upper()
                folder.commands.append(verb)
                if verb == folder.breaks_at:
                    return
                for answer in answers(folder, verb, command):
                    self.wfile.write(answer)
                refused = verb == "LOGIN" and folder.password not in command
                word = "NO" if refused else "OK"
                self.wfile.write(f"{tag} {word} {verb} done\r\n".encode())
                if verb == "LOGOUT":
                    return

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def answers(folder: Folder, verb: str, command: str) -> Iterator[bytes]:
    numbers = [int(one) for one in re.findall(r"\b\d+\b", command.partition("(")[0])]
    match verb:
        case "CAPABILITY":
            yield b"* CAPABILITY IMAP4rev1\r\n"
        case "SELECT":
            yield f"* {len(folder.mails)} EXISTS\r\n* OK [UIDVALIDITY 1]\r\n".encode()
        case "SEARCH":
            new = [str(number) for number in folder.mails if number not in folder.seen]
            yield f"* SEARCH {' '.join(new)}\r\n".encode()
        case "FETCH":
            for place, number in enumerate(numbers, 1):
                if (raw := folder.mails.get(number)) is not None:
                    yield f"* {place} FETCH (UID {number} BODY[]<0> {{{len(raw)}}}\r\n".encode()
                    yield raw + b")\r\n"
        case "STORE":
            folder.seen.update(numbers)
