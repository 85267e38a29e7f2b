"""Watch what comes back, and pause an account before its good name is gone."""

from collections.abc import Collection
from datetime import datetime

import structlog

from campaigner.core.reputation import WINDOW, why_pause
from campaigner.db import changes, pauses, reputation
from campaigner.db.engine import Sessions

log = structlog.get_logger()
WATCHER = "campaigner"


def watch_reputation(sessions: Sessions, accounts: Collection[str], *, now: datetime) -> list[str]:
    """Pause each e-mail account of which too much comes back; return which.

    A person resumes it; what came back before that is not held against it again.
    """
    paused = []
    with sessions() as session:
        standing = {
            pause.target for pause in pauses.open_pauses(session) if pause.scope == "account"
        }
        for account in accounts:
            if account in standing:
                continue
            since = reputation.looked_afresh(session, account, now=now, window=WINDOW)
            events = reputation.events(session, account, since=since, now=now)
            if not events.may_matter:
                continue
            sent = reputation.sent(session, account, since=since)
            if reason := why_pause(events, sent=sent):
                pauses.add_pause(
                    session, scope="account", target=account, reason=reason, by=WATCHER, now=now
                )
                paused.append(account)
                log.warning("account paused itself", account=account, reason=reason)
        if paused:
            changes.announce(session)
            session.commit()
    return paused
