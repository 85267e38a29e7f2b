"""Preferences: what readers set themselves, by the link in any of our mails."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response

from campaigner.core.audience import Frequency, Standing
from campaigner.core.signup import LONGEST_NAME, VALID, masked
from campaigner.db.memberships import Membership, Wishes
from campaigner.rendering.public_pages import locale_choices, topic_choices
from campaigner.rendering.zone_choices import Choice, zone_choices, zone_countries
from campaigner.services import preferences as service
from campaigner.web.forms import Form, Sent
from campaigner.web.public.desk import GET, PublicDesk


def mount(web: FastAPI, desk: PublicDesk) -> None:
    """Add /p/TOKEN."""

    @web.api_route("/p/{token}", methods=GET)
    def look(request: Request, token: str) -> Response:
        holder = service.holder_of(desk.keyring, token)
        member = service.look(desk.reading, holder, now=desk.clock())
        locale = desk.language(request, known=member.locale if member else "")
        return _page(desk, member, locale=locale)

    @web.post("/p/{token}")
    def change(request: Request, token: str, sent: Sent) -> Response:
        if desk.is_from_elsewhere(request):
            locale = desk.language(request, sent)
            return desk.problem("elsewhere", locale=locale, status=403)
        holder, now = service.holder_of(desk.keyring, token), desk.clock()
        action = sent.text("action")
        if action in ("leave", "leave_all"):
            every = action == "leave_all"
            member = service.leave(desk.writing, holder, all=every, now=now)
            return _page(desk, member, locale=_locale(desk, request, sent, member))
        member = service.look(desk.reading, holder, now=now)
        locale = _locale(desk, request, sent, member)
        wishes = _wishes(desk, member, sent) if member else None
        if wishes is None:
            return _page(desk, member, locale=locale, fault="choice", status=422)
        member = service.save(desk.writing, holder, wishes, now=now)
        # In which language they read from now on is the one in which we answer.
        return _page(desk, member, locale=desk.language(request, known=wishes.locale), saved=True)


def _locale(desk: PublicDesk, request: Request, sent: Form, member: Membership | None) -> str:
    return desk.language(request, sent, known=member.locale if member else "")


def _wishes(desk: PublicDesk, member: Membership, sent: Form) -> Wishes | None:
    """Read what was chosen; None where something of it cannot be. What was not sent stays."""
    locale = sent.text("locale") or member.locale
    zone = sent.text("zone") or member.zone
    frequency = sent.text("frequency") or member.frequency.value
    topics = sent.texts("topic")
    offered = {choice.value for choice in _zones(member, "en")}
    locales = _locales(desk, member)
    if (
        locale not in locales
        or zone not in offered
        or frequency not in set(Frequency)
        or not set(topics) <= {*desk.topics(), *member.topics}
    ):
        return None
    return Wishes(
        name=sent.text("name")[:LONGEST_NAME],
        locale=locale,
        zone=zone,
        country=zone_countries().get(zone, "") if zone != member.zone else "",
        topics=topics,
        frequency=Frequency(frequency),
    )


def _page(
    desk: PublicDesk,
    member: Membership | None,
    *,
    locale: str,
    saved: bool = False,
    fault: str = "",
    status: int = 200,
) -> Response:
    if member is None:
        values = {"days": VALID.days, "list_name": ""}
        return desk.answer("over.html", values, locale=locale, status=410)
    values = _values(desk, member, locale) | {
        "is_saved": saved,
        "fault": desk.pages.say(fault, locale=locale) if fault else "",
    }
    return desk.answer("preferences.html", values, locale=locale, status=status, forms=True)


def _values(desk: PublicDesk, member: Membership, locale: str) -> dict[str, Any]:
    frequencies = [
        Choice(value=each.value, label=desk.pages.say(each.value, locale=locale))
        for each in Frequency
    ]
    return {
        "list": desk.title_of(member.list),
        "list_name": member.list,
        "address": masked(member.address),
        "name": member.name,
        "has_left": member.standing not in (Standing.ACTIVE, Standing.PENDING),
        "locales": locale_choices(_locales(desk, member)),
        "locale_chosen": member.locale,
        "zones": _zones(member, locale),
        "zone_chosen": member.zone,
        "frequencies": frequencies,
        "frequency_chosen": member.frequency.value,
        "topics": topic_choices(_topics(desk, member), locale=locale),
        "topics_chosen": member.topics,
        "others": [desk.title_of(other) for other in member.others],
    }


def _locales(desk: PublicDesk, member: Membership) -> tuple[str, ...]:
    """Return the list's languages, and the reader's own where it is none of those."""
    account = desk.lists.get(member.list)
    offered = account.locales if account else ()
    return offered if member.locale in offered else (*offered, member.locale)


def _zones(member: Membership, locale: str) -> tuple[Choice, ...]:
    """Return the zones to choose from, and the reader's own where it goes by an older name."""
    choices = zone_choices(locale)
    if any(choice.value == member.zone for choice in choices):
        return choices
    return (Choice(value=member.zone, label=member.zone.replace("_", " ")), *choices)


def _topics(desk: PublicDesk, member: Membership) -> Mapping[str, Mapping[str, str]]:
    """Return the topics on offer, and what the reader chose that is not on offer any more."""
    return {**{topic: {} for topic in member.topics}, **desk.topics()}
