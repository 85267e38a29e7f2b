"""The system's Chromium, spoken to over a pipe by its own protocol: nothing to install beside it.

https://chromedevtools.github.io/devtools-protocol/
"""

import base64
import json
import os
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
    # Nothing but this machine is reached, whatever a page asks for.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--proxy-server=direct://",
)
PATIENCE = 30.0  # seconds for one answer

# Chromium reads commands from its descriptor 3 and writes answers to 4.
LAUNCH = """
import fcntl, os, sys
read, write = (fcntl.fcntl(int(number), fcntl.F_DUPFD, 10) for number in sys.argv[1:3])
os.dup2(read, 3)
os.dup2(write, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""


@dataclass
class Page:
    """A tab. `complaints` are what the browser told its console, and every failed request."""

    browser: "Browser"
    session: str
    complaints: list[str] = field(default_factory=list)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self.browser.call(method, session=self.session, **parameters)

    def evaluate(self, script: str) -> Any:
        """Return what a script in the page comes to; promises are waited for."""
        answer = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def look(self, *, width: int, dark: bool = False, language: str = "en") -> None:
        """See what comes as on a screen of that width (CSS pixels), in that language."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        still = {"name": "prefers-reduced-motion", "value": "reduce"}
        self.call("Emulation.setEmulatedMedia", features=[scheme, still])
        self.call("Network.setExtraHTTPHeaders", headers={"Accept-Language": language})

    def open(self, address: str) -> None:
        """Go there; return when everything that belongs to the page is there."""
        self.complaints.clear()
        self.browser.events.clear()
        answer = self.call("Page.navigate", url=address)
        assert "errorText" not in answer, answer
        self.browser.wait_for("Page.loadEventFired", self.session)

    def picture(self, path: Path) -> None:
        """Keep the whole page as a PNG."""
        answer = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(answer["data"]))


class Browser:
    """A running Chromium with a profile of its own."""

    def __init__(self, profile: Path, program: str) -> None:
        read, ours = os.pipe()
        theirs, write = os.pipe()
        self._out, self._in, self._rest = ours, theirs, b""
        self._number = 0
        self.events: list[tuple[str, str]] = []
        self.pages: dict[str, Page] = {}
        self.process = subprocess.Popen(
            [sys.executable, "-c", LAUNCH, str(read), str(write), program, *FLAGS,
             f"--user-data-dir={profile}"],
            pass_fds=(read, write),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(read)
        os.close(write)

    def page(self) -> Page:
        """Open a tab."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.pages[session] = page = Page(self, session)
        for domain in ("Page", "Runtime", "Log", "Network"):
            page.call(f"{domain}.enable")
        return page

    def call(self, method: str, *, session: str = "", **parameters: Any) -> dict[str, Any]:
        """Send a command and return its answer. Raises AssertionError if it is refused."""
        self._number += 1
        number = self._number
        command = {"id": number, "method": method, "params": parameters}
        if session:
            command["sessionId"] = session
        os.write(self._out, json.dumps(command).encode() + b"\0")
        while True:
            message = self._read()
            if message.get("id") == number:
                assert "error" not in message, f"{method}: {message['error']}"
                result: dict[str, Any] = message["result"]
                return result

    def wait_for(self, event: str, session: str) -> None:
        while (event, session) not in self.events:
            self._read()

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()
        os.close(self._out)
        os.close(self._in)

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._in], [], [], PATIENCE)
            assert ready, f"the browser said nothing for {PATIENCE} s"
            piece = os.read(self._in, 1 << 20)
            assert piece, "the browser ended"
            self._rest += piece
        text, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        if "method" in message:
            self._hear(message["method"], message.get("sessionId", ""), message["params"])
        return message

    def _hear(self, event: str, session: str, told: dict[str, Any]) -> None:
        self.events.append((event, session))
        page = self.pages.get(session)
        if page is None:
            return
        match event:
            case "Log.entryAdded" if told["entry"]["level"] in ("warning", "error"):
                page.complaints.append(told["entry"]["text"])
            case "Runtime.exceptionThrown":
                page.complaints.append(told["exceptionDetails"]["text"])
            case "Runtime.consoleAPICalled" if told["type"] in ("warning", "error", "assert"):
                page.complaints.append(str([part.get("value") for part in told["args"]]))


@contextmanager
def running_browser(profile: Path) -> Iterator[Browser]:
    """Yield a browser; where there is none the test is skipped, but in CI it fails."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        reason = f"no {' or '.join(NAMES)} on this machine: install Debian's package `chromium`"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    browser = Browser(profile, program)
    try:
        yield browser
    finally:
        browser.close()
