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
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from typing import NamedTuple

import structlog
from sqlalchemy.orm import Session

from campaigner.core.channel import Disconnected, Outcome, Reject, Sent
from campaigner.core.delivery import State, Step, after_outcome
from campaigner.core.relays import spread
from campaigner.core.tokens import Keyring
from campaigner.db import accounts, broadcasts, changes, editions, mails, outbox, pauses, relays
from campaigner.db.allowance import SOON, Allowance, Allowed
from campaigner.db.engine import Sessions, durably
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

RENEWED = timedelta(seconds=10)
ROUNDS = 3  # how often in one turn what a domain does not take is made up for
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
    """What is known of a message that is being sent, by the date that its mails say.

    `open` until its due mails are sent; `last` is the one that was fenced last.
    At the end of its queue it is looked through once more from the front.
    """

    head: Callable[[datetime, int], Head]
    blocks: Sequence[Block]
    zones: frozenset[str]
    open: bool = True
    started: bool = False
    last: mails.Mail | None = None


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
        self._relays = {route.name: route.settings for route in usable}
        self._base = base
        self._forms = Forms(signers)
        now = clock()
        self._allowance = Allowance(sender.settings, self._relays, self._all, now=now)
        self._editions: dict[int, _Edition] = {}
        self._failing: dict[str, datetime] = {}
        self._refused: set[str] = set()
        self._renewed_at = now
        self._tally = _Tally()
        self._address = parseaddr(sender.settings.sender)[1]
        self._bounces_to = return_domain(sender.settings)

    def begin(self) -> int:
        """Look what is to be sent; return how many mails, up to what connections could carry."""
        return durably(self.session, self._look)

    def _look(self) -> int:
        now = self.clock()
        most = 4 * sum(relay.connections for relay in self._relays.values())
        found = 0
        for id in broadcasts.due_messages(self.session, account=self.sender.account, now=now):
            count = mails.count_due(self.session, message_id=id, now=now, limit=most)
            if count:
                found += count * self._load(id)
            else:
                mails.close_left(self.session, id, now=now)
        return min(found, most)

    def end(self) -> Broadcasted:
        """Say what was done, and when to come back."""
        now = self.clock()
        if self._tally.tried:
            log.info(
                "mails sent",
                account=self.sender.account,
                **{str(state): count for state, count in self._tally.states.items()},
            )
            return Broadcasted(tried=self._tally.tried, come_back=self.come_back or now)
        if self._failing:
            others = set(self._relays) - set(self._failing)
            return Broadcasted(tried=0, come_back=now if others else min(self._failing.values()))
        return Broadcasted(tried=0, come_back=self.come_back)

    def turn(self, report: Report[_Job]) -> Grant[_Job]:
        """Record what connections tell, fence what they want, and commit both at once."""
        before = {id: replace(each) for id, each in self._editions.items()}
        others: list[mails.Result] = []

        def work() -> Grant[_Job]:
            self._editions = {id: replace(each) for id, each in before.items()}
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
            self._allowance.count_given({name: len(jobs) for name, jobs in grant.jobs.items()})
            reach("broadcast.fenced")
        return grant

    def envelope(self, job: _Job, way: str) -> Envelope | Outcome:
        """Make one reader's mail. What cannot be made is refused; the others go on."""
        quirks = self._relays[way]
        mail = job.mail
        try:
            return filled(
                job.form,
                self.sender.keyring,
                mail.id,
                name=mail.slots.get("name") or "",
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
        ways = Counter(answer.way for answer in answers)
        self._allowance.count_answered(ways, now=self.clock())
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
        allowed = self._allowance.admit(self.session, wanted, now=now)
        if allowed.come_back is not None:
            self.come_back = min(self.come_back or allowed.come_back, allowed.come_back)
        jobs: dict[str, list[_Job]] = {name: [] for name in wanted}
        for _ in range(ROUNDS):
            lacking = {
                name: count - len(jobs[name])
                for name, count in allowed.counts.items()
                if count > len(jobs[name])
            }
            fenced = self._fence(sum(lacking.values()), now=now)
            for name, some in self._deal(fenced, lacking, now=now).items():
                jobs[name] += some
            if not fenced:
                break
        given = {name: len(some) for name, some in jobs.items() if some}
        if self.sender.settings.warm_up is not None and given:
            relays.count(self.session, given, now=now)
        return Grant(jobs={name: jobs[name] for name in given}, later=self._later(allowed, jobs))

    def _later(
        self, allowed: Allowed, jobs: Mapping[str, Sequence[_Job]]
    ) -> Mapping[str, timedelta]:
        """Return when relays that got fewer than they wanted may ask again."""
        if not any(edition.open for edition in self._editions.values()):
            return {}  # nothing is left to wait for
        short = {name: SOON for name, count in allowed.counts.items() if len(jobs[name]) < count}
        return {**short, **allowed.later}

    def _fence(self, wanted: int, *, now: datetime) -> list[_Job]:
        """Fence mails that are due, of each open edition in turn."""
        jobs: list[_Job] = []
        open_ones = [id for id, edition in self._editions.items() if edition.open]
        for at, id in enumerate(open_ones):
            share = -(-(wanted - len(jobs)) // (len(open_ones) - at))
            if share > 0:
                jobs += self._fence_of(id, share, now=now)
        return jobs

    def _fence_of(self, id: int, limit: int, *, now: datetime) -> list[_Job]:
        edition = self._editions[id]
        fenced = mails.fence_mails(
            self.session,
            message_id=id,
            claim=self.sender.claim,
            now=now,
            limit=limit,
            after=edition.last,
        )
        if fenced and not edition.started:
            edition.started = True
            broadcasts.mark_started(self.session, id, now=now)
        if len(fenced) == limit:
            edition.last = fenced[-1]
        elif edition.last is not None:  # what came back meanwhile stands further in front
            edition.last = None
        else:
            edition.open = False
            mails.close_left(self.session, id, now=now)
        return self._jobs(id, fenced, now=now)

    def _deal(
        self, fenced: Sequence[_Job], lacking: Mapping[str, int], *, now: datetime
    ) -> dict[str, list[_Job]]:
        """Give mails to relays; those whose domain takes no more for now are put off."""
        left = deque(fenced)
        dealt: dict[str, list[_Job]] = {name: [] for name in lacking}
        for name, count in lacking.items():
            if not self._allowance.has_domains(name):
                dealt[name] = [left.popleft() for _ in range(min(count, len(left)))]
                continue
            too_many: dict[str, list[mails.Mail]] = {}
            while left and len(dealt[name]) < count:
                job = left.popleft()
                domain = job.mail.recipient.rpartition("@")[2].lower()
                if domain not in too_many and self._allowance.domain_takes(
                    self.session, name, domain, now=now
                ):
                    dealt[name].append(job)
                else:
                    too_many.setdefault(domain, []).append(job.mail)
            for domain, some in too_many.items():
                until = self._allowance.next_turn(name, domain, mails=len(some), now=now)
                mails.put_off(self.session, some, until=until)
                self.come_back = min(self.come_back or until, until)
        return dealt

    def _load(self, id: int) -> bool:
        """Get an edition ready; False for one that goes to other relays."""
        message = self.session.get_one(Message, id)
        if message.base != self._base:
            return False
        blocks = editions.blocks_of(self.session, id)
        subjects = editions.subjects_of(self.session, message)

        def head(date: datetime, subject: int) -> Head:
            return head_of(
                self.sender.settings,
                name=self.sender.account,
                public_url=self.sender.public_url,
                subject=subjects[subject],
                date=date,
                language=message.language,
                feedback=(message.campaign, message.run, self.sender.account),
            )

        self._editions[id] = _Edition(
            head=head, blocks=blocks, zones=frozenset(block.zone for block in blocks)
        )
        return True

    def _jobs(self, id: int, fenced: Sequence[mails.Mail], *, now: datetime) -> list[_Job]:
        try:
            return [_Job(mail, self._form(mail)) for mail in fenced]
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
            self._editions[id].open = False
            mails.put_off(self.session, fenced, until=now)
            return []

    def _form(self, mail: mails.Mail) -> Form:
        edition = self._editions[mail.message_id]
        zone, subject = mail.slots.get("zone") or "", mail.slots.get("subject") or 0
        if zone not in edition.zones:
            zone = ""
        key = (mail.message_id, zone, subject, mail.planned_at[:19])  # to the second, as dates are
        return self._forms.get(key) or self._forms.make(
            key, edition.head(_moment(mail.planned_at), subject), chosen(edition.blocks, zone)
        )


def _moment(written: str) -> datetime:
    """Read a time as the database writes it in JSON: SQLite's are UTC and do not say so."""
    moment = datetime.fromisoformat(written)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


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
