"""Fixtures: a workspace on one database or on both, the sample workspace, and a shell in each."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.sample import Sample, init
from tests.acceptance.shell import Shell
from tests.acceptance.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path, database_url: str) -> Iterator[Workspace]:
    """A workspace with its sandbox running; on each database, unless the test names one."""
    with Workspace(tmp_path / "workspace", database_url) as workspace:
        yield workspace


@pytest.fixture
def shell(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """The command line in that workspace, as `author`."""
    environment = workspace.environment | {"CAMPAIGNER_USER": "author"}
    return Shell(workspace.root, environment, monkeypatch, capsys)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that one `campaigner init` made, to copy."""
    folder = tmp_path_factory.mktemp("init") / "sample"
    init(folder)
    return folder


@pytest.fixture
def sample(made: Path, tmp_path: Path) -> Sample:
    """The sample workspace, untouched, on SQLite; nothing runs yet."""
    root = tmp_path / "sample"
    shutil.copytree(made, root)
    return Sample(root)


@pytest.fixture
def sample_shell(
    sample: Sample, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """The command line in the sample workspace, as `author`."""
    return Shell(sample.root, sample.environment, monkeypatch, capsys)
