"""One round of work: which services, in which order, given the time.

The daemon calls it, and so do rehearsals.

Each step is safe to repeat and safe to be killed in: the tables are the truth.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from campaigner.app import App
from campaigner.core.channel import Outcome
from campaigner.db import broadcasts, changes, outbox, signups, upkeep
from campaigner.errors import UserError
from campaigner.net import Http
from campaigner.services.alert import find_alerts, tell
from campaigner.services.answer_signups import answer_signups
from campaigner.services.broadcast import Sender, broadcast_due
from campaigner.services.broadcasts import advance
from campaigner.services.collect import collect_due
from campaigner.services.compose import compose_due
from campaigner.services.deliver import Lane, deliver_due
from campaigner.services.freeze import freeze_waiting
from campaigner.services.notify import notify
from campaigner.services.recover import recover_unknown
from campaigner.services.watch_reputation import watch_reputation

log = structlog.get_logger()

COMPOSER = "daemon"  # who queues the editions that nobody queued by hand


@dataclass(frozen=True, kw_only=True)
class Worker:
    """Who works: a name for its claims, since when, and a wait.

    The wait ends early, with True, when the worker is to stop.
    """

    name: str
    wait: Callable[[timedelta], bool]
    since: datetime


def tidy(app: App) -> None:
    """Take back what dead workers held; close what is too late."""
    now = app.clock()
    with app.sessions() as session:
        lost = outbox.recover_lost(session, now=now)
        gone = upkeep.give_up_resending(session, now=now)
        over = upkeep.expire(session, now=now)
        if any(lost.values()) or gone or over:
            changes.announce(session)
            log.info(
                "tidied",
                lost={str(state): count for state, count in lost.items()},
                not_resent=gone,
                expired=over,
            )
        session.commit()


def due_accounts(app: App) -> list[str]:
    """Return the accounts that have something to send now."""
    with app.sessions() as session:
        now = app.clock()
        due = [
            *outbox.due_accounts(session, now=now),
            *broadcasts.due_accounts(session, now=now),
        ]
    return sorted({name for name in due if name in app.accounts})


def send_account(app: App, account: str, worker: Worker) -> datetime | None:
    """Send what is due on one account; return when to come back for more, None if for nothing."""
    settings = app.accounts[account]
    if settings.channel == "email":
        sender = Sender(
            account=account,
            settings=settings,
            public_url=app.settings.web.public_url,
            keyring=app.keyring,
            routes_at=lambda base: app.routes(account, base),
            signers_at=lambda base: app.signers(account, base),
            claim=f"{worker.name}/{account}",
            wait=worker.wait,
        )
        return broadcast_due(app.sessions, sender, clock=app.clock).come_back
    lane = Lane(
        account=account,
        channel_at=lambda base: app.channel(account, base),
        rates=app.rates(account),
        claim=f"{worker.name}/{account}",
        wait=worker.wait,
        since=worker.since,
    )
    return deliver_due(app.sessions, lane, clock=app.clock).come_back


def tend(app: App, worker: Worker, *, without: Collection[str] = ()) -> None:
    """Do all the rest of a round: look for unknowns, compose editions, collect reach, tell people.

    One step's failure does not keep the others from being done. `without` names
    steps to be left out.
    """
    steps: dict[str, Callable[[], object]] = {
        "tidy": lambda: tidy(app),
        "recover": lambda: recover_unknown(app.sessions, app.channel, clock=app.clock),
        "compose": lambda: compose_due(
            app.sessions, app.readable_campaigns(), app.desk(), by=COMPOSER, now=app.clock()
        ),
        "freeze": lambda: freeze_waiting(
            app.sessions, clock=app.clock, stops=lambda: worker.wait(timedelta(0))
        ),
        "broadcasts": lambda: advance(
            app.sessions, clock=app.clock, stops=lambda: worker.wait(timedelta(0))
        ),
        "collect": lambda: look(app),
        "signups": lambda: answer(app, worker),
        "bounces": lambda: take_bounces(app),
        "reputation": lambda: watch_reputation(app.sessions, app.settings.lists, now=app.clock()),
        "alert": lambda: alert(app),
    }
    for name, step in steps.items():
        if name in without:
            continue
        if worker.wait(timedelta(0)):
            return
        try:
            step()
        except (UserError, SQLAlchemyError) as error:
            log.error("step failed", step=name, error=str(error))
        except Exception:
            # A bug in one step must not keep the others from being done.
            log.exception("step failed", step=name)


def has_signups(app: App) -> bool:
    """Whether a public form received something that is to be answered now."""
    with app.reading_sessions() as session:
        return signups.has_due(session, now=app.clock())


def answer(app: App, worker: Worker) -> int:
    """Decide on what public forms received, and mail the answers; return how many were tried."""
    return answer_signups(app.sessions, app.mailroom, wait=worker.wait, clock=app.clock)


def take_bounces(app: App) -> None:
    """Do what follows from refusals while sending, and from what came back to mailboxes since."""
    app.applier.apply_refusals()
    app.bounce_reader.read_due()


def look(app: App) -> None:
    """Look at what published posts reached, where it is due."""
    collect_due(app.sessions, app.channel, now=app.clock())


def alert(app: App) -> None:
    """Find what a person has to see, and tell whom the settings name."""
    spacings = {name: account.spacing for name, account in app.accounts.items()}
    with app.sessions() as session:
        find_alerts(session, app.clock(), spacings=spacings)
        session.commit()

    where = app.settings.alerts
    if where.mail or where.webhook:
        tell(app.sessions, lambda subject, text: _notify(app, subject, text), app.clock())


def _notify(app: App, subject: str, text: str) -> Outcome:
    settings = app.settings.alerts
    through = settings.through
    return notify(
        subject,
        text,
        to=settings.mail,
        sender=app.accounts[through].sender if through in app.accounts else "",
        relay=lambda: app.relay(through, app.desk().base_of(through), use="notices"),
        webhook=settings.webhook,
        http=Http(base=settings.webhook, loopback_only=app.settings.loopback_only),
        now=app.clock(),
    )


def run_round(app: App, worker: Worker, *, without: Collection[str] = ()) -> datetime | None:
    """Do one whole round in this thread, without a daemon.

    Returns when an account that may not go on now may do so, the first of
    them; None if there is none. `without` as in `tend`.
    """
    tend(app, worker, without=without)
    waiting = []
    for account in due_accounts(app):
        come_back = send_account(app, account, worker)
        while come_back is not None and come_back <= app.clock():
            come_back = send_account(app, account, worker)
        if come_back is not None:
            waiting.append(come_back)
    return min(waiting, default=None)
