from datetime import UTC, datetime, timedelta

import pytest

from campaigner.core.audience import Standing, SuppressedFor
from campaigner.core.channel import Disconnected, Outcome, Reject, Retry, Sent, Unknown
from campaigner.core.signup import (
    Answer,
    Kind,
    Next,
    Refusal,
    SignupState,
    StampFault,
    Suppressed,
    after_mailing,
    decide,
    is_valid,
    masked,
    stamp_fault,
)

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=90)


def decided(
    kind: Kind = Kind.SUBSCRIBE,
    standing: Standing | None = None,
    suppressed: Suppressed | None = None,
    is_within_limits: bool = True,
) -> Answer | Refusal:
    return decide(
        kind,
        standing=standing,
        suppressed=suppressed,
        is_within_limits=is_within_limits,
        now=NOW,
    )


@pytest.mark.parametrize(
    ("standing", "answer"),
    [
        (None, Answer.CONFIRM),
        (Standing.PENDING, Answer.CONFIRM),
        (Standing.LEFT, Answer.CONFIRM),
        (Standing.COMPLAINED, Answer.CONFIRM),
        (Standing.BOUNCED, Answer.CONFIRM),
        (Standing.ACTIVE, Answer.ALREADY),
    ],
)
def test_only_a_confirmation_makes_a_subscriber(standing: Standing | None, answer: Answer) -> None:
    assert decided(standing=standing) == answer


@pytest.mark.parametrize(
    ("standing", "answer"),
    [
        (Standing.ACTIVE, Answer.LINK),
        (Standing.PENDING, Answer.LINK),
        (Standing.LEFT, Refusal.NOT_SUBSCRIBED),
        (None, Refusal.NOT_SUBSCRIBED),
    ],
)
def test_the_way_to_preferences_is_for_subscribers(
    standing: Standing | None, answer: Answer | Refusal
) -> None:
    assert decided(Kind.LINK, standing) == answer


def test_past_a_limit_nobody_is_mailed() -> None:
    assert decided(is_within_limits=False) == Refusal.LIMIT
    assert decided(standing=Standing.ACTIVE, is_within_limits=False) == Refusal.LIMIT


@pytest.mark.parametrize(
    ("reason", "at", "answer"),
    [
        (SuppressedFor.COMPLAINT, NOW, Answer.CONFIRM),
        (SuppressedFor.ERASURE, NOW, Answer.CONFIRM),
        (SuppressedFor.BOUNCE, NOW - timedelta(days=29), Refusal.SUPPRESSED),
        (SuppressedFor.BOUNCE, NOW - timedelta(days=30), Answer.CONFIRM),
        (SuppressedFor.BY_HAND, LONG_AGO, Refusal.SUPPRESSED),
    ],
)
def test_who_was_suppressed_may_ask_again_where_that_can_be_right(
    reason: SuppressedFor, at: datetime, answer: Answer | Refusal
) -> None:
    assert decided(suppressed=Suppressed(reason=reason, at=at)) == answer


def after(outcome: Outcome, *, tries: int = 1, age: timedelta = timedelta(0)) -> Next:
    return after_mailing(outcome, tries=tries, asked_at=NOW - age, now=NOW, jitter=1.0)


def test_a_mail_that_the_relay_took_is_the_end_of_it() -> None:
    assert after(Sent(remote_id="1")) == Next(state=SignupState.MAILED)
    assert after(Reject("550")).state is SignupState.REFUSED


def test_a_doubt_is_mailed_again_and_then_taken_for_mailed() -> None:
    first = after(Unknown("dropped"))
    assert (first.state, first.next_at) == (SignupState.WAITING, NOW + timedelta(seconds=30))
    assert after(Unknown("dropped"), tries=3).state is SignupState.MAILED


@pytest.mark.parametrize(
    ("outcome", "waits", "counts"),
    [
        (Retry("451"), timedelta(seconds=30), True),
        (Retry("no route", reached=False), timedelta(seconds=30), False),
        (Retry("later", reset_at=NOW + timedelta(hours=3)), timedelta(hours=3), True),
        (Disconnected("no password"), timedelta(minutes=5), False),
    ],
)
def test_what_did_not_leave_is_tried_again(
    outcome: Outcome, waits: timedelta, counts: bool
) -> None:
    step = after(outcome)
    assert step.state is SignupState.WAITING
    assert (step.next_at, step.counts) == (NOW + waits, counts)


def test_it_is_given_up_after_eight_tries_or_two_days() -> None:
    assert after(Retry("451"), tries=8).state is SignupState.REFUSED
    late = after(Disconnected("no password"), age=timedelta(days=2, seconds=1))
    assert late.state is SignupState.REFUSED


def test_a_form_is_as_old_as_a_person_needs_and_a_day_at_most() -> None:
    assert stamp_fault(None, now=NOW) is StampFault.FORGED
    assert stamp_fault(NOW - timedelta(seconds=1), now=NOW) is StampFault.TOO_YOUNG
    assert stamp_fault(NOW - timedelta(seconds=2), now=NOW) is None
    assert stamp_fault(NOW - timedelta(days=1), now=NOW) is None
    assert stamp_fault(NOW - timedelta(days=1, seconds=1), now=NOW) is StampFault.TOO_OLD


def test_a_link_works_for_seven_days() -> None:
    assert is_valid(NOW - timedelta(days=7), now=NOW)
    assert not is_valid(NOW - timedelta(days=7, seconds=1), now=NOW)


def test_an_address_is_shown_to_its_owner_alone() -> None:
    assert masked("ana.perez@example.org") == "a…@example.org"
    assert masked("用户@例え.jp") == "用…@例え.jp"
