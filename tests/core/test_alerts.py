from datetime import UTC, datetime

import pytest

from campaigner.core.alerts import (
    Finding,
    overdue,
    silent_daemon,
    to_approve,
    to_reconnect,
    unconfirmed,
)
from campaigner.core.message import Kind

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)


def doubt(kind: Kind) -> Finding:
    return unconfirmed(
        key="k", kind=kind, account="x-en", campaign="spring", item="one", delivery=7, number=2
    )


@pytest.mark.parametrize(
    ("finding", "command"),
    [
        (to_reconnect("x-en", since=AT), "`campaigner accounts reconnect x-en`"),
        (doubt(Kind.POST), "`campaigner outbox resolve 7 --sent`"),
        (doubt(Kind.MAIL), "`campaigner outbox list --state unknown`"),
        (overdue("x-en", number=1, oldest=AT), "`campaigner outbox list`"),
        (silent_daemon("w1", host="box", seen_at=AT), "`campaigner run`"),
        (to_approve("spring", number=4, first_due=AT), "`campaigner approve spring`"),
    ],
)
def test_every_alert_says_what_to_do(finding: Finding, command: str) -> None:
    assert command in finding.text


def test_numbers_read_as_english() -> None:
    assert overdue("a", number=1, oldest=AT).text.startswith("1 message of")
    assert to_approve("a", number=2, first_due=AT).text.startswith(
        "2 messages of campaign 'a' still wait"
    )
    assert "2026-03-02 12:00 UTC" in to_approve("a", number=2, first_due=AT).text
