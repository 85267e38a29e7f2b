"""The mail that asks for a post, in each language of our screens."""

import pytest

from campaigner.rendering.catalogs import TEMPLATES, Catalogs
from campaigner.rendering.extraction import extract_templates
from campaigner.rendering.handovers import render_handover
from campaigner.rendering.languages import LANGUAGES
from tests.handing import LOCALES, PICTURE, TEXT, post
from tests.rendering.builders import PACKAGED_TEMPLATES, packaged_environment


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_of_it_comes_in_the_persons_language(language: str) -> None:
    catalogs = Catalogs([LOCALES])
    translator = catalogs.translations(TEMPLATES, language)
    for string in extract_templates([PACKAGED_TEMPLATES]):
        if string.file.startswith("mail/handover"):
            translator.gettext(string.message)
    assert translator.untranslated == ()


@pytest.mark.parametrize(
    ("language", "subject", "last"),
    [
        ("en", "(Spanish)", "Thursday, December 3, 2026, 10:00"),
        ("es", "(español)", "jueves, 3 de diciembre de 2026, 10:00 (Montevideo)"),
        ("pt_BR", "(espanhol)", "quinta-feira, 3 de dezembro de 2026, 10:00"),
        ("fr", "(espagnol)", "jeudi 3 décembre 2026, 10:00"),
    ],
)
def test_the_person_reads_their_language_and_the_post_keeps_its_own(
    language: str, subject: str, last: str
) -> None:
    made = render_handover(
        post(media=(PICTURE,)),
        place="LinkedIn",
        people=["ana@example.org", "bea@example.org"],
        language=language,
        catalogs=Catalogs([LOCALES]),
        environment=packaged_environment(),
    )
    assert subject in made.subject
    for body in (made.text, made.html):
        assert last in body
        assert "bea@example.org" in body
    assert TEXT in made.text
    tag = language.replace("_", "-")
    assert f'<html lang="{tag}" dir="ltr">' in made.html
    assert '<div class="copy" lang="es" dir="ltr"' in made.html
    assert (made.text_file, made.pictures[0].cid) == ("phishing.es.txt", "picture-1")


def test_a_post_that_reads_from_the_right_is_shown_so() -> None:
    made = render_handover(
        post(language="ar", text="تحقق من النطاق"),
        place="LinkedIn",
        people=["ana@example.org"],
        language="en",
        catalogs=Catalogs([LOCALES]),
        environment=packaged_environment(),
    )
    assert 'lang="ar" dir="rtl"' in made.html
