"""Broadcast: approved editions to their readers, one mail each, none lost, none twice in silence.

The connections are mail.pool's; this is the ledger that they answer to. One
commit records what became of their last mails and fences their next ones; only
what it fenced is sent. So a kill leaves in doubt at most one mail for each open
connection, and a person's pause, cancel or unsubscribe that was committed before
a fence is obeyed.
"""

import random
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import NamedTuple

import structlog
from sqlalchemy.orm import Session

from campaigner.core.channel import Disconnected, Outcome, Reject, Sent
from campaigner.core.delivery import State, Step, after_outcome
from campaigner.core.relays import Share, admitted, brought_up, spread
from campaigner.core.tokens import Keyring
from campaigner.core.warm_up import allowance, next_day
from campaigner.db import accounts, broadcasts, changes, editions, mails, outbox, pauses, relays
from campaigner.db.engine import Sessions, durably
from campaigner.db.meter import Meter
from campaigner.db.models import Block, Message
from campaigner.errors import UserError
from campaigner.failpoints import reach
from campaigner.mail.compose import Head
from campaigner.mail.dkim import Signer
from campaigner.mail.envelope import Envelope
from campaigner.mail.forms import Form, Forms, filled
from campaigner.mail.lists import head_of, return_domain
from campaigner.mail.pool import Answer, Grant, Pool, Report, Trouble, Way
from campaigner.mail.transport import Server
from campaigner.settings import AccountSettings, RelaySettings

log = structlog.get_logger()

CLAIMED = 400  # mails reserved at a time: a few seconds' worth, and no long write
RENEWED = timedelta(seconds=10)
LONGEST_REST = timedelta(seconds=10)  # of a connection that waits for a token; else it is closed
SOON = timedelta(milliseconds=20)
ROUNDS = 3  # how often in one turn what the fence refused is made up for
SIGNING_THREADS = 2


@dataclass(frozen=True, kw_only=True)
class Route:
    """A relay that is to be used. `name` is ACCOUNT/HOST:PORT."""

    name: str
    settings: RelaySettings
    server: Server


@dataclass(frozen=True, kw_only=True)
class Broadcasted:
    """How many mails were tried, and when to come back for more; None: when told."""

    tried: int
    come_back: datetime | None


@dataclass(frozen=True, kw_only=True)
class Sender:
    """One e-mail account's way out.

    `routes_at` and `signers_at` take the base address that a message was
    queued for, and raise UserError where the account lacks something.
    `public_url` is where readers reach our pages. `wait` sleeps for a time and
    says True if the daemon is to stop.
    """

    account: str
    settings: AccountSettings
    public_url: str
    keyring: Keyring
    routes_at: Callable[[str], Sequence[Route]]
    signers_at: Callable[[str], Sequence[Signer]]
    claim: str
    wait: Callable[[timedelta], bool]


def broadcast_due(
    sessions: Sessions, sender: Sender, *, clock: Callable[[], datetime]
) -> Broadcasted:
    """Send what is due on the account, until nothing is left that may leave now.

    Messages of one base address at a time: each goes to the relays that it was
    queued for. What breaks it off leaves nothing in hand: a living daemon
    would renew it for ever.
    """
    # One connection for the whole run: to take it from the pool for each turn costs as much as
    # the turn's own statements.
    with sessions.kw["bind"].connect() as connection, sessions(bind=connection) as session:
        now = clock()
        due = broadcasts.due_messages(session, account=sender.account, now=now)
        if not due:
            return Broadcasted(tried=0, come_back=None)
        base = session.get_one(Message, due[0]).base
        try:
            routes, signers = sender.routes_at(base), sender.signers_at(base)
        except UserError as error:
            _disconnect(session, sender.account, reason=str(error), now=now)
            session.commit()
            return Broadcasted(tried=0, come_back=None)
        kept_back = relays.resting(session, [route.name for route in routes], now=now)
        usable = [route for route in routes if route.name not in kept_back]
        if not usable:
            return Broadcasted(tried=0, come_back=min(kept_back.values()))
        session.rollback()
        ledger = _Ledger(session, sender, routes, usable, base, signers, clock=clock)
        try:
            return _send(ledger, usable, composers=SIGNING_THREADS if signers else 0)
        except Exception:
            session.rollback()
            durably(session, lambda: outbox.abandon(session, claim=sender.claim, now=clock()))
            raise


def _send(ledger: "_Ledger", usable: Sequence[Route], *, composers: int) -> Broadcasted:
    first = ledger.begin()
    if not first:
        return Broadcasted(tried=0, come_back=ledger.come_back)
    opened = spread(
        [route.settings.weight for route in usable],
        [route.settings.connections for route in usable],
        mails=first,
    )
    ways = [
        Way(
            name=route.name,
            server=route.server,
            connections=count,
            most=route.settings.per_message,
        )
        for route, count in zip(usable, opened, strict=True)
        if count
    ]
    Pool(ways, ledger, wait=ledger.sender.wait, composers=composers).run()
    return ledger.end()


class _Job(NamedTuple):
    mail: mails.Mail
    form: Form


@dataclass(kw_only=True)
class _Edition:
    """What is known of a message that is being sent. `open` until its due mails are claimed."""

    head: Head
    blocks: Sequence[Block]
    zones: frozenset[str]
    open: bool = True
    started: bool = False


@dataclass
class _Tally:
    tried: int = 0
    states: Counter[State] = field(default_factory=Counter)


class _Ledger:
    """The ledger of one run (mail.pool.Ledger): what may be sent, and what became of it."""

    def __init__(
        self,
        session: Session,
        sender: Sender,
        all_routes: Sequence[Route],
        usable: Sequence[Route],
        base: str,
        signers: Sequence[Signer],
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self.session = session
        self.sender = sender
        self.clock = clock
        self.come_back: datetime | None = None
        self._all = [route.name for route in all_routes]
        self._routes = {route.name: route for route in usable}
        self._base = base
        self._forms = Forms(signers)
        self._meter = Meter()
        now = clock()
        self._shares = {
            route.name: Share(weight=route.settings.weight, given=0.0, heard_at=now)
            for route in usable
        }
        self._editions: dict[int, _Edition] = {}
        self._reserve: deque[_Job] = deque()
        self._next_for: dict[tuple[str, str], datetime] = {}
        self._failing: dict[str, datetime] = {}
        self._refused: set[str] = set()
        self._renewed_at = now
        self._tally = _Tally()
        self._address = parseaddr(sender.settings.sender)[1]
        self._bounces_to = return_domain(sender.settings)

    def begin(self) -> int:
        """Reserve the first mails; return how many: no relay is called for nothing."""

        def work() -> int:
            self._start_over()
            self._refill(CLAIMED, now=self.clock())
            return len(self._reserve)

        first = durably(self.session, work)
        reach("broadcast.claimed")
        return first

    def end(self) -> Broadcasted:
        """Give back what was not sent, and say when to come back."""
        durably(self.session, lambda: outbox.release(self.session, claim=self.sender.claim))
        now = self.clock()
        if self._tally.tried:
            log.info(
                "mails sent",
                account=self.sender.account,
                **{str(state): count for state, count in self._tally.states.items()},
            )
            return Broadcasted(tried=self._tally.tried, come_back=self.come_back or now)
        if self._failing:
            others = set(self._routes) - set(self._failing)
            return Broadcasted(tried=0, come_back=now if others else min(self._failing.values()))
        return Broadcasted(tried=0, come_back=self.come_back)

    def turn(self, report: Report[_Job]) -> Grant[_Job]:
        """Record what connections tell, fence what they want, and commit both at once."""
        before = tuple(self._reserve)
        others: list[mails.Result] = []

        def work() -> Grant[_Job]:
            self._reserve = deque(before)
            now = self.clock()
            others[:] = self._record(report.answers, now=now) if report.answers else []
            self._hear(report, now=now)
            if now - self._renewed_at >= RENEWED:
                self._renewed_at = now
                until = now + outbox.LEASE
                outbox.renew(self.session, claims=[self.sender.claim], until=until)
            if not report.wanted or self.sender.wait(timedelta(0)):
                return Grant(jobs={})
            return self._grant(report.wanted, now=now)

        grant = durably(self.session, work)
        if report.answers:
            self._count(report.answers, others)
            reach("broadcast.recorded")
        if grant.jobs:
            self._count_given(grant)
            reach("broadcast.fenced")
        return grant

    def envelope(self, job: _Job, way: str) -> Envelope | Outcome:
        """Make one reader's mail. What cannot be made is refused; the others go on."""
        quirks = self._routes[way].settings
        mail = job.mail
        try:
            return filled(
                job.form,
                self.sender.keyring,
                mail.id,
                name=mail.name,
                address=mail.recipient,
                signs=not quirks.signer,
                sender=self._address,
                return_domain=self._bounces_to if quirks.verp else "",
            )
        except Exception as error:
            log.exception("mail cannot be made", delivery=mail.id, account=self.sender.account)
            return Reject(f"its mail cannot be made: {type(error).__name__}")

    def _record(self, answers: Sequence[Answer[_Job]], *, now: datetime) -> list[mails.Result]:
        """Write what became of tries; return those that were not accepted."""
        accepted: list[mails.Accepted] = []
        others: list[mails.Result] = []
        for answer in answers:
            mail, outcome = answer.job.mail, answer.outcome
            if isinstance(outcome, Sent):
                accepted.append(mails.Accepted(mail.id, mail.attempt, outcome.remote_id))
            else:
                step = _step_after(outcome, attempt=mail.attempt, now=now)
                others.append(mails.Result(id=mail.id, attempt=mail.attempt, step=step))
        claim = self.sender.claim
        mails.record_mails(self.session, accepted, others, claim=claim, now=now)
        return others

    def _count(self, answers: Sequence[Answer[_Job]], others: Sequence[mails.Result]) -> None:
        """Count what was recorded; and tell of what was not sent, each by itself."""
        self._tally.tried += len(answers)
        now = self.clock()
        for name, count in Counter(answer.way for answer in answers).items():
            share = self._shares[name]
            self._shares[name] = replace(share, under_way=share.under_way - count, heard_at=now)
        self._tally.states[State.SENT] += len(answers) - len(others)
        for result in others:
            self._tally.states[result.step.state] += 1
            log.info(
                "mail not delivered",
                delivery=result.id,
                account=self.sender.account,
                state=str(result.step.state),
                reason=result.step.note,
            )

    def _count_given(self, grant: Grant[_Job]) -> None:
        for name, jobs in grant.jobs.items():
            share, count = self._shares[name], len(jobs)
            self._shares[name] = replace(
                share, given=share.given + count, under_way=share.under_way + count
            )

    def _hear(self, report: Report[_Job], *, now: datetime) -> None:
        """Write down which relays let us in, and which cannot be used."""
        for name in report.opened:
            relays.recover(self.session, name)
        for trouble in report.troubles:
            self._failing[trouble.way] = relays.fail(
                self.session, trouble.way, reason=trouble.reason, refused=trouble.refused, now=now
            )
            self._tell(trouble)
            if trouble.refused:
                self._refused.add(trouble.way)
            if self._refused >= set(self._all):
                account = self.sender.account
                _disconnect(self.session, account, reason=trouble.reason, now=now)

    def _tell(self, trouble: Trouble) -> None:
        log.warning("relay cannot be used", relay=trouble.way, reason=trouble.reason)

    def _grant(self, wanted: Mapping[str, int], *, now: datetime) -> Grant[_Job]:
        later: dict[str, timedelta] = {}
        allowed = self._allowed(wanted, later, now=now)
        jobs: dict[str, list[_Job]] = {name: [] for name in wanted}
        for _ in range(ROUNDS):
            lacking = {
                name: count - len(jobs[name])
                for name, count in allowed.items()
                if count > len(jobs[name])
            }
            picked = self._pick(lacking, now=now)
            if not picked:
                if lacking:  # nothing is left to wait for
                    later.clear()
                break
            asked = [job.mail for _, job in picked]
            fenced = mails.fence_mails(self.session, asked, claim=self.sender.claim, now=now)
            refused = []
            for name, job in picked:
                if job.mail.id in fenced:
                    jobs[name].append(job)
                else:
                    refused.append(job.mail.id)
            if refused and mails.hand_back(self.session, refused, claim=self.sender.claim):
                # Not one reader's matter: what else is reserved may not leave either.
                outbox.release(self.session, claim=self.sender.claim)
                self._start_over()
        else:
            later |= {name: SOON for name in allowed if len(jobs[name]) < allowed[name]}
        self._mark_started(jobs, now=now)
        given = {name: len(some) for name, some in jobs.items() if some}
        if self.sender.settings.warm_up is not None and given:
            relays.count(self.session, given, now=now)
        return Grant(jobs={name: jobs[name] for name in given}, later=later)

    def _mark_started(self, jobs: Mapping[str, Sequence[_Job]], *, now: datetime) -> None:
        for id in {job.mail.message_id for some in jobs.values() for job in some}:
            if not self._editions[id].started:
                self._editions[id].started = True
                broadcasts.mark_started(self.session, id, now=now)

    def _allowed(
        self, wanted: Mapping[str, int], later: dict[str, timedelta], *, now: datetime
    ) -> dict[str, int]:
        """Return how many mails each relay may have now; `later` gets when it may have more."""
        self._shares = brought_up(self._shares, wanted, now=now)
        allowed = admitted(self._shares, wanted, now=now)
        later |= {name: SOON for name, count in allowed.items() if count < wanted[name]}
        left = self._left_today(now=now)
        for name, count in allowed.items():
            if left is not None:
                count = min(count, left)
                left -= count
                if count < allowed[name]:
                    self._rest(name, later, until=next_day(now), now=now)
            tokens, free_at = self._meter.take(
                self.session,
                name,
                per_second=self._routes[name].settings.per_second,
                wanted=count,
                now=now,
            )
            if tokens < count:
                self._rest(name, later, until=free_at, now=now)
            allowed[name] = tokens
        return allowed

    def _left_today(self, *, now: datetime) -> int | None:
        """Return how many mails a new domain may still send today; None: as many as it likes."""
        if (first_day := self.sender.settings.warm_up) is None:
            return None
        if (most := allowance(first_day, now.date())) is None:
            return None
        return max(0, most - relays.given_today(self.session, self._all, now=now))

    def _rest(
        self, name: str, later: dict[str, timedelta], *, until: datetime, now: datetime
    ) -> None:
        """Let a relay's connections wait, or have the run end where that would take long."""
        if until - now <= LONGEST_REST:
            later[name] = max(until - now, timedelta(0))
            return
        later.pop(name, None)
        self.come_back = min(self.come_back or until, until)

    def _pick(self, lacking: Mapping[str, int], *, now: datetime) -> list[tuple[str, _Job]]:
        """Take reserved mails for relays; those whose domain takes no more for now are put off."""
        self._refill(sum(lacking.values()), now=now)
        picked: list[tuple[str, _Job]] = []
        for name, count in lacking.items():
            rates = self._routes[name].settings.domain_rates
            while count and self._reserve:
                job = self._reserve.popleft()
                domain = job.mail.recipient.rpartition("@")[2].lower() if rates else ""
                if domain in rates and not self._domain_takes(name, domain, now=now):
                    self._put_off(name, domain, job, now=now)
                    continue
                picked.append((name, job))
                count -= 1
        return picked

    def _domain_takes(self, name: str, domain: str, *, now: datetime) -> bool:
        rate = self._routes[name].settings.domain_rates[domain]
        given, _ = self._meter.take(
            self.session, name, domain=domain, per_second=rate, wanted=1, now=now
        )
        return given == 1

    def _put_off(self, name: str, domain: str, first: _Job, *, now: datetime) -> None:
        """Give back what is reserved for a domain, for when its turn will have come."""
        theirs = [first]
        rest: deque[_Job] = deque()
        for job in self._reserve:
            to_it = job.mail.recipient.lower().endswith(f"@{domain}")
            (theirs if to_it else rest).append(job)
        self._reserve = rest
        rate = self._routes[name].settings.domain_rates[domain]
        until = max(self._next_for.get((name, domain), now), now) + timedelta(seconds=1 / rate)
        self._next_for[name, domain] = until + timedelta(seconds=(len(theirs) - 1) / rate)
        ids = [job.mail.id for job in theirs]
        mails.put_off(self.session, ids, claim=self.sender.claim, until=until)
        self.come_back = min(self.come_back or until, until)

    def _start_over(self) -> None:
        """Forget what was reserved, and look anew at which messages have something due."""
        self._reserve.clear()
        due = broadcasts.due_messages(self.session, account=self.sender.account, now=self.clock())
        for edition in self._editions.values():
            edition.open = False
        for id in due:
            if id in self._editions:
                self._editions[id].open = True
            else:
                self._load(id)

    def _load(self, id: int) -> None:
        message = self.session.get_one(Message, id)
        if message.base != self._base:
            return
        blocks = editions.blocks_of(self.session, id)
        self._editions[id] = _Edition(
            head=head_of(
                self.sender.settings,
                name=self.sender.account,
                public_url=self.sender.public_url,
                subject=message.text,
                date=message.due_at,
                language=message.language,
                feedback=(message.campaign, message.run, self.sender.account),
            ),
            blocks=blocks,
            zones=frozenset(block.zone for block in blocks),
        )

    def _refill(self, needed: int, *, now: datetime) -> None:
        """Reserve more, where fewer are than needed: of each open edition in turn."""
        while len(self._reserve) < needed:
            open_ones = [id for id, edition in self._editions.items() if edition.open]
            if not open_ones:
                return
            share = max(1, CLAIMED // len(open_ones))
            for id in open_ones:
                claimed = mails.claim_mails(
                    self.session, message_id=id, claim=self.sender.claim, now=now, limit=share
                )
                self._editions[id].open = len(claimed) == share
                self._reserve.extend(self._jobs(id, claimed, now=now))

    def _jobs(self, id: int, claimed: Sequence[mails.Mail], *, now: datetime) -> list[_Job]:
        try:
            return [_Job(mail=mail, form=self._form(id, mail.zone)) for mail in claimed]
        except Exception as error:
            # The same for every reader: a person has to look at it before anybody gets it.
            log.exception("edition cannot be made into mails", message=id)
            pauses.add_pause(
                self.session,
                scope="edition",
                target=str(id),
                reason=f"its mails cannot be made: {error}",
                by="campaigner",
                now=now,
            )
            changes.announce(self.session)
            ids = [mail.id for mail in claimed]
            mails.hand_back(self.session, ids, claim=self.sender.claim)
            self._editions[id].open = False
            return []

    def _form(self, id: int, zone: str) -> Form:
        edition = self._editions[id]
        own = zone if zone in edition.zones else ""
        return self._forms.form((id, own), lambda: (edition.head, chosen(edition.blocks, own)))


def chosen(blocks: Sequence[Block], zone: str) -> list[tuple[str, str]]:
    """Return the (HTML, text) of the blocks that a reader in `zone` gets, in order."""
    return [(block.html, block.text) for block in blocks if block.zone in ("", zone)]


def _step_after(outcome: Outcome, *, attempt: int, now: datetime) -> Step:
    """Decide what follows a try. A refused account costs its mails nothing: they wait for it."""
    if isinstance(outcome, Disconnected):
        return Step(state=State.QUEUED, due_at=now, note=outcome.reason, counts=False)
    step = after_outcome(outcome, attempt=attempt, now=now, jitter=random.random())
    # No network to look at: a bounce, or a person, tells what became of it.
    return replace(step, look_at=None) if step.state is State.UNKNOWN else step


def _disconnect(session: Session, account: str, *, reason: str, now: datetime) -> None:
    accounts.disconnect(session, account, reason=reason, now=now)
    log.warning("account cannot be used", account=account, reason=reason)
