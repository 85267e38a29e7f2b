"""From a public form to a subscriber and out again, with the real daemon and a real mail server."""

import asyncio
import re
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import httpx
import pytest

from campaigner.app import App, utc_now
from campaigner.core.audience import Standing
from campaigner.core.tokens import Purpose, sign
from campaigner.db.memberships import find_by_mailbox
from campaigner.sandbox.log import read_log
from campaigner.web.server import build
from tests.acceptance.processes import daemon, until
from tests.acceptance.shell import Shell
from tests.acceptance.workspace import Workspace
from tests.rows import add_delivery, add_message

LIST = "news"
ACCOUNTS = {
    LIST: {
        "channel": "email",
        "title": "The news",
        "locales": ["en", "es"],
        "sender": "News <news@example.org>",
    }
}
SLOW = "PT5M"  # so that only a change that is heard of can have been the reason
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def workspace(tmp_path: Path, database_url: str) -> Iterator[Workspace]:
    with Workspace(tmp_path / "workspace", database_url, ACCOUNTS) as workspace:
        yield workspace


class Visitor:
    """A person with a browser and a mailbox."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.app: App = workspace.open(utc_now)
        self.web = build(self.app)

    def ask(self, method: str, path: str, data: dict[str, str] | None = None) -> httpx.Response:
        async def once() -> httpx.Response:
            transport = httpx.ASGITransport(self.web)
            async with httpx.AsyncClient(transport=transport, base_url="http://t") as client:
                return await client.request(method, path, data=data)

        return asyncio.run(once())

    def subscribe(self, address: str) -> httpx.Response:
        page = self.ask("GET", "/subscribe?lang=es").text
        found = re.search(r'name="wording" value="(\w+)"', page)
        assert found
        earlier = int((utc_now() - timedelta(seconds=5)).timestamp())
        stamp = sign(self.app.keyring, Purpose.FORM, earlier)
        form = {"address": address, "stamp": stamp, "wording": found[1], "lang": "es"}
        return self.ask("POST", "/subscribe", form)

    def mails(self) -> list[dict[str, Any]]:
        folder = self.workspace.root / "state" / "sandbox"
        return [each for each in read_log(folder) if each["event"] == "accepted"]

    def link(self) -> str:
        """Return where the newest mail leads."""
        entry = self.mails()[-1]
        raw = (self.workspace.root / "state" / "sandbox" / "mail" / entry["file"]).read_bytes()
        body = message_from_bytes(raw, policy=policy.default).get_body(["plain"])
        assert body is not None
        found = re.search(r"/[cp]/[a-z2-7]{29}", body.get_content())
        assert found
        return found[0]

    def standing(self, mailbox: str) -> Standing | None:
        with self.app.reading_sessions() as session:
            member = find_by_mailbox(session, list=LIST, mailbox=mailbox)
        return member.standing if member else None


def test_an_international_address_comes_and_goes(workspace: Workspace, shell: Shell) -> None:
    shell("db", "upgrade")
    visitor = Visitor(workspace)
    with daemon(workspace, sweep=SLOW) as process:
        assert visitor.subscribe("josé@bücher.example").status_code == 200
        until(visitor.mails, process, what="the mail that asks for a confirmation")
        [mail] = visitor.mails()
        assert mail["recipients"] == ["josé@xn--bcher-kva.example"]
        assert mail["language"] == "es"
        link = visitor.link()
        assert visitor.standing("josé@xn--bcher-kva.example") is None
        assert visitor.ask("POST", link, {}).status_code == 200
        assert visitor.standing("josé@xn--bcher-kva.example") is Standing.ACTIVE

        again = visitor.subscribe("josé@xn--bcher-kva.example")
        assert again.status_code == 200
        until(lambda: len(visitor.mails()) == 2, process, what="the answer to the second request")
        assert visitor.link().startswith("/p/"), "it is known by either way to write it"
    with visitor.app.sessions.begin() as session:
        member = find_by_mailbox(session, list=LIST, mailbox="josé@xn--bcher-kva.example")
        assert member is not None
        message = add_message(session, kind="mail", account=LIST, channel="email")
        waiting = add_delivery(
            session, message, recipient=member.address, subscriber_id=member.subscriber_id
        ).id
    token = sign(visitor.app.keyring, Purpose.UNSUBSCRIBE, waiting)
    reply = visitor.ask("POST", f"/u/{token}", {"List-Unsubscribe": "One-Click"})
    assert reply.status_code == 200
    assert visitor.standing("josé@xn--bcher-kva.example") is Standing.LEFT
    visitor.app.close()


@on_sqlite
@pytest.mark.parametrize("place", ["signups.decided", "signups.mailing", "signups.answered"])
def test_a_power_cut_loses_nobodys_request(workspace: Workspace, shell: Shell, place: str) -> None:
    shell("db", "upgrade")
    visitor = Visitor(workspace)
    visitor.subscribe("ana@example.org")
    with daemon(workspace, failpoints=f"{place}=kill", marks=workspace.root) as process:
        process.wait()
    assert (workspace.root / place).exists(), "it was there that it ended"
    with daemon(workspace, timedelta(minutes=3)) as process:
        expected = 2 if place == "signups.answered" else 1
        until(lambda: len(visitor.mails()) == expected, process, what="the mail")
    assert len({mail["message_id"] for mail in visitor.mails()}) == 1
    assert visitor.ask("POST", visitor.link(), {}).status_code == 200
    assert visitor.standing("ana@example.org") is Standing.ACTIVE
    visitor.app.close()
