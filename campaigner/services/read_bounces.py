"""Read the mailboxes that reports come back to, and hand on what each mail says."""

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from campaigner.core.bounces import Report
from campaigner.errors import UserError
from campaigner.mail.mailbox import Mailbox
from campaigner.mail.reports import read_report
from campaigner.net import NotReachedError

log = structlog.get_logger()
EVERY = timedelta(minutes=1)
AFTER_A_FAULT = timedelta(minutes=5)
FORGET_EVERY = timedelta(hours=1)

Apply = Callable[[str, Report, bytes], str]
"""Takes the account, what a mail says, and its bytes; returns what became of it, committed."""


def read_mailbox(
    mailbox: Mailbox, account: str, *, apply: Apply, dry_run: bool = False
) -> Counter[str]:
    """Read what is new, and mark it done once it is committed; return how many became what.

    With `dry_run` nothing is applied and nothing is marked. A mail that makes
    the database fail is not marked: it comes again.
    """
    became: Counter[str] = Counter()
    for mails in mailbox.batches():
        for mail in mails:
            report = read_report(mail.raw)
            became[report.kind.value if dry_run else apply(account, report, mail.raw)] += 1
        if not dry_run:
            mailbox.done(mails)
    return became


@dataclass
class BounceReader:
    """Reads each account's mailbox once a minute, and one that does not serve less often.

    `mailboxes` says how to open each account's. `forget` drops old copies; it
    is called once an hour. `faults` are those of the last look, by account.
    """

    mailboxes: Mapping[str, Callable[[], AbstractContextManager[Mailbox]]]
    apply: Apply
    forget: Callable[[], object]
    clock: Callable[[], datetime]
    faults: dict[str, str] = field(default_factory=dict)
    _next: dict[str, datetime] = field(default_factory=dict)
    _forget_at: datetime | None = None

    def read_due(self) -> Counter[str]:
        """Read the mailboxes whose turn it is; return how many mails became what."""
        became: Counter[str] = Counter()
        if self._forget_at is None or self.clock() >= self._forget_at:
            self.forget()
            self._forget_at = self.clock() + FORGET_EVERY
        for account, open_it in self.mailboxes.items():
            now = self.clock()
            if now < self._next.get(account, now):
                continue
            self._next[account] = now + EVERY
            try:
                with open_it() as mailbox:
                    became += read_mailbox(mailbox, account, apply=self.apply)
                self.faults.pop(account, None)
            except (UserError, NotReachedError) as error:
                self._next[account] = now + AFTER_A_FAULT
                if self.faults.get(account) != str(error):
                    log.error(
                        "a mailbox for bounces cannot be read", account=account, error=str(error)
                    )
                self.faults[account] = str(error)
        if became:
            log.info("bounces read", **became)
        return became
