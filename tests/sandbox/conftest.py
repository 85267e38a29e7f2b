"""One sandbox for all tests of this folder; each test uses accounts of its own."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from campaigner.sandbox.server import Sandbox
from campaigner.settings import SandboxSettings
from tests.fakes import FakeClock

ANY_PORT = SandboxSettings(page=0, x=0, mastodon=0, smtp=0)
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010804000000b51c0c02"
    "0000000b4944415478da6364f80f00010501012718e3660000000049454e44ae426082"
)

_numbers = itertools.count(1)


@pytest.fixture(scope="package")
def time() -> FakeClock:
    """The sandbox's clock. Tests only move it forward."""
    return FakeClock()


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory, time: FakeClock) -> Iterator[Sandbox]:
    with Sandbox(ANY_PORT, tmp_path_factory.mktemp("sandbox"), clock=time) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Iterator[Sandbox]:
    """The running sandbox, without faults."""
    yield running
    running.clear_faults()


@pytest.fixture
def account() -> str:
    """An account that nobody else uses."""
    return f"account-{next(_numbers)}"


@pytest.fixture
def page(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sandbox.address, trust_env=False) as client:
        yield client


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state" / "sandbox"
