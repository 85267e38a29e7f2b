"""Locale names: CLDR inside (`es_419`), BCP 47 outside (`es-419`), and chains.

Only names are handled here; what a locale can format is rendering's business.
"""

import re
from collections.abc import Collection

# A language, perhaps a script, perhaps a territory or a region of UN M.49.
_NAME = re.compile(r"([A-Za-z]{2,3})(?:_([A-Za-z]{4}))?(?:_([A-Za-z]{2}|[0-9]{3}))?")


def normalize(name: str) -> str:
    """Return the CLDR form of a locale name: `es-419`, `ES_419` → `es_419`; `pt-br` → `pt_BR`.

    Scripts are title-cased, territories upper-cased. Raises ValueError for a
    name that is no locale name at all (`español`, empty).
    """
    parts = _NAME.fullmatch(name.strip().replace("-", "_"))
    if parts is None:
        raise ValueError(f"'{name}' is not the name of a locale")
    language, script, territory = parts.groups(default="")
    return "_".join(filter(None, (language.lower(), script.title(), territory.upper())))


def bcp47(locale: str) -> str:
    """Return the name as networks, HTML and mail want it: `es_419` → `es-419`."""
    return locale.replace("_", "-")


# Where CLDR's parent is not plain truncation, for the region that we serve:
# the Spanish of the Americas goes through es_419 (CLDR supplemental parentLocales).
_AMERICAN_SPANISH = frozenset(
    f"es_{territory}"
    for territory in (
        "AR", "BO", "BR", "BZ", "CL", "CO", "CR", "CU", "DO", "EC", "GT", "HN", "MX", "NI", "PA",
        "PE", "PR", "PY", "SV", "US", "UY", "VE",
    )
)  # fmt: skip


def chain(locale: str) -> tuple[str, ...]:
    """Return the locale and its ancestors, nearest first: es_MX → es_MX, es_419, es."""
    if locale in _AMERICAN_SPANISH:
        return (locale, "es_419", "es")
    parts = locale.split("_")
    return tuple("_".join(parts[:length]) for length in range(len(parts), 0, -1))


def nearest(locale: str, offered: Collection[str], *, otherwise: str) -> str:
    """Return which of the `offered` locales a reader of `locale` gets.

    The chain decides; past it, any offered one of the same language (a reader
    of `pt` gets `pt_BR`, of `es_ES` gets `es_419`), first by name; else `otherwise`.
    """
    for candidate in chain(locale):
        if candidate in offered:
            return candidate
    language = locale.split("_")[0]
    kin = sorted(name for name in offered if name.split("_")[0] == language)
    return kin[0] if kin else otherwise
