"""What relays tell us over HTTPS: bounces, complaints, arrivals. Nothing here answers to a GET.

A call is believed where it proves who made it, for each relay in its own way;
it is answered with 200 once what it says is committed, and not before: until
then the relay tells again.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse, Response

from campaigner.core.relay_events import Event
from campaigner.services.apply_bounces import Applier, Incoming
from campaigner.settings import HookSettings
from campaigner.web.hooks import mailgun, postmark, sendgrid, ses
from campaigner.web.hooks.proof import Call, RefusedError
from campaigner.web.security import HEADERS

log = structlog.get_logger()
MOST_BYTES = 1 << 20
OLDEST = timedelta(days=4)  # of an event: relays try again for up to three days


class Wiring(Protocol):
    """What of `campaigner.app.App` the hooks need."""

    @property
    def hooks(self) -> Mapping[str, HookSettings]: ...

    @property
    def applier(self) -> Applier: ...

    def hook_secret(self, hook: str, name: str) -> str: ...

    def fetch_public(self, url: str) -> bytes: ...

    def clock(self) -> datetime: ...


Reader = Callable[[Call], list[Event]]
"""Verifies a call and returns what it tells. Raises RefusedError."""


def mount(web: FastAPI, app: Wiring) -> None:
    """Add /hooks/NAME for each relay that the settings name."""
    for name, settings in app.hooks.items():
        _mount_one(web, app, name, settings.account, _reader(app, name, settings))


def _reader(app: Wiring, name: str, settings: HookSettings) -> Reader:
    """Return what verifies and reads the calls of a relay."""
    match name:
        case "ses":
            return ses.Sns(topic_arn=settings.topic_arn, fetch=app.fetch_public).events
        case "postmark":
            user, password = (app.hook_secret(name, one) for one in ("user", "password"))
            return postmark.Postmark(user=user, password=password).events
        case "sendgrid":
            return sendgrid.SendGrid(public_key=app.hook_secret(name, "public_key")).events
        case "mailgun":
            return mailgun.Mailgun(signing_key=app.hook_secret(name, "signing_key")).events
        case _:
            raise ValueError(f"no such relay: {name}")


def _mount_one(web: FastAPI, app: Wiring, name: str, account: str, events_in: Reader) -> None:
    @web.post(f"/hooks/{name}")
    async def hear(request: Request) -> Response:
        body = await _body(request)
        if body is None:
            return _answer(413, "too long")
        call = Call(headers=request.headers, body=body, now=app.clock())
        return await run_in_threadpool(take, call)

    def take(call: Call) -> Response:
        try:
            events = events_in(call)
        except RefusedError as refused:
            log.warning("a relay's call was refused", hook=name, reason=str(refused))
            return _answer(refused.status, str(refused))
        for event in events:
            happened = event.report.happened_at
            if happened is not None and call.now - happened > OLDEST:
                log.warning("a relay tells too late", hook=name, happened_at=happened.isoformat())
                continue
            verdict = app.applier.apply(
                Incoming(
                    source=name,
                    account=account,
                    report=event.report,
                    raw=call.body if len(events) == 1 else b"",
                    id=event.id,
                    trusted=True,
                )
            )
            log.info("a relay told", hook=name, kind=event.report.kind, verdict=verdict)
        return _answer(200, "done")


async def _body(request: Request) -> bytes | None:
    """Return the whole body; None where it is longer than any relay's."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            return None
    return bytes(body)


def _answer(status: int, text: str) -> Response:
    return PlainTextResponse(f"{text}\n", status, HEADERS)


__all__ = ["Wiring", "mount"]
