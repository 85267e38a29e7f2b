import pytest

from campaigner.rendering.archived import framed, neutral_html, neutral_text, summary
from campaigner.rendering.catalogs import TEMPLATES, Catalogs
from campaigner.rendering.extraction import extract_templates
from campaigner.rendering.languages import LANGUAGES
from campaigner.rendering.public_pages import PublicPages, locale_choices, topic_choices
from campaigner.rendering.zone_choices import zone_choices, zone_countries
from campaigner.settings import known_zones, sample_root
from tests.rendering.builders import PACKAGED_TEMPLATES, packaged_environment

CATALOGS = Catalogs([sample_root() / "locales"])
OURS = ("web/public/", "mail/signup/")


@pytest.mark.parametrize("locale", [locale for locale in LANGUAGES if locale != "en"])
def test_every_string_of_the_pages_and_their_mails_is_translated(locale: str) -> None:
    translator = CATALOGS.translations(TEMPLATES, locale)
    strings = [
        string for string in extract_templates([PACKAGED_TEMPLATES]) if string.file.startswith(OURS)
    ]
    assert len(strings) > 80
    for string in strings:
        translator.gettext(string.message)
    assert not translator.untranslated


def pages() -> PublicPages:
    return PublicPages(environment=packaged_environment(), catalogs=CATALOGS, brand="LAC")


def test_a_wording_has_a_version_of_its_own_in_each_language() -> None:
    wordings = {locale: pages().wording("News", locale=locale) for locale in LANGUAGES}
    assert len({wording.version for wording in wordings.values()}) == 4
    assert wordings["fr"] == pages().wording("News", locale="fr"), "it stays the same"
    assert wordings["fr"].text.startswith("Envoyez-moi News par e-mail.")
    assert pages().wording("Other", locale="fr").version != wordings["fr"].version


def test_zones_are_named_and_sorted_in_the_readers_words() -> None:
    for locale in LANGUAGES:
        labels = [choice.label for choice in zone_choices(locale)]
        assert len(labels) == len(set(labels)), "each can be told from the others"
    labels = [choice.label for choice in zone_choices("es")]
    assert labels.index("Brasil – São Paulo") < labels.index("Uruguay – Montevideo")
    assert labels.index("El Salvador – El Salvador") < labels.index("España – Madrid")
    assert "Haïti – Port-au-Prince" in [choice.label for choice in zone_choices("fr")]
    assert labels[-1] == "UTC"


def test_every_zone_that_can_be_chosen_exists() -> None:
    chosen = {choice.value for choice in zone_choices("en")}
    assert chosen <= known_zones()
    assert zone_countries()["America/Port_of_Spain"] == "TT"


def test_languages_and_topics_are_called_as_readers_call_them() -> None:
    names = [choice.label for choice in locale_choices(("pt_BR", "ht", "es_419"))]
    assert names[0] == "Português (Brasil)"
    assert names[2].startswith("Español (")
    titles = {"a": {"en": "Policy", "es": "Políticas"}, "b": {"es": "Eventos"}, "c": {}}
    labels = [choice.label for choice in topic_choices(titles, locale="es_MX")]
    assert labels == ["Políticas", "Eventos", "c"]
    labels = [choice.label for choice in topic_choices(titles, locale="fr")]
    assert labels == ["Policy", "Eventos", "c"]


def test_of_a_reader_nothing_is_left_in_what_all_may_read() -> None:
    blocks = [("<p>Hi ⟦name⟧</p>", "Hi ⟦name⟧"), ('<a href="⟦unsubscribe⟧">x</a>', "⟦unsubscribe⟧")]
    values = {"name": "reader & friend"}
    assert neutral_html(blocks, values) == '<p>Hi reader &amp; friend</p><a href="">x</a>'
    assert neutral_text(blocks, values) == "Hi reader & friend\n\n\n"


@pytest.mark.parametrize(
    ("html", "whole"),
    [
        ("<html><head></head><body a><p></body></html>",
         "<html><head>H</head><body a>B<p>A</body></html>"),
        ("<HTML><HEAD></HEAD ><BODY>x</BODY></HTML>",
         "<HTML><HEAD>H</HEAD ><BODY>BxA</BODY></HTML>"),
        ("<p>bare</p>", "BH<p>bare</p>A"),
    ],
)  # fmt: skip
def test_our_own_words_stand_around_a_mails(html: str, whole: str) -> None:
    assert framed(html, head="H", before="B", after="A") == whole


def test_a_summary_is_short_and_does_not_repeat_the_title() -> None:
    text = "THE  NEWS\nof March\n=====\n\nFirst \x00word" + " and another" * 100
    short = summary(text, without="The news of March")
    assert short.startswith("First word and another")
    assert short.endswith("another and…")
    assert len(short) <= 401
    assert summary("All of it.", without="") == "All of it."
