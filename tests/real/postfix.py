"""A Postfix of our own: its own folder, its own ports, its own mailboxes, gone with the test.

It takes mail on loopback and delivers it to Maildirs; what has none bounces. It
needs Debian's `postfix` package and root, for Postfix changes users itself.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

DAEMONS = Path("/usr/lib/postfix/sbin")
READERS = "readers.example"
RETURNS = "returns.example"
PATIENCE = 30.0

MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = {daemons}
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
mail_owner = postfix
setgid_group = postdrop
myhostname = postfix.{readers}
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_reject_unlisted_recipient = no
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_peername_lookup = no
alias_maps =
alias_database =
local_transport = error:there is no local mail
default_transport = error:nothing leaves this machine
relay_transport = error:nothing leaves this machine
virtual_mailbox_domains = {readers}, {returns}
virtual_mailbox_base = {folder}/boxes
virtual_mailbox_maps = texthash:{folder}/config/boxes
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
notify_classes =
delay_warning_time = 0
bounce_queue_lifetime = 5m
"""

MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


def why_not() -> str:
    """Say what is missing for a Postfix of our own; "": nothing."""
    if not (DAEMONS / "master").exists():
        return "needs Debian's package postfix"
    if os.geteuid() != 0:
        return "needs root, which Postfix starts as"
    return ""


@dataclass(frozen=True, kw_only=True)
class Postfix:
    """A running Postfix. Each of the `readers`, and the way back, has a Maildir in `boxes`."""

    folder: Path
    port: int

    @property
    def returns(self) -> Path:
        """The Maildir to which everything at `RETURNS` goes."""
        return self.folder / "boxes" / "returns"

    def mails(self, box: str) -> list[Path]:
        """Return what is new in a reader's mailbox."""
        return sorted((self.folder / "boxes" / box / "new").glob("*"))

    def wait_for(self, box: str, count: int) -> list[Path]:
        """Return what is new once there are so many; fail when they do not come."""
        deadline = time.monotonic() + PATIENCE
        while len(found := self.mails(box)) < count:
            assert time.monotonic() < deadline, f"{len(found)} of {count} in {box}: {self.log()}"
            time.sleep(0.05)
        return found

    def log(self) -> str:
        path = self.folder / "postfix.log"
        return path.read_text(encoding="utf-8")[-3000:] if path.exists() else ""


@contextmanager
def postfix(readers: Sequence[str]) -> Iterator[Postfix]:
    """Run a Postfix with a mailbox for each of these names at READERS; nobody else is there."""
    # Not under pytest's own folder, which is private: Postfix works as users of its own.
    folder = Path(tempfile.mkdtemp(prefix="campaigner-postfix-"))
    folder.chmod(0o755)
    try:
        made = _write(folder, readers)
        command = ["/usr/sbin/postfix", "-c", str(folder / "config")]
        subprocess.run([*command, "check"], check=True, capture_output=True, timeout=60)
        subprocess.run([*command, "start"], check=True, capture_output=True, timeout=60)
        try:
            _wait_until_it_answers(made)
            yield made
        finally:
            _stop(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write(folder: Path, readers: Sequence[str]) -> Postfix:
    owner, nobody = pwd.getpwnam("postfix"), pwd.getpwnam("nobody")
    config, boxes = folder / "config", folder / "boxes"
    for part in (config, folder / "queue", folder / "data", boxes):
        part.mkdir()
    os.chown(folder / "data", owner.pw_uid, owner.pw_gid)
    os.chown(boxes, nobody.pw_uid, nobody.pw_gid)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    values = {
        "folder": folder,
        "daemons": DAEMONS,
        "readers": READERS,
        "returns": RETURNS,
        "uid": nobody.pw_uid,
        "gid": nobody.pw_gid,
        "port": port,
    }
    (config / "main.cf").write_text(MAIN.format(**values), encoding="utf-8")
    (config / "master.cf").write_text(MASTER.format(**values), encoding="utf-8")
    lines = [f"{name}@{READERS} {name}/" for name in readers] + [f"@{RETURNS} returns/"]
    (config / "boxes").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Postfix(folder=folder, port=port)


def _wait_until_it_answers(made: Postfix) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with socket.create_connection(("127.0.0.1", made.port), timeout=5) as wire:
                assert wire.recv(100).startswith(b"220")
                return
        except OSError:
            assert time.monotonic() < deadline, made.log()
            time.sleep(0.05)


def _stop(folder: Path) -> None:
    """End the master, by the number that it wrote down, and with it all that it started."""
    file = folder / "queue" / "pid" / "master.pid"
    if not file.exists():
        return
    number = int(file.read_text())
    os.kill(number, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE
    while Path(f"/proc/{number}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
