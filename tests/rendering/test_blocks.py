"""A mailing's blocks: pieces of one page, stored once where zones do not differ."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from campaigner.rendering.blocks import PlannedBlock, RenderedBlock, render_blocks, slot_values
from campaigner.rendering.catalogs import TEMPLATES, Catalogs
from campaigner.rendering.environment import FaultyTemplateError
from campaigner.rendering.mjml import MjmlError, to_html
from tests.rendering.builders import packaged_environment

ZONES = ("America/Montevideo", "America/Bogota")
VARIABLES = {"subject": 'A "subject" & <more>', "preheader": "What it is about"}
SECTION = "<mj-section><mj-column><mj-text>{}</mj-text></mj-column></mj-section>"


def blocks(
    folder: Path, sources: dict[str, str], *, zonal: str = "", **values: Any
) -> tuple[RenderedBlock, ...]:
    """Render blocks whose MJML is a text in a section, unless it begins with one itself."""
    (folder / "mail").mkdir(exist_ok=True)
    for name, source in sources.items():
        mjml = source if source.startswith("<mj") else SECTION.format(source)
        (folder / "mail" / f"{name}.mjml").write_text(mjml, encoding="utf-8")
        (folder / "mail" / f"{name}.txt").write_text(source, encoding="utf-8")
    return render_blocks(
        [PlannedBlock(name=name, template=f"mail/{name}", zonal=name == zonal) for name in sources],
        {**VARIABLES, **values},
        environment=packaged_environment(folder),
        translator=Catalogs([]).translations(TEMPLATES, "en"),
        locale="en",
        zones=ZONES,
    )


def test_blocks_are_pieces_of_one_page(tmp_path: Path) -> None:
    found = blocks(tmp_path, {"one": "<p>First</p>", "two": "<p>Second</p>", "three": "Third"})
    assert [(each.name, each.zone, each.position) for each in found] == [
        ("one", "", 0),
        ("two", "", 1),
        ("three", "", 2),
    ]
    assert found[0].html.startswith("<!DOCTYPE html>")
    assert "First" in found[0].html
    assert "Second" in found[1].html
    assert "Third" in found[2].html
    assert found[2].html.endswith("</body></html>")
    assert [each.text for each in found] == ["<p>First</p>", "<p>Second</p>", "Third"]
    assert not any("block" in each.html.partition("<body")[2].lower() for each in found[1:2])


def test_only_what_tells_times_is_there_for_each_zone(tmp_path: Path) -> None:
    at = datetime(2026, 12, 1, 13, tzinfo=UTC)
    found = blocks(
        tmp_path,
        {"one": "First", "when": "<p>{{ at | moment }}</p>", "three": "Third"},
        zonal="when",
        at=at,
    )
    assert [(each.name, each.zone, each.position) for each in found] == [
        ("one", "", 0),
        ("when", ZONES[0], 1),
        ("when", ZONES[1], 1),
        ("three", "", 2),
    ]
    assert "10:00\u202fAM (Montevideo)" in found[1].text
    assert "8:00\u202fAM (Bogot" in found[2].html


def test_looks_are_inside_of_the_elements_and_links_as_they_were(tmp_path: Path) -> None:
    source = '<a class="link" href="https://x.example/?a=1&amp;b=⟦unsubscribe⟧">x</a>'
    html = blocks(tmp_path, {"one": source})[0].html
    assert 'href="https://x.example/?a=1&amp;b=⟦unsubscribe⟧"' in html
    assert 'style="color:#0b5c6b">x</a>' in html
    assert "prefers-color-scheme:dark" in html
    assert '<div style="display:none;' in html
    assert "<mj-" not in html


def test_a_subject_cannot_become_markup(tmp_path: Path) -> None:
    html = blocks(tmp_path, {"one": "<p>{{ subject }}</p>"})[0].html
    assert '<title>A "subject" &amp; &lt;more&gt;</title>' in html
    assert '>A "subject" &amp; &lt;more&gt;</p>' in html
    assert 'aria-label="A &quot;subject&quot; &amp; <more>"' in html, "within quotes, < is text"


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("<b>never closed", "mail/two.mjml: this is not MJML"),
        ("<mj-section><mj-column><mj-what /></mj-column></mj-section>", "no element mj-what"),
        ('<mj-include path="/etc/hostname" type="html" />', "mail/two.mjml: this is not MJML"),
        ("{{ nobody }}", "mail/two.mjml:1: 'nobody' is not known here"),
    ],
)
def test_the_template_at_fault_is_named(tmp_path: Path, source: str, fault: str) -> None:
    with pytest.raises(FaultyTemplateError, match=fault):
        blocks(tmp_path, {"one": "First", "two": source, "three": "Third"})


def test_a_base_without_a_place_for_blocks_is_told(tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "base.mjml").write_text("<mjml><mj-body></mj-body></mjml>")
    with pytest.raises(FaultyTemplateError, match=r"mail/base.mjml: it lacks <!-- blocks -->"):
        blocks(tmp_path, {"one": "First"})


def test_nothing_is_fetched_from_elsewhere(tmp_path: Path) -> None:
    html = blocks(tmp_path, {"one": '<p style="font-family:Roboto">x</p>'})[0].html
    assert "googleapis" not in html
    assert "@import" not in html


def test_what_is_not_mjml_is_refused() -> None:
    with pytest.raises(MjmlError):
        to_html("<p>", look="")


def test_preferences_are_offered_with_a_public_address_alone() -> None:
    assert slot_values("https://news.example.org")["preferences"] == "⟦preferences⟧"
    assert slot_values("http://127.0.0.1:8700")["preferences"] == ""
    assert slot_values("")["unsubscribe"] == "⟦unsubscribe⟧"
