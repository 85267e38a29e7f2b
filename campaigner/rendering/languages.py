"""In which languages our own screens come, and which of them a reader gets."""

from collections.abc import Iterable, Iterator

from campaigner.core.locales import nearest, normalize

LANGUAGES = {"en": "English", "es": "Español", "pt_BR": "Português (Brasil)", "fr": "Français"}
"""Each locale with the name that its own readers give it."""

DEFAULT = "en"


def language_for(chosen: Iterable[str], *, accept: str = "") -> str:
    """Return the locale of LANGUAGES for a reader.

    What they chose decides, in the order given (an address's `?lang=`, a
    cookie); then the browser's Accept-Language header; then it is English.
    A wish that is no locale's name, or that we do not speak, is passed over.
    """
    for wish in (*chosen, *_accepted(accept)):
        try:
            locale = nearest(normalize(wish), LANGUAGES, otherwise="")
        except ValueError:
            continue
        if locale:
            return locale
    return DEFAULT


def _accepted(header: str) -> Iterator[str]:
    """Yield the names in an Accept-Language header, most wanted first (RFC 9110, 12.5.4)."""
    wishes = []
    for part in header.split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        weight = 1.0
        for parameter in parameters:
            if parameter.lower().startswith("q="):
                weight = _number(parameter[2:])
        if weight > 0:
            wishes.append((weight, name))
    # Sorting keeps the order of those wanted equally.
    yield from (name for _, name in sorted(wishes, key=lambda wish: -wish[0]))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
