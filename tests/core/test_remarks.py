import pytest

from campaigner.core.glossary import Glossary, Term, Words
from campaigner.core.remarks import Kind, own_words, remarks_on

SAME = Term(words={"en": Words(words=("KINDNS",)), "es": Words(words=("KINDNS",))})
GLOSSARY = Glossary((SAME,))


def kinds(source: str, *, label: bool = False, **translations: str) -> list[tuple[str, Kind]]:
    found = remarks_on(source, translations, source_locale="en", glossary=GLOSSARY, label=label)
    return [(remark.locale, remark.kind) for remark in found]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Read {{ event }} in 2026", ["Read", "in"]),
        ("https://icann.org/a #DNSAbuse @lacnic me@example.org", []),
        ("<strong>%(date)s</strong>: %(what)s", []),
        ("L'été, état-major", ["L'été", "état-major"]),
        ("12 · 34 %", []),
    ],
)
def test_only_words_that_somebody_could_translate_count(text: str, words: list[str]) -> None:
    assert list(own_words(text)) == words


@pytest.mark.parametrize(
    ("source", "translation", "odd"),
    [
        ("Hello", "Hello", True),
        ("Hello there", "hello  There", True),
        ("Hello", "Hola", False),
        ("KINDNS", "KINDNS", False),
        ("KINDNS {{ year }} https://kindns.org", "KINDNS {{ year }} https://kindns.org", False),
        ("2026", "2026", False),
    ],
)
def test_a_translation_that_is_its_source_is_odd_if_it_has_words(
    source: str, translation: str, odd: bool
) -> None:
    assert kinds(source, es=translation) == ([("es", Kind.SAME_AS_SOURCE)] if odd else [])


def test_a_label_of_one_word_may_be_alike() -> None:
    assert kinds("Source", fr="Source", label=True) == []
    assert kinds("Source text", fr="Source text", label=True) == [("fr", Kind.SAME_AS_SOURCE)]


def test_two_languages_that_say_the_same_are_told_two_locales_of_one_are_not() -> None:
    said = "Mire antes de hacer clic"
    assert kinds("Look before you click", es=said, pt_BR=said) == [
        ("es", Kind.SAME_AS_OTHER),
        ("pt_BR", Kind.SAME_AS_OTHER),
    ]
    assert kinds("Look before you click", es=said, es_MX=said) == []
    assert kinds("Home page", es="Portal", pt_BR="Portal") == []


def test_a_reader_of_the_sources_own_language_gets_it_as_it_is() -> None:
    assert kinds("Hello", en_TT="Hello") == []
