"""Whoever sees weakly can read our screens and mails: 4.5 to 1 at least (WCAG 2.2, 1.4.3)."""

import re
from pathlib import Path

import pytest

from campaigner.settings import sample_root

TEMPLATES = sample_root() / "templates"
LEAST = 4.5
SURFACES = ("ground", "sheet", "soft")
INKS = ("ink", "muted", "link")
EXTRA = (("accent-ink", "accent"), ("warn-ink", "warn-ground"))

VARIABLE = re.compile(r"--([a-z-]+):\s*(#[0-9a-f]{3}(?:[0-9a-f]{3})?)\b")
DARK = re.compile(r"@media \(prefers-color-scheme: ?dark\)\s*\{(.*?)\n(?:\}|</style>)", re.DOTALL)


def luminance(colour: str) -> float:
    """Return the relative luminance of `#rgb` or `#rrggbb` (WCAG 2.2)."""
    digits = colour.removeprefix("#")
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    parts = [int(digits[start : start + 2], 16) / 255 for start in (0, 2, 4)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def schemes(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Return the colours of a style sheet by name, in the light and in the dark."""
    css = path.read_text(encoding="utf-8")
    found = DARK.search(css)
    assert found, f"{path.name} has no dark scheme"
    light = dict(VARIABLE.findall(css.replace(found[0], "")))
    return light, light | dict(VARIABLE.findall(found[1]))


def test_contrast_is_computed_as_the_standard_says() -> None:
    assert contrast("#fff", "#000000") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize(
    "sheet", ["web/sandbox/sandbox.css", "web/home.html", "web/page.css", "web/public/public.css"]
)
@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_stands_out_on_every_surface(sheet: str, scheme: int) -> None:
    colours = schemes(TEMPLATES / sheet)[scheme]
    pairs = [(ink, surface) for ink in INKS for surface in SURFACES]
    pairs += [pair for pair in EXTRA if pair[0] in colours]
    weak = [
        f"{ink} on {surface}: {ratio:.2f}"
        for ink, surface in pairs
        if (ratio := contrast(colours[ink], colours[surface])) < LEAST
    ]
    assert not weak


def test_text_stands_out_in_a_digest_read_in_the_light() -> None:
    look = (TEMPLATES / "mail/look.css").read_text(encoding="utf-8")
    inks = set(re.findall(r"[{;]color:(#[0-9a-f]{6})", look))
    on_dark = {"#ffffff", "#cfe6ea"}  # a headline and what stands above it, and a button
    assert len(inks - on_dark) >= 4
    weak = [
        (ink, surface)
        for ink in inks - on_dark
        for surface in ("#ffffff", "#e6f3f5", "#eef2f4")
        if contrast(ink, surface) < LEAST
    ]
    assert not weak
    assert contrast("#cfe6ea", "#0b4f5c") >= LEAST
    assert contrast("#ffffff", "#0b5c6b") >= LEAST


def test_text_stands_out_in_a_digest_read_in_the_dark() -> None:
    found = DARK.search((TEMPLATES / "mail/screen.css").read_text(encoding="utf-8"))
    assert found
    inks = set(re.findall(r"[{]color:(#[0-9a-f]{6})!important", found[1]))
    surfaces = dict(re.findall(r"\.(page|sheet|now)\b.*[{]background:(#[0-9a-f]{6})", found[1]))
    assert len(inks) == 3, "text, what is less important, and titles with links"
    assert set(surfaces) == {"page", "sheet", "now"}
    weak = [
        (ink, surface)
        for ink in inks
        for surface, ground in surfaces.items()
        if contrast(ink, ground) < LEAST
    ]
    assert not weak
    assert contrast("#0d1a1f", "#7fd3e0") >= LEAST
