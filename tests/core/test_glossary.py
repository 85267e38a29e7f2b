import pytest

from campaigner.core.glossary import Departure, Glossary, Term, Words


def term(en: str, *, source: str = "https://example.org", **words: str | tuple[str, ...]) -> Term:
    own = {"en": Words(words=(en,))}
    for locale, said in words.items():
        forms = (said,) if isinstance(said, str) else said
        own[locale] = Words(words=forms, source=source)
    return Term(words=own)


ABUSE = term("DNS Abuse", es="uso indebido del DNS", fr="utilisation malveillante du DNS")
REGISTRAR = term("registrar", es="registrador", fr="bureau d'enregistrement")
LOCK = term("registrar lock", source="", es="bloqueo del registrador")
POLICY = term(
    "Policy Development Process (PDP)",
    es="Proceso de Desarrollo de Políticas (PDP)",
    fr="processus d'élaboration des politiques (PDP)",
)
BOARD = term("ICANN Board", es="Junta Directiva de la ICANN", fr="Conseil d'administration")
MALWARE = term("malware", es=("malware", "software malicioso"), fr="logiciel malveillant")
GLOSSARY = Glossary((ABUSE, REGISTRAR, LOCK, POLICY, BOARD, MALWARE))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("What is DNS Abuse?", [ABUSE]),
        ("REGISTRARS and the registrar's duty, malware", [REGISTRAR, MALWARE]),
        ("Use a registrar lock.", [LOCK]),
        ("A registrar offers a registrar lock", [REGISTRAR, LOCK]),
        ("policy development processes", [POLICY]),
        ("The PDP of 2026; registration; DNS and abuse", []),
    ],
)
def test_a_term_is_found_in_any_case_and_number_but_not_within_a_longer_one(
    text: str, found: list[Term]
) -> None:
    assert list(GLOSSARY.terms_in(text, "en")) == found


@pytest.mark.parametrize(
    ("source", "locale", "translation", "departure"),
    [
        ("DNS Abuse", "es", "Los usos indebidos del DNS", None),
        ("DNS Abuse", "es", "El abuso del DNS", Departure("DNS Abuse", "uso indebido del DNS")),
        ("DNS Abuse", "es_MX", "El abuso", Departure("DNS Abuse", "uso indebido del DNS")),
        ("DNS Abuse", "pt_BR", "O mau uso", None),  # no official words in that language
        ("a registrar", "es", "los registradores", None),
        ("a registrar", "es", "una registradora", None),
        ("a registrar", "es", "un registro", Departure("registrar", "registrador")),
        ("registrars", "fr", "les bureaux d’enregistrement", None),
        ("a registrar lock", "es", "un candado", None),  # its words are only usual
        ("the ICANN Board", "es", "la Junta Directiva de ICANN", None),
        ("the ICANN Board", "es", "el directorio de ICANN",
         Departure("ICANN Board", "Junta Directiva de la ICANN")),
        ("malware", "es", "programas maliciosos", Departure("malware", "malware")),
        ("malware", "es", "SOFTWARE MALICIOSO", None),
        ("the Policy Development Process", "es", "el PDP", None),
        ("the Policy Development Process (PDP)", "es", "el PDP",
         Departure("Policy Development Process", "Proceso de Desarrollo de Políticas (PDP)")),
    ],
)  # fmt: skip
def test_a_translation_keeps_to_the_official_words_however_they_are_inflected(
    source: str, locale: str, translation: str, departure: Departure | None
) -> None:
    found = GLOSSARY.departures(source, translation, source_locale="en", locale=locale)
    assert list(found) == ([departure] if departure else [])


def test_a_text_written_in_another_language_is_held_to_the_words_of_that_one() -> None:
    official = Term(
        words={
            "en": Words(words=("DNS Abuse",), source="https://example.org"),
            "es": Words(words=("uso indebido del DNS",), source="https://example.org"),
        }
    )
    found = Glossary((official,)).departures(
        "El uso indebido del DNS", "DNS misuse", source_locale="es", locale="en"
    )
    assert list(found) == [Departure("uso indebido del DNS", "DNS Abuse")]
