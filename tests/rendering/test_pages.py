"""Pages in one file: pictures once, nothing fetched, nothing of an author's taken for ours."""

import base64
import hashlib
import html
import re
from pathlib import Path

import pytest

from campaigner.rendering.catalogs import Catalogs
from campaigner.rendering.environment import FaultyTemplateError
from campaigner.rendering.pages import Album, Press, Section
from tests.rendering.builders import packaged_environment, po_entry, write_po

PNG = b"\x89PNG picture"
DATA = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"


class Shelf:
    """Pictures to read, and how often each was."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def __call__(self, file: str) -> tuple[str, bytes]:
        self.read.append(file)
        return "image/png", PNG


def press(folder: Path, *, language: str = "en") -> Press:
    web = folder / "web"
    web.mkdir(exist_ok=True)
    (web / "shell.html").write_text(
        '<meta content="{{ policy }}">{{ _("Hello") }} {{ name }}\n<!-- sections -->\nend'
        "{% if script %}<script>{{ script|safe }}</script>{% endif %}",
        encoding="utf-8",
    )
    (web / "part.html").write_text(
        '<p>{{ said }}</p>{% if id %}<a href="picture:{{ id }}">a</a>{% endif %}', encoding="utf-8"
    )
    (web / "run.js").write_text('go("<b>");', encoding="utf-8")
    return Press(
        environment=packaged_environment(folder),
        catalogs=Catalogs([folder]),
        language=language,
        zone="UTC",
    )


def part(said: str, id: str = "") -> Section:
    return Section(template="part.html", values={"said": said, "id": id})


def test_sections_stand_in_their_place_and_order(tmp_path: Path) -> None:
    page = press(tmp_path).page(
        "shell.html", {"name": "Ana"}, sections=[part("one"), part("two")], album=Album(Shelf())
    )
    assert re.sub(r"\s+", " ", page).endswith("Hello Ana <p>one</p><p>two</p> end")


def test_a_page_speaks_its_language(tmp_path: Path) -> None:
    write_po(tmp_path, "es", po_entry("Hello", "Hola"), domain="templates")
    page = press(tmp_path, language="es").page(
        "shell.html", {"name": "Ana"}, sections=[], album=Album(Shelf())
    )
    assert "Hola Ana" in page


def test_a_picture_is_read_once_and_put_where_its_id_stands(tmp_path: Path) -> None:
    shelf = Shelf()
    album = Album(shelf)
    one, other = album.add("media/a.png", alt="A lock"), album.add("media/a.png", alt="Un candado")
    assert (one.id, one.name, one.alt, other.alt) == (other.id, "a.png", "A lock", "Un candado")
    page = press(tmp_path).page(
        "shell.html", {"name": ""}, sections=[part("", one.id), part("", one.id)], album=album
    )
    assert page.count(f'href="{DATA}"') == 2
    assert (shelf.read, album.ids) == (["media/a.png"], (one.id,))


def test_what_an_author_writes_is_never_a_picture_or_a_place(tmp_path: Path) -> None:
    album = Album(Shelf())
    id = album.add("a.png", alt="").id
    said = f'<b>="picture:{id}" <!-- sections --> </b>'
    page = press(tmp_path).page("shell.html", {"name": said}, sections=[part(said)], album=album)
    assert DATA not in page
    assert page.count(str(html.escape(said, quote=True).replace("&quot;", "&#34;"))) == 2


def test_only_the_pages_own_script_may_run(tmp_path: Path) -> None:
    page = press(tmp_path).page(
        "shell.html", {"name": ""}, sections=[], album=Album(Shelf()), script="run.js"
    )
    code = 'go("<b>");'
    fingerprint = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    assert f"<script>{code}</script>" in page
    assert f"script-src 'sha256-{fingerprint}'" in html.unescape(page)


def test_a_page_without_a_script_allows_none(tmp_path: Path) -> None:
    page = press(tmp_path).page("shell.html", {"name": ""}, sections=[], album=Album(Shelf()))
    assert "default-src 'none'" in html.unescape(page)
    assert "script" not in page


def test_a_long_page_may_cost_more_than_one_template(tmp_path: Path) -> None:
    sections = [part("x" * 600_000) for _ in range(5)]
    page = press(tmp_path).page("shell.html", {"name": ""}, sections=sections, album=Album(Shelf()))
    assert len(page) > 3_000_000


def test_a_faulty_template_of_a_workspace_is_told(tmp_path: Path) -> None:
    made = press(tmp_path)
    (tmp_path / "web" / "part.html").write_text("{{ nonsense }}", encoding="utf-8")
    with pytest.raises(FaultyTemplateError, match=r"web/part\.html:1: 'nonsense' is not known"):
        made.page("shell.html", {"name": ""}, sections=[part("")], album=Album(Shelf()))
