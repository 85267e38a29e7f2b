"""A lane out of an account, and approved posts on it: what delivering is tested with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from campaigner.core.channel import Channel, Finding, Outcome, Rate, Sent
from campaigner.core.message import Outgoing
from campaigner.db.engine import Sessions
from campaigner.db.models import Delivery
from campaigner.services.deliver import Delivered, Lane, deliver_due
from tests.fakes import FakeChannel, FakeClock
from tests.rows import NOON, add_delivery, add_message

WAITS_FOR_NOBODY = 50  # looks after which a lane that never rests is in a loop


class InspectedChannel(FakeChannel):
    """Calls `during` while a post is being sent, or looked for, and answers as told."""

    def __init__(
        self,
        outcomes: Sequence[Outcome] = (),
        *,
        during: Callable[[Outgoing], None] = lambda post: None,
        **rest: Any,
    ) -> None:
        super().__init__(outcomes, **rest)
        self.during = during

    def send(self, post: Outgoing) -> Outcome:
        self.during(post)
        return super().send(post)

    def find(self, post: Outgoing) -> Finding:
        self.during(post)
        return super().find(post)


@dataclass
class Road:
    """One account's lane over a channel. `stops` is asked at each turn whether the daemon ends."""

    sessions: Sessions
    clock: FakeClock
    channel: Channel = field(default_factory=FakeChannel)
    rates: Sequence[Rate] = ()
    open: Callable[[str], Channel] | None = None
    stops: Callable[[], bool] = lambda: False

    def deliver(self, *, by: str = "one") -> Delivered:
        lane = Lane(
            account="x-en",
            channel_at=self.open or (lambda base: self.channel),
            rates=self.rates,
            claim=by,
            wait=lambda time: self.stops(),
            since=NOON - timedelta(days=1),
        )
        return deliver_due(self.sessions, lane, clock=self.clock)

    def deliver_all(self) -> int:
        """Go on as the daemon does, until nothing is to be done now; return how many were tried."""
        tried = 0
        for _ in range(WAITS_FOR_NOBODY):
            done = self.deliver()
            tried += done.tried
            if done.come_back is None or done.come_back > self.clock():
                return tried
        raise AssertionError("the lane never rests")


def queue(sessions: Sessions, message: dict[str, Any] | None = None, **overrides: Any) -> int:
    """Queue an approved post that is due at NOON; return its delivery's id."""
    with sessions.begin() as session:
        values = {"approved_hash": "0" * 64} | (message or {})
        return add_delivery(session, add_message(session, **values), **overrides).id


def row(sessions: Sessions, id: int) -> Delivery:
    """Return a delivery as another connection sees it."""
    with sessions() as session:
        return session.get_one(Delivery, id)


def sent(id: str = "7") -> Sent:
    return Sent(remote_id=id)
