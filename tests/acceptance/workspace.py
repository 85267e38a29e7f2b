"""A workspace for tests: its files, its sandbox, and the product opened over both."""

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from campaigner.app import App, utc_now
from campaigner.rounds import Worker
from campaigner.sandbox.server import Sandbox
from campaigner.settings import SandboxSettings, load_settings
from tests.acceptance.nursery import nursery

ACCOUNTS = {
    "x-en": {"channel": "x", "locales": ["en"]},
    "x-es": {"channel": "x", "locales": ["es"]},
    "m-en": {"channel": "mastodon", "locales": ["en"]},
    "m-es": {"channel": "mastodon", "locales": ["es"]},
}
TEXTS = {
    "en": "Lesson {n}: names matter, and so does who may change them.",
    "es": "Lección {n}: los nombres importan, y también quién puede cambiarlos.",
}


@dataclass
class Workspace:
    """A folder with `campaigner.toml`, a sandbox on free ports, and a database."""

    root: Path
    database: str
    accounts: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: ACCOUNTS)
    spacing: float = 0.0
    clock: Callable[[], datetime] = utc_now
    sandbox: Sandbox = field(init=False)

    def __post_init__(self) -> None:
        (self.root / "campaigns").mkdir(parents=True)
        lines = ['zone = "America/Montevideo"']
        for name, account in self.accounts.items():
            settings = {"spacing": self.spacing, **account}
            lines += ["", f"[accounts.{name}]"]
            lines += [f"{key} = {_toml(value)}" for key, value in settings.items()]
        (self.root / "campaigner.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
        free = SandboxSettings(page=0, x=0, mastodon=0, smtp=0)
        self.sandbox = Sandbox(free, self.root / "state" / "sandbox", clock=lambda: self.clock())

    def __enter__(self) -> "Workspace":
        self.sandbox.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.sandbox.stop()

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which the product finds this workspace, and nothing else of us."""
        ours = {
            name: value for name, value in os.environ.items() if not name.startswith("CAMPAIGNER_")
        }
        ports = self.sandbox.ports
        return ours | {
            "CAMPAIGNER_WORKSPACE": str(self.root),
            "CAMPAIGNER_DATABASE": self.database,
            "CAMPAIGNER_STATE_DIR": str(self.root / "state" / "user"),
            "CAMPAIGNER_LOOPBACK_ONLY": "1",
            "CAMPAIGNER_SANDBOX__PAGE": str(ports.page),
            "CAMPAIGNER_SANDBOX__X": str(ports.x),
            "CAMPAIGNER_SANDBOX__MASTODON": str(ports.mastodon),
            "CAMPAIGNER_SANDBOX__SMTP": str(ports.smtp),
        }

    def open(self, clock: Callable[[], datetime]) -> App:
        """Open the product over this workspace in this process."""
        settings = load_settings(self.root).model_copy(
            update={
                "database": self.database,
                "state_dir": self.root / "state" / "user",
                "loopback_only": True,
                "sandbox": self.sandbox.ports,
            }
        )
        return App(settings, clock=clock)

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command of the product in a process of its own."""
        done = nursery().run("campaigner", *arguments, environment=self.environment, cwd=self.root)
        if check:
            done.check_returncode()
        return done

    def write_campaign(self, campaign: Mapping[str, Any]) -> Path:
        """Write a campaign's file; returns its path."""
        path = self.root / "campaigns" / f"{campaign['id']}.yaml"
        with path.open("w", encoding="utf-8") as file:
            YAML(typ="safe").dump(dict(campaign), file)
        return path


def lessons(*, count: int, dates: Sequence[str] | None = None, **overrides: Any) -> dict[str, Any]:
    """Return a campaign of `count` items in English and Spanish, on all four accounts."""
    schedule: dict[str, Any] = {"zone": "UTC"}
    if dates is None:
        schedule["weekly"] = {"on": "tuesday", "at": "10:00"}
    else:
        schedule["dates"] = list(dates)
    return {
        "id": "lessons",
        "title": "Lessons",
        "owner": "tests",
        "projects": ["1.1.3"],
        "accounts": list(ACCOUNTS),
        "source_locale": "en",
        "locales": ["en", "es"],
        "schedule": schedule,
        "not_after": "30 days",
        "items": [
            {
                "id": f"lesson-{n}",
                "text": {locale: text.format(n=n) for locale, text in TEXTS.items()},
                "link": {locale: f"https://example.org/{locale}/lesson-{n}" for locale in TEXTS},
            }
            for n in range(1, count + 1)
        ],
    } | overrides


def worker(since: datetime) -> Worker:
    """A worker that never waits and is never told to stop."""
    return Worker(name="test", wait=lambda time: False, since=since)


def minutes(start: datetime, count: int, *, apart: timedelta) -> list[str]:
    """Return `count` dates of a campaign file, from `start` on."""
    return [f"{start + n * apart:%Y-%m-%d %H:%M}" for n in range(count)]


def _toml(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(f'"{each}"' for each in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)
