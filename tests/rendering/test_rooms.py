from dataclasses import replace
from pathlib import Path

import pytest

from campaigner.app import App
from campaigner.core.campaign import ANY
from campaigner.core.counting import length
from campaigner.core.glossary import Glossary, Term, Words
from campaigner.rendering.briefs import brief_campaign, comments_for, limit_in_words
from campaigner.rendering.drafts import Desk
from campaigner.rendering.rooms import rooms_of
from campaigner.settings import load_settings
from tests.rendering.builders import campaign, item, wording

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def desk() -> Desk:
    return App(load_settings(ROOT)).dry_desk()


def test_the_room_is_what_link_and_hashtags_leave_on_the_tightest_network(desk: Desk) -> None:
    said = item(
        wording("Hi {{ year }}"),
        links={ANY: "https://www.icann.org/dns-security-threat"},
        hashtags={ANY: ("DNS", "CyberSecurity")},
    )
    planned = campaign(
        said, accounts=("x-es", "mastodon"), variables={"year": wording("2026", context="y")}
    )

    (room,) = {room for (_, locale), room in rooms_of(planned, desk).items() if locale == "es"}

    tail = "\n\n#DNS #CyberSecurity\nhttps://www.icann.org/dns-security-threat"
    assert (room.account, room.channel, room.limit) == ("x-es", "x", 280)
    assert room.takes == 280 - length("x", tail)

    brief = next(
        brief
        for brief in brief_campaign(planned, desk, file="campaigns/demo.yaml", dues={})
        if brief.string.context == "demo/one text"
    )
    assert limit_in_words(brief.rooms["es"]) == f"{room.takes} of 280 on X"
    assert brief.left("es", "Hola {{ year }}", desk) == room.takes - len("Hola 2026")
    assert brief.left("es", "", desk) == room.takes
    assert brief.left("es", "a" * 300, desk) == room.takes - 300
    assert brief.left("es", "Hola {{ yaer }}", desk) is None
    assert brief.left("fr", "Salut", desk) is not None, "Mastodon speaks French, too"


def test_what_no_network_limits_has_no_room(desk: Desk) -> None:
    mail_only = campaign(item("Hi"), accounts=("newsletter",))
    assert rooms_of(mail_only, desk) == {}


def test_a_translator_is_told_place_room_and_names_to_keep(desk: Desk) -> None:

    terms = Glossary(
        (
            Term(
                words={
                    "en": Words(words=("registrar",)),
                    "es": Words(words=("registrador",), source="https://example.org"),
                    "fr": Words(words=("bureau d'enregistrement",)),
                }
            ),
        )
    )
    planned = campaign(
        item(wording("Ask your registrar in {{ year }}")),
        accounts=("x-es",),
        variables={"year": wording("the year", context="demo variables.year")},
    )
    briefs = brief_campaign(planned, desk, file="campaigns/demo.yaml", dues={})
    text = next(brief for brief in briefs if brief.string.context == "demo/one text")
    year = next(brief for brief in briefs if brief.string.context == "demo variables.year")

    assert comments_for(replace(text, due=None), terms, locale="es") == (
        "Post on X, item one of demo.",
        "At most 280 characters on X, of its 280; the rest is for link and hashtags.",
        "Keep {{ year }} as it is.",
        "Official words: registrar: registrador.",
    )
    assert "fr bureau d'enregistrement (usual)" in comments_for(text, terms)[3]
    assert comments_for(year, terms, locale="es")[0] == (
        "Stands for {{ year }} in the texts of demo."
    )
    assert text.references == ("campaigns/demo.yaml:7",)
