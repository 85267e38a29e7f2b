"""Each fault of the sandbox, and what becomes of a post: never lost, never twice."""

import itertools
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from campaigner import rounds
from campaigner.app import App
from campaigner.core.delivery import Hold, State
from campaigner.db.ahead import next_moment
from campaigner.errors import UserError
from campaigner.rehearsal.clock import VirtualClock
from campaigner.sandbox.faults import parse_fault
from campaigner.sandbox.log import Entry, read_log
from campaigner.services.accounts import reconnect
from campaigner.services.approve import approve
from campaigner.services.outbox import Entry as Row
from campaigner.services.outbox import list_outbox
from campaigner.services.queue import queue_campaign
from tests.acceptance.workspace import Workspace, lessons, minutes, worker

DUE = datetime(2026, 12, 1, 10, tzinfo=UTC)
FAULTY = {"x-es": "x/x-es", "m-es": "mastodon/m-es"}  # on each network; x-en and m-en go on
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Stage:
    """A workspace on a clock that jumps, with three lessons queued and approved."""

    def __init__(self, workspace: Workspace) -> None:
        self.clock = VirtualClock(DUE - timedelta(hours=1))
        self.workspace = workspace
        workspace.clock = self.clock
        self.app: App = workspace.open(self.clock)
        dates = minutes(DUE, 3, apart=timedelta(hours=3))
        path = workspace.write_campaign(lessons(count=3, dates=dates))
        queue_campaign(
            self.app.sessions,
            self.app.load_campaign(path),
            self.app.desk(path.parent),
            start=None,
            new_run=False,
            by="author",
            now=self.clock(),
            dry_run=False,
        )
        approve(self.app.sessions, campaign="lessons", by="somebody", now=self.clock())

    def play(self, *, until: datetime = DUE + timedelta(days=2)) -> None:
        """Do round after round, from one moment at which there is something to do to the next."""
        hand = worker(self.clock())
        for _ in range(200):
            come_back = rounds.run_round(self.app, hand, without=("alert",))
            with self.app.sessions() as session:
                ahead = next_moment(session, after=self.clock(), until=until)
            moments = [at for at in (come_back, ahead) if at is not None and at <= until]
            if not moments:
                return
            self.clock.move_to(min(moments))
        raise AssertionError("it never rests")

    def fault(self, text: str) -> list[int]:
        """Arm a fault on one account of each network; return the faults' numbers."""
        arm = self.workspace.sandbox.add_fault
        return [arm(parse_fault(f"{where}:{text}")).id for where in FAULTY.values()]

    def rows(self, account: str = "") -> list[Row]:
        return list_outbox(self.app.sessions, account=account or None, now=self.clock())

    def log(self, event: str) -> list[Entry]:
        entries = read_log(self.workspace.sandbox.folder)
        return [entry for entry in entries if entry["event"] == event]

    def refused(self) -> dict[str, list[datetime]]:
        """Return when the sandbox refused something, by account, in order."""
        times: dict[str, list[datetime]] = {}
        for entry in self.log("refused"):
            times.setdefault(entry["account"], []).append(datetime.fromisoformat(entry["at"]))
        return times

    def states(self, account: str = "") -> Counter[State]:
        return Counter(row.listed.delivery.state for row in self.rows(account))


@pytest.fixture
def stage(workspace: Workspace) -> Iterator[Stage]:
    stage = Stage(workspace)
    yield stage
    stage.app.close()


def all_arrived_once(stage: Stage) -> bool:
    texts = Counter((entry["account"], entry["text"]) for entry in stage.log("accepted"))
    return (
        stage.states() == {State.SENT: 12}
        and len(texts) == 12
        and set(texts.values()) == {1}
        and {row.listed.delivery.remote_id for row in stage.rows()}
        == {entry["id"] for entry in stage.log("accepted")}
    )


@pytest.mark.parametrize(
    "fault",
    [
        "rate-limited:2:0:900",
        "server-error:3",
        "conflict:3",
        "accept-and-drop:3",
        "error-after-accept:3",
        "malformed:3",
        "clock-skew:*:0:5400",
        "clock-skew:*:0:-5400",
    ],
)
def test_whatever_goes_wrong_each_post_arrives_once(stage: Stage, fault: str) -> None:
    stage.fault(fault)
    stage.play()
    assert all_arrived_once(stage)


@pytest.mark.parametrize("seconds", [5400, -5400])
def test_a_post_is_found_on_a_network_whose_clock_is_off(stage: Stage, seconds: int) -> None:
    stage.fault(f"clock-skew:*:0:{seconds}")
    stage.fault("accept-and-drop:3")
    stage.play()
    assert all_arrived_once(stage)
    for account in FAULTY:
        notes = [row.listed.delivery.note for row in stage.rows(account)]
        assert notes == ["found on the network"] * 3


def test_a_reset_that_is_over_before_it_is_said_is_not_asked_for_without_end(
    stage: Stage,
) -> None:
    stage.fault("clock-skew:*:0:-5400")
    stage.fault("rate-limited:5")
    stage.play()
    assert all_arrived_once(stage)
    assert stage.refused().keys() == FAULTY.keys()
    for refused in stage.refused().values():
        assert len(refused) == 5
        apart = [later - earlier for earlier, later in itertools.pairwise(refused)]
        assert min(apart) >= timedelta(seconds=30)


@pytest.mark.parametrize("fault", ["expired-token", "revoked-token"])
def test_an_account_without_access_waits_to_be_reconnected_and_then_goes_on(
    stage: Stage, fault: str
) -> None:
    armed = stage.fault(f"{fault}:*:1")
    stage.play()
    assert stage.states() == {State.SENT: 8, State.HELD: 4}
    knocks = {account: len(times) for account, times in stage.refused().items()}
    assert knocks == dict.fromkeys(FAULTY, 1), "nobody knocks twice at a closed door"
    for account in FAULTY:
        assert stage.states(account) == {State.SENT: 1, State.HELD: 2}
        held = [row for row in stage.rows(account) if row.listed.delivery.state is State.HELD]
        assert {row.listed.delivery.hold for row in held} == {Hold.RECONNECT}
        with pytest.raises(UserError, match="still refused"):
            reconnected(stage, account)

    for number in armed:
        stage.workspace.sandbox.faults.remove(number)
    assert [reconnected(stage, account) for account in FAULTY] == [2, 2]
    stage.play(until=DUE + timedelta(days=20))
    assert all_arrived_once(stage)


def reconnected(stage: Stage, account: str) -> int:
    """Reconnect as a person does; return how many waiting rows go out again."""
    _, freed = reconnect(
        stage.app.sessions,
        stage.app.settings,
        account,
        channel_at=stage.app.channel,
        now=stage.clock(),
    )
    return freed
