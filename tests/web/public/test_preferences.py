from datetime import timedelta

import pytest
from sqlalchemy import select

from campaigner.core.audience import Standing
from campaigner.core.tokens import Purpose
from campaigner.db.models import Subscriber, SubscriberTopic, Subscription
from tests.web.public.site import Site


@pytest.fixture
def page(site: Site) -> str:
    """The address of a reader's preferences, as it stands in their mails."""
    return f"/p/{site.token(Purpose.PREFERENCES, site.add_mail(site.add_reader()))}"


def reader(site: Site) -> Subscriber:
    with site.sessions() as session:
        return session.scalars(select(Subscriber)).one()


def topics(site: Site) -> list[str]:
    with site.sessions() as session:
        return list(session.scalars(select(SubscriberTopic.topic)))


CHOSEN: dict[str, str | list[str]] = {
    "action": "save",
    "name": "Ana María",
    "locale": "pt_BR",
    "zone": "America/Sao_Paulo",
    "frequency": "monthly",
    "topic": ["security", "policy"],
}


def test_they_show_what_is_set_in_the_readers_language(site: Site, page: str) -> None:
    shown = site.get(page)
    assert (shown.status_code, '<html lang="es"' in shown.text) == (200, True)
    assert 'value="Ana"' in shown.text
    assert 'value="America/Montevideo" selected' in shown.text
    assert 'value="every" selected' in shown.text
    assert "a…@example.org" in shown.text
    assert "ana@example.org" not in shown.text


def test_all_of_them_can_be_set(site: Site, page: str) -> None:
    saved = site.post(page, CHOSEN)
    assert "Salvo." in saved.text, "from now on they read Portuguese"
    row = reader(site)
    assert (row.name, row.locale, row.zone) == ("Ana María", "pt_BR", "America/Sao_Paulo")
    assert row.country == "BR"
    assert sorted(topics(site)) == ["policy", "security"]
    with site.sessions() as session:
        assert session.scalars(select(Subscription.frequency)).all() == ["monthly"]
    site.post(page, CHOSEN | {"topic": [], "name": ""})
    assert (topics(site), reader(site).name) == ([], "")


@pytest.mark.parametrize(
    "wrong", [{"zone": "Nowhere"}, {"locale": "tlh"}, {"frequency": "daily"}, {"topic": "secrets"}]
)
def test_what_does_not_exist_cannot_be_chosen(site: Site, page: str, wrong: dict[str, str]) -> None:
    reply = site.post(page, CHOSEN | wrong)
    assert (reply.status_code, 'role="alert"' in reply.text) == (422, True)
    assert (reader(site).locale, topics(site)) == ("es", [])


def test_a_zone_by_an_older_name_can_stay(site: Site) -> None:
    id = site.add_mail(site.add_reader(zone="America/Buenos_Aires", country="AR"))
    page = f"/p/{site.token(Purpose.PREFERENCES, id)}"
    assert 'value="America/Buenos_Aires" selected' in site.get(page).text
    assert site.post(page, CHOSEN | {"zone": "America/Buenos_Aires"}).status_code == 200
    assert (reader(site).zone, reader(site).country) == ("America/Buenos_Aires", "AR")


def test_leaving_stops_what_is_on_its_way(site: Site) -> None:
    id = site.add_mail(site.add_reader())
    reply = site.post(f"/p/{site.token(Purpose.PREFERENCES, id)}", {"action": "leave"})
    assert "Ya no recibe LAC newsletter." in reply.text
    assert site.standing() is Standing.LEFT
    assert site.state_of(id) == "suppressed"


def test_one_can_leave_everything_at_once(site: Site) -> None:
    subscriber = site.add_reader()
    with site.sessions.begin() as session:
        session.add(
            Subscription(
                subscriber_id=subscriber,
                list="events",
                state="active",
                added_at=site.now(),
                changed_at=site.now(),
            )
        )
    page = f"/p/{site.token(Purpose.PREFERENCES, site.add_mail(subscriber))}"
    assert "también events" in site.get(page).text
    site.post(page, {"action": "leave_all"})
    assert (site.standing(), site.standing(list="events")) == (Standing.LEFT, Standing.LEFT)


def test_the_link_in_a_mail_never_expires_and_one_that_was_asked_for_does(
    site: Site, page: str
) -> None:
    site.post(
        "/subscribe",
        {"stamp": site.form("x")["stamp"], "address": "ana@example.org", "action": "link"},
    )
    site.answer()
    [link] = site.links()
    site.clock.tick(days=7)
    assert site.get(link).status_code == 200
    site.clock.now += timedelta(seconds=1)
    assert site.get(link).status_code == 410
    site.clock.tick(days=4000)
    assert site.get(page).status_code == 200


def test_who_was_erased_has_no_preferences(site: Site) -> None:
    page = f"/p/{site.token(Purpose.PREFERENCES, site.add_mail(None))}"
    assert site.get(page).status_code == 410
    assert site.post(page, CHOSEN).status_code == 410


@pytest.mark.parametrize("purpose", [Purpose.UNSUBSCRIBE, Purpose.BOUNCE, Purpose.MESSAGE])
def test_who_sees_another_token_of_a_mail_changes_nothing(site: Site, purpose: Purpose) -> None:
    id = site.add_mail(site.add_reader())
    site.post(f"/p/{site.token(purpose, id)}", {"action": "leave"})
    assert site.standing() is Standing.ACTIVE
