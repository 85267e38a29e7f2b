import smtplib
from collections.abc import Iterator
from email.message import EmailMessage

import httpx
import pytest

from campaigner.sandbox.server import Sandbox
from campaigner.sandbox.views import html_of
from campaigner.settings import AccountSettings
from tests.channels.stub import Stub, answer
from tests.fakes import FakeClock
from tests.sandbox.conftest import ANY_PORT, PIXEL

ACCOUNTS = {
    "x-es": AccountSettings(
        channel="x", title="ICANN LAC en español", handle="ICANN_es", locales=("es",)
    ),
    "mastodon": AccountSettings(
        channel="mastodon", title="ICANN LAC", handle="icann_lac", locales=("en", "es")
    ),
}
SPANISH = """msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Language: es\\n"

msgid "Inbox"
msgstr "Bandeja de entrada"
"""


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox with accounts from the settings, a post on each network and a mail."""
    workspace = tmp_path_factory.mktemp("workspace")
    catalog = workspace / "locales" / "es" / "LC_MESSAGES" / "templates.po"
    catalog.parent.mkdir(parents=True)
    catalog.write_text(SPANISH, encoding="utf-8")
    sandbox = Sandbox(
        ANY_PORT,
        workspace / "state",
        accounts=ACCOUNTS,
        workspace=workspace,
        clock=FakeClock(),
    )
    with sandbox:
        _fill(sandbox)
        yield sandbox


def _fill(sandbox: Sandbox) -> None:
    x = {"Authorization": "Bearer sandbox-x-es"}
    text = "El <b>phishing</b> & usted #Phishing https://www.icann.org/es"
    posted = httpx.post(
        f"{sandbox.ports.base('x')}/2/tweets", json={"text": text}, headers=x, trust_env=False
    )
    posted.raise_for_status()
    base = sandbox.ports.base("mastodon")
    token = {"Authorization": "Bearer sandbox-mastodon"}
    medium = httpx.post(
        f"{base}/api/v2/media",
        files={"file": ("a.png", PIXEL)},
        data={"description": 'A "hook"'},
        headers=token,
        trust_env=False,
    )
    values = {"status": "One term a week", "media_ids[]": medium.json()["id"], "language": "en"}
    httpx.post(
        f"{base}/api/v1/statuses", data=values, headers=token, trust_env=False
    ).raise_for_status()
    mail = EmailMessage()
    mail.set_content("Solo texto")
    mail.add_alternative('<p onclick="x()">Hola <script>alert(1)</script></p>', subtype="html")
    mail["From"], mail["To"] = "ICANN LAC <a@example.org>", "lectora@example.net"
    mail["Subject"], mail["Content-Language"] = "Edición <1>", "es-419"
    with smtplib.SMTP("127.0.0.1", sandbox.ports.smtp) as smtp:
        smtp.send_message(mail)


def get(sandbox: Sandbox, path: str, **headers: str) -> httpx.Response:
    return httpx.get(sandbox.address + path, headers=headers, trust_env=False)


def test_the_overview_shows_posts_accounts_and_mails(shown: Sandbox) -> None:
    html = get(shown, "/").text
    assert "ICANN LAC en español" in html
    assert "@ICANN_es" in html
    assert "El &lt;b&gt;phishing&lt;/b&gt; &amp; usted" in html
    assert '<span class="tag">#Phishing</span>' in html
    assert (
        '<a href="https://www.icann.org/es" rel="noreferrer" target="_blank">icann.org/es</a>'
        in html
    )
    assert "60/280" in html
    assert '<p class="text" lang="es" dir="auto">' in html
    assert 'alt="A &#34;hook&#34;"' in html
    assert "Edición &lt;1&gt;" in html


def test_a_timeline_is_one_accounts(shown: Sandbox) -> None:
    html = get(shown, "/timeline/mastodon/mastodon").text
    assert "One term a week" in html
    assert "phishing" not in html
    assert get(shown, "/timeline/facebook/x").status_code == 404


def test_a_mail_is_shown_as_html_and_text_without_power_over_the_page(shown: Sandbox) -> None:
    (mail,) = get(shown, "/api/inbox").json()
    html = get(shown, f"/inbox/{mail['id']}").text
    assert "Solo texto" in html
    assert "alert(1)" not in html
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in html
    assert 'lang="es-419"' in html
    frame = get(shown, f"/inbox/{mail['id']}/html")
    policy = frame.headers["content-security-policy"]
    assert "Hola" in frame.text
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "sandbox allow-popups" in policy
    assert b"Subject:" in get(shown, f"/inbox/{mail['id']}/source").content


@pytest.mark.parametrize(
    ("status", "words"), [(200, "unsubscribed you with one click"), (404, "answered with 404")]
)
def test_one_click_is_posted_as_a_mailbox_provider_does(
    sandbox: Sandbox, page: httpx.Client, account: str, status: int, words: str
) -> None:
    with Stub(answer(status)) as server:
        links = f"<{server.base}/u/token>, <mailto:u@example.org>"
        id = send_with_links(sandbox, account, links)
        assert "Unsubscribe as a mailbox provider" in page.get(f"/inbox/{id}").text
        assert words in page.post(f"/inbox/{id}/unsubscribe").text
    (asked,) = server.requests
    assert asked.startswith(b"POST /u/token HTTP/1.1\r\n")
    assert asked.endswith(b"\r\n\r\nList-Unsubscribe=One-Click")
    assert b"cookie" not in asked.lower()


def test_a_click_goes_to_no_other_machine(
    sandbox: Sandbox, page: httpx.Client, account: str
) -> None:
    id = send_with_links(sandbox, account, "<https://news.example.org/u/token>")
    assert "Unsubscribe as" not in page.get(f"/inbox/{id}").text
    assert "Nobody answered" in page.post(f"/inbox/{id}/unsubscribe").text
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    assert page.post(f"/inbox/{id}/unsubscribe", headers=elsewhere).status_code == 403


def send_with_links(sandbox: Sandbox, account: str, links: str) -> str:
    """Send a mail that offers to unsubscribe; return its id."""
    mail = EmailMessage()
    mail.set_content("Hola")
    mail["From"], mail["List-Unsubscribe"] = f"{account} <a@example.org>", links
    mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    with smtplib.SMTP("127.0.0.1", sandbox.ports.smtp) as smtp:
        smtp.send_message(mail, to_addrs=["lectora@example.net"])
    found: str = get(sandbox, "/api/inbox").json()[0]["id"]
    return found


def test_the_page_speaks_the_readers_language(shown: Sandbox) -> None:
    assert "Bandeja de entrada" in get(shown, "/", **{"Accept-Language": "es-UY,es;q=0.9"}).text
    assert '<html lang="pt-BR"' in get(shown, "/", **{"Accept-Language": "pt"}).text
    assert '<html lang="en"' in get(shown, "/", **{"Accept-Language": "gn, xx-bad!"}).text
    asked = get(shown, "/?lang=fr", **{"Accept-Language": "es"})
    assert '<html lang="fr"' in asked.text
    assert "sandbox-language=fr" in asked.headers["set-cookie"]


def test_the_json_tells_what_the_page_shows(shown: Sandbox) -> None:
    posts = get(shown, "/api/timeline").json()
    assert [post["network"] for post in posts] == ["mastodon", "x"]
    (post,) = get(shown, "/api/timeline?network=x&account=x-es").json()
    assert post["text"] == "El <b>phishing</b> & usted #Phishing https://www.icann.org/es"
    assert (post["length"], post["limit"], post["language"]) == (60, 280, "es")
    assert post["counters"]["impressions"] == 0


def test_nothing_comes_from_elsewhere(shown: Sandbox) -> None:
    reply = get(shown, "/")
    assert "default-src 'none'" in reply.headers["content-security-policy"]
    assert get(shown, "/static/sandbox.css").headers["content-type"].startswith("text/css")
    assert "javascript" in get(shown, "/static/sandbox.js").headers["content-type"]
    assert get(shown, "/static/base.html").status_code == 404
    assert get(shown, "/media/..%2flog.jsonl").status_code == 404


def test_another_name_for_this_machine_is_not_answered(shown: Sandbox) -> None:
    assert get(shown, "/api/timeline", Host="evil.example").status_code == 421


def test_what_is_not_there_is_said_so(shown: Sandbox) -> None:
    for path in ("/nowhere", "/inbox/1", "/post/x/1", "/inbox/1/html"):
        reply = get(shown, path)
        assert reply.status_code == 404
        assert "There is nothing here" in reply.text


def test_faults_are_set_and_taken_back_as_json(page: httpx.Client) -> None:
    wish = {"network": "x", "fault": "accept-and-drop", "times": 2, "account": "nobody"}
    set_ = page.post("/faults", json=wish)
    assert set_.status_code == 201
    assert page.get("/faults").json() == page.get("/api/faults").json() == [set_.json()]
    both = page.post("/faults", json=[wish, {"network": "smtp", "fault": "hold", "account": "n"}])
    assert len(both.json()) == 2
    assert page.delete(f"/faults/{set_.json()['id']}").status_code == 204
    assert len(page.get("/api/faults").json()) == 2
    assert page.delete("/faults").status_code == 204
    assert page.get("/api/faults").json() == []
    for wrong in ({"network": "x"}, [3], "x:hold"):
        refused = page.post("/faults", json=wrong)
        assert refused.status_code == 400
        assert refused.json()["error"].startswith("fault:")
    assert page.post("/faults", content=b"{").status_code == 400


def test_faults_are_set_and_taken_back_by_the_form(page: httpx.Client) -> None:
    form = {"action": "add", "network": "mastodon", "fault": "hold", "account": "n", "times": ""}
    added = page.post("/faults", data=form)
    assert (added.status_code, added.headers["location"]) == (303, "/faults")
    (fault,) = page.get("/api/faults").json()
    assert (fault["times"], fault["fault"]) == (None, "hold")
    html = page.get("/faults", headers={"Accept": "text/html"}).text
    assert "Taken, and the answer held back" in html
    wrong = page.post("/faults", data={**form, "times": "often"})
    assert wrong.status_code == 400
    assert "Write a whole number" in wrong.text
    elsewhere = page.post("/faults", data=form, headers={"Sec-Fetch-Site": "cross-site"})
    assert elsewhere.status_code == 403
    page.post("/faults", data={"action": "remove", "id": str(fault["id"])})
    assert page.get("/api/faults").json() == []


def test_a_picture_inside_a_mail_is_shown_in_place() -> None:
    mail = EmailMessage()
    mail.set_content("text")
    mail.add_alternative('<img src="cid:logo@x">', subtype="html")
    part = mail.get_body(("html",))
    assert isinstance(part, EmailMessage)
    part.add_related(PIXEL, "image", "png", cid="<logo@x>")
    assert 'src="data:image/png;base64,iVBOR' in html_of(mail.as_bytes())
