"""Subscribe, and "send me the link": what is sent is kept, and answered by the same page always."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response

from campaigner.core.audience import mailbox_of
from campaigner.core.locales import nearest
from campaigner.core.signup import LONGEST_NAME, Kind
from campaigner.rendering.public_pages import locale_choices, topic_choices
from campaigner.rendering.zone_choices import zone_choices
from campaigner.services.subscribe import Application, Wording, receive
from campaigner.web.forms import Form, Sent
from campaigner.web.public.desk import GET, PublicDesk, host_of

TRAP = "website"  # no person sees this field


@dataclass(frozen=True, kw_only=True)
class _Fault:
    """Why a form is shown again: a key in `sentences.txt`, and whether the address is at fault."""

    key: str
    is_wrong: bool = False


def mount(web: FastAPI, desk: PublicDesk) -> None:
    """Add /subscribe and /subscribe/LIST."""

    @web.api_route("/subscribe", methods=GET)
    def choose(request: Request) -> Response:
        locale = desk.language(request)
        if len(desk.lists) == 1:
            return _form(desk, next(iter(desk.lists)), locale)
        lists = [{"name": name, "title": desk.title_of(name)} for name in desk.lists]
        return desk.answer("lists.html", {"lists": lists}, locale=locale)

    @web.api_route("/subscribe/{name}", methods=GET)
    def form(request: Request, name: str) -> Response:
        locale = desk.language(request)
        if name not in desk.lists:
            return desk.problem("missing", locale=locale, status=404)
        return _form(desk, name, locale)

    @web.post("/subscribe/{name}")
    def send(request: Request, name: str, sent: Sent) -> Response:
        return _take(desk, request, name, sent)

    @web.post("/subscribe")
    def send_to_named(request: Request, sent: Sent) -> Response:
        only = next(iter(desk.lists)) if len(desk.lists) == 1 else ""
        return _take(desk, request, sent.text("list") or only, sent)


def _take(desk: PublicDesk, request: Request, name: str, sent: Form) -> Response:
    locale = desk.language(request, sent)
    if name not in desk.lists:
        return desk.problem("missing", locale=locale, status=404)
    if desk.is_from_elsewhere(request):
        return desk.problem("elsewhere", locale=locale, status=403)
    kind = Kind.LINK if sent.text("action") == "link" else Kind.SUBSCRIBE
    if fault := _fault(desk, name, kind, sent, locale=locale):
        return _form(desk, name, locale, sent=sent, fault=fault, kind=kind)
    if not sent.text(TRAP):
        application = _application(desk, request, name, kind, sent, locale=locale)
        receive(desk.writing, application, keyring=desk.keyring, now=desk.clock())
    values = {
        "list": desk.title_of(name),
        "list_name": name,
        "address": sent.text("address"),
        "asks_for_link": kind is Kind.LINK,
    }
    return desk.answer("received.html", values, locale=locale)


def _fault(desk: PublicDesk, name: str, kind: Kind, sent: Form, *, locale: str) -> _Fault | None:
    """Say why a form cannot be taken: by what stands in it alone, never by who is known."""
    try:
        mailbox_of(sent.text("address"))
    except ValueError:
        return _Fault(key="address", is_wrong=True)
    if desk.stamp_fault(sent.text("stamp")):
        return _Fault(key="again")
    if kind is Kind.LINK:
        return None
    if sent.text("wording") != desk.pages.wording(desk.title_of(name), locale=locale).version:
        return _Fault(key="wording")
    known_zones = {choice.value for choice in zone_choices(locale)}
    is_known = (
        sent.text("locale") in ("", *desk.lists[name].locales)
        and sent.text("zone") in ("", *known_zones)
        and set(sent.texts("topic")) <= set(desk.topics())
    )
    return None if is_known else _Fault(key="choice")


def _application(
    desk: PublicDesk, request: Request, name: str, kind: Kind, sent: Form, *, locale: str
) -> Application:
    wording = desk.pages.wording(desk.title_of(name), locale=locale)
    return Application(
        kind=kind,
        list=name,
        address=sent.text("address"),
        name=sent.text("name")[:LONGEST_NAME],
        locale=sent.text("locale") or _reading(desk, name, locale),
        zone=sent.text("zone") or desk.zone,
        topics=sent.texts("topic"),
        wording=Wording(text=wording.text, version=wording.version, language=locale)
        if kind is Kind.SUBSCRIBE
        else None,
        host=host_of(request),
    )


def _form(
    desk: PublicDesk,
    name: str,
    locale: str,
    *,
    sent: Form | None = None,
    fault: _Fault | None = None,
    kind: Kind = Kind.SUBSCRIBE,
) -> Response:
    """Show the form, with what was sent if it has to be sent again."""
    sent = sent or Form()
    of_link = kind is Kind.LINK
    address = sent.text("address")
    values: Mapping[str, Any] = {
        "list": desk.title_of(name),
        "list_name": name,
        "stamp": desk.stamp(),
        "wording": desk.pages.wording(desk.title_of(name), locale=locale),
        "fault": desk.pages.say(fault.key, locale=locale) if fault else "",
        "is_wrong": bool(fault and fault.is_wrong and not of_link),
        "asks_for_link": of_link,
        "address": "" if of_link else address,
        "known_address": address if of_link else "",
        "name": sent.text("name")[:LONGEST_NAME],
        "locales": locale_choices(desk.lists[name].locales),
        "locale_chosen": sent.text("locale") or _reading(desk, name, locale),
        "zones": zone_choices(locale),
        "zone_chosen": sent.text("zone") or desk.zone,
        "topics": topic_choices(desk.topics(), locale=locale),
        "topics_chosen": sent.texts("topic"),
    }
    status = 422 if fault else 200
    return desk.answer("subscribe.html", values, locale=locale, status=status, forms=True)


def _reading(desk: PublicDesk, name: str, locale: str) -> str:
    """Return in which of a list's languages a reader of our pages gets it."""
    locales = desk.lists[name].locales
    return nearest(locale, locales, otherwise=locales[0] if locales else locale)
