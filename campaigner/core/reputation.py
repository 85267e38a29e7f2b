"""When a mailing stops by itself: before mailbox providers stop taking anything from its sender.

The limits are those of the large providers, with room below them. A stop is a
pause like a person's: what waits stays as it is, and a person resumes.
"""

from dataclasses import dataclass
from datetime import timedelta

LEAST_SENT = 200  # fewer mails say nothing about a list
HARD = 0.02
COMPLAINTS = 0.001
THROTTLED = 0.05
BURST = 10  # refusals by policy within BURST_TIME
BURST_TIME = timedelta(minutes=10)
WINDOW = timedelta(hours=24)

# How a relay's answer stands in the reason of a try (mail.transport), as SQL LIKE has it.
LIKE_POLICY = "%: 5__ 5.7.%"
LIKE_THROTTLED = "%: 4__ %"


@dataclass(frozen=True, kw_only=True)
class Events:
    """What came back for an account since it was last looked at afresh, at most `WINDOW` ago.

    `hard`: mailboxes that are not there, said at once or by a report.
    `refused`: by policy (5.7.x) within `BURST_TIME`. `throttled`: for now (4xx).
    """

    hard: int = 0
    complaints: int = 0
    refused: int = 0
    throttled: int = 0

    @property
    def may_matter(self) -> bool:
        """Whether these could be too many, however many mails were sent."""
        return (
            self.complaints > 0
            or self.hard > LEAST_SENT * HARD
            or self.throttled > LEAST_SENT * THROTTLED
            or self.refused >= BURST
        )


def why_pause(events: Events, *, sent: int) -> str:
    """Say why the account must pause, as people read it; "": it need not.

    `sent` are the mails that its relays took, in the broadcasts of that time.
    """
    if events.refused >= BURST:
        minutes = BURST_TIME // timedelta(minutes=1)
        return (
            f"{events.refused} mails were refused by policy (5.7.x) within {minutes} minutes: "
            "somebody takes them for spam, or DKIM, SPF or DMARC fail"
        )
    if sent >= LEAST_SENT and events.complaints > sent * COMPLAINTS:
        return (
            f"{_share(events.complaints, sent)} readers complained ({events.complaints} of "
            f"{sent}); from {COMPLAINTS:.1%} on providers send everything to the spam folder. "
            "Did these readers ask for it?"
        )
    if sent >= LEAST_SENT and events.hard > sent * HARD:
        return (
            f"{_share(events.hard, sent)} mailboxes do not exist ({events.hard} of {sent}); "
            f"more than {HARD:.0%} looks like a bought or a very old list. "
            "Where do these addresses come from?"
        )
    tries = sent + events.throttled
    if tries >= LEAST_SENT and events.throttled > tries * THROTTLED:
        return (
            f"{_share(events.throttled, tries)} tries were put off (4xx; {events.throttled} of "
            f"{tries}): the relay, or those behind it, want fewer mails a second"
        )
    return ""


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%} of the"
