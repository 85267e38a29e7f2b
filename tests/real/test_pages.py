"""Our pages and mails in a real browser: in four languages, narrow and wide, light and dark."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from campaigner.app import App
from campaigner.settings import load_settings
from campaigner.web.server import build
from tests.acceptance.sample import DIGEST, DNS, LANGUAGES, Sample, init
from tests.real.browser import Page, running_browser

PATIENCE = 60.0
SCREENS = [(375, False), (375, True), (1200, False), (1200, True)]  # CSS pixels, dark
OVERVIEW = {
    "en": "What would go out",
    "es": "Lo que saldría",
    "pt-BR": "O que sairia",
    "fr": "Ce qui partirait",
}
HOME = {
    "en": "campaigner is running",
    "es": "campaigner está en marcha",
    "pt-BR": "campaigner está em funcionamento",
    "fr": "campaigner est en marche",
}

EXAMINE = (Path(__file__).parent / "examine.js").read_text(encoding="utf-8")


@dataclass(frozen=True, kw_only=True)
class Shown:
    """Where pages are: the sandbox's, the home page's, and a mail in each language."""

    sandbox: str
    home: str
    mails: dict[str, str]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with running_browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser.page()


@pytest.fixture(scope="module")
def shown(page: Page, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    """The sample workspace after its first posts and mails went out, looked at from outside."""
    root = tmp_path_factory.mktemp("pages") / "sample"
    init(root)
    sample = Sample(root)
    sample.hurry()
    with sample.sandbox() as sandbox:
        _publish(sample)
        mails = {
            entry["language"]: f"{sandbox.address}/inbox/{entry['id']}"
            for entry in sample.received("smtp")
        }
        with HomePage(root) as home:
            yield Shown(sandbox=sandbox.address, home=home, mails=mails)


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_page_is_whole_in_every_language(page: Page, shown: Shown, language: str) -> None:
    mail = shown.mails[language]
    account = {"en": "x-en", "es": "x-es", "pt-BR": "x-pt", "fr": "x-fr"}[language]
    places = {
        "overview": f"{shown.sandbox}/",
        "timeline": f"{shown.sandbox}/timeline/x/{account}",
        "mastodon": f"{shown.sandbox}/timeline/mastodon/mastodon",
        "inbox": f"{shown.sandbox}/inbox",
        "mail": mail,
        "letter": f"{mail}/html",
        "faults": f"{shown.sandbox}/faults",
        "home": f"{shown.home}/",
    }
    found = {}
    for width, dark in SCREENS:
        page.look(width=width, dark=dark, language=language)
        for name, address in places.items():
            page.open(address)
            assert page.evaluate("document.documentElement.lang") == language, name
            faults = [*page.evaluate(EXAMINE), *page.complaints]
            if name != "letter" and not page.evaluate("!!document.querySelector('main')"):
                faults.append("no main landmark")
            if faults:
                found[f"{name}, {width} px, {'dark' if dark else 'light'}"] = faults
    assert not found


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_the_words_are_the_readers(page: Page, shown: Shown, language: str) -> None:
    page.look(width=1200, language=language)
    page.open(f"{shown.sandbox}/")
    assert _text(page, "h1") == OVERVIEW[language]
    assert page.evaluate(f"!!document.querySelector('article .text[lang=\"{language}\"]')")
    page.open(f"{shown.home}/")
    assert _text(page, "h1") == HOME[language]
    page.open(shown.mails[language])
    subject = _text(page, "h1")
    page.open(f"{shown.mails[language]}/html")
    assert _text(page, "h1") == page.evaluate("document.title") == subject


def test_pictures_are_there_and_have_words(page: Page, shown: Shown) -> None:
    page.look(width=1200)
    page.open(f"{shown.sandbox}/")
    pictures = page.evaluate("""(async () => {
      const pictures = [...document.querySelectorAll("article img")];
      pictures.forEach((picture) => { picture.loading = "eager"; });
      await Promise.all(pictures.map((picture) => picture.decode()));
      return pictures.map((picture) => [picture.naturalWidth > 0, picture.alt.length > 10]);
    })()""")
    assert pictures
    assert all(there and told for there, told in pictures)


def _text(page: Page, selector: str) -> str:
    return str(page.evaluate(f"document.querySelector('{selector}').textContent.trim()"))


def _publish(sample: Sample) -> None:
    """Queue and approve both campaigns, and let the daemon send until all languages are there."""

    def campaigner(*arguments: str) -> list[str]:
        return [sys.executable, "-m", "campaigner", *arguments]

    where: dict[str, Any] = {"cwd": sample.root, "env": sample.environment}
    for file in (DNS, DIGEST):
        for command in (
            campaigner("queue", file, "--start", "now", "--as", "author"),
            campaigner("approve", Path(file).stem, "--as", "approver"),
        ):
            subprocess.run(command, check=True, capture_output=True, **where)
    with subprocess.Popen(campaigner("daemon"), stderr=subprocess.DEVNULL, **where) as daemon:
        deadline = time.monotonic() + PATIENCE
        while not all(
            languages <= {entry["language"] for entry in sample.received(network)}
            for network, languages in (("smtp", LANGUAGES), ("mastodon", LANGUAGES))
        ):
            assert daemon.poll() is None, "the daemon ended by itself"
            assert time.monotonic() < deadline, "not everything went out"
            time.sleep(0.1)
        daemon.terminate()


class HomePage:
    """The web server over a workspace, in a thread of this process."""

    def __init__(self, root: Path) -> None:
        self.app = App(load_settings(root))
        config = uvicorn.Config(build(self.app), port=0, log_config=None, lifespan="off")
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)

    def __enter__(self) -> str:
        self.thread.start()
        while not self.server.started:
            time.sleep(0.01)
        return f"http://127.0.0.1:{self.server.servers[0].sockets[0].getsockname()[1]}"

    def __exit__(self, *exception: object) -> None:
        self.server.should_exit = True
        self.thread.join()
        self.app.close()
