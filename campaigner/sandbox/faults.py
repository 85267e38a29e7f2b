"""What the sandbox is told to do wrong, how often, and to whom."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum, StrEnum, auto
from typing import Any

from campaigner.errors import UserError

NETWORKS = ("x", "mastodon", "smtp")
GRAMMAR = "NETWORK[/ACCOUNT]:FAULT[:TIMES[:SKIP[:SECONDS]]], like x:accept-and-drop:2"


class Moment(Enum):
    """When a fault befalls somebody."""

    DOOR = auto()  # whatever they ask for, until it is over
    BEFORE = auto()  # before the post is looked at
    AFTER = auto()  # when the post was taken
    CLOCK = auto()  # whenever the network says what time it is


class Kind(StrEnum):
    RATE_LIMITED = "rate-limited"
    SERVER_ERROR = "server-error"
    CONFLICT = "conflict"
    EXPIRED_TOKEN = "expired-token"
    REVOKED_TOKEN = "revoked-token"
    ACCEPT_AND_DROP = "accept-and-drop"
    ERROR_AFTER_ACCEPT = "error-after-accept"
    MALFORMED = "malformed"
    SLOW = "slow"
    HOLD = "hold"
    CLOCK_SKEW = "clock-skew"

    @property
    def moment(self) -> Moment:
        match self:
            case Kind.EXPIRED_TOKEN | Kind.REVOKED_TOKEN:
                return Moment.DOOR
            case Kind.RATE_LIMITED | Kind.SERVER_ERROR | Kind.CONFLICT:
                return Moment.BEFORE
            case Kind.CLOCK_SKEW:
                return Moment.CLOCK
            case _:
                return Moment.AFTER

    @property
    def accepts(self) -> bool:
        """Whether the post is taken all the same."""
        return self.moment in (Moment.AFTER, Moment.CLOCK)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A thing that goes wrong when somebody publishes.

    `account` empty: anybody's. `times` None: until cleared. The first `skip`
    posts pass. `seconds`: when a rate limit says that it ends, how long a slow
    answer takes, how far a clock is off (below nothing: behind). `number` is
    set when it strikes: the how many-eth time it is, from 1.
    """

    network: str
    kind: Kind
    account: str = ""
    times: int | None = None
    skip: int = 0
    seconds: int = 60
    number: int = 0


@dataclass(frozen=True, kw_only=True)
class Armed:
    """A fault with what became of it: how many posts it let pass and how many it hit."""

    id: int
    fault: Fault
    passed: int = 0
    hit: int = 0

    @property
    def is_over(self) -> bool:
        return self.fault.times is not None and self.hit >= self.fault.times

    def as_json(self) -> dict[str, Any]:
        fault = self.fault
        return {
            "id": self.id,
            "network": fault.network,
            "account": fault.account or None,
            "fault": str(fault.kind),
            "times": fault.times,
            "skip": fault.skip,
            "seconds": fault.seconds,
            "passed": self.passed,
            "hit": self.hit,
        }


class Faults:
    """The faults that are set. Safe to use from several threads."""

    def __init__(self, faults: Sequence[Fault] = ()) -> None:
        self._armed: dict[int, Armed] = {}
        self._last = 0
        self._lock = threading.Lock()
        for fault in faults:
            self.add(fault)

    def add(self, fault: Fault) -> Armed:
        with self._lock:
            self._last += 1
            self._armed[self._last] = armed = Armed(id=self._last, fault=fault)
            return armed

    def remove(self, id: int) -> bool:
        """Take one back; False if there is none of that number."""
        with self._lock:
            return self._armed.pop(id, None) is not None

    def clear(self) -> None:
        with self._lock:
            self._armed.clear()

    def all(self) -> list[Armed]:
        """Return all that are set, also those that have run out, in order."""
        with self._lock:
            return list(self._armed.values())

    def take(self, network: str, account: str, *, accepting: bool) -> Fault | None:
        """Return the fault that befalls this post, and count it; None: all goes well.

        Asked twice for a post: before it is looked at, and, `accepting`, just
        before it is taken. A refused or repeated post uses up none of the latter.
        """
        moment = Moment.AFTER if accepting else Moment.BEFORE
        return self._strike(moment, network, account, counts=True)

    def at_the_door(self, network: str, account: str, *, counts: bool) -> Fault | None:
        """Return why the account is not let in, whatever it asks for; None: it is.

        Only a request that `counts`, one that wants to change something, passes
        or is hit; one that reads finds things as the last of those left them.
        """
        return self._strike(Moment.DOOR, network, account, counts=counts)

    def skew(self, network: str, account: str, *, counts: bool) -> timedelta:
        """Return how far the network's clock is off for this account. `counts` as at the door."""
        fault = self._strike(Moment.CLOCK, network, account, counts=counts)
        return timedelta(seconds=fault.seconds) if fault else timedelta(0)

    def _strike(self, moment: Moment, network: str, account: str, *, counts: bool) -> Fault | None:
        with self._lock:
            for armed in self._armed.values():
                fault = armed.fault
                if (fault.network, fault.kind.moment) != (network, moment) or armed.is_over:
                    continue
                if fault.account and fault.account != account:
                    continue
                if armed.passed < fault.skip:
                    if counts:
                        self._armed[armed.id] = replace(armed, passed=armed.passed + 1)
                    continue
                if counts:
                    armed = replace(armed, hit=armed.hit + 1)
                    self._armed[armed.id] = armed
                return replace(fault, number=armed.hit)
        return None


def parse_fault(text: str) -> Fault:
    """Read a fault as the command line writes it; `*` or nothing for TIMES: until cleared.

    Raises UserError for one that cannot be read.
    """
    target, *rest = text.split(":")
    network, _, account = target.partition("/")
    kind, times, skip, seconds, *more = [*rest, "", "", "", "", ""][: max(4, len(rest))]
    if more:
        raise UserError(f"fault '{text}' has too many parts. Write {GRAMMAR}.")
    return read_fault(
        {
            "network": network,
            "account": account,
            "fault": kind,
            "times": None if times in ("", "*") else times,
            "skip": skip or 0,
            "seconds": seconds or 60,
        }
    )


def read_fault(values: Mapping[str, Any]) -> Fault:
    """Read a fault as JSON or a form writes it: network, fault; account, times, skip, seconds.

    Raises UserError for a wrong value, naming those that are right.
    """
    network, kind = str(values.get("network", "")), str(values.get("fault", ""))
    if network not in NETWORKS:
        raise UserError(f"fault: no network '{network}'. Choose among {', '.join(NETWORKS)}.")
    if kind not in set(Kind):
        raise UserError(f"fault: no kind '{kind}'. Choose among {', '.join(Kind)}.")
    unknown = set(values) - {"network", "account", "fault", "times", "skip", "seconds"}
    if unknown:
        raise UserError(f"fault: nobody knows '{min(unknown)}'. Write network, fault, times, ….")
    if (network, kind) == ("smtp", Kind.CLOCK_SKEW):
        raise UserError("fault: a mail server says no time. clock-skew is for x and mastodon.")
    times = values.get("times")
    return Fault(
        network=network,
        kind=Kind(kind),
        account=str(values.get("account") or ""),
        times=None if times in (None, "") else _whole(times, "times", least=1),
        skip=_whole(values.get("skip") or 0, "skip", least=0),
        seconds=_seconds(values.get("seconds") or 60, behind=kind == Kind.CLOCK_SKEW),
    )


def _seconds(value: object, *, behind: bool) -> int:
    """Read SECONDS; a clock may also be `behind`, with a minus."""
    text = str(value).strip()
    if behind and text.startswith("-"):
        return -_whole(text[1:], "seconds", least=1)
    return _whole(value, "seconds", least=1)


def _whole(value: object, name: str, *, least: int) -> int:
    text = str(value).strip()
    if not (text.isascii() and text.isdigit()) or int(text) < least:
        raise UserError(f"fault: {name} is '{value}'. Write a whole number, {least} or more.")
    return int(text)
