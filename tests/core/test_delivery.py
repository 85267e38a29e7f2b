"""The moves of a delivery, each of them; and that no way leads to a blind second try."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigner.core.channel import (
    Absent,
    Disconnected,
    Duplicate,
    Finding,
    Handed,
    Outcome,
    Recovery,
    Reject,
    Retry,
    Sent,
    Unknown,
)
from campaigner.core.delivery import (
    FENCED,
    FIRST_LOOK,
    FIRST_WAIT,
    LONGEST_WAIT,
    LONGEST_WINDOW,
    LOOKS_APART,
    MAX_ATTEMPTS,
    REPORTABLE,
    UNSENT,
    Hold,
    State,
    Step,
    after_look,
    after_lost_claim,
    after_outcome,
    backoff,
)

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=3)
FIRST = NOW - timedelta(minutes=5)
ANYTIME = Recovery(resend_from=timedelta(0))
KEYED = Recovery(resend_from=timedelta(seconds=60), resend_until=timedelta(minutes=50))
SOLE = Recovery(resend_from=timedelta(0), sole_text=True)
TWICE = "not found twice, sent once more under the same key"


def looked(
    finding: Finding,
    recovery: Recovery = ANYTIME,
    *,
    first: datetime = FIRST,
    since: datetime | None = NOW - LOOKS_APART,
    not_after: datetime = LATER,
    sole: bool = True,
    accepted: bool = False,
    now: datetime = NOW,
) -> Step:
    return after_look(
        finding,
        recovery,
        first_attempt_at=first,
        absent_since=since,
        not_after=not_after,
        sole_text=sole,
        accepted=accepted,
        now=now,
    )


@pytest.mark.parametrize(
    ("outcome", "attempt", "expected"),
    [
        (Sent("7", "https://x.example/7"), 1, Step(
            state=State.SENT, remote_id="7", remote_url="https://x.example/7")),
        (Reject("too long"), 1, Step(state=State.REJECTED, note="too long")),
        (Disconnected("401"), 3, Step(
            state=State.HELD, hold=Hold.RECONNECT, note="401", counts=False)),
        (Unknown("no answer"), 1, Step(
            state=State.UNKNOWN, note="no answer", look_at=NOW + FIRST_LOOK)),
        (Duplicate("again"), 1, Step(state=State.REJECTED, note="again")),
        (Duplicate("again"), 2, Step(
            state=State.UNKNOWN, note="again", look_at=NOW + FIRST_LOOK, accepted=True)),
        (Retry("busy"), 1, Step(
            state=State.QUEUED, note="busy", due_at=NOW + timedelta(seconds=30))),
        (Retry("busy"), MAX_ATTEMPTS - 1, Step(
            state=State.QUEUED, note="busy", due_at=NOW + timedelta(minutes=32))),
        (Retry("busy"), MAX_ATTEMPTS, Step(
            state=State.EXHAUSTED, note="gave up after 8 tries: busy")),
        (Retry("429", LATER), MAX_ATTEMPTS, Step(
            state=State.QUEUED, note="429", due_at=LATER, counts=False)),
        (Retry("429", NOW - timedelta(hours=1)), 1, Step(
            state=State.QUEUED, note="429", due_at=NOW + FIRST_WAIT, counts=False)),
        (Retry("429", NOW + timedelta(days=365)), 1, Step(
            state=State.QUEUED, note="429", due_at=NOW + LONGEST_WINDOW, counts=False)),
        (Retry("no route", reached=False), MAX_ATTEMPTS + 9, Step(
            state=State.QUEUED, note="no route", due_at=NOW + LONGEST_WAIT, counts=False)),
    ],
)  # fmt: skip
def test_each_outcome_has_its_step(outcome: Outcome, attempt: int, expected: Step) -> None:
    assert after_outcome(outcome, attempt=attempt, now=NOW, jitter=1.0) == expected


def test_a_lost_claim_is_queued_and_a_lost_sending_is_unknown() -> None:
    claimed = after_lost_claim(State.CLAIMED, attempt=0, now=NOW)
    sending = after_lost_claim(State.SENDING, attempt=1, now=NOW)
    assert (claimed.state, claimed.due_at) == (State.QUEUED, NOW)
    assert (sending.state, sending.look_at, sending.due_at) == (State.UNKNOWN, NOW, None)


def test_a_look_that_finds_it_settles_it_whatever_else_is_so() -> None:
    step = looked(Sent("7", "url"), Recovery(), not_after=FIRST, accepted=True, sole=False)
    assert (step.state, step.remote_id, step.remote_url) == (State.SENT, "7", "url")


@pytest.mark.parametrize("since", [None, NOW - timedelta(minutes=1), NOW - timedelta(days=1)])
def test_a_look_that_could_not_be_made_proves_nothing(since: datetime | None) -> None:
    step = looked(Unknown("503"), since=since)
    assert (step.state, step.look_at, step.absent_since) == (
        State.UNKNOWN,
        NOW + LOOKS_APART,
        since,
    )


@pytest.mark.parametrize(
    ("since", "kept"),
    [
        (None, NOW),
        (NOW, NOW),
        (NOW - LOOKS_APART + timedelta(microseconds=1), None),
        (NOW + timedelta(hours=1), None),  # the clock went back
    ],
)
def test_one_look_or_two_too_close_are_not_absence(
    since: datetime | None, kept: datetime | None
) -> None:
    step = looked(Absent(), since=since)
    assert step.state is State.UNKNOWN
    assert step.absent_since == (kept or since)
    assert step.look_at == (kept or since or NOW) + LOOKS_APART


@pytest.mark.parametrize(
    ("recovery", "changes", "because"),
    [
        (ANYTIME, {"accepted": True}, "the network says that it has it"),
        (ANYTIME, {"not_after": NOW - timedelta(seconds=1)}, "past its last date"),
        (Recovery(), {}, "no safe way"),
        (SOLE, {"sole": False}, "the same text"),
        (KEYED, {"first": NOW - timedelta(minutes=51)}, "forgotten its key"),
    ],
)
def test_absent_twice_is_for_a_person_where_a_second_try_is_not_safe(
    recovery: Recovery, changes: dict[str, object], because: str
) -> None:
    step = looked(Absent(), recovery, **changes)  # type: ignore[arg-type]
    assert (step.state, step.look_at) == (State.UNKNOWN, None)
    assert because in step.note


@pytest.mark.parametrize(
    ("recovery", "due", "until"),
    [
        (ANYTIME, NOW, None),
        (SOLE, NOW, None),
        (KEYED, NOW, FIRST + timedelta(minutes=50)),
        (Recovery(resend_from=timedelta(hours=1)), FIRST + timedelta(hours=1), None),
    ],
)
def test_absent_twice_goes_out_once_more_within_its_window(
    recovery: Recovery, due: datetime, until: datetime | None
) -> None:
    step = looked(Absent(), recovery)
    assert step == Step(state=State.QUEUED, due_at=due, note=TWICE, resend_until=until)


def test_the_network_saying_that_it_has_it_is_remembered_while_it_is_looked_for() -> None:
    assert looked(Absent(), since=None, accepted=True).accepted
    assert looked(Unknown("503"), accepted=True).accepted
    assert not looked(Sent("7"), accepted=True).accepted


@given(attempt=st.integers(1, 60), jitter=st.floats(0, 1))
def test_backoff_doubles_between_half_a_minute_and_an_hour(attempt: int, jitter: float) -> None:
    wait = backoff(attempt, jitter=jitter)
    longest = backoff(attempt, jitter=1.0)
    assert longest == (timedelta(seconds=30) * 2 ** (attempt - 1) if attempt < 8 else LONGEST_WAIT)
    assert 0.75 * longest <= wait <= longest


def test_no_state_is_both_still_ours_and_already_gone() -> None:
    assert not UNSENT & FENCED


OUTCOMES = st.sampled_from(
    [Sent("7"), Retry("busy"), Reject("no"), Disconnected("401"), Duplicate("d"), Unknown("?")]
)
FINDINGS = st.sampled_from([Sent("7"), Absent(), Unknown("503")])
RECOVERIES = st.sampled_from([ANYTIME, KEYED, SOLE, Recovery()])


@given(
    recovery=RECOVERIES,
    answer=st.none() | OUTCOMES,
    looks=st.lists(
        st.tuples(FINDINGS, st.integers(-300, 1200), st.booleans(), st.booleans()), max_size=12
    ),
    attempt=st.integers(1, MAX_ATTEMPTS),
)
def test_sending_leads_back_to_the_queue_only_surely_not_done_or_absent_twice(
    recovery: Recovery,
    answer: Outcome | None,
    looks: list[tuple[Finding, int, bool, bool]],
    attempt: int,
) -> None:
    """`answer` None: the worker was lost. A look is what, how much later, sole text, too late."""
    now = NOW
    if answer is None:
        step = after_lost_claim(State.SENDING, attempt=attempt, now=now)
    else:
        step = after_outcome(answer, attempt=attempt, now=now, jitter=0.5)
    assert (step.state is State.QUEUED) <= isinstance(answer, Retry)
    absences: list[datetime] = []
    for finding, seconds, sole, late in looks:
        if step.state is not State.UNKNOWN or step.look_at is None:
            break
        now += timedelta(seconds=seconds)
        if isinstance(finding, Absent):
            absences.append(now)
        accepted = step.accepted
        step = looked(
            finding,
            recovery,
            first=NOW,
            since=step.absent_since,
            not_after=now + timedelta(hours=-1 if late else 1),
            sole=sole,
            accepted=accepted,
            now=now,
        )
        if step.state is State.QUEUED:
            assert max(absences) - min(absences) >= timedelta(minutes=2)
            assert recovery.resend_from is not None
            assert not accepted
            assert not late
            assert sole or not recovery.sole_text
            assert step.due_at is not None
            assert step.due_at >= NOW + recovery.resend_from
        assert step.state in (State.SENT, State.UNKNOWN, State.QUEUED)


def test_what_a_person_has_waits_for_their_word_and_says_since_when() -> None:
    step = after_outcome(Handed("told ana@example.org"), attempt=3, now=NOW, jitter=0)
    assert step == Step(
        state=State.HELD,
        hold=Hold.PERSON,
        note="told ana@example.org at 2026-03-02 12:00 UTC",
    )
    assert step.counts, "its identity is never made again"


@pytest.mark.parametrize(("resent", "state"), [(False, State.QUEUED), (True, State.UNKNOWN)])
def test_what_may_be_sent_again_once_is_not_sent_a_third_time(resent: bool, state: State) -> None:
    step = after_look(
        Absent(),
        Recovery(resend_from=timedelta(0), resend_until=timedelta(days=1), once=True),
        first_attempt_at=FIRST,
        absent_since=NOW - LOOKS_APART,
        not_after=LATER,
        sole_text=True,
        accepted=False,
        resent=resent,
        now=NOW,
    )
    assert (step.state, step.look_at) == (state, None)
    assert (step.resend_until is None) is resent, "by which the next doubt knows"


def test_a_person_may_say_of_anything_but_what_is_out_or_leaving_that_it_is_out() -> None:
    assert set(State) - REPORTABLE == {State.SENDING, State.SENT}
