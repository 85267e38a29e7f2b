"""The workspace that `campaigner init` makes, as a person finds it, and its own sandbox."""

import os
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from campaigner.app import utc_now
from campaigner.sandbox.log import Entry, read_log
from campaigner.sandbox.server import Sandbox
from campaigner.settings import SandboxSettings, load_settings
from tests.acceptance.processes import free_ports

DNS = "campaigns/dns-security-awareness.yaml"
DIGEST = "campaigns/pdp-digest.yaml"
LOCALES = {"en", "es", "pt_BR", "fr"}
LANGUAGES = {"en", "es", "pt-BR", "fr"}  # the same, as networks write them


@dataclass
class Sample:
    """A folder that `campaigner init` filled; on ports of its own, so that several can run."""

    root: Path
    ports: SandboxSettings = field(init=False)
    web: int = field(init=False)

    def __post_init__(self) -> None:
        self.ports, self.web = free_ports()

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which the product finds it from within, and nothing else of us."""
        ports = self.ports
        return bare_environment() | {
            "CAMPAIGNER_STATE_DIR": str(self.root.parent / "state-of-user"),
            "CAMPAIGNER_LOOPBACK_ONLY": "1",
            "CAMPAIGNER_USER": "author",
            "CAMPAIGNER_SANDBOX__PAGE": str(ports.page),
            "CAMPAIGNER_SANDBOX__X": str(ports.x),
            "CAMPAIGNER_SANDBOX__MASTODON": str(ports.mastodon),
            "CAMPAIGNER_SANDBOX__SMTP": str(ports.smtp),
            "CAMPAIGNER_WEB__PORT": str(self.web),
            "CAMPAIGNER_SWEEP": "PT1S",
        }

    def hurry(self) -> None:
        """Let Mastodon posts follow one another at once: nobody waits ten seconds for each."""
        self.edit("campaigner.toml", "spacing = 10", "spacing = 0")

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace the first occurrence of what a file says."""
        path = self.root / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def received(self, network: str = "") -> list[Entry]:
        """Return what the sandbox took, of one network or of all, oldest first."""
        return [
            entry
            for entry in read_log(self.root / "state" / "sandbox")
            if entry["event"] == "accepted" and network in ("", entry["network"])
        ]

    def sandbox(self, ahead: timedelta = timedelta(0)) -> Sandbox:
        """Return its sandbox, to be started in this process, with its clock so far ahead."""
        return Sandbox(
            self.ports,
            self.root / "state" / "sandbox",
            accounts=load_settings(self.root).accounts,
            clock=lambda: utc_now() + ahead,
        )


def bare_environment() -> dict[str, str]:
    """Return this process's environment without anything that sets the product."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CAMPAIGNER_")}


def init(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `campaigner init` in an empty folder, in a process of its own."""
    folder.mkdir()
    return subprocess.run(
        [sys.executable, "-m", "campaigner", "init"],
        cwd=folder,
        env=bare_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
