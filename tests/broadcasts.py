"""Editions with readers, ready to leave: the rows that freezing and approval would have made."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from campaigner.core.audience import Standing
from campaigner.core.broadcast import Stage
from campaigner.core.delivery import State
from campaigner.core.message import Kind
from campaigner.core.tokens import Keyring
from campaigner.db.models import Block, Broadcast, Delivery, Message, Subscriber, Subscription
from campaigner.mail.transport import Server
from campaigner.services.broadcast import Route, Sender
from campaigner.settings import AccountSettings, RelaySettings
from tests.rows import NOON, add_message

LIST = "newsletter"
BASE = "smtp://127.0.0.1:8725"
BATCH = 5_000
KEYRING = Keyring((b"k" * 32,))


def add_readers(
    session: Session, addresses: Sequence[str], *, list: str = LIST, now: datetime = NOON
) -> list[int]:
    """Add active subscribers of a list, named as their address begins; return their numbers."""
    first = (session.scalar(select(func.max(Subscriber.id))) or 0) + 1
    ids = [*range(first, first + len(addresses))]
    for start in range(0, len(addresses), BATCH):
        part = [*zip(ids, addresses, strict=True)][start : start + BATCH]
        session.execute(
            insert(Subscriber),
            [
                {
                    "id": id,
                    "address": address,
                    "mailbox": address.lower(),
                    "name": address.partition("@")[0].capitalize(),
                    "locale": "en",
                    "zone": "UTC",
                    "added_at": now,
                }
                for id, address in part
            ],
        )
        session.execute(
            insert(Subscription),
            [
                {
                    "subscriber_id": id,
                    "list": list,
                    "state": Standing.ACTIVE.value,
                    "added_at": now,
                    "changed_at": now,
                }
                for id, _ in part
            ],
        )
    return ids


def add_edition(
    session: Session,
    addresses: Sequence[str],
    *,
    account: str = LIST,
    base: str = BASE,
    due_at: datetime = NOON,
    not_after: datetime | None = None,
    html: str = "<p>⟦name⟧, hola</p>",
    **overrides: Any,
) -> Message:
    """Add an approved edition that is due, with one queued mail for each of these readers."""
    readers = add_readers(session, addresses, list=account, now=due_at)
    message = add_message(
        session,
        kind=Kind.MAIL,
        account=account,
        channel="email",
        base=base,
        text="News",
        due_at=due_at,
        not_after=not_after or due_at + timedelta(days=2),
        approved_hash="0" * 64,
        **overrides,
    )
    session.add(
        Block(message_id=message.id, zone="", position=1, name="all", html=html, text="⟦name⟧\n")
    )
    session.add(
        Broadcast(
            message_id=message.id,
            stage=Stage.READY,
            candidates=len(readers),
            recipients=len(readers),
            frozen_at=due_at,
        )
    )
    session.flush()
    for start in range(0, len(readers), BATCH):
        session.execute(
            insert(Delivery),
            [
                {
                    "message_id": message.id,
                    "account": account,
                    "recipient": address,
                    "subscriber_id": id,
                    "slots": {"name": "Ana", "zone": "UTC"},
                    "state": State.QUEUED,
                    "scheduled_at": due_at,
                    "due_at": due_at,
                }
                for id, address in [*zip(readers, addresses, strict=True)][start : start + BATCH]
            ],
        )
    session.flush()
    return message


def sender_through(
    servers: Sequence[Server],
    *,
    connections: int = 2,
    wait: Callable[[timedelta], bool] = lambda time: False,
    keyring: Keyring = KEYRING,
    **settings: Any,
) -> Sender:
    """Return the list's way out through these servers, as fast as they take it."""
    account = {"channel": "email", "locales": ["en"], "sender": "LAC <lac@example.org>"}
    routes = [
        Route(
            name=f"{LIST}/{each.host}:{each.port}",
            settings=RelaySettings(
                address=f"smtp://{each.host}:{each.port}",
                connections=connections,
                per_second=100_000,
            ),
            server=each,
        )
        for each in servers
    ]
    return Sender(
        account=LIST,
        settings=AccountSettings.model_validate(account | settings),
        public_url="https://news.example.org",
        keyring=keyring,
        routes_at=lambda base: routes,
        signers_at=lambda base: (),
        claim=f"test/{LIST}",
        wait=wait,
    )


def states(session: Session) -> dict[str, State]:
    """Return how each mail stands, by its recipient."""
    rows = session.execute(select(Delivery.recipient, Delivery.state))
    return {row.recipient: row.state for row in rows}
