"""Alert: tell a person, once, what needs one."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy.orm import Session, sessionmaker

from campaigner.core.channel import Outcome, Sent, Unknown
from campaigner.db import alerts
from campaigner.db.alerts import Spacings
from campaigner.db.models import Alert

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Changed:
    """How many alerts were opened and closed."""

    opened: int
    closed: int


def find_alerts(session: Session, now: datetime, *, spacings: Spacings | None = None) -> Changed:
    """Open an alert for each condition that holds, close those whose condition ended.

    `spacings` are the accounts' own, so that posts which wait their turn are
    not taken for stuck ones. An alert that is open gets the newest words, and
    is not told again. The caller commits.
    """
    findings = {
        (found.kind.value, found.subject): found
        for found in alerts.find_conditions(session, now=now, spacings=spacings or {})
    }
    standing = {(alert.kind, alert.subject): alert for alert in alerts.open_alerts(session)}
    for key in findings.keys() & standing.keys():
        standing[key].text = findings[key].text
    new = [found for key, found in findings.items() if key not in standing]
    over = [alert.id for key, alert in standing.items() if key not in findings]
    alerts.raise_alerts(session, new, now=now)
    closed = alerts.close_alerts(session, over, now=now) if over else 0
    return Changed(opened=len(new), closed=closed)


def tell(
    sessions: sessionmaker[Session], send: Callable[[str, str], Outcome], now: datetime
) -> int:
    """Send what is open and untold, all in one message; return how many alerts that were.

    `send(subject, text)` is called outside any transaction, and not at all if
    there is nothing to tell. Where it surely failed nothing is marked, and the
    next round tries again; a crash before the mark tells twice rather than never.
    """
    with sessions() as session:
        untold = [alert for alert in alerts.open_alerts(session) if alert.told_at is None]
    if not untold:
        return 0
    match send(subject_of(untold), text_of(untold)):
        case Sent() | Unknown():
            with sessions.begin() as session:
                alerts.mark_told(session, [alert.id for alert in untold], now=now)
            return len(untold)
        case failed:
            log.warning("alerts not told", alerts=len(untold), outcome=type(failed).__name__)
            return 0


SUBJECTS = {
    "reconnect": "an account has to be reconnected",
    "unknown": "a message could not be confirmed",
    "overdue": "messages are past due",
    "daemon": "the daemon is silent",
    "approval": "messages wait for approval",
    "broadcast": "a broadcast waits for you",
    "handed": "a post by hand is not done yet",
    "lapsed": "a post by hand was not published in time",
    "stopped": "a mailing paused itself",
}


def subject_of(untold: list[Alert]) -> str:
    """Return the subject line of a message about these alerts."""
    kinds = {alert.kind for alert in untold}
    what = SUBJECTS[kinds.pop()] if len(kinds) == 1 else f"{len(untold)} things need you"
    return f"campaigner: {what}"


def text_of(untold: list[Alert]) -> str:
    """Return the alerts as plain text, a paragraph each."""
    return "\n\n".join(alert.text for alert in untold) + "\n"
