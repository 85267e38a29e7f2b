"""Apply reports: tie each to one of our mails by our own mark, and do to its reader what follows.

A report is believed where it carries a token that only we can make: the
address that the mail's bounces come to (VERP), or our Message-ID in what it
returns. A relay that proved who it is may name the mail by its own number. An
address in a text proves nothing: such a report suppresses nobody, and waits
for a person.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from campaigner.core.address import mailbox_of
from campaigner.core.audience import SuppressedFor
from campaigner.core.bounce_reasons import reason_of
from campaigner.core.bounces import (
    Consequence,
    Evidence,
    Finding,
    Kind,
    Report,
    consequence_of,
    finding_for,
    reply_in,
    status_in,
)
from campaigner.core.delivery import State
from campaigner.core.tokens import Keyring, Purpose, read
from campaigner.db import bounces, changes, memberships, subscribers, suppressions
from campaigner.db.bounces import Handled, Row, Target
from campaigner.db.consequences import follow
from campaigner.db.engine import Sessions, make_reading_sessions
from campaigner.errors import UserError

LOOKED_AT = 500  # refused mails at a time
AT_ONCE = 5  # of them a transaction: well under 50 ms on SQLite, whatever else is going on
MOST_MAILS = 20  # of ours that one report may be about
_MESSAGE_TOKEN = re.compile(r"m-([a-z2-7]{29})@", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """A report as it came. `id` names it, so that it counts once; empty: its bytes do.

    `account` is whose mailbox or relay it came from. `trusted`: the relay
    proved who it is, and its own numbers of mails count.
    """

    source: str
    account: str
    report: Report
    raw: bytes
    id: str = ""
    trusted: bool = False


class Verdict(StrEnum):
    """What became of a report."""

    APPLIED = "applied"
    WAITING = "waiting"
    IGNORED = "ignored"
    KNOWN = "known"


@dataclass(frozen=True)
class Applier:
    """Applies reports one by one, each in a transaction of its own."""

    sessions: Sessions
    keyring: Keyring
    clock: Callable[[], datetime]

    def apply(self, incoming: Incoming) -> Verdict:
        """Keep a report and do what follows, in one transaction. The same again does nothing."""
        with self.sessions() as session:
            verdict = self.take(session, incoming)
            session.commit()
        return verdict

    def take(self, session: Session, incoming: Incoming) -> Verdict:
        """As `apply`; the caller commits."""
        report = incoming.report
        digest = _digest(incoming)
        if report.kind is Kind.UNSUBSCRIBE and (done := self._unsubscribe(session, incoming)):
            return done
        targets = self.targets_of(session, incoming)
        if not targets:
            return self._keep_untied(session, incoming, digest)
        verdicts = []
        for number, target in enumerate(targets):
            finding = finding_for(report, target.recipient)
            following = consequence_of(report.kind, finding) if finding else Consequence.NOTHING
            handled = Handled.APPLIED if finding else Handled.WAITING
            row = Row(
                digest=digest if number == 0 else _hash(f"{digest}/{target.delivery_id}".encode()),
                source=incoming.source,
                kind=report.kind,
                account=target.account,
                target=target,
                finding=finding,
                state=handled,
                note=finding.said if finding else report.problem,
                raw=incoming.raw,
            )
            if bounces.keep(session, row, now=self.clock()) is None:
                verdicts.append(Verdict.KNOWN)
                continue
            if finding is not None:
                self._follow(session, target, following, finding)
            verdicts.append(Verdict(handled.value))
        changes.announce(session)
        return verdicts[0]

    def _unsubscribe(self, session: Session, incoming: Incoming) -> Verdict | None:
        """Let a reader leave who wrote the words of our own mailto link; None: not those."""
        id = read(self.keyring, Purpose.UNSUBSCRIBE, incoming.report.unsubscribe)
        found = memberships.addressee(session, id) if id is not None else None
        if found is None:
            return None
        # Nothing is kept of it but that they left: the token says it all, and says it for ever.
        if found.subscriber_id is not None:
            now = self.clock()
            subscribers.leave(
                session, subscriber_id=found.subscriber_id, list=found.list, why="mail", now=now
            )
            changes.announce(session)
        return Verdict.APPLIED

    def targets_of(self, session: Session, incoming: Incoming) -> list[Target]:
        """Return our mails that a report is about, as far as it proves it."""
        report = incoming.report
        found: dict[int, Target | None] = {}
        tokens = [(Purpose.BOUNCE, token) for token in report.returns]
        tokens += [
            (Purpose.MESSAGE, match[1])
            for message_id in report.message_ids
            if (match := _MESSAGE_TOKEN.match(message_id))
        ]
        for purpose, token in tokens:
            id = read(self.keyring, purpose, token)
            if id is not None and id not in found and len(found) < MOST_MAILS:
                found[id] = bounces.target(session, id)
        if not found and incoming.trusted:
            for finding in report.findings:
                target = bounces.target_by_relay(
                    session,
                    account=incoming.account,
                    remote_ids=report.remote_ids,
                    mailbox=_mailbox(finding.recipient),
                )
                if target is not None:
                    found[target.delivery_id] = target
        return [target for target in found.values() if target is not None]

    def _keep_untied(self, session: Session, incoming: Incoming, digest: str) -> Verdict:
        """Keep a report that names no mail of ours for certain: for a person, if it says anything
        bad."""
        report = incoming.report
        harmless = report.kind in (Kind.DELIVERED, Kind.VACATION)
        note = report.problem or (
            "an answering machine, or a receipt" if harmless else
            "nothing in it proves which mail it is about"
        )  # fmt: skip
        row = Row(
            digest=digest,
            source=incoming.source,
            kind=report.kind,
            account=incoming.account,
            target=None,
            finding=report.findings[0] if report.findings else None,
            state=Handled.IGNORED if harmless else Handled.WAITING,
            note=note,
            raw=None if harmless else incoming.raw,
        )
        kept = bounces.keep(session, row, now=self.clock())
        return Verdict(row.state.value) if kept is not None else Verdict.KNOWN

    def _follow(
        self, session: Session, target: Target, following: Consequence, finding: Finding
    ) -> None:
        follow(session, target, following, finding, keyring=self.keyring, now=self.clock())

    def apply_refusals(self) -> int:
        """Do what follows from refusals by our own relays while sending; return of how many.

        Not of all at once: call it until it says 0.
        """
        reading = make_reading_sessions(self.sessions.kw["bind"])
        with reading() as session:
            refused = bounces.refused_by_relay(session, now=self.clock(), limit=LOOKED_AT)
        for start in range(0, len(refused), AT_ONCE):
            with self.sessions() as session:
                for id, note in refused[start : start + AT_ONCE]:
                    self._apply_refusal(session, id, note)
                changes.announce(session)
                session.commit()
        return len(refused)

    def forget_copies(self) -> int:
        """Drop the bytes of reports that are old; return of how many."""
        with self.sessions() as session:
            dropped = bounces.forget_copies(session, now=self.clock())
            session.commit()
        return dropped

    def _apply_refusal(self, session: Session, id: int, note: str) -> None:
        target = bounces.target(session, id)
        if target is None:
            return
        finding = classify_refusal(note, recipient=target.recipient)
        row = Row(
            digest=_hash(f"smtp/{id}/{target.attempts}".encode()),
            source="smtp",
            kind=Kind.BOUNCE,
            account=target.account,
            target=target,
            finding=finding,
            state=Handled.APPLIED,
            note=finding.said,
        )
        if bounces.keep(session, row, now=self.clock()) is not None:
            # It is rejected already, and its note says why.
            target = replace(target, state=State.REJECTED)
            self._follow(session, target, consequence_of(Kind.BOUNCE, finding), finding)

    def decide(self, number: int, *, decision: str, by: str) -> str:
        """Do with a report that waits what a person says: `hard`, `soft` or `ignore`.

        Returns a sentence for them. Raises UserError where there is no such
        report, it does not wait, or is about nobody whom we know.
        """
        now = self.clock()
        with self.sessions() as session:
            row = bounces.find(session, number)
            if row is None:
                raise UserError(f"there is no report {number}. See `campaigner bounces list`")
            state = Handled.IGNORED if decision == "ignore" else Handled.APPLIED
            note = f"{row.note}; {by} says: {decision}" if row.note else f"{by} says: {decision}"
            if not bounces.resolve(
                session, number, state=state, hard=decision == "hard", note=note, now=now
            ):
                raise UserError(f"report {number} does not wait: it is {row.state}")
            said = "Nothing follows from it."
            if decision == "hard":
                tied = bounces.target(session, row.delivery_id) if row.delivery_id else None
                address = tied.recipient if tied else row.recipient
                mailbox = _mailbox(address)
                if not mailbox:
                    raise UserError(
                        f"report {number} names no address. Suppress it by hand, with "
                        "`campaigner subscribers remove ADDRESS`"
                    )
                stopped = suppressions.suppress(
                    session,
                    keyring=self.keyring,
                    mailbox=mailbox,
                    reason=SuppressedFor.BOUNCE,
                    now=now,
                    note=f"by hand, of report {number}",
                )
                said = f"{address} is mailed no more; {stopped} mails were stopped."
            elif decision == "soft":
                said = "It is kept as a bounce that passes."
            changes.announce(session)
            session.commit()
        return said


def classify_refusal(note: str, *, recipient: str) -> Finding:
    """Classify what a relay answered while a mail was being sent, as its note keeps it.

    It is the answer to RCPT where the note says that the recipient was refused.
    """
    said = note.partition(": ")[2] or note
    command = "RCPT" if note.startswith("the relay refuses the recipient") else ""
    return Finding(
        recipient=recipient,
        dsn=status_in(said),
        reply=reply_in(said),
        reason=reason_of(Evidence(said=said, status=status_in(said), command=command)),
        said=said[:500],
    )


def _digest(incoming: Incoming) -> str:
    if incoming.id:
        return _hash(f"{incoming.source}/{incoming.account}/{incoming.id}".encode())
    return _hash(incoming.raw)


def _hash(value: bytes) -> str:
    return hashlib.sha256(value).hexdigest()


def _mailbox(address: str) -> str:
    try:
        return mailbox_of(address)
    except ValueError:
        return ""
