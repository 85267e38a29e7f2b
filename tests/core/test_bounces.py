"""What a bounce means and what follows from it: small decisions, as tables."""

from datetime import UTC, datetime, timedelta

import pytest

from campaigner.core.bounces import (
    ABOUT_US,
    HARD,
    HARMLESS,
    SOFT_PERIOD,
    Consequence,
    Finding,
    Kind,
    Reason,
    Report,
    consequence_of,
    finding_for,
    is_worn_out,
    reply_in,
    status_in,
)

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def finding(reason: Reason = Reason.USER_UNKNOWN, **values: object) -> Finding:
    return Finding(**{"recipient": "ana@example.org", "reason": reason} | values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "about", "follows"),
    [
        (Kind.BOUNCE, finding(), Consequence.SUPPRESS),
        (Kind.BOUNCE, finding(delayed=True), Consequence.NOTHING),
        (Kind.BOUNCE, finding(Reason.MAILBOX_FULL), Consequence.COUNT),
        (Kind.BOUNCE, finding(Reason.UNDEFINED), Consequence.COUNT),
        (Kind.BOUNCE, finding(Reason.SPAM_DETECTED), Consequence.NOTHING),
        (Kind.BOUNCE, finding(Reason.DELIVERED), Consequence.ARRIVED),
        (Kind.DELIVERED, finding(Reason.DELIVERED), Consequence.ARRIVED),
        (Kind.VACATION, finding(Reason.VACATION), Consequence.ARRIVED),
        (Kind.COMPLAINT, finding(Reason.FEEDBACK, feedback="abuse"), Consequence.COMPLAIN),
        (Kind.COMPLAINT, finding(Reason.FEEDBACK, feedback="fraud"), Consequence.COMPLAIN),
        (Kind.COMPLAINT, finding(Reason.FEEDBACK, feedback="auth-failure"), Consequence.NOTHING),
        (Kind.COMPLAINT, finding(Reason.FEEDBACK, feedback="opt-out"), Consequence.UNSUBSCRIBE),
        (Kind.UNSUBSCRIBE, finding(Reason.FEEDBACK), Consequence.UNSUBSCRIBE),
        (Kind.UNREADABLE, finding(Reason.UNDEFINED), Consequence.NOTHING),
    ],
)
def test_what_follows(kind: Kind, about: Finding, follows: Consequence) -> None:
    assert consequence_of(kind, about) is follows


def test_nothing_about_us_is_hard_and_nothing_hard_is_harmless() -> None:
    assert not HARD & ABOUT_US
    assert not HARD & HARMLESS


@pytest.mark.parametrize(
    ("count", "age", "worn_out"),
    [
        (5, SOFT_PERIOD, True),
        (5, SOFT_PERIOD - timedelta(seconds=1), False),
        (4, SOFT_PERIOD, False),
    ],
)
def test_five_in_two_weeks_wear_an_address_out(count: int, age: timedelta, worn_out: bool) -> None:
    assert is_worn_out(count, first=NOW - age, now=NOW) is worn_out


def test_a_report_on_several_is_read_for_ours_and_else_as_mildly_as_it_can_be() -> None:
    full = finding(Reason.MAILBOX_FULL, recipient="bo@example.org")
    report = Report(kind=Kind.BOUNCE, findings=(finding(), full))
    assert finding_for(report, "ANA@example.org") == finding()
    assert finding_for(report, "forwarded@example.org") == full
    assert finding_for(Report(kind=Kind.BOUNCE), "ana@example.org") is None


@pytest.mark.parametrize(
    ("text", "status", "reply"),
    [
        ("550 5.1.1 unknown", "5.1.1", "550"),
        ("smtp;550 5.1.1", "5.1.1", "550"),
        ("550-5.7.1 [192.0.2.1] no", "5.7.1", "550"),
        ("5.0.0 then 5.2.2", "5.2.2", ""),
        ("host 192.0.2.5[192.0.2.5]:587 said 421", "", "421"),
        ("(#5.1.1)", "5.1.1", ""),
        ("version 4.5.1.7 of port 2525, 5.5", "", ""),
        ("ERROR_CODE :550, x", "", "550"),
        ("", "", ""),
    ],
)
def test_numbers_are_found_and_addresses_are_not_taken_for_them(
    text: str, status: str, reply: str
) -> None:
    assert (status_in(text), reply_in(text)) == (status, reply)
