"""Unsubscribe, by one click of a mail program (RFC 8058) or by a page with a button.

https://www.rfc-editor.org/rfc/rfc8058
"""

from fastapi import FastAPI, Request
from fastapi.responses import Response

from campaigner.core.tokens import Purpose, read, sign
from campaigner.rendering.zone_choices import Choice
from campaigner.services import unsubscribe as service
from campaigner.services.unsubscribe import Reader, Reason
from campaigner.web.forms import Form, Sent
from campaigner.web.public.desk import GET, PublicDesk

FIELD, ONE_CLICK = "List-Unsubscribe", "One-Click"


def mount(web: FastAPI, desk: PublicDesk) -> None:
    """Add /u/TOKEN. Nothing is asked for but the token: no cookie, no origin, no redirect."""

    @web.api_route("/u/{token}", methods=GET)
    def look(request: Request, token: str) -> Response:
        id = _id(desk, token)
        reader = service.look(desk.reading, id, now=desk.clock())
        locale = desk.language(request, known=reader.locale)
        return _ask(desk, reader, id, locale=locale)

    @web.post("/u/{token}")
    def leave(request: Request, token: str, sent: Sent) -> Response:
        id = _id(desk, token)
        action, now = sent.text("action"), desk.clock()
        if action == "undo":
            reader = service.undo(desk.writing, id, now=now)
            locale = desk.language(request, sent, known=reader.locale)
            return _done(desk, reader, locale=locale, is_back=bool(reader.address))
        if action == "reason" and (reason := _reason(sent)):
            reader = service.give_reason(desk.writing, id, reason=reason, now=now)
            locale = desk.language(request, sent, known=reader.locale)
            return _done(desk, reader, locale=locale, is_thanked=True)
        if sent.text(FIELD) != ONE_CLICK:
            reader = service.look(desk.reading, id, now=now)
            locale = desk.language(request, sent, known=reader.locale)
            return _ask(desk, reader, id, locale=locale, status=400)
        reader = service.unsubscribe(desk.writing, id, how="link", now=now)
        return _done(desk, reader, locale=desk.language(request, sent, known=reader.locale))


def _id(desk: PublicDesk, token: str) -> int | None:
    return read(desk.keyring, Purpose.UNSUBSCRIBE, token)


def _reason(sent: Form) -> Reason | None:
    try:
        return Reason(sent.text("reason"))
    except ValueError:
        return None


def _ask(
    desk: PublicDesk, reader: Reader, id: int | None, *, locale: str, status: int = 200
) -> Response:
    values = {
        "list": desk.title_of(reader.list),
        "address": reader.address,
        "preferences": sign(desk.keyring, Purpose.PREFERENCES, id)
        if id is not None and reader.address
        else "",
    }
    return desk.answer("unsubscribe.html", values, locale=locale, status=status, forms=True)


def _done(
    desk: PublicDesk,
    reader: Reader,
    *,
    locale: str,
    is_back: bool = False,
    is_thanked: bool = False,
) -> Response:
    values = {
        "list": desk.title_of(reader.list),
        "address": reader.address,
        "is_back": is_back and reader.is_subscribed,
        "is_thanked": is_thanked,
        "may_undo": reader.may_undo,
        "reasons": [
            Choice(value=reason.value, label=desk.pages.say(reason.value, locale=locale))
            for reason in Reason
        ],
    }
    return desk.answer("unsubscribed.html", values, locale=locale, forms=True)
