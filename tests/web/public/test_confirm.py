from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from campaigner.core.audience import Standing, SuppressedFor, mailbox_of
from campaigner.core.tokens import Purpose
from campaigner.db import suppressions
from campaigner.db.models import Subscriber, SubscriberTopic, Subscription, Suppression
from tests.relays import opened
from tests.web.public.site import KEYRING, LIST, Site


def asked(site: Site, address: str = "ana@example.org", **fields: Any) -> str:
    """Return where the mail leads that answers a request to subscribe."""
    site.subscribe(address, lang="es", **fields)
    assert site.answer() == 1
    return site.links()[-1]


def subscriber(site: Site) -> Subscriber:
    with site.sessions() as session:
        return session.scalars(select(Subscriber)).one()


def subscription(site: Site) -> Subscription:
    with site.sessions() as session:
        return session.scalars(select(Subscription)).one()


def suppress(site: Site, reason: SuppressedFor) -> None:
    with site.sessions.begin() as session:
        suppressions.suppress(
            session,
            keyring=KEYRING,
            mailbox="ana@example.org",
            reason=reason,
            now=site.now() - timedelta(days=40),
        )


def test_the_mail_is_in_the_readers_language_and_leads_to_a_page_with_a_button(site: Site) -> None:
    link = asked(site)
    mail = opened(site.relay_of.mails[0])
    assert mail["To"] == "ana@example.org"
    assert mail["Subject"] == "Confirme, por favor: LAC newsletter"
    assert mail["Content-Language"] == "es"
    assert mail["Auto-Submitted"] == "auto-replied"
    page = site.get(link)
    assert page.status_code == 200
    assert '<html lang="es"' in page.text, "though the browser did not ask for it"
    assert "¿Enviar LAC newsletter a a…@example.org?" in page.text
    assert site.standing() is None


def test_pressing_it_subscribes_with_everything_that_was_chosen(site: Site) -> None:
    link = asked(site, name="Ana", zone="America/Lima", locale="pt_BR", topic=["security"])
    site.clock.tick(hours=3)
    page = site.post(link, {}, host="198.51.100.7")
    assert (page.status_code, "Sua inscrição está ativa" in page.text) == (200, True)
    row = subscriber(site)
    assert (row.address, row.name, row.locale) == ("ana@example.org", "Ana", "pt_BR")
    assert (row.zone, row.country, row.suppressed_at) == ("America/Lima", "PE", None)
    with site.sessions() as session:
        assert session.scalars(select(SubscriberTopic.topic)).all() == ["security"]
    given = subscription(site)
    assert (given.list, given.state, given.confirmed_at) == (LIST, "active", site.now())
    assert given.consent["confirmed_at"] == site.now().isoformat()
    assert given.consent["at"] == (site.now() - timedelta(hours=3)).isoformat()
    assert given.consent["network"] != given.consent["confirmed_network"]


def test_pressing_it_again_changes_nothing_more(site: Site) -> None:
    link = asked(site)
    first = site.post(link, {})
    before = subscription(site)
    site.clock.tick(hours=1)
    assert site.post(link, {}).text == first.text
    after = subscription(site)
    assert (after.confirmed_at, after.consent) == (before.confirmed_at, before.consent)
    assert site.get(link).text == first.text


def test_the_link_of_a_confirmed_one_leads_to_the_preferences_too(site: Site) -> None:
    link = asked(site)
    preferences = link.replace("/c/", "/p/")
    assert site.get(preferences).status_code == 410
    site.post(link, {})
    assert site.get(preferences).status_code == 200


def test_a_link_older_than_seven_days_says_how_to_get_a_new_one(site: Site) -> None:
    link = asked(site)
    site.clock.tick(days=7, seconds=1)
    for page in (site.get(link), site.post(link, {})):
        assert page.status_code == 410
        assert f'href="/subscribe/{LIST}' in page.text
    assert site.standing() is None


@pytest.mark.parametrize("purpose", [each for each in Purpose if each is not Purpose.CONFIRM])
def test_no_other_token_of_ours_confirms(site: Site, purpose: Purpose) -> None:
    asked(site)
    assert site.post(f"/c/{site.token(purpose, 1)}", {}).status_code == 410
    assert site.standing() is None


@pytest.mark.parametrize("standing", [Standing.LEFT, Standing.COMPLAINED, Standing.BOUNCED])
def test_who_was_gone_comes_back_by_confirming(site: Site, standing: Standing) -> None:
    site.add_reader(standing=standing)
    link = asked(site)
    assert site.standing() is standing, "asking alone brings nobody back"
    site.post(link, {})
    assert site.standing() is Standing.ACTIVE
    assert subscription(site).consent["earlier"] == [{"how": "import"}]
    assert subscriber(site).name == "Ana", "a name that they had is kept"


@pytest.mark.parametrize(
    "reason", [SuppressedFor.COMPLAINT, SuppressedFor.ERASURE, SuppressedFor.BOUNCE]
)
def test_a_confirmation_ends_a_suppression(site: Site, reason: SuppressedFor) -> None:
    suppress(site, reason)
    site.post(asked(site), {})
    assert site.standing() is Standing.ACTIVE
    assert subscriber(site).suppressed_at is None
    with site.sessions() as session:
        assert session.scalar(select(Suppression.hash)) is None


def test_whom_a_person_suppressed_meanwhile_stays_so(site: Site) -> None:
    link = asked(site)
    suppress(site, SuppressedFor.BY_HAND)
    assert site.post(link, {}).status_code == 410
    assert site.standing() is None


def test_a_confirmation_from_another_site_is_not_taken(site: Site) -> None:
    link = asked(site)
    assert site.post(link, {}, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert site.standing() is None


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("josé@example.org", "josé@example.org"),
        ("用户@例え.jp", "用户@xn--r8jz45g.jp"),
        ("ana@bücher.example", "ana@xn--bcher-kva.example"),
    ],
)
def test_international_addresses_subscribe_and_confirm(
    site: Site, address: str, written: str
) -> None:
    link = asked(site, address)
    mail = site.relay_of.mails[0]
    assert mail.recipient == address
    assert f"To: {written}\r\n".encode() in mail.data
    assert site.post(link, {}).status_code == 200
    row = subscriber(site)
    assert (row.address, row.mailbox) == (address, mailbox_of(address))
    assert site.standing(written) is Standing.ACTIVE, "however they write it"
