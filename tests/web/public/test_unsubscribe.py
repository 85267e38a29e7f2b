import pytest
from sqlalchemy import select

from campaigner.core.audience import Standing
from campaigner.core.delivery import State
from campaigner.core.tokens import Keyring, Purpose, sign
from campaigner.db.models import Subscriber, Subscription
from tests.web.public.site import Site

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
MULTIPART = (
    b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n'
)


def link(site: Site, delivery: int) -> str:
    return f"/u/{site.token(Purpose.UNSUBSCRIBE, delivery)}"


def raw(site: Site, path: str, body: bytes, kind: str) -> int:
    import asyncio

    import httpx

    async def once() -> httpx.Response:
        transport = httpx.ASGITransport(site.web)
        async with httpx.AsyncClient(transport=transport, base_url="https://x.example") as client:
            return await client.post(path, content=body, headers={"Content-Type": kind})

    reply = asyncio.run(once())
    assert "location" not in reply.headers
    assert "set-cookie" not in reply.headers
    return reply.status_code


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"),
        (b"List-Unsubscribe=One-Click", "application/x-www-form-urlencoded; charset=utf-8"),
        (MULTIPART, "multipart/form-data; boundary=b"),
    ],
)
def test_a_mail_providers_one_click_is_enough(site: Site, body: bytes, kind: str) -> None:
    """As Gmail and Yahoo post it: no cookie, no origin, no redirect (RFC 8058)."""
    waiting = site.add_mail(site.add_reader())
    assert raw(site, link(site, waiting), body, kind) == 200
    assert site.standing() is Standing.LEFT
    assert site.state_of(waiting) == "suppressed"


def test_it_works_also_where_the_click_seems_to_come_from_elsewhere(site: Site) -> None:
    waiting = site.add_mail(site.add_reader())
    reply = site.post(link(site, waiting), ONE_CLICK, **{"Sec-Fetch-Site": "cross-site"})
    assert (reply.status_code, site.standing()) == (200, Standing.LEFT)


def test_what_is_claimed_is_stopped_and_what_was_sent_is_left(site: Site) -> None:
    reader = site.add_reader()
    claimed = site.add_mail(reader, state=State.CLAIMED, claim="w1")
    sending = site.add_mail(reader, state=State.SENDING)
    sent = site.add_mail(reader, state=State.SENT)
    site.post(link(site, sent), ONE_CLICK)
    states = [site.state_of(each) for each in (claimed, sending, sent)]
    assert states == ["suppressed", "sending", "sent"]


def test_the_page_asks_first_in_the_readers_language(site: Site) -> None:
    page = site.get(link(site, site.add_mail(site.add_reader())))
    assert (page.status_code, '<html lang="es"' in page.text) == (200, True)
    assert "¿Dejar de recibir LAC newsletter?" in page.text
    assert 'name="List-Unsubscribe" value="One-Click"' in page.text
    assert 'href="/p/' in page.text, "there is something between all and nothing"
    assert site.standing() is Standing.ACTIVE


def test_a_post_that_does_not_say_so_asks_first(site: Site) -> None:
    waiting = site.add_mail(site.add_reader())
    assert site.post(link(site, waiting), {"x": "y"}).status_code == 400
    assert raw(site, link(site, waiting), b"", "text/plain") == 400
    assert site.standing() is Standing.ACTIVE


def test_the_answer_is_the_same_for_the_gone_the_erased_and_the_unknown(site: Site) -> None:
    erased = site.add_mail(None, recipient="erased-1")
    for path in (link(site, erased), link(site, 987_654), "/u/nonsense", f"/u/{'a' * 29}"):
        reply = site.post(path, ONE_CLICK, **{"Accept-Language": "en"})
        assert reply.status_code == 200
        assert "unsubscribed" in reply.text or "suscripción está cancelada" in reply.text
        assert site.get(path).status_code == 200
    gone = site.add_mail(site.add_reader(standing=Standing.COMPLAINED))
    assert site.post(link(site, gone), ONE_CLICK).status_code == 200
    assert site.standing() is Standing.COMPLAINED, "it weighs more"


def test_a_link_of_an_old_key_works_for_ever(site: Site) -> None:
    waiting = site.add_mail(site.add_reader())
    old = link(site, waiting)
    ring = Keyring((b"n" * 32, *site.keyring.keys))
    renewed = Site(engine=site.engine, clock=site.clock, keyring=ring)
    site.clock.tick(days=3000)
    forged = sign(Keyring((b"x" * 32,)), Purpose.UNSUBSCRIBE, waiting)
    renewed.post(f"/u/{forged}", ONE_CLICK)
    assert site.standing() is Standing.ACTIVE
    renewed.post(old.upper().replace("/U/", "/u/"), ONE_CLICK)
    assert site.standing() is Standing.LEFT


def test_a_mistake_can_be_undone_for_a_day(site: Site) -> None:
    path = link(site, site.add_mail(site.add_reader()))
    assert "deshacerlo" in site.post(path, ONE_CLICK).text
    site.clock.tick(hours=23)
    back = site.post(path, {"action": "undo"})
    assert "está activa de nuevo" in back.text
    assert site.standing() is Standing.ACTIVE
    site.post(path, ONE_CLICK)
    site.clock.tick(hours=24)
    assert "deshacerlo" not in site.post(path, {"action": "undo"}).text
    assert site.standing() is Standing.LEFT


@pytest.mark.parametrize("standing", [Standing.COMPLAINED, Standing.BOUNCED])
def test_undoing_brings_nobody_back_who_did_not_leave(site: Site, standing: Standing) -> None:
    path = link(site, site.add_mail(site.add_reader(standing=standing)))
    site.post(path, {"action": "undo"})
    assert site.standing() is standing


def test_undoing_brings_nobody_back_who_may_not_be_mailed(site: Site) -> None:
    path = link(site, site.add_mail(site.add_reader()))
    site.post(path, ONE_CLICK)
    with site.sessions.begin() as session:
        session.scalars(select(Subscriber)).one().suppressed_at = site.now()
    site.post(path, {"action": "undo"})
    assert site.standing() is Standing.LEFT


def test_a_reason_is_kept_where_one_is_given(site: Site) -> None:
    path = link(site, site.add_mail(site.add_reader()))
    site.post(path, ONE_CLICK)
    reply = site.post(path, {"action": "reason", "reason": "too_many"})
    assert "Gracias por decírnoslo." in reply.text
    site.post(path, {"action": "reason", "reason": "<b>"})
    with site.sessions() as session:
        consent = session.scalars(select(Subscription.consent)).one()
    assert (consent["left_because"], consent["ended"]["how"]) == ("too_many", "link")
