"""The blocks of a mailing: pieces of HTML and of text, from the same data.

A mailing's MJML is rendered block by block, put together and made into HTML
as a whole, once for each zone; comments between the blocks show where to cut.
So each block is a piece of one page, and what differs by zone is stored once
for each zone, the rest once.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from campaigner.core.slots import SLOTS, has_pages, placeholder
from campaigner.rendering.catalogs import Translator
from campaigner.rendering.environment import (
    FaultyTemplateError,
    TemplateEnvironment,
    Voice,
    render,
)
from campaigner.rendering.mjml import MjmlError, to_html

BASE = "mail/base.mjml"
LOOK = "mail/look.css"
BLOCKS = "<!-- blocks -->"  # where they go in the base
_MARK = re.compile(r"<!-- block -->")
_MARK_MJML = "<mj-raw><!-- block --></mj-raw>\n"
_EVERYWHERE = ("",)


@dataclass(frozen=True, kw_only=True)
class RenderedBlock:
    """A piece of an edition. `zone` is empty where it reads the same everywhere.

    A mail is, in order of `position`, every block whose zone is empty or the
    reader's: just one of each position.
    """

    name: str
    zone: str
    position: int
    html: str
    text: str


@dataclass(frozen=True, kw_only=True)
class PlannedBlock:
    """A block to render from ``TEMPLATE.mjml`` and ``TEMPLATE.txt`` of the templates.

    `values` are its own, beside those of the whole mailing. `zonal` says that
    it tells times, which differ by the reader's zone.
    """

    name: str
    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    zonal: bool = False


def render_blocks(
    plan: Sequence[PlannedBlock],
    variables: Mapping[str, Any],
    *,
    environment: TemplateEnvironment,
    translator: Translator,
    locale: str,
    zones: Sequence[str],
) -> tuple[RenderedBlock, ...]:
    """Render a mailing's blocks, in order; zonal ones once for each of `zones`.

    `variables` are known to all: the base needs `subject` and `preheader`
    (the line that programs show beside the subject). Templates know `zone`.
    Without `zones` times are told in UTC.

    Raises FaultyTemplateError for a template that cannot be used.
    """
    zonal = any(block.zonal for block in plan)
    own_zones = (tuple(dict.fromkeys(zones)) or ("UTC",)) if zonal else _EVERYWHERE
    known = {**variables, "zone": "UTC"}
    voice = Voice(locale=locale, zone="UTC", translator=translator)
    base = render(environment, BASE, known, voice=voice)
    look = render(environment, LOOK, known, voice=voice)
    sources: dict[tuple[int, str], tuple[str, str]] = {}
    for position, block in enumerate(plan):
        for zone in own_zones if block.zonal else _EVERYWHERE:
            values = {**variables, **block.values, "zone": zone or "UTC"}
            own_voice = Voice(locale=locale, zone=zone or "UTC", translator=translator)
            mjml, text = (
                render(environment, f"{block.template}.{kind}", values, voice=own_voice)
                for kind in ("mjml", "txt")
            )
            sources[position, zone] = (mjml, text)
    rendered = []
    for number, zone in enumerate(own_zones):
        chosen = [
            (block, zone if block.zonal else "", *sources[place, zone if block.zonal else ""])
            for place, block in enumerate(plan)
        ]
        pages = _pages(base, look, [(block, mjml) for block, _, mjml, _ in chosen])
        rendered += [
            RenderedBlock(name=block.name, zone=own, position=place, html=html, text=text)
            for place, ((block, own, _, text), html) in enumerate(zip(chosen, pages, strict=True))
            if own or not number  # what all zones share is taken from the first
        ]
    return tuple(sorted(rendered, key=lambda block: block.position))


def slot_values(public_url: str) -> dict[str, str]:
    """Return what templates know as `slot`: placeholders; empty for what is not offered.

    There are preferences only where readers can reach our pages.
    """
    offered = {name: placeholder(name) for name in SLOTS}
    return offered if has_pages(public_url) else {**offered, "preferences": ""}


def _pages(base: str, look: str, blocks: Sequence[tuple[PlannedBlock, str]]) -> list[str]:
    """Return the HTML of each block: together they are one page."""
    before, found, after = base.partition(BLOCKS)
    if not found:
        raise FaultyTemplateError(BASE, 0, f"it lacks {BLOCKS}", "Write it where the blocks go.")
    # A mark between two blocks, none before the first: it begins with the page.
    whole = _MARK_MJML.join(mjml for _, mjml in blocks)
    try:
        pages = _MARK.split(to_html(f"{before}{whole}{after}", look=look))
    except MjmlError as error:
        raise _at_fault(before, after, look, blocks, error) from None
    if len(pages) != len(blocks):
        raise FaultyTemplateError(
            BASE,
            0,
            f"of {len(blocks)} blocks {len(pages)} are left",
            "Put every block into mj-section elements of its own.",
        )
    return pages


def _at_fault(
    before: str,
    after: str,
    look: str,
    blocks: Sequence[tuple[PlannedBlock, str]],
    error: MjmlError,
) -> FaultyTemplateError:
    """Return the fault with the name of the template that has it: the parser knows no files."""
    template, found = BASE, error
    for block, mjml in blocks:
        try:
            to_html(f"{before}{mjml}{after}", look=look)
        except MjmlError as own:
            template, found = f"{block.template}.mjml", own
            break
    return FaultyTemplateError(
        template, 0, f"this is not MJML: {found}", "Close every element, and write <br />."
    )
