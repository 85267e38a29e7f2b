"""How a post looks on its network: its links short, what is too much marked, its cost beside."""

from typing import Any

import pytest

from campaigner.core.delivery import Hold
from campaigner.core.message import Identity
from campaigner.rendering.cards import Piece, card_of, initials, pieces, shown_address
from campaigner.rendering.drafts import Draft
from campaigner.rendering.pages import Album
from campaigner.rendering.posts import RenderedPicture
from campaigner.settings import AccountSettings
from tests.rendering.builders import campaign, item


def kinds(channel: str, text: str, limit: int = 0) -> list[tuple[str, str]]:
    return [(piece.kind, piece.text) for piece in pieces(channel, text, limit=limit)]


def draft(**changes: Any) -> Draft:
    identity = Identity(
        campaign="demo", run="preview", item="one", repetition=0, account="x-en", locale="en"
    )
    values: dict[str, Any] = {"identity": identity, "channel": "x", "language": "en"}
    return Draft(**values | changes)


def test_a_text_is_cut_at_its_links_hashtags_and_mentions() -> None:
    text = "Hi @icann, see https://www.icann.org/dnssec #DNS."
    assert kinds("x", text) == [
        ("text", "Hi "),
        ("tag", "@icann"),
        ("text", ", see "),
        ("link", "icann.org/dnssec"),
        ("text", " "),
        ("tag", "#DNS"),
        ("text", "."),
    ]
    assert "".join(piece.href for piece in pieces("x", text)) == "https://www.icann.org/dnssec"


def test_nothing_inside_a_link_is_a_hashtag_or_a_mention() -> None:
    text = "https://social.org/@icann/1#DNS"
    assert [kind for kind, _ in kinds("mastodon", text)] == ["link"]


def test_only_x_makes_a_link_of_a_bare_domain() -> None:
    assert kinds("mastodon", "see icann.org") == [("text", "see icann.org")]
    assert list(pieces("x", "icann.org")) == [
        Piece(text="icann.org", kind="link", href="https://icann.org")
    ]


@pytest.mark.parametrize(
    ("channel", "shown"),
    [
        ("x", "icann.org/resources/pages/d…"),
        ("mastodon", "icann.org/resources/pages/dnss…"),
        ("manual", "icann.org/resources/pages/dnssec-what-is-it"),
    ],
)
def test_an_address_is_shown_as_the_network_shows_it(channel: str, shown: str) -> None:
    address = "https://www.icann.org/resources/pages/dnssec-what-is-it"
    assert shown_address(channel, address) == shown


def test_what_is_past_the_limit_is_marked() -> None:
    assert kinds("x", "語語語語", 5) == [("text", "語語"), ("over", "語語")]
    assert kinds("x", "abc", 3) == [("text", "abc")]


def test_a_link_that_the_limit_cuts_is_past_it_as_a_whole_or_not_at_all() -> None:
    said = kinds("x", "see https://example.org/path", 10)
    assert "".join(text for _, text in said) == "see https://example.org/path"
    assert said[-1][0] == "over"


def test_a_card_says_what_its_author_wants_to_know() -> None:
    album = Album(lambda file: ("image/png", b"\x89PNG"))
    card = card_of(
        draft(
            text="語 https://example.org",
            length=26,
            limit=280,
            pictures=(RenderedPicture(file="media/a.png", alt="A lock"),),
            dropped=("DNS",),
        ),
        campaign(item("語 https://example.org")),
        AccountSettings(channel="x", title="ICANN LAC", handle="lac", locales=("en",)),
        album,
    )
    assert (card.initials, card.used, card.cost, card.hold) == ("IL", 9, "$0.200", "")
    assert (card.is_source, card.stands_in) == (True, False)
    assert [(picture.name, picture.alt) for picture in card.pictures] == [("a.png", "A lock")]
    assert card.dropped == ("DNS",)


def test_a_card_says_that_another_language_stands_in_and_why_it_waits() -> None:
    card = card_of(
        draft(language="es", hold=Hold.TRANSLATION, note="fr: lacks it"),
        campaign(item("Hola", source_locale="es")),
        AccountSettings(
            channel="mastodon", handle="lac", live="https://social.example", locales=("en",)
        ),
        Album(lambda file: ("image/png", b"")),
    )
    assert (card.source, card.is_source, card.stands_in) == ("es", False, True)
    assert (card.hold, card.note) == ("translation", "fr: lacks it")
    assert (card.handle, card.title) == ("lac@social.example", "x-en")


def test_a_name_without_letters_has_initials_too() -> None:
    assert [initials(name) for name in ("ICANN LAC en español", "región", "—")] == ["IL", "R", "?"]
