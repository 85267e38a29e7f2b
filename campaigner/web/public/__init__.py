"""The pages for readers. None of them knows a cookie, and no GET changes anything."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import structlog
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, Response
from sqlalchemy import Engine

from campaigner.core.tokens import Keyring
from campaigner.db.engine import make_reading_sessions, make_sessions
from campaigner.errors import UserError
from campaigner.rendering.catalogs import Catalogs
from campaigner.rendering.environment import TemplateEnvironment
from campaigner.rendering.public_pages import PublicPages
from campaigner.settings import AccountSettings
from campaigner.web.forms import UnreadableFormError
from campaigner.web.public import archive, confirm, feeds, preferences, subscribe, unsubscribe
from campaigner.web.public.desk import OUT_OF_ORDER, PublicDesk
from campaigner.web.security import HEADERS

log = structlog.get_logger()


class Wiring(Protocol):
    """What of `campaigner.app.App` the pages need."""

    @property
    def engine(self) -> Engine: ...

    @property
    def catalogs(self) -> Catalogs: ...

    @property
    def environment(self) -> TemplateEnvironment: ...

    @property
    def keyring(self) -> Keyring: ...

    @property
    def lists(self) -> Mapping[str, AccountSettings]: ...

    @property
    def title(self) -> str: ...

    @property
    def home_zone(self) -> str: ...

    @property
    def public_base(self) -> str: ...

    def topic_titles(self) -> Mapping[str, Mapping[str, str]]: ...

    def clock(self) -> datetime: ...


def mount(web: FastAPI, app: Wiring) -> None:
    """Add every public page to the server."""
    desk = PublicDesk(
        reading=make_reading_sessions(app.engine),
        writing=make_sessions(app.engine),
        lists=app.lists,
        topics=app.topic_titles,
        keyring=app.keyring,
        pages=PublicPages(environment=app.environment, catalogs=app.catalogs, brand=app.title),
        zone=app.home_zone,
        public_url=app.public_base,
        clock=app.clock,
    )

    @web.exception_handler(UnreadableFormError)
    def unreadable(request: Request, error: UnreadableFormError) -> Response:
        return desk.problem("unreadable", locale=desk.language(request), status=error.status)

    @web.exception_handler(UserError)
    def out_of_order(request: Request, error: UserError) -> Response:
        # Something of the workspace's is wrong, as its topics; readers need not know what.
        log.error("a page cannot be shown", path=request.url.path.split("/")[1], error=str(error))
        return PlainTextResponse(OUT_OF_ORDER, 500, HEADERS)

    for page in (subscribe, confirm, preferences, unsubscribe, archive, feeds):
        page.mount(web, desk)


__all__ = ["mount"]
