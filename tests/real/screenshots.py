"""The pictures of the documents, taken of what is really there: `make screenshots`.

Needs Chromium. The sample campaign is rehearsed, and looked at in its sandbox.
"""

import base64
import subprocess
import sys
import tempfile
from pathlib import Path

from campaigner.app import utc_now
from campaigner.sandbox.server import Sandbox
from campaigner.settings import load_settings
from tests.acceptance.processes import free_ports
from tests.acceptance.sample import DNS, bare_environment, init
from tests.real.browser import Page, running_browser

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
START = "2026-12-01"


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        played = rehearse(folder)
        ports, _ = free_ports()
        sandbox = Sandbox(
            ports,
            played / "state" / "sandbox",
            accounts=load_settings(played).accounts,
            clock=utc_now,
        )
        with sandbox, running_browser(folder / "profile") as browser:
            page = browser.page()
            take(page, f"{sandbox.address}/", "timeline.png", width=1100, height=1000)


def rehearse(folder: Path) -> Path:
    """Play the sample campaign from a fixed day on; return the workspace that it was played in."""
    init(folder / "sample")
    command = ["rehearse", DNS, "--start", START, "--keep", str(folder / "played")]
    subprocess.run(
        [sys.executable, "-m", "campaigner", *command],
        cwd=folder / "sample",
        env=bare_environment(),
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return folder / "played"


def take(page: Page, address: str, name: str, *, width: int, height: int) -> None:
    """Keep what a window of that size (CSS pixels) shows first."""
    page.look(width=width)
    page.call(
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=height,
        deviceScaleFactor=1,
        mobile=False,
    )
    page.open(address)
    answer = page.call("Page.captureScreenshot")
    PICTURES.mkdir(exist_ok=True)
    (PICTURES / name).write_bytes(base64.b64decode(answer["data"]))
    print(PICTURES / name)


if __name__ == "__main__":
    main()
