"""The promise under any order of events: a seeded walk over the services, as people and crashes do.

The network tells the truth to who looks, so that nothing may ever be out
twice, or be asked of a person twice, unless somebody said so or a row said
that it was in doubt.
"""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from campaigner.channels.manual import RECOVERY as BY_HAND
from campaigner.channels.mastodon import RECOVERY as KEYED
from campaigner.channels.x import RECOVERY as BY_TEXT
from campaigner.core.by_hand import Decision
from campaigner.core.cadence import Weekly
from campaigner.core.campaign import ANY
from campaigner.core.channel import (
    Absent,
    Channel,
    Corrected,
    Disconnected,
    Done,
    Finding,
    Gone,
    Handed,
    Outcome,
    Recovery,
    Reject,
    Retry,
    Sent,
    Unknown,
)
from campaigner.core.correction import Way, Wish
from campaigner.core.delivery import MessageState, State
from campaigner.core.message import Outgoing
from campaigner.db import accounts, listing, outbox, pauses, reasons, upkeep
from campaigner.db.engine import Sessions
from campaigner.db.models import Delivery
from campaigner.errors import UserError
from campaigner.services import outbox as by_hand
from campaigner.services.approve import approve
from campaigner.services.correct import Aim, correct, foresee
from campaigner.services.deliver import Lane, deliver_due
from campaigner.services.missed import decide_missed
from campaigner.services.move import move
from campaigner.services.pause import pause, resume
from campaigner.services.publish_by_hand import done, undo
from campaigner.services.queue import queue_campaign
from campaigner.services.recover import recover_unknown
from campaigner.settings import AccountSettings
from tests.fakes import FakeChannel, FakeClock
from tests.services.desks import Office, campaign, item, wording

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
EVERY_DAY = Weekly(weekdays=frozenset(range(7)), times=(time(10),))
ACCOUNTS = {
    "x-en": AccountSettings(channel="x", locales=("en",)),
    "m": AccountSettings(channel="mastodon", locales=("en", "pt_BR")),
    "group": AccountSettings(
        channel="manual",
        locales=("en",),
        country="CL",
        place="LinkedIn group",
        people=("ana@example.org",),
        through="newsletter",
    ),
}
RECOVERIES: dict[str, Recovery] = {"x-en": BY_TEXT, "m": KEYED, "group": BY_HAND}
STOPS = [
    ("all", ""),
    ("account", "m"),
    ("campaign", "spring"),
    ("country", "BR"),
    ("country", "CL"),
]
STEPS = 70
OFTEN = ["deliver", "approve", "tidy", "recover", "reconnect", "a while", "hours"]

Told = tuple[str, str, str]  # account, item, locale: what is out once


class KilledError(BaseException):
    """The process ends here, as `kill -9` ends it: nothing of ours is run any more."""


class BrokenError(BaseException):
    """The promise is broken. No `except Exception` of a lane may take it for a network's fault."""


def hold(condition: object, what: str) -> None:
    if not condition:
        raise BrokenError(what)


@dataclass
class Network(FakeChannel):
    """One account's network, or its people: takes posts, loses answers, dies with us."""

    walk: "Walk"
    account: str
    out: dict[str, str] = field(default_factory=dict)  # id by key

    def __post_init__(self) -> None:
        super().__init__(recovery=RECOVERIES[self.account])

    def send(self, post: Outgoing) -> Outcome:
        self.walk.check_may_leave(post)
        self.walk.meanwhile()
        fate = self.walk.dice.random()
        if fate < 0.25:
            return self._not_done()
        if fate < 0.35:
            return Unknown("the request was lost on its way")
        if fate < 0.38:
            raise KilledError
        outcome = self._take(post)
        self.walk.meanwhile()
        if fate < 0.45:
            return Unknown("the answer was lost on its way")
        if fate < 0.5:
            raise KilledError
        return outcome

    def find(self, post: Outgoing) -> Finding:
        if self.account == "group":
            return Absent()
        if self.walk.dice.random() < 0.2:
            return Unknown("it does not answer")
        return Sent(self.out[post.key]) if post.key in self.out else Absent()

    def edit(self, remote_id: str, text: str) -> Corrected:
        return self._corrected(remote_id)

    def delete(self, remote_id: str) -> Corrected:
        return self._corrected(remote_id)

    def _take(self, post: Outgoing) -> Outcome:
        if self.account == "group":
            self.walk.handed(post)
            return Handed("told ana")
        if post.key not in self.out or self.account != "m":
            self.walk.accepted(self.account, post)
            self.out[post.key] = f"{self.account}-{len(self.walk.log)}"
        return Sent(self.out[post.key])

    def _not_done(self) -> Outcome:
        answers: list[Outcome] = [
            Retry("nobody answers", reached=False),
            Retry("too many"),
            Retry("too many", reset_at=self.walk.clock() + timedelta(minutes=15)),
            Reject("refused"),
            Disconnected("its token is not known"),
        ]
        return self.walk.dice.choice(answers)

    def _corrected(self, remote_id: str) -> Corrected:
        fate = self.walk.dice.random()
        if fate < 0.1:
            raise KilledError
        known = remote_id in self.out.values()
        return Unknown("no answer") if fate < 0.3 else Done() if known else Gone()


class Walk:
    """Draws what happens next, remembers what the networks saw, and compares."""

    def __init__(self, sessions: Sessions, seed: int) -> None:
        self.sessions = sessions
        self.dice = random.Random(seed)
        self.clock = FakeClock(MONDAY)
        self.file = campaign(
            *(item(number) for number in (1, 2, 3)),
            accounts=tuple(ACCOUNTS),
            locales=("en", "pt_BR"),
        )
        self.file = replace(self.file, schedule=replace(self.file.schedule, cadence=EVERY_DAY))
        self.office = Office(accounts=ACCOUNTS)
        self.networks = {name: Network(walk=self, account=name) for name in ACCOUNTS}
        self.log: list[str] = []
        self.taken: Counter[Told] = Counter()  # how often the network took it
        self.word: set[Told] = set()  # a person said that it is not out, or is to go out (again)
        self.asked: set[int] = set()  # deliveries that a person has been asked for
        self.workers = 0
        self.deep = 0
        self.events: dict[str, Callable[[], None]] = {
            "queue": self.queue,
            "edit": self.edit_file,
            "approve": self.approve,
            "deliver": self.deliver,
            "tidy": self.tidy,
            "recover": self.recover,
            "pause": self.pause,
            "resume": self.resume,
            "reconnect": self.reconnect,
            "retry": self.retry,
            "cancel": self.cancel,
            "move": self.move,
            "missed": self.missed,
            "resolve": self.resolve,
            "done": self.done,
            "undo": self.undo,
            "correct": self.correct,
            "a while": lambda: self.clock.tick(seconds=self.dice.choice([11, 31, 121, 600])),
            "hours": lambda: self.clock.tick(hours=self.dice.choice([1, 2, 11])),
        }

    def run(self) -> None:
        self.queue()
        self.approve()
        for _ in range(STEPS):
            self.step()
            self.check()
        self.calm_down()

    def step(self) -> None:
        name = self.dice.choice([*self.events, *OFTEN * 3])
        self.log.append(name)
        try:
            self.events[name]()
        except UserError as error:
            self.log.append(f"  {error}")
        except KilledError:
            self.log.append("  killed")
            if self.deep:
                raise

    def meanwhile(self) -> None:
        """Let something happen while a network is being asked: another process, a person, time."""
        if self.deep or self.dice.random() < 0.6:
            return
        self.deep += 1
        try:
            for _ in range(self.dice.randrange(1, 6)):
                self.step()
        finally:
            self.deep -= 1

    # What happens.

    def queue(self) -> None:
        queue_campaign(
            self.sessions,
            self.file,
            self.office.desk,
            start=None,
            new_run=False,
            by="author",
            now=self.clock(),
            dry_run=False,
        )

    def edit_file(self) -> None:
        words = f"Lesson {self.dice.randrange(100)}"
        text = wording("item-1 text", words, en=words, pt_BR=words)
        embargo = self.clock() + timedelta(hours=self.dice.randrange(-24, 24))
        at = time(self.dice.randrange(8, 12))
        self.file = self.dice.choice(
            [
                replace(
                    self.file,
                    items=(replace(self.file.items[0], texts={ANY: text}), *self.file.items[1:]),
                ),
                replace(self.file, embargo_until=self.dice.choice([None, embargo])),
                replace(self.file, items=(item(1), item(2), item(3))[self.dice.randrange(2) :]),
                replace(self.file, not_after=timedelta(days=self.dice.choice([1, 2, 3]))),
                replace(
                    self.file,
                    schedule=replace(self.file.schedule, cadence=replace(EVERY_DAY, times=(at,))),
                ),
            ]
        )

    def approve(self) -> None:
        approve(self.sessions, campaign="spring", by="approver", now=self.clock())

    def deliver(self) -> None:
        self.workers += 1
        with self.sessions() as session:
            due = outbox.due_accounts(session, now=self.clock())
        for name in due:
            self.deliver_on(name)

    def deliver_on(self, name: str) -> None:
        lane = Lane(
            account=name,
            channel_at=lambda base: self.networks[name],
            rates=(),
            claim=f"worker {self.workers}/{name}",
            wait=lambda time: self.dice.random() < 0.05,
            since=MONDAY,
        )
        deliver_due(self.sessions, lane, clock=self.clock)

    def tidy(self) -> None:
        with self.sessions() as session:
            outbox.recover_lost(session, now=self.clock())
            upkeep.give_up_resending(session, now=self.clock())
            upkeep.expire(session, now=self.clock())
            session.commit()

    def recover(self) -> None:
        recover_unknown(self.sessions, self.channel_at, clock=self.clock)

    def pause(self) -> None:
        scope, target = self.dice.choice(STOPS)
        pause(self.sessions, scope=scope, target=target, reason="wait", by="ana", now=self.clock())

    def resume(self) -> None:
        scope, target = self.dice.choice(STOPS)
        resume(self.sessions, scope=scope, target=target, by="ana", now=self.clock())

    def reconnect(self) -> None:
        with self.sessions() as session:
            for name in ACCOUNTS:
                accounts.reconnect(session, name)
                upkeep.unhold_account(session, account=name)
            session.commit()

    def retry(self) -> None:
        id = self.any_delivery()
        by_hand.retry(self.sessions, id, by="ana", now=self.clock())
        self.said(id)

    def cancel(self) -> None:
        by_hand.cancel(self.sessions, self.any_delivery(), by="ana", reason="no", now=self.clock())

    def move(self) -> None:
        id, to = self.any_delivery(), self.clock() + timedelta(hours=self.dice.randrange(1, 40))
        last = self.dice.choice([None, to + timedelta(hours=1)])
        move(self.sessions, id, to=to, not_after=last, reason="later", by="ana", now=self.clock())
        self.said(id)

    def missed(self) -> None:
        decision = self.dice.choice(list(Decision))
        decided = decide_missed(
            self.sessions,
            decision=decision,
            move_by=timedelta(hours=self.dice.choice([1, 5, 24])),
            reason="later",
            by="ana",
            now=self.clock(),
        )
        for one in decided.taken:
            self.said(one.row.delivery.id)

    def resolve(self) -> None:
        id, sent = self.any_delivery(State.UNKNOWN), self.dice.random() < 0.5
        by_hand.resolve(self.sessions, id, sent=sent, remote_id="", by="ana", now=self.clock())
        self.said(id)

    def done(self) -> None:
        id = self.any_delivery()
        done(
            self.sessions,
            id,
            url="https://group.example/1",
            at=self.clock(),
            by="ana",
            now=self.clock(),
        )
        self.said(id)

    def undo(self) -> None:
        id = self.any_delivery(State.SENT)
        undo(self.sessions, id, by="ana", now=self.clock())
        self.said(id)

    def correct(self) -> None:
        way = self.dice.choice(list(Way))
        words = "https://example.net/right" if way is Way.REPOINT else f"Right {len(self.log)}"
        wish = Wish(way=way, reason="wrong", by="maria", words=words)
        number = self.any_delivery(State.SENT)
        seen = foresee(self.sessions, Aim(number=number), wish, limit_of=lambda account: 500)
        list(correct(self.sessions, seen, self.channel_at, clock=self.clock))

    def channel_at(self, account: str, base: str) -> Channel:
        return self.networks[account]

    def any_delivery(self, *states: State) -> int:
        with self.sessions() as session:
            wanted = states or set(State) - {State.CANCELED}
            query = select(Delivery.id).where(Delivery.state.in_(wanted)).order_by(Delivery.id)
            ids = session.scalars(query).all()
        if not ids:
            raise UserError("there is none")
        return self.dice.choice(ids)

    # What was seen and said.

    def identity(self, id: int) -> Told:
        with self.sessions() as session:
            row = listing.find_delivery(session, id)
            assert row is not None
            return row.message.account, row.message.item, row.message.locale

    def said(self, id: int) -> None:
        self.log.append(f"  about {id}")
        self.word.add(self.identity(id))

    def accepted(self, account: str, post: Outgoing) -> None:
        assert post.origin is not None
        told = (account, post.origin.item, post.origin.locale)
        self.log.append(f"  {told} is out, as {post.origin.delivery}")
        hold(not self.taken[told] or told in self.word, f"{told} went out twice")
        self.taken[told] += 1
        self.word.discard(told)

    def handed(self, post: Outgoing) -> None:
        assert post.origin is not None
        id = post.origin.delivery
        told = self.identity(id)
        self.log.append(f"  {told} is handed over, as {id}")
        with self.sessions() as session:
            doubts = [one.outcome for one in listing.attempts_of(session, id)]
            doubtful = session.get_one(Delivery, id).resend_until is not None
        again = id in self.asked and told not in self.word
        hold(not again or doubtful, f"{told} was handed over twice: {doubts}")
        self.asked.add(id)
        self.word.discard(told)

    # What has to hold.

    def check_may_leave(self, post: Outgoing) -> None:
        """Assert at a network's door what has to hold for whatever comes through it."""
        assert post.origin is not None
        now = self.clock()
        with self.sessions() as session:
            row = listing.find_delivery(session, post.origin.delivery)
            stops = {(stop.scope, stop.target) for stop in pauses.open_pauses(session)}
            known = accounts.states(session).get(row.delivery.account) if row else None
        assert row is not None
        message, delivery = row.message, row.delivery
        hold(delivery.state is State.SENDING, "not fenced")
        hold(message.state is MessageState.APPROVED, "not approved")
        hold(message.approved_hash == message.content_hash, "not what was approved")
        hold(message.embargo_until is None or message.embargo_until <= now, "under embargo")
        hold(message.not_after > now, "too late")
        hold(known is None or known.disconnected_at is None, "its account is refused")
        covered = {
            ("all", ""),
            ("account", message.account),
            ("campaign", message.campaign),
            ("country", delivery.country),
        }
        hold(not stops & covered, f"paused: {stops & covered}")

    def check(self) -> None:
        for row in self.rows():
            told = (row.message.account, row.message.item, row.message.locale)
            id, state = row.delivery.id, row.delivery.state
            if state is State.SENT and told not in self.word and row.message.account != "group":
                hold(self.taken[told], f"{told} counts as sent and never was")
            if state is State.HELD:
                hold(row.delivery.hold, f"{id} waits for nothing")
            if state is State.UNKNOWN:
                hold(row.delivery.first_attempt_at, f"{id} is in doubt and was never tried")
        out = {
            (row.message.account, row.message.item, row.message.locale)
            for row in self.rows()
            if row.delivery.state in (State.SENT, State.UNKNOWN, State.SENDING)
        }
        lost = set(self.taken) - out - self.word
        hold(not lost, f"{lost} are out and nobody knows")

    def calm_down(self) -> None:
        """Let the daemon work undisturbed for a while: nothing stays on its way."""
        self.deep = 1  # nothing happens meanwhile
        for scope, target in STOPS:
            try:
                resume(self.sessions, scope=scope, target=target, by="ana", now=self.clock())
            except UserError:
                continue
        self.reconnect()
        for _ in range(12):
            self.clock.tick(minutes=61)
            self.tidy()
            for name in ACCOUNTS:
                try:
                    self.workers += 1
                    self.deliver_on(name)
                except KilledError:
                    self.log.append("  killed")
            self.recover()
            self.reconnect()
            self.check()
        self.clock.tick(minutes=1)
        self.tidy()
        for row in self.rows():
            id, state = row.delivery.id, row.delivery.state
            hold(state not in (State.CLAIMED, State.SENDING), f"{id} is stuck: {state}")
            hold(reasons.why(row, [], {}, now=self.clock()), f"{id} tells nothing")
            stays = row.delivery.due_at < self.clock() - timedelta(hours=3)
            hold(state is not State.QUEUED or not stays, f"{id} is due and stays")

    def rows(self) -> list[Any]:
        with self.sessions() as session:
            return listing.list_deliveries(session)


@pytest.mark.parametrize("seed", range(4))
def test_in_any_order_nothing_is_lost_or_out_twice_in_silence(
    sessions: Sessions, seed: int
) -> None:
    walk = Walk(sessions, seed)
    try:
        walk.run()
    except BrokenError as error:
        raise AssertionError("\n".join([str(error), *walk.log])) from error
