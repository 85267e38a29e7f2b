"""The gate, as authors see it: what stops a mail, and what is only to look at."""

import pytest

from campaigner.core.delivery import Hold
from campaigner.core.mail_faults import Kind, MailFault
from campaigner.rendering.blocks import RenderedBlock
from campaigner.rendering.catalogs import Catalogs
from campaigner.rendering.gate import RenderedEdition, Stopped, chosen, finish
from campaigner.rendering.pages import Album, Press, Section
from campaigner.settings import sample_root
from tests.rendering.builders import packaged_environment

LEAVE = '<p>Words</p><a href="⟦unsubscribe⟧">x</a>'


def block(html: str, text: str, *, zone: str = "", position: int = 0) -> RenderedBlock:
    return RenderedBlock(name="one", zone=zone, position=position, html=html, text=text)


def test_an_edition_with_nothing_wrong_passes() -> None:
    edition = finish(subject="News", language="en", blocks=[block(LEAVE, "Words ⟦unsubscribe⟧")])
    assert isinstance(edition, RenderedEdition)
    assert edition.warnings == ()


def test_what_stops_it_is_named_and_it_can_be_looked_at_all_the_same() -> None:
    stopped = finish(subject="NEWS OF THE WEEK", language="en", blocks=[block(LEAVE, "Words")])
    assert isinstance(stopped, Stopped)
    assert stopped.reason is Hold.RENDERING
    assert stopped.faults == (
        "Its text has no link to unsubscribe. Put the slot into the template",
    )
    assert [fault.kind for fault in stopped.edition.warnings] == [Kind.UNSUBSCRIBE, Kind.CAPITALS]


def test_the_longest_of_the_zones_is_looked_at() -> None:
    blocks = [
        block(LEAVE, "Words ⟦unsubscribe⟧"),
        block("<p>x</p>", "x", zone="America/Lima", position=1),
        block(f"<p>{'x' * 96_000}</p>", "x", zone="America/Bogota", position=1),
    ]
    stopped = finish(subject="News", language="en", blocks=blocks)
    assert isinstance(stopped, Stopped)
    assert stopped.faults[0].startswith("The HTML has 96,0")
    assert chosen(blocks, "America/Lima") == (f"{LEAVE}<p>x</p>", "Words ⟦unsubscribe⟧\nx")


@pytest.mark.parametrize("language", ["en", "es", "pt_BR", "fr"])
def test_the_preview_says_every_fault_in_the_readers_language(language: str) -> None:
    catalogs = Catalogs([sample_root() / "locales"])
    press = Press(
        environment=packaged_environment(), catalogs=catalogs, language=language, zone="UTC"
    )
    faults = [{"kind": kind, "detail": "<7>"} for kind in Kind]
    edition = {
        "account": "newsletter", "locale": "en", "tag": "en", "subject": "News", "text": "x",
        "html": "<p>x</p>", "is_shown": True, "notes": ["left out"], "stops": faults,
        "warnings": faults,
    }  # fmt: skip
    section = Section(template="preview_edition.html", values={"number": 1, "edition": edition})
    page = press.page(
        "preview.html",
        {
            "campaign": {"id": "a", "title": "A"}, "source_tag": "en", "items": [], "languages": [],
            "networks": [], "post_count": 0, "story_count": 0, "edition_count": 1, "held_count": 0,
            "cost": "",
        },
        sections=[section],
        album=Album(lambda name: ("image/png", b"")),
    )  # fmt: skip
    said = page.split("<li>")[1:]
    assert len(said) == 2 * len(Kind)
    assert all(len(each.partition("</li>")[0]) > 10 for each in said)
    assert "&lt;7&gt;" in page
    english = MailFault(kind=Kind.NO_SUBJECT).sentence
    assert (english in page) is (language == "en")
