from collections.abc import Callable
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from sqlalchemy import select, update

from campaigner.core.delivery import MessageState, State
from campaigner.db.models import Block, Broadcast, Edition, Message
from tests.rows import NOON, add_delivery
from tests.web.public.site import LIST, PUBLIC, Site

ATOM = "{http://www.w3.org/2005/Atom}"
Publish = Callable[..., str]

HTML = (
    '<!doctype html><html lang="es"><head><title>x</title></head><body style="margin:0">'
    '<h1>Hola ⟦name⟧</h1><p>⟦address⟧</p><a href="⟦unsubscribe⟧">Baja</a>'
    '<a href="⟦preferences⟧">Preferencias</a></body></html>'
)


@pytest.fixture
def publish(site: Site) -> Publish:
    """Add an edition with its blocks and one mail; return its key."""
    site.clock.now = NOON + timedelta(hours=1)

    def publish(
        *,
        state: State = State.SENT,
        html: str = HTML,
        words: str = "Hola ⟦name⟧",
        zones: tuple[str, ...] = ("",),
        stage: str = "whole",
        begun: bool = True,
        **overrides: Any,
    ) -> str:
        with site.sessions.begin() as session:
            message = site.add_edition(session, **{"text": "Noticias de marzo", **overrides})
            for zone in zones:
                session.add(
                    Block(
                        message_id=message.id,
                        zone=zone,
                        position=0,
                        name="all",
                        html=html.replace("ZONE", zone),
                        text=words,
                    )
                )
            add_delivery(session, message, recipient="ana@example.org", state=state)
            started = message.due_at if begun else None
            session.add(
                Broadcast(message_id=message.id, stage=stage, started_at=started, recipients=1)
            )
            return message.key

    return publish


def edition(site: Site) -> int:
    with site.sessions.begin() as session:
        row = Edition(campaign="news", day=NOON.date(), slot="1", data={}, composed_at=NOON)
        session.add(row)
        session.flush()
        return row.id


def test_an_edition_can_be_read_by_anybody_and_names_nobody(site: Site, publish: Publish) -> None:
    page = site.get(f"/archive/{publish()}")
    assert page.status_code == 200
    assert "Hola lectora o lector" in page.text
    assert "su dirección" in page.text
    assert page.text.count(f"{PUBLIC}/subscribe/{LIST}") >= 2
    assert "ana@example.org" not in page.text
    assert "⟦" not in page.text
    assert "script-src" not in page.headers["content-security-policy"]
    assert page.text.index("<main") < page.text.index("<h1>") < page.text.index("</main>")


@pytest.mark.parametrize(
    "hidden",
    [
        {"state": State.QUEUED},
        {"state": State.REJECTED},
        {"embargo_until": NOON + timedelta(hours=2)},
        {"due_at": NOON + timedelta(hours=2)},
        {"message_state": MessageState.HELD},
        {"stage": "sample"},
        {"stage": "ready", "begun": False},
    ],
    ids=str,
)
def test_nothing_is_public_before_it_was_sent_to_all_and_its_embargo_is_over(
    site: Site, publish: Publish, hidden: dict[str, Any]
) -> None:
    wanted = dict(hidden)
    state = wanted.pop("message_state", None)
    if state is not None:
        with site.sessions.begin() as session:
            message = site.add_edition(session, state=state)
            add_delivery(session, message, recipient="a@example.org", state=State.SENT)
            session.add(
                Broadcast(message_id=message.id, stage="whole", started_at=NOON, recipients=1)
            )
            key = message.key
    else:
        key = publish(**wanted)
    assert site.get(f"/archive/{key}").status_code == 404
    assert key not in site.get("/archive").text
    assert key not in site.get(f"/feed/{LIST}.es.rss").text


def test_what_was_stopped_half_way_is_public_too(site: Site, publish: Publish) -> None:
    key = publish(stage="closed", state=State.SENT)
    with site.sessions.begin() as session:
        session.execute(update(Message).values(state=MessageState.CANCELED))
    assert site.get(f"/archive/{key}").status_code == 200


def test_times_are_those_of_the_campaigns_own_zone(site: Site, publish: Publish) -> None:
    key = publish(zones=("America/Lima", "America/Montevideo", "UTC"), html="<p>ZONE</p>",
                  zone="America/Montevideo")  # fmt: skip
    assert "<p>America/Montevideo</p>" in site.get(f"/archive/{key}").text
    key = publish(zones=("America/Lima",), html="<p>ZONE</p>")
    assert "<p>America/Lima</p>" in site.get(f"/archive/{key}").text


def test_each_language_leads_to_the_others(site: Site, publish: Publish) -> None:
    one = edition(site)
    spanish = publish(edition_id=one)
    french = publish(edition_id=one, locale="fr", text="Nouvelles de mars")
    page = site.get(f"/archive/{spanish}").text
    assert f'hreflang="fr" href="{PUBLIC}/archive/{french}"' in page
    assert f'href="/archive/{french}" hreflang="fr" lang="fr">Français</a>' in page


def test_the_list_has_each_edition_once_in_the_readers_language_or_another(
    site: Site, publish: Publish
) -> None:
    one = edition(site)
    spanish = publish(edition_id=one)
    french = publish(edition_id=one, locale="fr")
    only = publish(text="Solo en español", due_at=NOON - timedelta(days=7))
    page = site.get("/archive?lang=fr").text
    assert french in page
    assert spanish not in page
    assert only in page
    assert "Dans une autre langue : Español" in page
    assert page.index(french) < page.index(only), "newest first"


def test_a_long_list_goes_on_page_by_page(site: Site, publish: Publish) -> None:
    keys = [publish(due_at=NOON - timedelta(days=each)) for each in range(35)]
    first = site.get("/archive?lang=es").text
    assert [key in first for key in keys] == [True] * 30 + [False] * 5
    older = first.partition("before=")[2].partition('"')[0]
    second = site.get(f"/archive?lang=es&before={older}").text
    assert [key in second for key in keys] == [False] * 30 + [True] * 5
    assert site.get("/archive?before=nonsense").status_code == 200
    assert site.get(f"/archive?before={'9' * 30}").status_code == 200


def test_a_corrected_edition_says_so(site: Site, publish: Publish) -> None:
    key = publish()
    with site.sessions() as session:
        id = session.scalars(select(Message.id)).one()
    fixed = publish(text="Fe de erratas", corrects_id=id, due_at=NOON + timedelta(minutes=30))
    page = site.get(f"/archive/{key}").text
    assert "Corregido el 2 de marzo de 2026, 12:30 (UTC):" in page
    assert f'<a href="/archive/{fixed}">Fe de erratas</a>' in page
    assert "Se corrigió después." in site.get("/archive?lang=es").text
    assert site.get(f"/archive/{fixed}").status_code == 200
    feed = site.get(f"/feed/{LIST}.es.atom").text
    assert "Corregido: Fe de erratas" in feed
    assert "<updated>2026-03-02T12:30:00+00:00</updated>" in feed
    assert feed.count("<entry>") == 1


def test_a_feed_of_each_kind_is_valid_and_its_ids_never_change(
    site: Site, publish: Publish
) -> None:
    key = publish(text="Uno & dos < tres\x0b", html=HTML)
    for address in (PUBLIC, "https://elsewhere.example"):
        moved = Site(engine=site.engine, clock=site.clock, public_base=address)
        rss = ElementTree.fromstring(moved.get(f"/feed/{LIST}.es.rss").content)
        [item] = rss.findall("channel/item")
        assert item.findtext("title") == "Uno & dos < tres"
        assert item.findtext("guid") == f"tag:example.org,2026-03-02:{key}"
        assert item.findtext("link") == f"{address}/archive/{key}"
        assert item.findtext("pubDate") == "Mon, 02 Mar 2026 12:00:00 +0000"
        assert rss.findtext("channel/language") == "es"
        atom = ElementTree.fromstring(moved.get(f"/feed/{LIST}.es.atom").content)
        [entry] = atom.findall(f"{ATOM}entry")
        for name in ("id", "title", "updated", "published", "summary"):
            assert entry.findtext(f"{ATOM}{name}"), name
        assert entry.findtext(f"{ATOM}id") == f"tag:example.org,2026-03-02:{key}"
        assert atom.findtext(f"{ATOM}author/{ATOM}name") == "ICANN LAC"
        assert atom.find(f"{ATOM}link[@rel='self']") is not None


def test_a_feed_has_the_editions_of_its_list_and_language_alone(
    site: Site, publish: Publish
) -> None:
    spanish, french = publish(), publish(locale="fr")
    other = publish(account="elsewhere")
    feed = site.get(f"/feed/{LIST}.fr.rss").text
    assert (french in feed, spanish in feed, other in feed) == (True, False, False)
    assert site.get(f"/feed/{LIST}.pt-BR.rss").status_code == 200
    for wrong in ("nothing.es.rss", f"{LIST}.de.rss", f"{LIST}.es.json", f"{LIST}.x!.rss"):
        assert site.get(f"/feed/{wrong}").status_code == 404, wrong


def test_markup_in_a_summary_stays_text_in_a_feed_reader(site: Site, publish: Publish) -> None:
    publish(words="a <b>bold</b> claim")
    rss = ElementTree.fromstring(site.get(f"/feed/{LIST}.es.rss").content)
    assert rss.findtext("channel/item/description") == "a &lt;b&gt;bold&lt;/b&gt; claim"
    atom = ElementTree.fromstring(site.get(f"/feed/{LIST}.es.atom").content)
    assert atom.findtext(f"{ATOM}entry/{ATOM}summary") == "a <b>bold</b> claim"


def test_what_did_not_change_is_not_sent_again(site: Site, publish: Publish) -> None:
    key = publish()
    for path in (f"/feed/{LIST}.es.rss", f"/archive/{key}"):
        first = site.get(path)
        assert first.headers["last-modified"] == "Mon, 02 Mar 2026 12:00:00 GMT"
        again = site.get(path, **{"If-None-Match": f'"other", W/{first.headers["etag"]}'})
        assert (again.status_code, again.content) == (304, b"")
    publish(due_at=NOON + timedelta(minutes=1))
    tag = site.get(f"/feed/{LIST}.es.rss").headers["etag"]
    assert tag != first.headers["etag"]
