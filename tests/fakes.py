"""The few things that tests replace: the clock, and a channel that answers as told."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from campaigner.core.channel import (
    Absent,
    Corrected,
    Counters,
    Disconnected,
    Done,
    Finding,
    NotSampled,
    Outcome,
    Rate,
    Recovery,
    Sent,
    Unknown,
)
from campaigner.core.message import Outgoing


class FakeClock:
    def __init__(self, now: datetime = datetime(2026, 3, 2, 9, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def tick(self, **duration: float) -> None:
        self.now += timedelta(**duration)


class FakeChannel:
    """Answers what it was given, in order; then Sent with a fresh id. Keeps what it was asked."""

    def __init__(
        self,
        outcomes: Iterable[Outcome] = (),
        *,
        findings: Iterable[Finding] = (),
        recovery: Recovery | None = None,
        rates: Sequence[Rate] = (),
        corrections: Iterable[Corrected] = (),
    ) -> None:
        self.name = "fake"
        self.recovery = recovery or Recovery()
        self.rates = rates
        self.sent: list[Outgoing] = []
        self.looked: list[Outgoing] = []
        self._outcomes = iter(outcomes)
        self.edited: list[tuple[str, str]] = []
        self.deleted: list[str] = []
        self._findings = iter(findings)
        self._corrections = iter(corrections)

    def send(self, post: Outgoing) -> Outcome:
        self.sent.append(post)
        return next(self._outcomes, Sent(remote_id=f"remote-{len(self.sent)}"))

    def find(self, post: Outgoing) -> Finding:
        self.looked.append(post)
        return next(self._findings, Absent())

    def edit(self, remote_id: str, text: str) -> Corrected:
        self.edited.append((remote_id, text))
        return next(self._corrections, Done())

    def delete(self, remote_id: str) -> Corrected:
        self.deleted.append(remote_id)
        return next(self._corrections, Done())

    def sample(self, remote_ids: Sequence[str]) -> Mapping[str, Counters] | NotSampled:
        return {id: Counters({"reactions": 1}) for id in remote_ids}

    def whoami(self) -> Sent | Disconnected | Unknown:
        return Sent(remote_id="me")
