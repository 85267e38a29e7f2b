"""What real networks do and frameworks do not: drop a connection, leave one hanging.

https://www.uvicorn.org: the protocol that speaks HTTP is replaceable, and
hands on its socket in the request's state.
"""

import asyncio
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from uvicorn.protocols.http.h11_impl import H11Protocol

from campaigner.sandbox.faults import Fault, Kind


class DroppableProtocol(H11Protocol):
    """HTTP whose handlers find the connection in `request.state.transport`."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class Holds:
    """The answers that are kept back. `release` lets them go; safe from any thread."""

    def __init__(self) -> None:
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
            await _released_or_gone(request, holds)
            return response
        case _:
            return response


async def _drop(request: Request, response: Response) -> Response:
    request.state.transport.abort()
    await _gone(request)
    return response  # to nobody


async def _released_or_gone(request: Request, holds: Holds) -> None:
    waits = {asyncio.create_task(holds.wait()), asyncio.create_task(_gone(request))}
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
