import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from campaigner.web.forms import MOST_BYTES, Sent, UnreadableFormError

URLENCODED = "application/x-www-form-urlencoded"


def send(body: bytes | AsyncIterator[bytes], kind: str = URLENCODED) -> tuple[int, object]:
    """Post a body to a server that shows what it read of it."""
    web = FastAPI()

    @web.post("/")
    def show(sent: Sent) -> dict[str, object]:
        return {name: [sent.text(name), *sent.texts(name)] for name in sent.fields}

    @web.exception_handler(UnreadableFormError)
    def refuse(request: Request, error: UnreadableFormError) -> JSONResponse:
        return JSONResponse(None, error.status)

    async def once() -> httpx.Response:
        transport = httpx.ASGITransport(web)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.post("/", content=body, headers={"Content-Type": kind})

    reply = asyncio.run(once())
    return reply.status_code, reply.json()


def multipart(*parts: bytes) -> bytes:
    return b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + b"--b--\r\n"


def test_both_kinds_of_forms_are_read() -> None:
    assert send(b"a=1&b=x+y&a=%C3%B1") == (200, {"a": ["ñ", "1", "ñ"], "b": ["x y", "x y"]})
    body = multipart(b'Content-Disposition: form-data; name="a"\r\n\r\n\xc3\xb1')
    assert send(body, "multipart/form-data; boundary=b") == (200, {"a": ["ñ", "ñ"]})
    assert send(b"", "") == (200, {})


def test_nothing_that_is_no_letter_comes_through() -> None:
    assert send(b"a=x%00y%0d%0az%e2%80%a8") == (200, {"a": ["x y z", "x y z"]})
    status, read = send(b"a=" + b"x" * 1000)
    assert (status, read) == (200, {"a": ["x" * 400, "x" * 400]})
    assert send(b"a=%ff%fe")[0] == 200


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"a=" + b"x" * MOST_BYTES, URLENCODED, 413),
        (b"&".join(b"a=1" for _ in range(65)), URLENCODED, 413),
        (b'{"a": 1}', "application/json", 415),
        (b"a=1", "multipart/form-data", 400),
        (b"no parts", "multipart/form-data; boundary=b", 400),
        (
            multipart(
                b'Content-Disposition: form-data; name="f"; filename="x.exe"\r\n'
                b"Content-Type: application/octet-stream\r\n\r\nMZ"
            ),
            "multipart/form-data; boundary=b",
            400,
        ),
    ],
)
def test_what_is_no_form_is_refused(body: bytes, kind: str, status: int) -> None:
    assert send(body, kind)[0] == status


def test_a_body_without_an_end_is_broken_off() -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while read < 100:
            read += 1
            yield b"a" * 4096

    assert send(endless())[0] == 413
