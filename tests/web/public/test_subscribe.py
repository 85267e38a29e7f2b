from sqlalchemy import select

from campaigner.core.tokens import Purpose
from campaigner.db.models import Signup, Subscriber
from tests.web.public.site import LIST, Site


def signups(site: Site) -> list[Signup]:
    with site.sessions() as session:
        return list(session.scalars(select(Signup).order_by(Signup.id)))


def test_the_form_is_there_in_the_readers_language(site: Site) -> None:
    page = site.get("/subscribe", **{"Accept-Language": "pt"})
    assert page.status_code == 200
    assert '<html lang="pt-BR"' in page.text
    assert "<h1>Inscrever-se em LAC newsletter</h1>" in page.text
    assert 'value="America/Montevideo" selected' in page.text
    assert "Políticas" in site.get(f"/subscribe/{LIST}?lang=es").text


def test_what_is_sent_is_kept_and_nobody_is_looked_at(site: Site) -> None:
    reply = site.subscribe(
        "Ana@Example.org", lang="es", name=" Ana\nÑandú ", zone="America/Lima", topic=["policy"]
    )
    assert (reply.status_code, "Ana@Example.org" in reply.text) == (200, True)
    [row] = signups(site)
    assert (row.state, row.address, row.name) == ("waiting", "Ana@Example.org", "Ana Ñandú")
    assert (row.locale, row.zone, row.topics) == ("es", "America/Lima", ["policy"])


def test_consent_can_be_proved(site: Site) -> None:
    site.subscribe("ana@example.org", lang="es", host="192.0.2.99")
    [row] = signups(site)
    assert row.consent["how"] == "form"
    assert row.consent["at"] == site.now().isoformat()
    assert row.consent["language"] == "es"
    assert row.consent["wording"].startswith("Envíenme LAC newsletter por correo electrónico.")
    assert row.consent["wording_version"] == site.wording("es") != site.wording("en")
    kept = f"{row.consent}{row.network_hash}{row.mailbox_hash}"
    assert "192.0.2" not in kept
    assert row.consent["network"] == row.network_hash


def test_an_address_that_can_be_none_is_told_at_once(site: Site) -> None:
    reply = site.subscribe("ana at example", lang="es")
    assert reply.status_code == 422
    assert "no puede ser una dirección" in reply.text
    assert 'value="ana at example" aria-invalid="true"' in reply.text
    assert not signups(site)


def test_what_was_typed_cannot_become_a_page(site: Site) -> None:
    reply = site.subscribe("<script>x</script>@example.org", name='"><b>')
    assert "<script>" not in reply.text
    assert 'value="&#34;&gt;&lt;b&gt;"' in reply.text


def test_a_form_that_nobody_can_have_filled_in_is_shown_again(site: Site) -> None:
    for stamp in ("", "forged", site.token(Purpose.CONFIRM, 5)):
        reply = site.subscribe("ana@example.org", stamp=stamp)
        assert reply.status_code == 422
        assert 'value="ana@example.org"' in reply.text
    too_young = site.token(Purpose.FORM, int(site.now().timestamp()))
    assert site.subscribe("ana@example.org", stamp=too_young).status_code == 422
    form = site.form("ana@example.org")
    site.clock.tick(days=2)
    assert site.post(f"/subscribe/{LIST}", form).status_code == 422
    assert not signups(site)


def test_nobody_agrees_to_words_that_they_did_not_see(site: Site) -> None:
    reply = site.subscribe("ana@example.org", wording="000000000000")
    assert reply.status_code == 422
    assert "have changed meanwhile" in reply.text
    assert not signups(site)


def test_only_what_is_offered_can_be_chosen(site: Site) -> None:
    for fields in ({"zone": "Mars/Base"}, {"locale": "tlh"}, {"topic": "secrets"}):
        assert site.subscribe("ana@example.org", **fields).status_code == 422
    assert not signups(site)


def test_a_program_that_fills_in_everything_gets_the_same_answer_and_nothing_more(
    site: Site,
) -> None:
    caught = site.subscribe("ana@example.org", website="https://spam.example")
    assert not signups(site)
    assert caught.text == site.subscribe("ana@example.org").text
    assert len(signups(site)) == 1


def test_a_form_of_another_site_is_not_taken(site: Site) -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        reply = site.post(f"/subscribe/{LIST}", site.form("ana@example.org"), **headers)
        assert (reply.status_code, "another site" in reply.text) == (403, True)
    assert not signups(site)
    for headers in (
        {"Sec-Fetch-Site": "same-origin"},
        {"Origin": "https://news.example.org"},
        {"Origin": "null"},
    ):
        reply = site.post(f"/subscribe/{LIST}", site.form("ana@example.org"), **headers)
        assert reply.status_code == 200


def test_one_network_cannot_fill_the_table(site: Site) -> None:
    form = site.form("ana@example.org")
    replies = {site.post("/subscribe", form, host="192.0.2.1").text for _ in range(3)}
    with site.sessions.begin() as session:
        row = session.scalars(select(Signup).limit(1)).one()
        copy = {
            column.key: getattr(row, column.key)
            for column in Signup.__table__.columns
            if column.key != "id"
        }
        session.add_all(Signup(**copy) for _ in range(597))
    replies.add(site.post("/subscribe", form, host="192.0.2.1").text)
    assert len(signups(site)) == 600
    assert len(replies) == 1, "and nobody is told"
    site.post("/subscribe", form, host="198.51.100.1")
    assert len(signups(site)) == 601


def test_the_link_to_preferences_is_asked_for_on_the_same_page(site: Site) -> None:
    site.add_reader()
    form = {"stamp": site.form("x")["stamp"], "address": "ana@example.org", "action": "link"}
    assert site.post(f"/subscribe/{LIST}", form).status_code == 200
    assert site.answer() == 1
    [link] = site.links()
    assert link.startswith("/p/")
    assert "a…@example.org" in site.get(link).text


def test_a_list_that_does_not_exist_is_a_missing_page(site: Site) -> None:
    assert site.get("/subscribe/nothing").status_code == 404
    assert site.post("/subscribe/nothing", site.form("ana@example.org")).status_code == 404


def test_nobody_is_a_subscriber_before_they_confirm(site: Site) -> None:
    site.subscribe("ana@example.org")
    site.answer()
    with site.sessions() as session:
        assert session.scalar(select(Subscriber.id)) is None
    assert site.standing() is None


def test_pages_run_no_script_and_set_no_cookie(site: Site) -> None:
    page = site.get(f"/subscribe/{LIST}")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy
    assert "script-src" not in policy
    assert "<script" not in page.text
    assert "set-cookie" not in page.headers
    assert page.headers["cache-control"] == "no-store"
    # Without a referrer a browser calls the origin of our own form `null`.
    assert page.headers["referrer-policy"] == "same-origin"


def test_what_is_no_form_is_refused_in_words(site: Site) -> None:
    reply = site.post(f"/subscribe/{LIST}", {"address": "x" * 20_000}, **{"Accept-Language": "fr"})
    assert (reply.status_code, "Ceci n’a pas pu être lu" in reply.text) == (413, True)
