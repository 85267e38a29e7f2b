"""Preview and partner kit in a real browser, opened as the files that they are."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from campaigner.app import App
from campaigner.core.locales import bcp47
from campaigner.rendering.preview_pages import editions_page, posts_page
from campaigner.services.kit import make_kit
from campaigner.services.preview import preview_posts, preview_stories
from campaigner.services.preview_editions import preview_editions
from campaigner.settings import load_settings
from tests.acceptance.sample import DIGEST, DNS, LANGUAGES, LOCALES, Sample, init
from tests.real.browser import Page, running_browser
from tests.real.test_pages import EXAMINE, SCREENS

TROUBLE = """
  - id: fresh
    text: {x: "A word too many, and @icann. ", all: Names matter.}
    hashtags: [DNS]
  - id: later
    title: A year later
    owner: maria
    due: 2027-01-20
    embargo_until: "2099-02-01 10:00"
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with running_browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser.page()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the pages of each language are, made of a campaign in which something waits."""
    root = tmp_path_factory.mktemp("author") / "sample"
    init(root)
    sample = Sample(root)
    long = "A word too many, and @icann. " * 12
    with (root / DNS).open("a", encoding="utf-8") as file:
        file.write(TROUBLE.replace("A word too many, and @icann. ", long))
    sample.edit(DNS, "not_after: 3 days", 'not_after: 3 days\nembargo_until: "2099-01-01 10:00"')
    app = App(load_settings(root))
    for locale in LOCALES:
        for name, made in _pages(app, locale).items():
            (root / f"{name}-{bcp47(locale)}.html").write_text(made, encoding="utf-8")
    app.close()
    return root


def _pages(app: App, locale: str) -> dict[str, str]:
    """Return what `preview --html` and `kit` write, in one of our languages."""
    desk = app.dry_desk()
    posts = app.load_campaign(app.settings.workspace / DNS)
    digest = app.load_campaign(app.settings.workspace / DIGEST)
    return {
        "posts": posts_page(
            posts,
            desk,
            posts=list(preview_posts(posts, desk)),
            stories=list(preview_stories(posts, desk)),
            language=locale,
        ),
        "digest": editions_page(
            digest,
            desk,
            editions=preview_editions(app.sessions, digest, desk, now=app.clock()),
            language=locale,
        ),
        "kit": make_kit(
            posts, desk, sender="ICANN LAC", start=None, language=locale, now=app.clock()
        ).html,
    }


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_page_is_whole_in_every_language(page: Page, folder: Path, language: str) -> None:
    found = {}
    for width, dark in SCREENS:
        page.look(width=width, dark=dark)
        for name in ("posts", "digest", "kit"):
            page.open((folder / f"{name}-{language}.html").as_uri())
            assert page.evaluate("document.documentElement.lang") == language, name
            faults = [*page.evaluate(EXAMINE), *page.complaints]
            if faults:
                found[f"{name}, {width} px, {'dark' if dark else 'light'}"] = faults
    assert not found


def test_filters_need_no_script(page: Page, folder: Path) -> None:
    page.look(width=1200)
    page.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        page.open((folder / "posts-en.html").as_uri())
        assert _shown(page, ".card") == 104
        _press(page, "#language-es")
        _press(page, "#network-x")
        assert _shown(page, ".card") == 9
        _press(page, "#language")
        _press(page, "#network")
        _press(page, "#only-held")
        assert _shown(page, ".card") == _shown(page, ".card.held") == 7
        assert _shown(page, ".item") == 1
    finally:
        page.call("Emulation.setScriptExecutionDisabled", value=False)


def test_a_picture_is_seen(page: Page, folder: Path) -> None:
    page.look(width=1200)
    page.open((folder / "posts-en.html").as_uri())
    drawn = page.evaluate("""(() => {
      const shown = document.querySelector(".pictures svg");
      const box = shown.getBoundingClientRect();
      const name = shown.querySelector("use").getAttribute("href");
      const stored = document.querySelector(name + " image").getAttribute("href");
      return [box.width > 200, box.height > 100, stored.startsWith("data:image/png;base64,"),
              shown.ariaLabel.length > 20];
    })()""")
    assert all(drawn)


def test_a_text_is_copied_by_its_button(page: Page, folder: Path) -> None:
    page.look(width=375)
    page.open((folder / "kit-en.html").as_uri())
    said = page.evaluate("""(async () => {
      const button = document.querySelector("[data-copy]");
      const text = document.getElementById(button.dataset.copy).textContent;
      let copied = "";
      document.addEventListener("copy", () => { copied = getSelection().toString(); });
      const written = [];
      navigator.clipboard.writeText = async (words) => { written.push(words); };
      button.click();
      await new Promise((done) => setTimeout(done));
      const first = document.querySelector("[data-said]").textContent;
      navigator.clipboard.writeText = async () => { throw new Error("not allowed"); };
      button.click();
      await new Promise((done) => setTimeout(done));
      return [written[0] === text, first, getSelection().toString().trim() === text.trim()];
    })()""")
    assert said == [True, "Copied", True]


def test_a_copy_button_says_afterwards_what_it_said_before(page: Page, folder: Path) -> None:
    page.look(width=375)
    page.open((folder / "kit-en.html").as_uri())
    said = page.evaluate("""(async () => {
      const button = document.querySelector("[data-copy]");
      const before = button.innerHTML;
      const status = document.querySelector("[data-said]");
      const waits = [];
      window.setTimeout = (done) => waits.push(done);
      navigator.clipboard.writeText = async () => {};
      const pressed = async () => {
        button.click();
        for (let turn = 0; turn < 9; turn += 1) await null;
        return button.textContent;
      };
      const words = [await pressed(), await pressed()];
      waits.forEach((done) => done());
      return [words, button.innerHTML === before, status.textContent];
    })()""")
    assert said == [["Copied", "Copied"], True, ""]


def test_without_a_script_the_kit_can_be_used(page: Page, folder: Path) -> None:
    page.look(width=1200)
    page.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        page.open((folder / "kit-en.html").as_uri())
        assert _shown(page, "[data-copy]") == 0, "a button that does nothing is not shown"
        assert _shown(page, ".copied") > 100
        assert _shown(page, "a[download]") == 8
    finally:
        page.call("Emulation.setScriptExecutionDisabled", value=False)


def test_an_embargo_is_seen_before_anything_else(page: Page, folder: Path) -> None:
    page.look(width=375)
    page.open((folder / "kit-en.html").as_uri())
    top, size, first = page.evaluate("""(() => {
      const notice = document.querySelector(".embargo");
      const first = document.querySelector(".copied").getBoundingClientRect().top;
      const big = parseFloat(getComputedStyle(notice.querySelector("b")).fontSize);
      return [notice.getBoundingClientRect().top, big, first];
    })()""")
    assert top < 500
    assert top < first
    assert size > 20


def _press(page: Page, selector: str) -> None:
    """Click with the mouse, as a person does: the page's own scripts are off."""
    root = page.call("DOM.getDocument")["root"]["nodeId"]
    node = page.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
    page.call("DOM.scrollIntoViewIfNeeded", nodeId=node)
    x1, y1, _, _, x2, y2, *_ = page.call("DOM.getBoxModel", nodeId=node)["model"]["border"]
    at = {"x": (x1 + x2) / 2, "y": (y1 + y2) / 2, "button": "left", "clickCount": 1}
    page.call("Input.dispatchMouseEvent", type="mousePressed", **at)
    page.call("Input.dispatchMouseEvent", type="mouseReleased", **at)


def _shown(page: Page, selector: str) -> int:
    """Return how many of them are seen."""
    counted = page.evaluate(
        f"[...document.querySelectorAll({selector!r})]"
        ".filter((element) => element.checkVisibility()).length"
    )
    return int(counted)
