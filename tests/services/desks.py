"""A desk without files, and campaigns in a few words: what queueing is tested with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from campaigner.core.cadence import Weekly
from campaigner.core.campaign import ANY, Campaign, Digest, Item, Picture, Schedule, Wording
from campaigner.core.delivery import Hold
from campaigner.core.message import Identity
from campaigner.core.queueing import SlotQueue
from campaigner.db.engine import Sessions
from campaigner.db.models import Delivery, Message
from campaigner.rendering.catalogs import Catalogs
from campaigner.rendering.drafts import Desk
from campaigner.settings import AccountSettings
from tests.rendering.builders import packaged_environment

ROOT_LOCALES = ("en", "es", "pt_BR", "fr")
TUESDAYS = Weekly(weekdays=frozenset({1}), times=(time(10),))
ACCOUNTS = {
    "x-en": AccountSettings(channel="x", locales=("en",)),
    "m": AccountSettings(channel="mastodon", locales=("en", "es")),
    "newsletter": AccountSettings(
        channel="email",
        title="ICANN LAC",
        locales=ROOT_LOCALES,
        sender="ICANN LAC <digest@example.org>",
        postal_address="Casa de Internet, Montevideo",
    ),
}


@dataclass
class Office:
    """Where the accounts are, which of them are live, and the pictures."""

    live: set[str] = field(default_factory=set)
    pictures: dict[str, bytes] = field(default_factory=dict)
    accounts: Mapping[str, AccountSettings] = field(default_factory=lambda: ACCOUNTS)
    catalogs: Catalogs = field(default_factory=lambda: Catalogs([]))
    slots: Mapping[str, SlotQueue] = field(default_factory=dict)

    @property
    def desk(self) -> Desk:
        return Desk(
            accounts=self.accounts,
            base_of=lambda name: f"https://{name}.example" if name in self.live else "http://here",
            catalogs=self.catalogs,
            environment=packaged_environment(),
            read_picture=lambda file: ("image/png", self.pictures[file]),
            slots_of=lambda name: self.slots[name],
        )


def wording(place: str, text: str, **given: str) -> Wording:
    return Wording(context=f"spring/{place}", source=text, given=given)


def item(number: int, **changes: Any) -> Item:
    """An item in English and Spanish with a link."""
    text = wording(
        f"item-{number} text", f"Lesson {number}", en=f"Lesson {number}", es=f"Lección {number}"
    )
    values: dict[str, Any] = {
        "id": f"item-{number}",
        "texts": {ANY: text},
        "links": {ANY: f"https://example.org/{number}"},
    }
    return Item(**values | changes)


def picture(file: str, **alt: str) -> Picture:
    return Picture(file=file, alt=wording("alt", alt["en"], **alt))


def campaign(*items: Item, on: int = 1, **changes: Any) -> Campaign:
    """A campaign of these items on Tuesdays (`on` is the weekday) at ten."""
    cadence = Weekly(weekdays=frozenset({on}), times=(time(10),))
    values: dict[str, Any] = {
        "id": "spring",
        "title": "Spring",
        "owner": "team",
        "projects": ("1.1.3", "2.2.1"),
        "accounts": ("x-en", "m"),
        "locales": ("en", "es"),
        "source_locale": "en",
        "schedule": Schedule(cadence=cadence, zone=ZoneInfo("America/Montevideo")),
        "items": items or (item(1), item(2), item(3)),
        "not_after": timedelta(days=2),
    }
    return Campaign(**values | changes)


def digest(**changes: Any) -> Campaign:
    """A weekly digest, composed two days before each Tuesday."""
    said = {locale: f"Digest <{locale}>" for locale in ROOT_LOCALES}
    words = wording("digest", said["en"], **said)
    values: dict[str, Any] = {
        "id": "digest",
        "accounts": ("newsletter",),
        "locales": ROOT_LOCALES,
        "items": (),
        "digest": Digest(subject=words, introduction=words, compose_before=timedelta(days=2)),
    }
    made = campaign(item(1), **values | changes)
    return made


Row = tuple[str, str, str]  # item, account, locale


@dataclass(frozen=True, kw_only=True)
class Queued:
    """A message and its delivery as they stand in the tables."""

    message: Message
    delivery: Delivery

    @property
    def day(self) -> date:
        return self.message.day

    @property
    def hold(self) -> Hold | None:
        return self.message.hold


def current(sessions: Sessions) -> dict[Row, Queued]:
    """Return what may still go out or went, one per identity: neither replaced nor canceled."""
    with sessions() as session:
        found = session.execute(
            select(Message, Delivery)
            .join(Delivery)
            .where(Message.state.in_(["held", "approved"]))
            .order_by(Message.id)
        )
        return {
            (message.item, message.account, message.locale): Queued(
                message=message, delivery=delivery
            )
            for message, delivery in found
        }


def named(identity: Identity) -> Row:
    return (identity.item, identity.account, identity.locale)
