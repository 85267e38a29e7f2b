"""The public pages over a real database, and the mails that answer them, without a socket."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from campaigner.core.audience import Standing, mailbox_of
from campaigner.core.channel import Relay
from campaigner.core.message import Kind
from campaigner.core.signup import Answer
from campaigner.core.tokens import Keyring, Purpose, sign
from campaigner.db.engine import Sessions, make_sessions
from campaigner.db.models import Delivery, Message, Subscriber, SubscriberTopic, Subscription
from campaigner.mail.dkim import Signer
from campaigner.rendering.catalogs import Catalogs
from campaigner.rendering.environment import TemplateEnvironment, build_environment
from campaigner.rendering.signup_mails import RenderedLetter, render_letter
from campaigner.services.answer_signups import answer_signups
from campaigner.settings import AccountSettings, sample_root
from campaigner.web import public
from tests.fakes import FakeClock
from tests.relays import Relayed, body
from tests.rows import add_delivery, add_message

LIST = "newsletter"
PUBLIC = "https://news.example.org"
KEYRING = Keyring((b"k" * 32,))
ACCOUNTS = {
    LIST: AccountSettings(
        channel="email",
        title="LAC newsletter",
        locales=("en", "es", "pt_BR", "fr"),
        sender="ICANN LAC <lac@example.org>",
        reply_to="people@example.org",
        postal_address="Casa de Internet, Montevideo",
    )
}
TOPICS = {
    "policy": {"en": "Policy", "es": "Políticas"},
    "security": {"en": "Security", "es": "Seguridad"},
}
CATALOGS = Catalogs([sample_root() / "locales"])
ENVIRONMENT = build_environment([sample_root() / "templates"])
LINK = re.compile(rf"{re.escape(PUBLIC)}(/[cp]/[a-z2-7]+)")


@dataclass(kw_only=True)
class Site:
    """What of the wiring the pages see, a browser for them, and the mailroom behind them."""

    engine: Engine
    clock: FakeClock
    relay_of: Relayed = field(default_factory=Relayed)
    accounts: Mapping[str, AccountSettings] = field(default_factory=lambda: ACCOUNTS)
    catalogs: Catalogs = CATALOGS
    environment: TemplateEnvironment = ENVIRONMENT
    keyring: Keyring = KEYRING
    hookroom: None = None
    title: str = "ICANN LAC"
    home_zone: str = "America/Montevideo"
    public_base: str = PUBLIC

    def __post_init__(self) -> None:
        self.web = FastAPI()
        public.mount(self.web, self)
        self.sessions: Sessions = make_sessions(self.engine)

    @property
    def lists(self) -> Mapping[str, AccountSettings]:
        return {name: each for name, each in self.accounts.items() if each.channel == "email"}

    @property
    def public_url(self) -> str:
        return self.public_base

    def topic_titles(self) -> Mapping[str, Mapping[str, str]]:
        return TOPICS

    def write(
        self, answer: Answer, *, list: str, locale: str, link: str, address: str
    ) -> RenderedLetter:
        return render_letter(
            answer,
            link=link,
            address=address,
            sender=self.accounts[list],
            locale=locale,
            catalogs=self.catalogs,
            environment=self.environment,
        )

    def signers(self, list: str) -> Sequence[Signer]:
        return ()

    def relay(self, list: str) -> Relay:
        return self.relay_of

    def answer(self) -> int:
        """Answer what the forms received; return how many mails were tried."""
        return answer_signups(self.sessions, self, wait=lambda time: False, clock=self.clock)

    def ask(
        self,
        method: str,
        path: str,
        *,
        data: Mapping[str, str | list[str]] | None = None,
        host: str = "192.0.2.7",
        **headers: str,
    ) -> httpx.Response:
        async def once() -> httpx.Response:
            transport = httpx.ASGITransport(self.web, client=(host, 40000))
            async with httpx.AsyncClient(transport=transport, base_url=PUBLIC) as client:
                return await client.request(method, path, data=data, headers=headers)

        return asyncio.run(once())

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.ask("GET", path, data=None, host="192.0.2.7", **headers)

    def post(
        self,
        path: str,
        data: Mapping[str, str | list[str]] | None = None,
        *,
        host: str = "192.0.2.7",
        **headers: str,
    ) -> httpx.Response:
        return self.ask("POST", path, data=data, host=host, **headers)

    def form(self, address: str, *, lang: str = "en", **fields: Any) -> dict[str, str | list[str]]:
        """Return the fields of the form as a person sends it who opened it five seconds ago."""
        second = int((self.clock() - timedelta(seconds=5)).timestamp())
        return {
            "stamp": sign(KEYRING, Purpose.FORM, second),
            "lang": lang,
            "wording": self.wording(lang),
            "address": address,
            "action": "subscribe",
            **fields,
        }

    def wording(self, lang: str = "en") -> str:
        found = re.search(
            r'name="wording" value="(\w+)"', self.get(f"/subscribe/{LIST}?lang={lang}").text
        )
        assert found
        return found[1]

    def subscribe(self, address: str, *, host: str = "192.0.2.7", **fields: Any) -> httpx.Response:
        return self.post(f"/subscribe/{LIST}", self.form(address, **fields), host=host)

    def links(self) -> list[str]:
        """Return where the mails lead that were sent so far, in order."""
        found = (LINK.search(body(mail)) for mail in self.relay_of.mails)
        return [match[1] for match in found if match]

    def add_reader(self, address: str = "ana@example.org", **overrides: Any) -> int:
        """Add a subscriber of the list, who joined long ago; return their number."""
        with self.sessions.begin() as session:
            return self.add_reader_in(session, address, **overrides)

    def add_reader_in(
        self,
        session: Session,
        address: str,
        *,
        standing: Standing = Standing.ACTIVE,
        list: str = LIST,
        topics: Sequence[str] = (),
        **overrides: Any,
    ) -> int:
        """Add one as `add_reader`, in a transaction that others share."""
        joined = self.clock() - timedelta(days=100)
        values: dict[str, Any] = {
            "address": address,
            "mailbox": mailbox_of(address),
            "name": "Ana",
            "locale": "es",
            "zone": "America/Montevideo",
            "country": "UY",
            "added_at": joined,
        }
        row = Subscriber(**values | overrides)
        session.add(row)
        session.flush()
        session.add(
            Subscription(
                subscriber_id=row.id,
                list=list,
                state=standing.value,
                consent={"how": "import"},
                added_at=joined,
                changed_at=joined,
            )
        )
        session.add_all(SubscriberTopic(subscriber_id=row.id, topic=each) for each in topics)
        return row.id

    def add_mail(self, subscriber_id: int | None, **overrides: Any) -> int:
        """Add a mail of the list to a subscriber; return the delivery's number."""
        with self.sessions.begin() as session:
            message = self.add_edition(session)
            values = {"recipient": "ana@example.org", "subscriber_id": subscriber_id}
            return add_delivery(session, message, **values | overrides).id

    def add_edition(self, session: Session, **overrides: Any) -> Message:
        """Add an approved edition of the list, in Spanish."""
        values: dict[str, Any] = {
            "kind": Kind.MAIL,
            "account": LIST,
            "channel": "email",
            "locale": "es",
        }
        return add_message(session, **values | overrides)

    def token(self, purpose: Purpose, id: int) -> str:
        return sign(KEYRING, purpose, id)

    def standing(self, address: str = "ana@example.org", list: str = LIST) -> Standing | None:
        with self.sessions() as session:
            state = session.scalar(
                select(Subscription.state)
                .join(Subscriber)
                .where(Subscriber.mailbox == mailbox_of(address), Subscription.list == list)
            )
            return Standing(state) if state else None

    def state_of(self, delivery: int) -> str:
        with self.sessions() as session:
            return session.get_one(Delivery, delivery).state.value

    def now(self) -> datetime:
        return self.clock()
