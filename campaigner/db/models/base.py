"""What every table has in common: names of constraints, and what a Python type is in a column."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, Boolean, Date, Enum, MetaData
from sqlalchemy.orm import DeclarativeBase

from campaigner.core.delivery import Hold, MessageState, State
from campaigner.core.message import Kind
from campaigner.db.types import UTCDateTime


def _words(words: type) -> Enum:
    return Enum(words, native_enum=False, length=16, values_callable=list, create_constraint=False)


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "%(table_name)s_%(column_0_N_name)s",
            "uq": "%(table_name)s_%(column_0_N_name)s_once",
            "fk": "%(table_name)s_%(column_0_N_name)s_ref",
            "pk": "%(table_name)s_pk",
        }
    )
    type_annotation_map: ClassVar = {
        datetime: UTCDateTime(),
        date: Date(),
        bool: Boolean(),
        dict[str, Any]: JSON(),
        list[Any]: JSON(),
        Kind: _words(Kind),
        MessageState: _words(MessageState),
        State: _words(State),
        Hold: _words(Hold),
    }
