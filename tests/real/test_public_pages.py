"""The pages for readers in a real browser: four languages, narrow and wide, light and dark."""

import shutil
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import uvicorn

from campaigner.core.delivery import State
from campaigner.core.tokens import Purpose
from campaigner.db.engine import open_engine
from campaigner.db.models import Block, Broadcast, Delivery
from campaigner.web.public import subscribe
from tests.fakes import FakeClock
from tests.real.browser import Page, running_browser
from tests.rows import add_delivery
from tests.web.public.site import LIST, Site

SCREENS = [(375, False), (375, True), (1200, False), (1200, True)]  # CSS pixels, dark
NARROW = SCREENS[:1]  # where words of another length may be too long; colours are the same
EXAMINE = (Path(__file__).parent / "examine.js").read_text(encoding="utf-8")
HEADINGS = {
    "en": "Subscribe to LAC newsletter",
    "es": "Suscribirse a LAC newsletter",
    "pt-BR": "Inscrever-se em LAC newsletter",
    "fr": "S’abonner à LAC newsletter",
}
HTML = (
    '<!doctype html><html lang="es"><head><title>Noticias</title>'
    '<meta name="viewport" content="width=device-width,initial-scale=1"></head>'
    '<body style="margin:0;background:#ffffff;color:#17212b"><h1>Noticias</h1><p>Hola ⟦name⟧</p>'
    '<p><a style="color:#0b5cad" href="⟦unsubscribe⟧">Baja</a></p></body></html>'
)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with running_browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser.page()


class Now(FakeClock):
    """The machine's own time: a browser's forms are sent as fast as it likes."""

    def __call__(self) -> datetime:
        return datetime.now(UTC)


@pytest.fixture(scope="module")
def site(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Site, str]]:
    path = tmp_path_factory.mktemp("site") / "campaigner.db"
    shutil.copy(sqlite_template, path)
    engine = open_engine(f"sqlite:///{path}")
    site = Site(engine=engine, clock=Now())
    server = uvicorn.Server(uvicorn.Config(site.web, port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield site, f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        engine.dispose()


@pytest.fixture(scope="module")
def places(site: tuple[Site, str]) -> dict[str, str]:
    """Every page, by what it is."""
    own, address = site
    reader = own.add_reader(topics=("policy",))
    left = own.add_reader("leo@example.org")
    mail, gone = own.add_mail(reader), own.add_mail(left)
    own.post(f"/u/{own.token(Purpose.UNSUBSCRIBE, gone)}", {"List-Unsubscribe": "One-Click"})
    own.subscribe("neu@example.org")
    own.answer()
    with own.sessions.begin() as session:
        edition = own.add_edition(session, text="Noticias", due_at=own.clock())
        key = edition.key
        session.add(
            Block(message_id=edition.id, zone="", position=0, name="all", html=HTML, text="Hola")
        )
        add_delivery(session, edition, recipient="ana@example.org", state=State.SENT)
        session.add(
            Broadcast(message_id=edition.id, stage="whole", started_at=own.clock(), recipients=1)
        )
        assert session.get_one(Delivery, mail).account == LIST
    return {
        "subscribe": f"{address}/subscribe",
        "confirm": f"{address}{own.links()[0]}",
        "preferences": f"{address}/p/{own.token(Purpose.PREFERENCES, mail)}",
        "left": f"{address}/p/{own.token(Purpose.PREFERENCES, gone)}",
        "unsubscribe": f"{address}/u/{own.token(Purpose.UNSUBSCRIBE, mail)}",
        "unknown": f"{address}/u/nobody",
        "over": f"{address}/c/nothing",
        "missing": f"{address}/subscribe/nothing",
        "archive": f"{address}/archive",
        "edition": f"{address}/archive/{key}",
    }


@pytest.mark.parametrize("language", sorted(HEADINGS))
def test_every_page_is_whole_in_every_language(
    page: Page, places: dict[str, str], language: str
) -> None:
    found = {}
    for width, dark in SCREENS if language == "en" else NARROW:
        page.look(width=width, dark=dark, language=language)
        for name, address in places.items():
            page.open(address if name == "edition" else f"{address}?lang={language}")
            if name != "edition":  # it stays in the language in which it was sent
                assert page.evaluate("document.documentElement.lang") == language, name
            complaints = [each for each in page.complaints if "404" not in each]
            complaints = [each for each in complaints if "410" not in each]
            faults = [*page.evaluate(EXAMINE), *complaints]
            if not page.evaluate("!!document.querySelector('main')"):
                faults.append("no main landmark")
            if faults:
                found[f"{name}, {width} px, {'dark' if dark else 'light'}"] = faults
    assert not found


@pytest.mark.parametrize("language", sorted(HEADINGS))
def test_the_words_are_the_readers(page: Page, places: dict[str, str], language: str) -> None:
    page.look(width=1200, language=language)
    page.open(places["subscribe"])
    assert page.evaluate("document.querySelector('h1').textContent.trim()") == HEADINGS[language]


def test_a_form_is_sent_by_the_keyboard_alone(page: Page, places: dict[str, str]) -> None:
    page.look(width=375, language="es")
    page.open(places["preferences"])
    fields = """document.querySelectorAll("a, button, input:not([type=hidden]), select")"""
    assert page.evaluate(f"[...{fields}].filter((field) => field.tabIndex >= 0).length") >= 10
    assert page.evaluate("document.scripts.length") == 0, "it needs no script"
    page.evaluate("document.querySelector('button[value=save]').focus()")
    page.browser.events.clear()
    for kind in ("keyDown", "keyUp"):
        page.call(
            "Input.dispatchKeyEvent",
            type=kind,
            key="Enter",
            code="Enter",
            text="\r",
            windowsVirtualKeyCode=13,
        )
    page.browser.wait_for("Page.loadEventFired", page.session)
    said = page.evaluate("document.querySelector('[role=status]').textContent.trim()")
    assert said == "Guardado."


def test_a_trap_for_programs_is_in_nobodys_way(page: Page, places: dict[str, str]) -> None:
    page.look(width=375, language="en")
    page.open(places["subscribe"])
    script = f"""[...document.querySelectorAll("input[name={subscribe.TRAP}]")].map((trap) =>
      [trap.tabIndex, trap.getBoundingClientRect().right < 0, !!trap.closest("[aria-hidden]")])"""
    assert page.evaluate(script) == [[-1, True, True], [-1, True, True]]
