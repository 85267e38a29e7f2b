import pytest

from campaigner.rendering.languages import language_for


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", "en"),
        ("fr", "fr"),
        ("es-AR,es;q=0.9,en;q=0.8", "es"),
        ("pt-PT", "pt_BR"),
        ("en;q=0.3, fr;q=0.7, es;q=0.5", "fr"),
        ("fr;q=0, es;q=0.1", "es"),
        ("gn, ht;q=0.9, fr;q=0.8", "fr"),
        ("fr ; Q=0.2 , es ; q=0.4", "es"),
        ("*", "en"),
        ("xx-bad!;q=no, ;;,", "en"),
    ],
)
def test_the_browsers_wishes_are_taken_in_their_order(header: str, expected: str) -> None:
    assert language_for([], accept=header) == expected


def test_what_was_chosen_goes_before_what_the_browser_says() -> None:
    assert language_for(["", "pt-BR"], accept="fr") == "pt_BR"
    assert language_for(["es", "pt-BR"], accept="fr") == "es"
    assert language_for(["de", "<b>"], accept="fr") == "fr"
