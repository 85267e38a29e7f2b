"""How JSON Schema says what files hold: texts, times, names, and one or many of them."""

from collections.abc import Collection, Mapping
from typing import Any, TypeAlias

from campaigner.core.campaign import ANY

Schema: TypeAlias = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
# What YAML takes for a number or a truth value is a text to the loaders.
TEXT: Schema = {"type": ["string", "number", "boolean"]}
ID: Schema = {"type": ["string", "number"], "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"}
DAY: Schema = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
TIME: Schema = {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}
MOMENT: Schema = {
    "type": "string",
    "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2} +([01][0-9]|2[0-3]):[0-5][0-9]$",
}
DURATION: Schema = {"type": "string", "pattern": "^[0-9]{1,6} *(minute|hour|day|week)s?$"}
LINK: Schema = {"type": "string", "pattern": "^https://[^\\s]+$"}
NAME = "^[a-z_][a-z0-9_]*$"
LOCALE = "^[A-Za-z]{2,3}([_-][A-Za-z]{4})?([_-]([A-Za-z]{2}|[0-9]{3}))?$"
LOCALE_OR_ALL = f"{LOCALE}|^{ANY}$"


def localized(value: Schema) -> Schema:
    """Return what takes a value for every language, or one per language."""
    per_locale = {
        "type": "object",
        "minProperties": 1,
        "patternProperties": {LOCALE_OR_ALL: value},
        "additionalProperties": False,
    }
    return {"anyOf": [value, per_locale]}


def few(value: Schema, description: str) -> Schema:
    """Return what takes one, or a list of at least one."""
    return {
        "description": description,
        "anyOf": [value, {"type": "array", "minItems": 1, "items": value}],
    }


def mapping(
    description: str, fields: Mapping[str, Schema], *, required: Collection[str] = ()
) -> Schema:
    """Return what takes these keys and no others."""
    return {
        "type": "object",
        "description": description,
        "properties": dict(fields),
        "required": list(required),
        "additionalProperties": False,
    }


def one_of(words: Any, description: str) -> Schema:
    """Return what takes one of `words`."""
    return {"enum": [str(word) for word in words], "description": description}


def locale(description: str) -> Schema:
    """Return what takes the name of a locale."""
    return {
        "type": "string",
        "pattern": LOCALE,
        "description": description,
        "examples": ["en", "es", "pt_BR", "fr"],
    }


def said(description: str, example: str = "") -> Schema:
    """Return what an editor shows of a value; to be joined to what the value may be."""
    return {"description": description} | ({"examples": [example]} if example else {})


def by_name(description: str, value: Schema) -> Schema:
    """Return what takes any names that can stand between braces, each with a value."""
    return {
        "$schema": DIALECT,
        "type": "object",
        "description": description,
        "propertyNames": {"pattern": NAME},
        "additionalProperties": value,
    }
