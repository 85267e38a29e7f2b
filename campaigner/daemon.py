"""The clock: APScheduler says when, the tables say what. The only APScheduler import.

Every due time within a short horizon has an exact trigger of its own, armed
from the tables at the start, by sweep, and when another process changed
something. Nothing is lost with them: whatever they miss, the sweep finds.
"""

import os
import signal
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from importlib.metadata import version
from types import FrameType

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor as Executor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy.exc import SQLAlchemyError

from campaigner import failpoints, rounds
from campaigner.app import App
from campaigner.db import ahead, changes, heartbeat, instance, outbox
from campaigner.errors import CampaignerError
from campaigner.services.erase import replay_erasures
from campaigner.services.guard import bind
from campaigner.services.retime import retime

log = structlog.get_logger()

HORIZON = timedelta(minutes=15)
ARMED = 500  # triggers at a time; the sweep arms the next ones
BEAT = timedelta(seconds=10)
LANES = 16  # accounts that are sent to at the same time
SIGNUPS = "/signups"  # the lane that answers public forms: no account is called so
PATIENCE = 45.0  # seconds that a stop waits for what is being sent


class Daemon:
    """One process that publishes. `run` returns when it was told to stop."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.name = f"{socket.gethostname()}-{os.getpid()}-{int(app.clock().timestamp())}"
        self._stop = threading.Event()
        self._worker = rounds.Worker(name=self.name, wait=self._wait, since=app.clock())
        self._lanes = ThreadPoolExecutor(LANES, thread_name_prefix="lane")
        self._busy: set[str] = set()
        self._again: set[str] = set()
        self._lock = threading.Lock()
        self._scheduler = BackgroundScheduler(
            jobstores={"default": MemoryJobStore()},
            executors={"default": Executor(4), "clock": Executor(2)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone="UTC",
        )

    def run(self) -> None:
        """Work until SIGINT or SIGTERM; then finish what is being sent and give back the rest."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._told_to_stop)
        bind(self.app.sessions, self.app.settings.state_dir, clock=self.app.clock)
        replay_erasures(
            self.app.sessions,
            keyring=self.app.keyring,
            state_dir=self.app.settings.state_dir,
            clock=self.app.clock,
        )
        retime(self.app.sessions, tzdata=version("tzdata"), now=self.app.clock())
        self._beat()
        rounds.tidy(self.app)
        every = {"timezone": "UTC"}
        add = self._scheduler.add_job
        add(self._tick, IntervalTrigger(seconds=_seconds(self.app.settings.sweep), **every),
            executor="clock")  # fmt: skip
        add(self._beat, IntervalTrigger(seconds=_seconds(BEAT), **every), executor="clock")
        add(self._tend, IntervalTrigger(seconds=_seconds(self.app.settings.sweep), **every))
        self._scheduler.start()
        watcher = threading.Thread(target=self._watch, name="watch", daemon=True)
        watcher.start()
        log.info("daemon started", worker=self.name, database=self.app.engine.dialect.name)
        add(self._tend)
        self._tick()
        while not self._stop.wait(1.0):
            pass
        self._finish(watcher)

    def stop(self) -> None:
        self._stop.set()

    def _told_to_stop(self, number: int, frame: FrameType | None) -> None:
        self.stop()

    def _wait(self, time: timedelta) -> bool:
        return self._stop.wait(time.total_seconds())

    def _tick(self) -> None:
        """Start whatever is due, and arm a trigger for what will be soon."""
        if self._stop.is_set():
            return
        try:
            for account in rounds.due_accounts(self.app):
                self._start(account)
            if rounds.has_signups(self.app):
                self._start(SIGNUPS)
            self._arm()
        except SQLAlchemyError as error:
            log.error("could not look for what is due", error=str(error))

    def _arm(self) -> None:
        now = self.app.clock()
        with self.app.sessions() as session:
            moments = ahead.next_dues(session, after=now, until=now + HORIZON, limit=ARMED)
            session.rollback()
        for moment in moments:
            self._arm_at(moment)

    def _arm_at(self, moment: datetime) -> None:
        """Tick at an instant of the app's clock, which need not be the machine's."""
        ahead = moment - self.app.clock()
        at = _machine_now() + max(ahead, timedelta(0))
        self._scheduler.add_job(
            self._tick,
            DateTrigger(run_date=at),
            id=f"due {moment.isoformat()}",
            replace_existing=True,
            executor="clock",
        )

    def _start(self, account: str) -> None:
        """Open an account's lane, if it is not open: one post at a time per account."""
        with self._lock:
            if account in self._busy:
                self._again.add(account)
                return
            self._busy.add(account)
        try:
            self._lanes.submit(self._lane, account)
        except RuntimeError:  # the pool is closed: the daemon stops
            with self._lock:
                self._busy.discard(account)

    def _lane(self, account: str) -> None:
        """Send on one account until nothing is due."""
        try:
            while not self._stop.is_set():
                come_back = self._serve(account)
                if come_back is None:
                    break
                if come_back > self.app.clock():
                    self._arm_at(come_back)
                    break
        except (CampaignerError, SQLAlchemyError) as error:
            log.error("account not served", account=account, error=str(error))
        except Exception:
            # A bug in one account's way out must not silence the others.
            log.exception("account not served", account=account)
        finally:
            with self._lock:
                self._busy.discard(account)
                again = account in self._again
                self._again.discard(account)
            if again and not self._stop.is_set():
                self._start(account)

    def _serve(self, lane: str) -> datetime | None:
        """Do what is due in a lane; return when to come back for more, None if for nothing."""
        if lane == SIGNUPS:
            rounds.answer(self.app, self._worker)
            return None
        return rounds.send_account(self.app, lane, self._worker)

    def _tend(self) -> None:
        rounds.tend(self.app, self._worker)
        self._tick()

    def _beat(self) -> None:
        """Say that we live, renew what we hold, and remember where the database stands."""
        now = self.app.clock()
        try:
            with self.app.sessions() as session:
                heartbeat.beat(
                    session, worker=self.name, pid=os.getpid(), host=socket.gethostname(), now=now
                )
                claims = [f"{self.name}/{account}" for account in self.app.accounts]
                outbox.renew(session, claims=claims, until=now + outbox.LEASE)
                name, sequence = instance.advance(session)
                session.commit()
            instance.remember(self.app.settings.state_dir, name, sequence)
        except (SQLAlchemyError, OSError) as error:
            log.error("no heartbeat", error=str(error))

    def _watch(self) -> None:
        """Tick as soon as another process changed something."""
        while not self._stop.is_set():
            try:
                with changes.watch(self.app.engine) as changed:
                    while not self._stop.is_set():
                        if changed():
                            self._tick()
            except Exception:
                # The connection was lost: the sweep goes on meanwhile.
                log.exception("not watching for changes")
                self._stop.wait(5.0)

    def _finish(self, watcher: threading.Thread) -> None:
        log.info("stopping", busy=sorted(self._busy))
        self._scheduler.shutdown(wait=False)
        done = threading.Thread(target=self._lanes.shutdown, daemon=True)
        done.start()
        done.join(PATIENCE)
        watcher.join(5.0)
        with self.app.sessions() as session:
            for account in self.app.accounts:
                outbox.release(session, claim=f"{self.name}/{account}")
            heartbeat.stopped(session, worker=self.name, now=self.app.clock())
            session.commit()
        log.info("stopped", worker=self.name)


def run_daemon(app: App) -> None:
    """Run until told to stop. Raises UserError where the workspace cannot be worked with."""
    failpoints.arm(app.settings.failpoints, marks=app.settings.failpoint_marks)
    Daemon(app).run()


def _machine_now() -> datetime:
    return datetime.now().astimezone()


def _seconds(time: timedelta) -> float:
    return time.total_seconds()
