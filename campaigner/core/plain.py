"""Frozen values as plain JSON, and back: for what is kept as it was on a day.

A dataclass or a mapping becomes an object, a tuple an array, a date or an
instant its ISO text. Where a type is a union of dataclasses the object says which, as "is".
"""

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def to_plain(value: Any) -> Any:
    """Return `value` as dictionaries, lists, texts, numbers, booleans and None."""
    if is_dataclass(value) and not isinstance(value, type):
        named = {field.name: to_plain(getattr(value, field.name)) for field in fields(value)}
        return {"is": type(value).__name__, **named}
    if isinstance(value, tuple):
        return [to_plain(each) for each in value]
    if isinstance(value, Mapping):
        return {name: to_plain(each) for name, each in value.items()}
    if isinstance(value, date):  # an instant is one too
        return value.isoformat()
    return value


def from_plain(kind: type[T], plain: Mapping[str, Any]) -> T:
    """Return the value of dataclass `kind` that `to_plain` made `plain` of.

    A key that the class no longer has is left out; a field that `plain` lacks
    takes its default, and without one raises TypeError.
    """
    hints = get_type_hints(kind)
    return kind(
        **{
            field.name: _read(hints[field.name], plain[field.name])
            for field in fields(kind)  # type: ignore[arg-type]
            if field.name in plain
        }
    )


def _read(hint: Any, plain: Any) -> Any:
    if plain is None:
        return None
    if get_origin(hint) in (Union, types.UnionType):
        kinds = [kind for kind in get_args(hint) if kind is not types.NoneType]
        return _read(kinds[0] if len(kinds) == 1 else _named(kinds, plain["is"]), plain)
    if get_origin(hint) is tuple:
        return tuple(_read(get_args(hint)[0], each) for each in plain)
    if get_origin(hint) is Mapping:
        return {name: _read(get_args(hint)[1], each) for name, each in plain.items()}
    if is_dataclass(hint):
        return from_plain(hint, plain)  # type: ignore[arg-type]
    if hint in (date, datetime):
        return hint.fromisoformat(plain)
    return plain


def _named(kinds: list[Any], name: str) -> Any:
    for kind in kinds:
        if kind.__name__ == name:
            return kind
    raise ValueError(f"'{name}' is none of {', '.join(kind.__name__ for kind in kinds)}")
