"""What a form sent: urlencoded or multipart, short, without files, and no control characters."""

import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request
from python_multipart.multipart import parse_options_header
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser

MOST_BYTES = 16_384
MOST_FIELDS = 64
LONGEST = 400  # characters of one field
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


class UnreadableFormError(Exception):
    """What was sent is no form, or too much of one. `status` is what to answer."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(f"no form that can be read ({status})")


@dataclass(frozen=True, kw_only=True)
class Form:
    """Fields by name, each with its values in order."""

    fields: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """Return a field's last value on one line; empty if it was not sent."""
        values = self.fields.get(name, ())
        return _clean(values[-1]) if values else ""

    def texts(self, name: str) -> tuple[str, ...]:
        """Return all values of a field, each once, in order."""
        return tuple(dict.fromkeys(_clean(value) for value in self.fields.get(name, ())))


async def read_form(request: Request) -> Form:
    """Read the body of a request. Raises UnreadableFormError, also for one that is too long."""
    body = await _body(request)
    kind, _ = parse_options_header(request.headers.get("content-type", ""))

    async def once() -> AsyncGenerator[bytes, None]:
        yield body

    try:
        if kind == b"multipart/form-data":
            parser = MultiPartParser(request.headers, once(), max_files=0, max_fields=MOST_FIELDS)
            sent = await parser.parse()
        elif kind in (b"application/x-www-form-urlencoded", b"") or not body:
            sent = await FormParser(request.headers, once()).parse()
        else:
            raise UnreadableFormError(415)
    except (MultiPartException, ValueError, KeyError):
        raise UnreadableFormError(400) from None
    found: dict[str, list[str]] = {}
    for name, value in sent.multi_items():
        if isinstance(value, str):
            found.setdefault(name, []).append(value)
    if sum(map(len, found.values())) > MOST_FIELDS:
        raise UnreadableFormError(413)
    return Form(fields=found)


Sent = Annotated[Form, Depends(read_form)]
"""The form of a request, read before the handler runs in a thread of its own."""


async def _body(request: Request) -> bytes:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            raise UnreadableFormError(413)
    return body


def _clean(value: str) -> str:
    return _CONTROL.sub(" ", value).strip()[:LONGEST]
