"""What the columns of a list of subscribers are called: by us, and in four languages by others."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from campaigner.core.intake import ATTRIBUTE
from campaigner.core.spelling import did_you_mean, listed, near
from campaigner.errors import FileError, Problem, UserError
from campaigner.loading.problems import quoted

COLUMNS = (
    "address", "name", "locale", "zone", "country", "topics", "consent", "consent_date",
)  # fmt: skip
IGNORED = "-"
OURS = ("reject_line", "reject_reason", "list", "state", "added", "confirmed", "frequency")
"""What an export or a file of rejected rows has besides: nothing that an import would take."""

_KNOWN_AS = {
    "address": (
        "address, email, e-mail, mail, email address, e-mail address, mail address, correo, "
        "correo electronico, direccion de correo, direccion de correo electronico, endereco, "
        "endereco de email, endereco de e-mail, courriel, adresse, adresse e-mail, adresse email, "
        "adresse mail, adresse electronique, adresse courriel"
    ),
    "name": (
        "name, full name, subscriber name, nombre, nombre completo, nombre y apellido, "
        "nombres y apellidos, nome, nome completo, nom, nom complet, nom et prenom"
    ),
    "locale": "locale, language, lang, idioma, lengua, lingua, langue",
    "zone": (
        "zone, time zone, timezone, tz, zona horaria, huso horario, fuso horario, fuso, "
        "fuseau horaire, fuseau"
    ),
    "country": "country, country code, pais, codigo de pais, codigo do pais, pays, code pays",
    "topics": "topics, topic, interests, temas, tema, intereses, topicos, interesses, sujets, "
    "themes, centres d'interet",
    "consent": "consent, consent evidence, consentimiento, consentimento, consentement",
    "consent_date": (
        "consent date, consent_date, opt-in date, opt in date, date of consent, "
        "fecha de consentimiento, fecha del consentimiento, data de consentimento, "
        "data do consentimento, date de consentement, date du consentement"
    ),
}
_COLUMN_OF = {
    alias.strip(): column for column, aliases in _KNOWN_AS.items() for alias in aliases.split(",")
}
_ATTRIBUTE = re.compile(r"attributes\.[\w-]{1,60}")
_FIRST, _LAST = (
    "first name, nombres, primer nombre, primeiro nome, prenom, prenoms",
    ("last name, surname, apellido, apellidos, sobrenome, nom de famille"),
)


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Where each column stands (from 0), and those of attributes by their name.

    `names` are first and last names that stand apart; `ignored` are headings
    that nothing is taken from.
    """

    places: Mapping[str, int]
    attributes: Mapping[str, int] = field(default_factory=dict)
    names: tuple[int, ...] = ()
    ignored: tuple[str, ...] = ()


def read_mapping(pairs: Sequence[str]) -> Mapping[str, str]:
    """Read ``Correo=address`` into {heading: column}. Raises UserError for what is no column."""
    found = {}
    for pair in pairs:
        heading, equals, column = pair.rpartition("=")
        column = column.strip()
        if not equals or not heading.strip():
            raise UserError(f"'{pair}' maps nothing. Write it like --map \"Correo=address\"")
        if column != IGNORED and column not in COLUMNS and not _ATTRIBUTE.fullmatch(column):
            known = [*COLUMNS, "attributes.NAME"]
            hint = did_you_mean(column, COLUMNS, otherwise=f"Known are {listed(known)}, and - .")
            raise UserError(f"there is no column '{column}'. {hint}")
        found[plain(heading)] = column
    return found


def find_columns(path: Path, headings: Sequence[str], mapping: Mapping[str, str]) -> Columns:
    """Find the columns by their headings; `mapping` wins over what a heading is known as.

    A heading that is nearly one of ours is taken for a mistake; any other that
    is not known is ignored, and told. Raises FileError with every problem.
    """
    problems: list[Problem] = []
    places: dict[str, int] = {}
    attributes: dict[str, int] = {}
    first: list[int] = []
    last: list[int] = []
    ignored: list[str] = []
    for place, heading in enumerate(headings):
        key = plain(heading)
        column = mapping.get(key) or _column(key)
        if column is None and key in map(str.strip, _FIRST.split(",")):
            first.append(place)
        elif column is None and key in map(str.strip, _LAST.split(",")):
            last.append(place)
        elif column is None:
            if key and (fix := _mistaken(key)):
                problems.append(Problem(1, f"the column {quoted(heading)} is not known", fix))
            elif key:
                ignored.append(heading)
        elif column != IGNORED:
            target = attributes if column.startswith(ATTRIBUTE) else places
            name = column.removeprefix(ATTRIBUTE)
            if name in target:
                problems.append(Problem(1, f"the column `{column}` comes twice", "Keep one."))
            target.setdefault(name, place)
    problems += _missing(headings, places, mapping)
    if problems:
        raise FileError(path, problems)
    return Columns(
        places=places,
        attributes=attributes,
        names=() if "name" in places else (*first[:1], *last[:1]),
        ignored=tuple(ignored),
    )


def plain(heading: str) -> str:
    """Return a heading without case, accents and doubled spaces: ` Correo  Electrónico` → that."""
    decomposed = unicodedata.normalize("NFD", heading.casefold())
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(bare.split())


def _column(key: str) -> str | None:
    if key in OURS:
        return IGNORED
    if _ATTRIBUTE.fullmatch(key):
        return key
    return _COLUMN_OF.get(key) or _COLUMN_OF.get(key.replace("_", " "))


def _mistaken(key: str) -> str:
    if not near(key, _COLUMN_OF) or len(key) < 4:
        return ""
    return f'{did_you_mean(key, _COLUMN_OF, otherwise="")} To leave it out: --map "{key}=-".'


def _missing(
    headings: Sequence[str], places: Mapping[str, int], mapping: Mapping[str, str]
) -> list[Problem]:
    known = {plain(heading) for heading in headings}
    there = f"There are {listed(headings)}." if headings else "It is empty."
    problems = [
        Problem(
            1,
            f"there is no column {quoted(heading)}",
            did_you_mean(heading, known, otherwise=there),
        )
        for heading in mapping
        if heading not in known
    ]
    if "address" not in places and not problems:
        fix = f'Name it `address`, or say which it is: --map "{_example(headings)}=address".'
        problems.append(Problem(1, "there is no column `address`", fix))
    return problems


def _example(headings: Sequence[str]) -> str:
    return next((heading for heading in headings if "mail" in heading.lower()), "Correo")
