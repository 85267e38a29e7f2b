"""The command line of the product, called in this process: the same words, without a start each.

What differs from a process of its own (signals, pipes, the time that it
takes) is tested with real ones: `tests.acceptance.processes`.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from campaigner.app import App, utc_now
from campaigner.cli import main
from campaigner.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a command said."""

    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """What `--json` printed: an array, and nothing else."""
        rows = json.loads(self.out)
        assert isinstance(rows, list)
        return rows


class Shell:
    """A person in a folder, whose clock may be ahead of the machine's.

    Calling it runs a command, which has to end with the exit code named; None: with any.
    """

    def __init__(
        self,
        root: Path,
        environment: Mapping[str, str],
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self.root = root
        self.environment = environment
        self.ahead = timedelta(0)
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *arguments: str, code: int | None = 0) -> Told:
        self._capsys.readouterr()
        with self._monkeypatch.context() as patch:
            for name, value in self.environment.items():
                patch.setenv(name, value)
            patch.chdir(self.root)
            patch.setattr(sys, "argv", ["campaigner", *arguments])
            patch.setattr("campaigner.cli.workspace.App", self._open)
            with pytest.raises(SystemExit) as left:
                main()
        told = Told(**self._capsys.readouterr()._asdict())
        if code is not None:
            assert (left.value.code or 0) == code, f"{arguments}: {told.err or told.out}"
        assert "Traceback" not in told.err
        return told

    def now(self) -> datetime:
        return utc_now() + self.ahead

    def _open(self, settings: Settings) -> App:
        return App(settings, clock=self.now)
