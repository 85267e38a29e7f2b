"""Many connections to several relays on one event loop, and a ledger that they all answer to.

What a connection has to tell, and what it wants next, goes to the ledger in
turns: one turn is one commit, made in a thread of its own. It takes with it
whatever became ready while the last one was being made, so that many
connections share a commit and a slow disk only makes them share more. A result
is told as soon as it is there: it waits for no token, no pause, no next mail.

The only user of asyncio's loop; on uvloop where there is one.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Generic, Protocol, TypeVar

import structlog

from campaigner.core.channel import Disconnected, Outcome, Retry, Unknown
from campaigner.mail.envelope import Envelope
from campaigner.mail.pipeline import NotOpenError, Pipeline, UntouchedError, connect
from campaigner.mail.transport import Server

log = structlog.get_logger()

BREAKS = 3  # connections in a row that a relay may break off before it counts as failing
TURNS_TO_CLOSE = 3  # of the loop, until a connection that was given up is closed
HANDFUL = 8  # mails that are given to connections before others have the loop
CHUNK = 32  # mails that a thread makes at a time: to hand one over costs as much as to make it
GATHERED = 0.1  # of what the last turn took: for so long the next one waits for more to join
LONGEST_GATHERING = 0.02  # seconds
IDLE_SECONDS = 1.0  # after which a connection may have been closed by the other side

J = TypeVar("J")
Granted = tuple[J, "Envelope | Outcome | None"] | None


@dataclass(frozen=True, kw_only=True)
class Way:
    """A relay, how many connections to it there may be, and how many mails each of them carries."""

    name: str
    server: Server
    connections: int
    most: int = 100


@dataclass(frozen=True, kw_only=True)
class Answer(Generic[J]):
    """What became of one submission."""

    job: J
    way: str
    outcome: Outcome


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """A relay cannot be used now. `refused`: it does not want us, and waiting does not help."""

    way: str
    reason: str
    refused: bool


@dataclass(kw_only=True)
class Report(Generic[J]):
    """What connections have to tell at one time, and how many mails each relay could take."""

    answers: list[Answer[J]] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    wanted: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Grant(Generic[J]):
    """What may be sent, by relay: fenced, and committed. At most as many as were wanted.

    `later`: when relays that got fewer may ask again. For one that is not in
    it nothing is left.
    """

    jobs: Mapping[str, Sequence[J]]
    later: Mapping[str, timedelta] = field(default_factory=dict)


class Ledger(Protocol[J]):
    """Who decides what is sent, and writes down what became of it."""

    def turn(self, report: Report[J]) -> Grant[J]:
        """Record, fence and commit; called in one thread, one turn after the other."""

    def envelope(self, job: J, way: str) -> Envelope | Outcome:
        """Make the mail of a granted job, or say what becomes of it unsent. Does not raise."""


class Pool(Generic[J]):
    """One run over all relays: from the first mail until none is left, or all relays fail."""

    def __init__(
        self,
        ways: Sequence[Way],
        ledger: Ledger[J],
        *,
        wait: Callable[[timedelta], bool],
        composers: int = 0,
    ) -> None:
        """Prepare. `wait` sleeps, and says True if all is to stop.

        `composers`: in how many threads mails are made; 0: on the loop itself,
        which is faster where making one takes less than to pass it on.
        """
        self._ways = ways
        self._ledger = ledger
        self._wait = wait
        self._composers = composers

    def run(self) -> None:
        """Send, and return when there is nothing left to do now. Raises what the ledger raises."""
        threads = [
            ThreadPoolExecutor(1, "ledger"),
            ThreadPoolExecutor(len(self._ways), "wait"),
            ThreadPoolExecutor(max(1, self._composers), "compose"),
        ]
        try:
            with asyncio.Runner(loop_factory=_new_loop) as runner:
                runner.run(self._run(*threads))
        finally:
            for each in threads:
                each.shutdown(wait=True, cancel_futures=True)

    async def _run(self, ledger: Executor, waiting: Executor, composing: Executor) -> None:
        turns = _Turns(
            self._ledger,
            self._wait,
            ledger,
            waiting,
            composing if self._composers else None,
            composers=self._composers,
        )
        lines = [
            _Line(way, turns, self._ledger) for way in self._ways for _ in range(way.connections)
        ]
        turns.working = len(lines)
        rest = {way.name: way.connections for way in self._ways}
        tasks = [asyncio.create_task(line.work(rest)) for line in lines]
        try:
            await turns.keep()
        except BaseException:  # also where we are told to stop: no line goes on without a ledger
            for task in tasks:
                task.cancel()
            raise
        finally:
            # Now they take leave; and what was given up is closed by the next turns of the loop.
            done = await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        for each in done:
            if isinstance(each, Exception):
                raise each


class _Turns(Generic[J]):
    """Gathers what connections tell and want, and takes it to the ledger, turn by turn."""

    def __init__(
        self,
        ledger: Ledger[J],
        wait: Callable[[timedelta], bool],
        thread: Executor,
        waiting: Executor,
        composing: Executor | None,
        *,
        composers: int,
    ) -> None:
        self.working = 0
        self._making = 0
        self._composers = composers
        self._composing = composing
        self._ledger = ledger
        self._wait = wait
        self._thread = thread
        self._waiting = waiting
        self._loop = asyncio.get_running_loop()
        self._report: Report[J] = Report()
        self._wants: dict[str, deque[asyncio.Future[Granted[J]]]] = {}
        self._resting: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stirred = asyncio.Event()
        self._opened: set[str] = set()

    def tell(self, answer: Answer[J]) -> None:
        self._report.answers.append(answer)
        self._stirred.set()

    def opened(self, way: str) -> None:
        """Tell, once, that a relay let us in."""
        if way not in self._opened:
            self._opened.add(way)
            self._report.opened.append(way)
            self._stirred.set()

    def trouble(self, trouble: Trouble) -> None:
        self._report.troubles.append(trouble)
        self._opened.discard(trouble.way)
        self._stirred.set()

    def left(self) -> None:
        """Tell that a connection ended, for whatever reason."""
        self.working -= 1
        self._stirred.set()

    def want(self, way: str) -> "asyncio.Future[Granted[J]]":
        """Ask for a mail for a relay: the job and, if it was made in a thread, the mail.

        None: there is none left.
        """
        future: asyncio.Future[Granted[J]] = self._loop.create_future()
        self._wants.setdefault(way, deque()).append(future)
        self._stirred.set()
        return future

    def close(self, way: str) -> None:
        """Give nothing more to a relay."""
        for future in self._wants.pop(way, ()):
            if not future.done():
                future.set_result(None)

    async def keep(self) -> None:
        """Turn after turn, until the last connection has ended and all is written down."""
        spent = 0.0
        try:
            while self.working or self._has_news:
                await self._stirred.wait()
                await self._gather(spent)
                self._stirred.clear()
                wanted = {
                    way: len(wants)
                    for way, wants in self._wants.items()
                    if wants and way not in self._resting
                }
                if not (wanted or self._has_news):
                    continue
                report, self._report = self._report, Report()
                report.wanted = wanted
                began = self._loop.time()
                grant = await self._loop.run_in_executor(self._thread, self._ledger.turn, report)
                spent = self._loop.time() - began
                self._give(wanted, grant)
        finally:
            for task in self._tasks:
                task.cancel()

    async def _gather(self, spent: float) -> None:
        """Let more connections join the next turn, for a part of what the last one took.

        Not if all of them wait for it already. So others get at the database in
        between, and a slow disk makes turns larger.
        """
        if self._making > 2 * CHUNK * self._composers:
            await asyncio.sleep(LONGEST_GATHERING)  # there is enough to do without a turn
        elif sum(map(len, self._wants.values())) < self.working:
            await asyncio.sleep(min(spent * GATHERED, LONGEST_GATHERING))

    @property
    def _has_news(self) -> bool:
        report = self._report
        return bool(report.answers or report.opened or report.troubles)

    def _give(self, wanted: Mapping[str, int], grant: Grant[J]) -> None:
        for way, count in wanted.items():
            wants = self._wants.get(way, deque())
            jobs = grant.jobs.get(way, ())
            waiting = [wants.popleft() for _ in range(min(len(jobs), len(wants)))]
            for job in jobs[len(waiting) :]:  # the relay was given up while the ledger was asked
                gone = Retry("its relay was given up", reached=False)
                self.tell(Answer(job=job, way=way, outcome=gone))
            self._hand_over(way, waiting, jobs[: len(waiting)])
            if len(jobs) >= count:
                continue
            if way in grant.later:
                self._rest(way, grant.later[way])
            else:
                self.close(way)

    def _hand_over(
        self, way: str, waiting: "Sequence[asyncio.Future[Granted[J]]]", jobs: Sequence[J]
    ) -> None:
        if self._composing is None:
            self._start(self._hand_out(waiting, [(job, None) for job in jobs]))
            return
        size = max(1, min(CHUNK, len(waiting) // self._composers))
        for start in range(0, len(waiting), size):
            end = start + size
            self._start(self._make(way, jobs[start:end], waiting[start:end]))

    async def _hand_out(
        self, waiting: "Sequence[asyncio.Future[Granted[J]]]", granted: Sequence[Granted[J]]
    ) -> None:
        """Give some at a time: what they write leaves, and what came is read, in between."""
        for start in range(0, len(waiting), HANDFUL):
            end = start + HANDFUL
            for future, each in zip(waiting[start:end], granted[start:end], strict=True):
                future.set_result(each)
            await asyncio.sleep(0)

    def _rest(self, way: str, time: timedelta) -> None:
        self._resting.add(way)
        self._start(self._resume(way, time))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _make(
        self, way: str, jobs: Sequence[J], waiting: "Sequence[asyncio.Future[Granted[J]]]"
    ) -> None:
        """Have some mails made in a thread, and give them to those who wait."""

        def work() -> list[Envelope | Outcome]:
            return [self._ledger.envelope(job, way) for job in jobs]

        assert self._composing is not None
        self._making += len(jobs)
        made = await self._loop.run_in_executor(self._composing, work)
        self._making -= len(jobs)
        await self._hand_out(waiting, list(zip(jobs, made, strict=True)))

    async def _resume(self, way: str, time: timedelta) -> None:
        await self._loop.run_in_executor(self._waiting, self._wait, time)
        self._resting.discard(way)
        self._stirred.set()


class _Line(Generic[J]):
    """One connection's work: want, send, tell, and want again."""

    def __init__(self, way: Way, turns: _Turns[J], ledger: Ledger[J]) -> None:
        self.way = way
        self.turns = turns
        self.ledger = ledger
        self._open: Pipeline | None = None
        self._used_at = 0.0
        self._breaks = 0

    async def work(self, lines: dict[str, int]) -> None:
        """Send until nothing is left for this relay, or it fails.

        `lines` are the connections at work, by relay: that it fails is told by
        the last of them. Others go on where one was refused.
        """
        name = self.way.name
        try:
            while True:
                await self._connect()
                granted = await self.turns.want(name)
                if granted is None:
                    return
                job, mail = granted
                outcome = await self._send(mail or self.ledger.envelope(job, name))
                self.turns.tell(Answer(job=job, way=name, outcome=outcome))
                if isinstance(outcome, Disconnected):
                    self.turns.close(name)
                    raise NotOpenError(outcome.reason, refused=True)
        except NotOpenError as error:
            if lines[name] == 1 or error.refused:
                trouble = Trouble(way=name, reason=error.reason, refused=error.refused)
                self.turns.trouble(trouble)
        finally:
            lines[name] -= 1
            self.turns.left()
            if self._open is not None:
                await self._open.close()

    async def _connect(self) -> None:
        """See to it that there is a connection for the next mail. Raises NotOpenError."""
        if self._open is not None and self._open.usable:
            return
        if self._breaks >= BREAKS:
            raise NotOpenError(f"{self.way.server.host} broke off {self._breaks} times in a row")
        if self._open is not None:
            await self._open.close()
            self._open = None
        self._open = await connect(self.way.server, most=self.way.most)
        self._used_at = asyncio.get_running_loop().time()
        self.turns.opened(self.way.name)

    async def _send(self, mail: Envelope | Outcome) -> Outcome:
        """Submit a mail that could be made: once more where a kept connection had gone."""
        if not isinstance(mail, Envelope):
            return mail
        try:
            outcome = await self._submit(mail)
        except NotOpenError as error:
            self._breaks = BREAKS
            return Retry(error.reason, reached=False)
        except Exception as error:
            # A bug of ours, and nobody knows how far it came: never try blindly.
            log.exception("relay failed", relay=self.way.name)
            self._open = None
            return Unknown(f"a fault in campaigner itself: {type(error).__name__}")
        broken = self._open is None or not self._open.connected
        self._breaks = self._breaks + 1 if broken and isinstance(outcome, Retry) else 0
        return outcome

    async def _submit(self, mail: Envelope) -> Outcome:
        assert self._open is not None
        now = asyncio.get_running_loop().time()
        kept = self._open.carried > 0 or now - self._used_at > IDLE_SECONDS
        self._used_at = now
        try:
            return await self._open.submit(mail)
        except UntouchedError as error:
            if not kept:
                return error.outcome
        await self._open.close()
        self._open = None
        self._open = await connect(self.way.server, most=self.way.most)
        try:
            return await self._open.submit(mail)
        except UntouchedError as error:
            return error.outcome


def _new_loop() -> asyncio.AbstractEventLoop:
    """Return a loop of uvloop's, which is twice as fast, where there is one."""
    try:
        import uvloop
    except ImportError:  # not on every system
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
