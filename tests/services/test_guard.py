"""A copy and a restored backup start paused; our own database does not, however it was killed."""

import itertools
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select, update

from campaigner.core.broadcast import Stop
from campaigner.core.delivery import Hold, MessageState, State
from campaigner.db import instance, pauses
from campaigner.db.broadcasts import due_messages
from campaigner.db.engine import Sessions
from campaigner.db.instance import Seen, Standing
from campaigner.db.models import Broadcast, Instance
from campaigner.services.approve import approve
from campaigner.services.guard import bind
from tests.broadcasts import add_edition
from tests.fakes import FakeChannel, FakeClock
from tests.rows import NOON
from tests.services.lanes import Road, queue, row

_numbers = itertools.count()
A_SECOND_LATER = NOON + timedelta(seconds=1)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home" / "campaigner"


def start(sessions: Sessions, home: Path) -> Seen:
    return bind(sessions, home, clock=FakeClock(NOON))


def is_paused(sessions: Sessions) -> bool:
    with sessions() as session:
        return bool(pauses.open_pauses(session))


def sequence(sessions: Sessions) -> int:
    with sessions() as session:
        return session.scalars(select(Instance.sequence)).one()


def mails(sessions: Sessions, **overrides: Any) -> int:
    """Add an edition to one reader; return its message's number."""
    address = f"r{next(_numbers)}@example.org"
    with sessions.begin() as session:
        return add_edition(session, [address], **overrides).id


def broadcast(sessions: Sessions, id: int) -> Broadcast:
    with sessions() as session:
        return session.get_one(Broadcast, id)


def put_back(sessions: Sessions, number: int) -> None:
    with sessions.begin() as session:
        session.execute(update(Instance).values(sequence=number))


def test_a_new_database_becomes_ours_and_starts_again_unpaused(
    sessions: Sessions, home: Path
) -> None:
    assert start(sessions, home).standing is Standing.NEW
    for _ in range(3):
        assert start(sessions, home).standing is Standing.OWN
    assert not is_paused(sessions)
    assert sequence(sessions) == 4


def test_a_copy_starts_paused_and_again_until_a_person_resumes(
    sessions: Sessions, home: Path, tmp_path: Path
) -> None:
    queue(sessions)
    start(sessions, home)
    assert start(sessions, tmp_path / "another").standing is Standing.COPIED
    assert is_paused(sessions)
    assert start(sessions, tmp_path / "another").standing is Standing.OWN
    assert is_paused(sessions), "a second start does not lift it"
    assert Road(sessions, FakeClock(NOON), FakeChannel()).deliver_all() == 0


def test_a_restored_backup_starts_paused_and_doubts_what_fell_due(
    sessions: Sessions, home: Path
) -> None:
    for _ in range(3):
        start(sessions, home)
    post, claimed = queue(sessions), queue(sessions, state=State.CLAIMED, claim="w")
    mail, later_mail = mails(sessions, due_at=NOON), mails(sessions, due_at=A_SECOND_LATER)
    later = queue(sessions, due_at=NOON + timedelta(seconds=1))
    sent = queue(sessions, state=State.SENT)
    put_back(sessions, 1)
    assert start(sessions, home).standing is Standing.RESTORED
    assert is_paused(sessions)
    for id in (post, claimed):
        doubtful = row(sessions, id)
        assert (doubtful.state, doubtful.look_at) == (State.UNKNOWN, NOON)
        assert (doubtful.attempts, doubtful.first_attempt_at) == (1, NOON), "never made again"
    assert broadcast(sessions, mail).hold == Stop.RESTORED, "one row, however many mails"
    assert broadcast(sessions, later_mail).hold == ""
    assert [row(sessions, id).state for id in (later, sent)] == [State.QUEUED, State.SENT]
    assert start(sessions, home).standing is Standing.OWN
    assert is_paused(sessions)


def test_what_was_approved_after_the_backup_is_not_sent_again_by_a_new_yes(
    sessions: Sessions, home: Path
) -> None:
    start(sessions, home)
    start(sessions, home)
    waits: dict[str, Any] = {"state": MessageState.HELD, "hold": Hold.APPROVAL}
    held: dict[str, Any] = {"state": State.HELD, "hold": Hold.APPROVAL}
    post = queue(sessions, waits, **held)
    mail = mails(sessions, due_at=NOON, **waits)
    later = queue(sessions, waits, due_at=NOON + timedelta(hours=1), **held)
    put_back(sessions, 1)
    start(sessions, home)
    assert len(approve(sessions, campaign="spring", by="ana", now=NOON).approved) == 3
    assert row(sessions, post).state is State.UNKNOWN
    assert broadcast(sessions, mail).hold == Stop.RESTORED
    with sessions() as session:
        assert due_messages(session, account="newsletter", now=NOON) == []
    assert row(sessions, later).state is State.QUEUED


class Killed(BaseException):
    """The power went."""


@pytest.fixture
def power_cut(sessions: Sessions) -> Iterator[list[str]]:
    """Cuts the power before or after the next commit, as its list says."""
    when: list[str] = []

    def before(session: object) -> None:
        if when == ["before"]:
            raise Killed

    def after(session: object) -> None:
        if when == ["after"]:
            raise Killed

    event.listen(sessions.class_, "before_commit", before)
    event.listen(sessions.class_, "after_commit", after)
    yield when
    event.remove(sessions.class_, "before_commit", before)
    event.remove(sessions.class_, "after_commit", after)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_around_the_first_start_does_not_make_our_own_a_copy(
    sessions: Sessions, home: Path, power_cut: list[str], when: str
) -> None:
    power_cut.append(when)
    with pytest.raises(Killed):
        start(sessions, home)
    power_cut.clear()
    assert start(sessions, home).standing in (Standing.NEW, Standing.OWN)
    assert not is_paused(sessions)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_around_a_later_start_is_harmless(
    sessions: Sessions, home: Path, power_cut: list[str], when: str
) -> None:
    start(sessions, home)
    power_cut.append(when)
    with pytest.raises(Killed):
        start(sessions, home)
    power_cut.clear()
    assert start(sessions, home).standing is Standing.OWN
    assert not is_paused(sessions)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_while_a_copy_starts_does_not_unpause_it(
    sessions: Sessions, home: Path, tmp_path: Path, power_cut: list[str], when: str
) -> None:
    start(sessions, home)
    power_cut.append(when)
    with pytest.raises(Killed):
        start(sessions, tmp_path / "another")
    power_cut.clear()
    start(sessions, tmp_path / "another")
    assert is_paused(sessions)


def test_an_unreadable_memory_is_none_and_stops_everything(sessions: Sessions, home: Path) -> None:
    start(sessions, home)
    (file,) = home.glob("*.json")
    file.write_text("{")
    assert start(sessions, home).standing is Standing.COPIED
    assert is_paused(sessions)


def test_a_restored_memory_goes_on_from_the_higher_number(sessions: Sessions, home: Path) -> None:
    for _ in range(5):
        start(sessions, home)
    put_back(sessions, 2)
    start(sessions, home)
    assert sequence(sessions) == 6
    shutil.rmtree(home)
    with sessions() as session:
        assert instance.look(session, home).standing is Standing.COPIED
