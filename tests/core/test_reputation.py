"""When a mailing stops by itself."""

import pytest

from campaigner.core.reputation import Events, why_pause


@pytest.mark.parametrize(
    ("events", "sent", "word"),
    [
        (Events(), 100_000, ""),
        (Events(hard=20), 1_000, ""),  # 2 % is not more than 2 %
        (Events(hard=21), 1_000, "2.1% of the mailboxes do not exist (21 of 1000)"),
        (Events(hard=100), 199, ""),  # too few mails to say
        (Events(hard=5), 200, "2.5% of the mailboxes"),
        (Events(complaints=1), 1_000, ""),
        (Events(complaints=2), 1_000, "0.2% of the readers complained"),
        (Events(complaints=1), 200, "complained"),
        (Events(complaints=1), 199, ""),
        (Events(refused=9), 10, ""),
        (Events(refused=10), 10, "10 mails were refused by policy (5.7.x) within 10 minutes"),
        (Events(throttled=52), 1_000, ""),  # of 1,052 tries
        (Events(throttled=60), 1_000, "5.7% of the tries were put off"),
        (Events(throttled=200), 0, "100.0% of the tries were put off"),
        (Events(throttled=100), 50, ""),
        (Events(complaints=500, hard=500), 1_000, "complained"),  # what is worst comes first
    ],
)
def test_an_account_pauses_when_too_much_comes_back(events: Events, sent: int, word: str) -> None:
    reason = why_pause(events, sent=sent)
    assert word in reason
    assert bool(word) == bool(reason)


@pytest.mark.parametrize("sent", [0, 199, 200, 201, 1_000, 1_000_000])
@pytest.mark.parametrize(
    "events",
    [
        Events(),
        Events(hard=4),
        Events(throttled=10),
        Events(refused=9),
        Events(hard=4, throttled=10, refused=9),
    ],
)
def test_what_cannot_matter_never_does(events: Events, sent: int) -> None:
    assert not events.may_matter
    assert why_pause(events, sent=sent) == ""
