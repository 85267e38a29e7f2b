"""What is read from mailboxes is applied, marked only then, and a silent mailbox is told once."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from campaigner.core.bounces import Kind, Report
from campaigner.errors import UserError
from campaigner.mail.mailbox import Arrived
from campaigner.net import NotReachedError
from campaigner.services.read_bounces import BounceReader, read_mailbox
from tests.fakes import FakeClock

AWAY = b"From: a@example.org\nSubject: Out of office\nAuto-Submitted: auto-replied\n\n"


@dataclass
class Box:
    """A mailbox in memory."""

    mails: list[Arrived] = field(default_factory=lambda: [Arrived("1", AWAY), Arrived("2", AWAY)])

    def batches(self) -> Iterator[Sequence[Arrived]]:
        yield list(self.mails)

    def done(self, mails: Sequence[Arrived]) -> None:
        self.mails = [mail for mail in self.mails if mail not in mails]


def test_a_mail_is_marked_after_it_was_applied() -> None:
    box, left_when_applied = Box(), []

    def apply(account: str, report: Report, raw: bytes) -> str:
        left_when_applied.append((account, report.kind, len(box.mails)))
        return "ignored"

    assert read_mailbox(box, "news", apply=apply) == {"ignored": 2}
    assert left_when_applied == [("news", Kind.VACATION, 2)] * 2
    assert box.mails == []


def test_what_cannot_be_applied_is_not_marked() -> None:
    box = Box()

    def apply(account: str, report: Report, raw: bytes) -> str:
        raise UserError("the database is away")

    with pytest.raises(UserError):
        read_mailbox(box, "news", apply=apply)
    assert len(box.mails) == 2


def test_a_dry_run_applies_and_marks_nothing() -> None:
    box = Box()

    def apply(account: str, report: Report, raw: bytes) -> str:
        raise AssertionError

    assert read_mailbox(box, "news", apply=apply, dry_run=True) == {"vacation": 2}
    assert len(box.mails) == 2


def test_each_mailbox_is_read_once_a_minute_and_a_faulty_one_does_not_stop_the_others(
    clock: FakeClock,
) -> None:
    looks = []

    @contextmanager
    def broken() -> Iterator[Box]:
        looks.append("broken")
        raise NotReachedError("nobody answers")
        yield Box()

    @contextmanager
    def working() -> Iterator[Box]:
        looks.append("working")
        yield Box()

    def apply(account: str, report: Report, raw: bytes) -> str:
        return "ignored"

    reader = BounceReader(
        {"a": broken, "b": working}, apply=apply, forget=lambda: looks.append("forget"), clock=clock
    )
    assert reader.read_due() == {"ignored": 2}
    assert reader.read_due() == {}
    assert reader.faults == {"a": "nobody answers"}
    clock.tick(minutes=1)
    reader.read_due()
    assert looks == ["forget", "broken", "working", "working"]
    clock.tick(minutes=4)
    reader.read_due()
    assert looks[4:] == ["broken", "working"]
