"""What a person has to see, and in which words: what happened, where, what to do.

The words hold names of accounts, campaigns and workers only: no text of a
message, no address, no answer of a network (it may quote either).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from campaigner.core.message import Kind

OVERDUE_AFTER = timedelta(minutes=5)
SILENT_AFTER = timedelta(minutes=2)
ASK_BEFORE = timedelta(hours=1)  # how long before its time an approval is asked for
ASK_WHERE_BEFORE = timedelta(hours=2)  # how long before its last date a handed post is asked after
LAPSED_FOR = timedelta(days=1)  # how long one that nobody published is told of


class AlertKind(StrEnum):
    RECONNECT = "reconnect"
    UNKNOWN = "unknown"
    OVERDUE = "overdue"
    DAEMON = "daemon"
    APPROVAL = "approval"
    HANDED = "handed"
    LAPSED = "lapsed"
    STOPPED = "stopped"
    BROADCAST = "broadcast"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A condition that holds now. At most one alert per kind and subject is open."""

    kind: AlertKind
    subject: str
    text: str


def to_reconnect(account: str, *, since: datetime) -> Finding:
    return Finding(
        kind=AlertKind.RECONNECT,
        subject=account,
        text=f"Account '{account}' has been refused by its network since {_time(since)}. "
        "Its posts wait, nothing is lost. See why with `campaigner accounts list`, renew its "
        f"credentials, then run `campaigner accounts reconnect {account}`.",
    )


def unconfirmed(
    *,
    key: str,
    kind: Kind,
    account: str,
    campaign: str,
    item: str,
    delivery: int,
    number: int,
    by_hand: bool = False,
) -> Finding:
    """Word a message of which `number` deliveries are unknown and wait for a person.

    `key` is the message's own; `delivery` is the first of them. `by_hand`: it is
    about the mail that asks somebody to publish it.
    """
    if by_hand:
        text = (
            f"Nobody can tell whether the mail arrived that asks for post {delivery} ({campaign}, "
            f"{item}) to be published by hand on '{account}'. Ask those who publish there. If it "
            f"is out, say where with `campaigner outbox done {delivery} ADDRESS`. If not, run "
            f"`campaigner outbox resolve {delivery} --not-sent` and `campaigner outbox retry "
            f"{delivery}`: they get a new mail."
        )
    elif kind is Kind.POST:
        text = (
            f"Nobody can tell whether post {delivery} ({campaign}, {item}) is out on account "
            f"'{account}'. Look at the account's page on the network, then say so with "
            f"`campaigner outbox resolve {delivery} --sent` (or `--not-sent`). It is not sent "
            "again by itself."
        )
    else:
        text = (
            f"Nobody can tell whether {_count(number, 'mail')} of {campaign}, {item}, sent through "
            f"'{account}', arrived. See them with `campaigner outbox list --state unknown`, and "
            f"settle each, the first with `campaigner outbox resolve {delivery} --sent` (or "
            "`--not-sent`)."
        )
    return Finding(kind=AlertKind.UNKNOWN, subject=key, text=text)


def asks_where(
    *,
    key: str,
    account: str,
    campaign: str,
    item: str,
    delivery: int,
    due_at: datetime,
    not_after: datetime,
    now: datetime,
) -> Finding | None:
    """Word a post that is with a person while its last date comes near; None: too early to ask.

    Nobody is asked before half of the time from `due_at` to `not_after` is over.
    """
    if now < max(not_after - ASK_WHERE_BEFORE, due_at + (not_after - due_at) / 2):
        return None
    return Finding(
        kind=AlertKind.HANDED,
        subject=key,
        text=f"Post {delivery} ({campaign}, {item}) was handed over to be published by hand on "
        f"'{account}', and nobody has said where it is. After {_time(not_after)} it counts as too "
        f"late. If it is out, run `campaigner outbox done {delivery} ADDRESS`. To ask for it once "
        f"more by mail, `campaigner outbox retry {delivery}`.",
    )


def lapsed(
    *, key: str, account: str, campaign: str, item: str, delivery: int, not_after: datetime
) -> Finding:
    return Finding(
        kind=AlertKind.LAPSED,
        subject=key,
        text=f"Nobody published post {delivery} ({campaign}, {item}) by hand on '{account}' before "
        f"{_time(not_after)}, its last date. Tell those who publish there that it is too late. If "
        f"it is out after all, run `campaigner outbox done {delivery} ADDRESS`.",
    )


def stopped_itself(scope: str, target: str, *, reason: str) -> Finding:
    """Word a stop that campaigner pulled itself. `reason` is its own words, with figures."""
    again = f"--{scope} {target}" if scope == "account" else target
    command = "resume" if scope == "account" else "broadcast resume"
    return Finding(
        kind=AlertKind.STOPPED,
        subject=f"{scope}/{target}",
        text=f"campaigner paused {scope} '{target}' by itself: {reason}. Nothing more leaves until "
        f"somebody runs `campaigner {command} {again}`.",
    )


def waits_for_a_word(broadcast: int, *, campaign: str, run: str, why: str) -> Finding:
    """Word a broadcast that waits for a person to decide. `why` says for what, and how."""
    return Finding(
        kind=AlertKind.BROADCAST,
        subject=str(broadcast),
        text=f"Broadcast {broadcast} ({campaign}, edition of {run}) waits for you: {why}. Nothing "
        "of it leaves until then.",
    )


def overdue(account: str, *, number: int, oldest: datetime) -> Finding:
    return Finding(
        kind=AlertKind.OVERDUE,
        subject=account,
        text=f"{_count(number, 'message')} of account '{account}' should have gone out, the first "
        f"at {_time(oldest)}, and nothing moves. See whether the daemon runs with `campaigner "
        "doctor`, and what waits with `campaigner outbox list`.",
    )


def silent_daemon(worker: str, *, host: str, seen_at: datetime) -> Finding:
    return Finding(
        kind=AlertKind.DAEMON,
        subject=worker,
        text=f"The daemon '{worker}' on {host} gave its last sign of life at {_time(seen_at)} and "
        "did not stop as it should. Nothing goes out without one: look at its log, and start it "
        "with `campaigner run`.",
    )


def to_approve(campaign: str, *, number: int, first_due: datetime) -> Finding:
    return Finding(
        kind=AlertKind.APPROVAL,
        subject=campaign,
        text=f"{_count(number, 'message')} of campaign '{campaign}' still {_verb(number)} for "
        f"approval, the first due at {_time(first_due)}. Read and approve with "
        f"`campaigner approve {campaign}`.",
    )


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _verb(number: int) -> str:
    return "waits" if number == 1 else "wait"
