"""Texts with what stands between their braces: variables, partners, the library."""

from pathlib import Path

import pytest

from campaigner.core.campaign import ANY, Campaign, Item, Missing, Partner, Picture, Story, Wording
from campaigner.core.delivery import Hold
from campaigner.rendering.catalogs import Catalogs
from campaigner.rendering.placeholders import differences, has_words
from campaigner.rendering.posts import (
    NotRendered,
    RenderedPost,
    RenderedStory,
    render_post,
    render_story,
)
from campaigner.rendering.wordings import Fault, Localized, localize
from tests.rendering.builders import (
    campaign,
    item,
    packaged_environment,
    po_entry,
    wording,
    write_po,
)

PARTNERS = {
    "lacnic": Partner(
        id="lacnic",
        name=wording("LACNIC", context="partner lacnic"),
        handles={"x": "@lacnic", "mastodon": "@lacnic@mastodon.example"},
    ),
    "isoc": Partner(
        id="isoc",
        name=wording(
            "Internet Society",
            context="partner isoc",
            en="Internet Society",
            es="Sociedad de Internet",
        ),
    ),
}
ENGLISH_ONLY = wording("in English only", context="library english_only", es="solo en inglés")


def said(
    text: str, *, by: Campaign, locale: str = "en", channel: str = "", folder: Path | None = None
) -> str:
    catalogs = Catalogs([folder] if folder else [])
    found = localize(wording(text), by, locale=locale, catalogs=catalogs, channel=channel)
    assert isinstance(found, Localized)
    return found.text


def fault_of(text: str, *, by: Campaign, locale: str = "en") -> Fault:
    found = localize(wording(text), by, locale=locale, catalogs=Catalogs([]))
    assert not isinstance(found, Localized)
    [fault] = found
    return fault


def with_partners(*items: Item, **changes: object) -> Campaign:
    return campaign(*items, partners=PARTNERS, **changes)


@pytest.mark.parametrize(
    ("channel", "named"),
    [
        ("x", "With @lacnic and Internet Society."),
        ("mastodon", "With @lacnic@mastodon.example and Internet Society."),
        ("manual", "With LACNIC and Internet Society."),
        ("", "With LACNIC and Internet Society."),
    ],
)
def test_a_partner_is_named_as_the_channel_knows_it(channel: str, named: str) -> None:
    text = "With {{ partner.lacnic }} and {{ partner.isoc }}."
    assert said(text, by=with_partners(), channel=channel) == named


def test_a_partners_name_is_the_readers_and_never_waits_for_a_translation() -> None:
    text, by = wording("{{ partner.isoc }}", es="{{ partner.isoc }}"), with_partners()
    for locale, name in (("es_UY", "Sociedad de Internet"), ("fr", "Internet Society")):
        found = localize(text, by, locale=locale, catalogs=Catalogs([]))
        assert found == Localized(name)


def test_a_text_of_the_library_stands_in_the_readers_language(tmp_path: Path) -> None:
    by = campaign(variables={"library.english_only": ENGLISH_ONLY})
    fr = po_entry("in English only", "en anglais", context="library english_only")
    write_po(tmp_path, "fr", fr)
    text = "({{ library.english_only }})"
    assert said(text, by=by) == "(in English only)"
    assert said(text, by=by, locale="es") == "(solo en inglés)"
    assert said(text, by=by, locale="fr", folder=tmp_path) == "(en anglais)"


def test_a_text_of_the_library_that_is_not_translated_holds_what_uses_it() -> None:
    by = campaign(variables={"library.english_only": ENGLISH_ONLY})
    fault = fault_of("{{ library.english_only }}", by=by, locale="fr")
    assert fault.reason is Hold.TRANSLATION
    assert fault.sentence == 'fr: "in English only" has no translation (library english_only)'


def test_a_text_of_the_library_may_name_a_partner() -> None:
    welcome = wording("Welcome, says {{ partner.lacnic }}", context="library welcome")
    by = with_partners(variables={"library.welcome": welcome})
    assert said("{{ library.welcome }}!", by=by, channel="x") == "Welcome, says @lacnic!"
    assert said("{{ library.welcome }}!", by=by) == "Welcome, says LACNIC!"


def test_a_text_of_the_library_asks_for_nothing_else() -> None:
    variables = {
        "library.a": wording("{{ year }}", context="library a"),
        "year": wording("2026"),
    }
    fault = fault_of("{{ library.a }}", by=campaign(variables=variables))
    assert fault.reason is Hold.RENDERING
    assert fault.sentence.startswith("library a (en): 'year' is not a variable of this campaign.")


def test_what_a_partner_is_called_is_never_filled_in_again() -> None:
    odd = Partner(id="odd", name=wording("{{ year }}"), handles={"x": "{{ year }}"})
    by = campaign(partners={"odd": odd}, variables={"year": wording("2026")})
    assert said("{{ partner.odd }}", by=by) == "{{ year }}"


def test_a_translation_has_to_name_the_same_partners() -> None:
    source = "With {{ partner.lacnic }}"
    assert differences([source], "Con {{ partner.lacnic }}") == ""
    assert differences([source], "Con {{ partner.isoc }}") == (
        "it lacks {{ partner.lacnic }} and it has {{ partner.isoc }}"
    )
    assert differences([source], "Con {{ partner.lacnic.x }}") == (
        "it lacks {{ partner.lacnic }} and it has {{"
    )
    assert not has_words("{{ partner.lacnic }}, {{ library.english_only }} 2026")


def post_of(by: Campaign, locale: str, folder: Path) -> RenderedPost | NotRendered:
    post = render_post(
        by,
        by.items[0],
        channel="x",
        locale=locale,
        link="",
        catalogs=Catalogs([folder]),
        environment=packaged_environment(),
    )
    assert isinstance(post, RenderedPost | NotRendered)
    return post


def test_alt_texts_and_stories_have_plain_names(tmp_path: Path) -> None:
    text = wording("By {{ partner.lacnic }}")
    written = item(
        text,
        pictures={ANY: (Picture(file="a.png", alt=text),)},
        story=Story(headline=text, body=text),
    )
    by = with_partners(written)
    post = post_of(by, "en", tmp_path)
    assert isinstance(post, RenderedPost)
    assert (post.text, post.pictures[0].alt) == ("By @lacnic", "By LACNIC")
    story = render_story(by, written, locale="en", catalogs=Catalogs([]))
    assert story == RenderedStory(headline="By LACNIC", body="By LACNIC", language="en")


def spanish(**changes: object) -> Campaign:
    """A campaign in English with an item that was written in Spanish."""
    text = Wording(context="demo/one text", source="Hola", locale="es")
    return campaign(item(text, source_locale="es"), **changes)


def test_an_item_is_translated_from_its_own_language(tmp_path: Path) -> None:
    write_po(tmp_path, "en", po_entry("Hola", "Hello", context="demo/one text"))
    for locale, text in (("es", "Hola"), ("es_MX", "Hola"), ("en", "Hello")):
        post = post_of(spanish(), locale, tmp_path)
        assert isinstance(post, RenderedPost)
        assert post.text == text


def test_the_campaigns_language_waits_for_a_translation_of_such_an_item(tmp_path: Path) -> None:
    post = post_of(spanish(), "en", tmp_path)
    assert isinstance(post, NotRendered)
    assert post.faults == ('en: "Hola" has no translation (demo/one text)',)


def test_source_stands_for_the_items_own_language(tmp_path: Path) -> None:
    post = post_of(spanish(missing=Missing.SOURCE), "fr", tmp_path)
    assert isinstance(post, RenderedPost)
    assert (post.text, post.language) == ("Hola", "es")
