"""What a bounce means: why a mail did not arrive, and whether another one ever would.

"Every 5.x.x is a hard bounce" is wrong for two thirds of real reports: they
come from full mailboxes, block lists and policies, and say nothing about the
reader. So the reason decides (core/bounce_reasons.py), never the class of the
number; and where the reason is in doubt, the bounce is soft.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Reason(StrEnum):
    """Why a mail came back. The values are kept in tables and printed: never change one."""

    USER_UNKNOWN = "userunknown"
    HOST_UNKNOWN = "hostunknown"
    HAS_MOVED = "hasmoved"
    NOT_ACCEPT = "notaccept"  # the domain takes no mail at all
    FILTERED = "filtered"  # refused after the content was seen
    MAILBOX_FULL = "mailboxfull"
    SUSPEND = "suspend"  # the account is closed for now
    BLOCKED = "blocked"  # we are refused: our address on the net, our name
    REQUIRE_PTR = "requireptr"
    BAD_REPUTATION = "badreputation"
    REJECTED = "rejected"  # our sender's address is refused
    NO_RELAYING = "norelaying"
    AUTH_FAILURE = "authfailure"
    POLICY_VIOLATION = "policyviolation"
    SPAM_DETECTED = "spamdetected"
    VIRUS_DETECTED = "virusdetected"
    CONTENT_ERROR = "contenterror"
    NOT_COMPLIANT_RFC = "notcompliantrfc"
    MESSAGE_TOO_BIG = "mesgtoobig"
    EXCEED_LIMIT = "exceedlimit"
    SPEEDING = "speeding"
    TOO_MANY_CONNECTIONS = "toomanyconn"
    SECURITY_ERROR = "securityerror"
    NO_TLS = "failedstarttls"
    SYNTAX_ERROR = "syntaxerror"
    NETWORK_ERROR = "networkerror"
    SYSTEM_ERROR = "systemerror"
    SYSTEM_FULL = "systemfull"
    MAILER_ERROR = "mailererror"
    EXPIRED = "expired"
    ON_HOLD = "onhold"
    UNDEFINED = "undefined"
    SUPPRESSED = "suppressed"  # the relay's own list of addresses that it does not mail
    DELIVERED = "delivered"
    VACATION = "vacation"
    FEEDBACK = "feedback"


HARD = frozenset({Reason.USER_UNKNOWN, Reason.HOST_UNKNOWN, Reason.HAS_MOVED, Reason.NOT_ACCEPT})
"""Reasons that are about the address and stay: nothing else may ever suppress one at once."""

HARMLESS = frozenset({Reason.DELIVERED, Reason.VACATION})
"""Reports of mails that did arrive."""


class Kind(StrEnum):
    """What a mail or a call to us is about."""

    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    DELIVERED = "delivered"
    VACATION = "vacation"
    UNSUBSCRIBE = "unsubscribe"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a report says of one recipient.

    `dsn` is the enhanced status (RFC 3463), `reply` the SMTP code; each empty
    where the report has none. `feedback` is a complaint's type (RFC 5965,
    7.3). `delayed`: it is still being tried. `passing`: the relay that tells us
    says that it passes. `said` is the sentence on which this rests.
    """

    recipient: str
    dsn: str = ""
    reply: str = ""
    reason: Reason
    feedback: str = ""
    delayed: bool = False
    passing: bool = False
    said: str = ""

    @property
    def hard(self) -> bool:
        """Whether the address is bad for good. What fails for now, by whoever's word, never is."""
        temporary = (self.reply or self.dsn).startswith("4")
        return self.reason in HARD and not (self.delayed or self.passing or temporary)


@dataclass(frozen=True, kw_only=True)
class Report:
    """A mail or a call to us, as read. What in it could be ours is not verified yet.

    `returns` are tokens of the addresses that it came to (VERP), `message_ids`
    the Message-IDs of mails that it returns, `remote_ids` a relay's numbers.
    """

    kind: Kind
    findings: tuple[Finding, ...] = ()
    returns: tuple[str, ...] = ()
    message_ids: tuple[str, ...] = ()
    remote_ids: tuple[str, ...] = ()
    unsubscribe: str = ""
    happened_at: datetime | None = None
    problem: str = ""


SOFT_LIMIT = 5
SOFT_PERIOD = timedelta(days=14)


def is_worn_out(count: int, *, first: datetime, now: datetime) -> bool:
    """Whether an address has bounced softly too often to be mailed on.

    Five mails in a row, and the first of them at least 14 days ago: a full
    mailbox during the holidays, or a day on a block list, is no reason.
    """
    return count >= SOFT_LIMIT and now - first >= SOFT_PERIOD


_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)")
_REPLY = re.compile(r"(?<![\d./-])(?<!\w:)([245][0-5]\d)(?=[ \-:.,;]|$)(?!\.\d)(?!-\d)")
_AFTER_STATUS = re.compile(r"(?<![\d.])([245][0-5]\d)[ \-]+[245]\.\d{1,3}\.\d{1,3}")


def status_in(text: str) -> str:
    """Return the enhanced status in a text: the most telling one, the first of these, or ""."""
    found = _STATUS.findall(text)
    return next((one for one in found if not one.endswith(".0.0")), found[0] if found else "")


def reply_in(text: str) -> str:
    """Return the SMTP reply code in a text, or ""; one that stands before a status wins."""
    match = _AFTER_STATUS.search(text) or _REPLY.search(text)
    return match[1] if match else ""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What is known of one failed delivery, before it has a reason.

    `said` is what the server that refused it said; `told` is what the reporting
    system says in its own words; `command` is the SMTP command that was
    refused, in upper case, or empty; `local` is True where nobody was asked:
    the reporting system itself knows. `group`: it was a discussion group, and
    those tell no stranger whether they exist.
    """

    said: str
    told: str = ""
    status: str = ""
    reply: str = ""
    command: str = ""
    action: str = ""
    local: bool = False
    category: str = ""
    group: bool = False


class Consequence(StrEnum):
    """What a report does to the reader that it is about."""

    SUPPRESS = "suppress"  # never mail this address again
    COUNT = "count"  # five in a row over two weeks suppress
    UNSUBSCRIBE = "unsubscribe"
    COMPLAIN = "complain"  # unsubscribe, and never mail this address again
    ARRIVED = "arrived"  # the mail got there
    NOTHING = "nothing"


ABOUT_US = frozenset(
    {
        Reason.BLOCKED, Reason.REQUIRE_PTR, Reason.BAD_REPUTATION, Reason.REJECTED,
        Reason.NO_RELAYING, Reason.AUTH_FAILURE, Reason.POLICY_VIOLATION, Reason.SPAM_DETECTED,
        Reason.VIRUS_DETECTED, Reason.CONTENT_ERROR, Reason.NOT_COMPLIANT_RFC,
        Reason.MESSAGE_TOO_BIG, Reason.EXCEED_LIMIT, Reason.SPEEDING,
        Reason.TOO_MANY_CONNECTIONS, Reason.SECURITY_ERROR, Reason.NO_TLS, Reason.SYNTAX_ERROR,
    }
)  # fmt: skip
"""Reasons that lie with our mail or our servers: no reader is counted out for them."""

NO_COMPLAINT = frozenset({"auth-failure", "dmarc", "not-spam"})
"""Feedback that no reader gave by a button for spam."""


def consequence_of(kind: Kind, finding: Finding) -> Consequence:
    """Decide what follows from a report that was tied to one of our mails."""
    match kind:
        case Kind.UNSUBSCRIBE:
            return Consequence.UNSUBSCRIBE
        case Kind.COMPLAINT if finding.feedback in NO_COMPLAINT:
            return Consequence.NOTHING
        case Kind.COMPLAINT if finding.feedback.startswith("opt-out"):
            return Consequence.UNSUBSCRIBE
        case Kind.COMPLAINT:
            return Consequence.COMPLAIN
        case Kind.DELIVERED | Kind.VACATION:
            return Consequence.ARRIVED
        case Kind.BOUNCE if finding.hard:
            return Consequence.SUPPRESS
        case Kind.BOUNCE if finding.reason in HARMLESS:
            return Consequence.ARRIVED
        case Kind.BOUNCE if finding.delayed or finding.reason in ABOUT_US:
            return Consequence.NOTHING
        case Kind.BOUNCE:
            return Consequence.COUNT
        case _:
            return Consequence.NOTHING


def finding_for(report: Report, recipient: str) -> Finding | None:
    """Return what a report says of one mail's recipient; None: nothing.

    Where a mail was forwarded the report names other addresses: then the
    mildest of them counts.
    """
    if not report.findings:
        return None
    mine = [one for one in report.findings if one.recipient.lower() == recipient.lower()]
    return min(mine or report.findings, key=lambda one: (one.hard, one.reason not in HARMLESS))
