"""Confirm: a page with a button, and what happens when it is pressed."""

from fastapi import FastAPI, Request
from fastapi.responses import Response

from campaigner.core.signup import VALID
from campaigner.core.tokens import Purpose, read
from campaigner.rendering.zone_choices import zone_countries
from campaigner.services import confirm as service
from campaigner.services.confirm import Request as Asked
from campaigner.services.confirm import Standing
from campaigner.web.forms import Sent
from campaigner.web.public.desk import GET, PublicDesk, host_of


def mount(web: FastAPI, desk: PublicDesk) -> None:
    """Add /c/TOKEN."""

    @web.api_route("/c/{token}", methods=GET)
    def look(request: Request, token: str) -> Response:
        asked = service.look(desk.reading, _id(desk, token), now=desk.clock())
        return _page(desk, asked, token, locale=desk.language(request, known=asked.locale))

    @web.post("/c/{token}")
    def confirm(request: Request, token: str, sent: Sent) -> Response:
        if desk.is_from_elsewhere(request):
            locale = desk.language(request, sent)
            return desk.problem("elsewhere", locale=locale, status=403)
        id = _id(desk, token)
        asked = service.confirm(
            desk.writing,
            id,
            country=zone_countries().get(service.zone_of(desk.reading, id), ""),
            host=host_of(request),
            keyring=desk.keyring,
            now=desk.clock(),
        )
        return _page(desk, asked, token, locale=desk.language(request, sent, known=asked.locale))


def _id(desk: PublicDesk, token: str) -> int | None:
    return read(desk.keyring, Purpose.CONFIRM, token)


def _page(desk: PublicDesk, asked: Asked, token: str, *, locale: str) -> Response:
    values = {
        "list": desk.title_of(asked.list),
        "list_name": asked.list if asked.list in desk.lists else "",
        "address": asked.address,
        "token": token,
        "days": VALID.days,
    }
    match asked.standing:
        case Standing.OPEN:
            return desk.answer("confirm.html", values, locale=locale, forms=True)
        case Standing.DONE:
            return desk.answer("confirmed.html", values, locale=locale)
        case Standing.OVER:
            return desk.answer("over.html", values, locale=locale, status=410)
