import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from campaigner.errors import UserError
from campaigner.sandbox.faults import parse_fault
from campaigner.sandbox.log import read_log
from campaigner.sandbox.server import Sandbox
from campaigner.settings import SandboxSettings
from tests.fakes import FakeClock
from tests.sandbox.conftest import ANY_PORT, PIXEL


def toot(sandbox: Sandbox, text: str, key: str = "") -> httpx.Response:
    return httpx.post(
        f"{sandbox.ports.base('mastodon')}/api/v1/statuses",
        data={"status": text},
        headers={"Authorization": "Bearer sandbox-m", "Idempotency-Key": key},
        trust_env=False,
    )


def tweet(sandbox: Sandbox, text: str, *media: str) -> httpx.Response:
    return httpx.post(
        f"{sandbox.ports.base('x')}/2/tweets",
        json={"text": text, "media": {"media_ids": list(media)}},
        headers={"Authorization": "Bearer sandbox-x-es"},
        trust_env=False,
    )


def test_a_restart_keeps_everything(folder: Path) -> None:
    clock = FakeClock()
    with Sandbox(ANY_PORT, folder, clock=clock) as sandbox:
        first = toot(sandbox, "one", "key").json()
        post = tweet(sandbox, "uno").json()["data"]
        gone = tweet(sandbox, "dos").json()["data"]
        address = f"{sandbox.ports.base('x')}/2/tweets/{gone['id']}"
        token = {"Authorization": "Bearer sandbox-x-es"}
        httpx.delete(address, headers=token, trust_env=False).raise_for_status()
        uploaded = httpx.post(
            f"{sandbox.ports.base('mastodon')}/api/v2/media",
            files={"file": PIXEL},
            headers={"Authorization": "Bearer sandbox-m"},
            trust_env=False,
        ).json()
        before = httpx.get(f"{sandbox.address}/api/timeline", trust_env=False).json()

    with Sandbox(ANY_PORT, folder, clock=clock) as sandbox:
        after = httpx.get(f"{sandbox.address}/api/timeline", trust_env=False).json()
        assert after == before
        assert [one["id"] for one in after] == [post["id"], first["id"]], "newest first"
        assert toot(sandbox, "one", "key").json()["id"] == first["id"], "the key is remembered"
        assert tweet(sandbox, "uno").status_code == 403, "the duplicate is known"
        assert int(tweet(sandbox, "tres").json()["data"]["id"]) > int(gone["id"])
        reply = httpx.post(
            f"{sandbox.ports.base('mastodon')}/api/v1/statuses",
            data={"status": "look", "media_ids[]": uploaded["id"]},
            headers={"Authorization": "Bearer sandbox-m"},
            trust_env=False,
        )
        assert reply.status_code == 200, "a picture that no post used yet is still there"
        left = int(reply.headers["X-RateLimit-Remaining"])
        assert left == 300 - 3, "what was posted before counts"
    events = [entry["event"] for entry in read_log(folder)]
    assert events.count("accepted") == 5


def test_a_port_that_is_taken_is_named_with_what_to_do(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ports = SandboxSettings(page=0, x=0, mastodon=port, smtp=0)
        with pytest.raises(
            UserError, match=rf"port {port} .* another `mastodon` under \[sandbox\]"
        ):
            Sandbox(ports, folder).start()


def test_it_listens_on_this_machine_alone(folder: Path) -> None:
    with Sandbox(ANY_PORT, folder) as sandbox:
        name = socket.gethostbyname(socket.gethostname())
        if not name.startswith("127."):
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((name, sandbox.ports.page), timeout=1)
        socket.create_connection(("127.0.0.1", sandbox.ports.page), timeout=1).close()


def test_stopping_lets_go_of_what_is_held(folder: Path) -> None:
    sandbox = Sandbox(ANY_PORT, folder, faults=[parse_fault("x:hold")])
    sandbox.start()
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(tweet, sandbox, "patience")
        while not read_log(folder):
            pass
        sandbox.stop()
        assert answer.result(timeout=5).status_code == 201
    sandbox.stop()  # twice is no harm
    with pytest.raises(httpx.ConnectError):
        httpx.get(sandbox.address, trust_env=False)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_opens_and_ends_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    settings = "[sandbox]\npage = 0\nx = 0\nmastodon = 0\nsmtp = 0\n"
    (tmp_path / "campaigner.toml").write_text(settings)
    code = (
        "import sys, typer\n"
        "from campaigner.cli.sandbox import sandbox\n"
        "app = typer.Typer()\n"
        "app.command()(sandbox)\n"
        "app()\n"
    )
    command = [sys.executable, "-c", code, "-w", str(tmp_path), "--fault", "x:hold:1"]
    env = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        address = line.split()[-1]
        faults = httpx.get(f"{address}/api/faults", trust_env=False).json()
        assert [fault["fault"] for fault in faults] == ["hold"]
        process.send_signal(number)
        assert "Ctrl-C" in process.stdout.read()
        assert process.wait(timeout=10) == 0
    assert (tmp_path / "state" / "sandbox" / "log.jsonl").exists()
