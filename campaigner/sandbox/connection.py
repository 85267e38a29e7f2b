"""What real networks do and frameworks do not: drop a connection, leave one hanging.

https://www.uvicorn.org: the protocol that speaks HTTP is replaceable, and
hands on its socket in the request's state.
"""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from campaigner.sandbox.faults import Fault, Kind

SKEW = "skew"  # in a request's state: how far off the clock is that it is answered by


class DroppableProtocol(H11Protocol):
    """HTTP whose handlers find the connection in `request.state.transport`."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class Dated:
    """An app whose answers carry the date of the sandbox's clock, or of one that is off."""

    def __init__(self, app: FastAPI, clock: Callable[[], datetime]) -> None:
        self._app = app
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                moment = self._clock() + scope.get("state", {}).get(SKEW, timedelta(0))
                date = format_datetime(moment, usegmt=True).encode()
                message = {**message, "headers": [*message["headers"], (b"date", date)]}
            await send(message)

        await self._app(scope, receive, dated)


class Holds:
    """The answers that are kept back. `release` lets them go; safe from any thread.

    `pass_time` lets a time pass at once, on a clock that is not the machine's.
    """

    def __init__(self, pass_time: Callable[[timedelta], object] | None = None) -> None:
        self._pass_time = pass_time
        self.waiting = 0
        self._released = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def wait(self) -> None:
        """Return when released."""
        self._loop = asyncio.get_running_loop()
        self.waiting += 1
        try:
            await self._released.wait()
        finally:
            self.waiting -= 1

    async def delay(self, time: timedelta) -> None:
        """Return when so much time has passed, or when released."""
        if self._pass_time is not None:
            self._pass_time(time)
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(self.wait(), time.total_seconds())

    def release(self) -> None:
        """Let go of all that wait now; later ones wait again."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._renew)

    def _renew(self) -> None:
        self._released.set()
        self._released = asyncio.Event()


async def answer(
    request: Request, response: Response, *, fault: Fault | None, error: Response, holds: Holds
) -> Response:
    """Return what leaves after a post was taken: its answer, or what the fault makes of it."""
    match fault.kind if fault else None:
        case Kind.ACCEPT_AND_DROP:
            return await _drop(request, response)
        case Kind.ERROR_AFTER_ACCEPT:
            return error
        case Kind.HOLD:
            await _done_or_gone(request, asyncio.create_task(holds.wait()))
            return response
        case Kind.SLOW if fault:
            time = timedelta(seconds=fault.seconds)
            await _done_or_gone(request, asyncio.create_task(holds.delay(time)))
            return response
        case Kind.MALFORMED if fault:
            return malformed(response, fault.number)
        case _:
            return response


def malformed(response: Response, number: int) -> Response:
    """Return an answer that says the same in no form that a program understands.

    In turns: the page of some machine in between, JSON that breaks off, JSON
    whose values are of other types. Status and limits stay what they were.
    """
    kept = {
        name: value
        for name, value in response.headers.items()
        if name not in ("content-length", "content-type")
    }
    match number % 3:
        case 1:
            page = "<!doctype html><title>One moment</title><p>We will be back soon."
            return HTMLResponse(page, response.status_code, kept)
        case 2:
            half = bytes(response.body)[: len(response.body) // 2]
            return Response(half, response.status_code, kept, "application/json")
        case _:
            strange = json.dumps(_strange(json.loads(bytes(response.body)))).encode()
            return Response(strange, response.status_code, kept, "application/json")


def _strange(value: Any) -> Any:
    match value:
        case dict():
            return {name: _strange(part) for name, part in value.items()}
        case str():
            return [value]
        case _:
            return str(value)


async def _drop(request: Request, response: Response) -> Response:
    request.state.transport.abort()
    await _gone(request)
    return response  # to nobody


async def _done_or_gone(request: Request, task: "asyncio.Task[None]") -> None:
    """Return when the task is done, or the client has hung up."""
    waits = {task, asyncio.create_task(_gone(request))}
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waits:
            task.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


async def _gone(request: Request) -> None:
    """Return when the client has hung up. The body must have been read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
