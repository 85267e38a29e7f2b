"""The life of a message and of its deliveries. All of it: no other module names a move.

A message:   held -> approved -> replaced | canceled | expired
             (an edit makes a new version, held again; the old one is `replaced`)

A delivery:

    held <--> queued --> claimed --> sending --> sent | rejected | exhausted
     |          ^           |           |
     |          +-----------+           +-----> unknown --> sent        (found)
     |           lost claim |           |          |------> queued      (absent twice)
     |                      |           |          +------> rejected    (a person says so)
     |                      |           +-- surely not done --> queued, later
     |                      |           +-- handed to a person --> held
     +--> canceled | expired| suppressed

    held, after it was handed over --> sent   (the person says where; may be taken back)

Only `sending` can leave doubt: it is committed before the network is called.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

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

MAX_ATTEMPTS = 8
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)
SHORTEST_WINDOW = timedelta(seconds=1)
LONGEST_WINDOW = timedelta(hours=25)  # a day, and some time for clocks that differ
FIRST_LOOK = timedelta(seconds=10)
LOOKS_APART = timedelta(minutes=2)  # absence counts only after two looks at least this far apart


class MessageState(StrEnum):
    HELD = "held"
    APPROVED = "approved"
    REPLACED = "replaced"
    CANCELED = "canceled"
    EXPIRED = "expired"


CURRENT = frozenset({MessageState.HELD, MessageState.APPROVED})


class State(StrEnum):
    HELD = "held"
    QUEUED = "queued"
    CLAIMED = "claimed"
    SENDING = "sending"
    SENT = "sent"
    REJECTED = "rejected"
    EXHAUSTED = "exhausted"
    UNKNOWN = "unknown"
    SUPPRESSED = "suppressed"
    EXPIRED = "expired"
    CANCELED = "canceled"


UNSENT = frozenset({State.HELD, State.QUEUED, State.CLAIMED})
"""Nothing of it ever left, or surely nothing arrived: may be replaced, canceled, expired."""

FENCED = frozenset({State.SENDING, State.SENT, State.UNKNOWN, State.REJECTED, State.EXHAUSTED})
"""It left, or was tried: its identity is never made again."""


REPORTABLE = frozenset(State) - {State.SENDING, State.SENT}
"""What a person who was asked to publish it may say of it that it is out: they know."""


class Hold(StrEnum):
    """Why something waits."""

    TRANSLATION = "translation"
    LENGTH = "length"
    RENDERING = "rendering"
    APPROVAL = "approval"
    RECONNECT = "reconnect"
    MISSED = "missed"  # fell due while paused: a person sends, moves or drops it
    RESTORED = "restored"  # fell due after the backup that was restored
    PERSON = "person"  # handed to a person, who publishes it and says where
    FREEZING = "freezing"  # its readers are being counted
    SAMPLE = "sample"  # goes out once the sample has been looked at


@dataclass(frozen=True, kw_only=True)
class Step:
    """What to write to the row.

    `due_at` is set for a row queued again; `look_at` for an unknown that will
    be looked for again; an unknown without one is for a person.
    """

    state: State
    note: str = ""
    due_at: datetime | None = None
    hold: Hold | None = None
    remote_id: str | None = None
    remote_url: str = ""
    look_at: datetime | None = None
    absent_since: datetime | None = None
    accepted: bool = False  # the network says that it has it: look for its id, never send again
    resend_until: datetime | None = None  # later the same key would no longer protect it
    counts: bool = True  # whether the try counts against MAX_ATTEMPTS


def after_outcome(outcome: Outcome, *, attempt: int, now: datetime, jitter: float) -> Step:
    """Decide what follows the `attempt`-th try (counted from 1). `jitter` is in 0..1."""
    match outcome:
        case Sent(remote_id, url):
            return Step(state=State.SENT, remote_id=remote_id, remote_url=url)
        case Reject(reason):
            return Step(state=State.REJECTED, note=reason)
        case Disconnected(reason):
            return Step(state=State.HELD, hold=Hold.RECONNECT, note=reason, counts=False)
        case Unknown(reason):
            return Step(state=State.UNKNOWN, note=reason, look_at=now + FIRST_LOOK)
        case Handed(reason):
            told = f"{reason} at {now.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
            return Step(state=State.HELD, hold=Hold.PERSON, note=told)
        case Duplicate(reason) if attempt > 1:
            # Ours was accepted the first time: look for its id.
            return Step(state=State.UNKNOWN, note=reason, look_at=now + FIRST_LOOK, accepted=True)
        case Duplicate(reason):
            return Step(state=State.REJECTED, note=reason)
        case Retry(reason, None, True) if attempt >= MAX_ATTEMPTS:
            return Step(state=State.EXHAUSTED, note=f"gave up after {attempt} tries: {reason}")
        case Retry(reason, reset_at, reached):
            waits = believable(reset_at, now=now) if reset_at else backoff(attempt, jitter=jitter)
            counts = reached and reset_at is None
            return Step(state=State.QUEUED, due_at=now + waits, note=reason, counts=counts)


def believable(reset_at: datetime, *, now: datetime) -> timedelta:
    """Return how long to be silent when a network says until when.

    Its clock, or ours, may be off: one that is past already says nothing, and
    none is longer than the longest window for which a network counts.
    """
    if reset_at <= now:
        return FIRST_WAIT
    return min(max(reset_at - now, SHORTEST_WINDOW), LONGEST_WINDOW)


def after_lost_claim(state: State, *, attempt: int, now: datetime) -> Step:
    """Decide for a row whose worker vanished while it was `claimed` or `sending`."""
    if state is State.CLAIMED:
        return Step(state=State.QUEUED, due_at=now, note="its worker was lost before sending")
    return Step(state=State.UNKNOWN, note="its worker was lost while sending", look_at=now)


def after_look(
    finding: Finding,
    recovery: Recovery,
    *,
    first_attempt_at: datetime,
    absent_since: datetime | None,
    not_after: datetime,
    sole_text: bool,
    accepted: bool,
    now: datetime,
    resent: bool = False,
) -> Step:
    """Decide for an `unknown` that was looked for.

    `absent_since` is when a look first did not find it, None if none did.
    `sole_text` says that no other delivery of the account has its text;
    `accepted` that the network refused it as a repetition of itself; `resent`
    that it was sent again after an earlier doubt.
    """
    step = _after_finding(
        finding,
        recovery,
        first_attempt_at=first_attempt_at,
        absent_since=absent_since,
        late=now > not_after,
        sole_text=sole_text,
        accepted=accepted,
        resent=resent,
        now=now,
    )
    return replace(step, accepted=accepted and step.state is State.UNKNOWN)


def _after_finding(
    finding: Finding,
    recovery: Recovery,
    *,
    first_attempt_at: datetime,
    absent_since: datetime | None,
    late: bool,
    sole_text: bool,
    accepted: bool,
    resent: bool,
    now: datetime,
) -> Step:
    match finding:
        case Sent(remote_id, url):
            return Step(
                state=State.SENT, remote_id=remote_id, remote_url=url, note="found on the network"
            )
        case Unknown(reason):
            return Step(
                state=State.UNKNOWN,
                note=f"could not look: {reason}",
                look_at=now + LOOKS_APART,
                absent_since=absent_since,
            )
        case Absent() if absent_since is None or now - absent_since < LOOKS_APART:
            since = absent_since or now
            return Step(
                state=State.UNKNOWN,
                note="not found yet, will look again",
                look_at=since + LOOKS_APART,
                absent_since=since,
            )
        case Absent():
            return _after_absence(
                recovery,
                age=now - first_attempt_at,
                absent_since=absent_since,
                late=late,
                sole_text=sole_text,
                accepted=accepted,
                resent=resent,
                now=now,
            )


def _after_absence(
    recovery: Recovery,
    *,
    age: timedelta,
    absent_since: datetime | None,
    late: bool,
    sole_text: bool,
    accepted: bool,
    resent: bool,
    now: datetime,
) -> Step:
    def for_a_person(why: str) -> Step:
        return Step(
            state=State.UNKNOWN,
            note=f"not found twice; {why}: a person decides",
            absent_since=absent_since,
        )

    if accepted:
        return for_a_person("but the network says that it has it")
    if late:
        return for_a_person("it is past its last date")
    if recovery.resend_from is None:
        return for_a_person("this network offers no safe way to try again")
    if recovery.sole_text and not sole_text:
        return for_a_person("another message of this account has the same text")
    if recovery.once and resent:
        return for_a_person("it was sent again already")
    if recovery.resend_until is not None and age > recovery.resend_until:
        return for_a_person("the network has forgotten its key by now")
    return Step(
        state=State.QUEUED,
        due_at=max(now, now - age + recovery.resend_from),
        note="not found twice, sent once more under the same key",
        resend_until=None if recovery.resend_until is None else now - age + recovery.resend_until,
    )


def backoff(attempt: int, *, jitter: float) -> timedelta:
    """Double from 30 s to 1 h, spread over the last quarter so that rows do not march in step."""
    doublings = min(attempt - 1, 20)  # past the longest wait, and short of what a time can hold
    full = min(FIRST_WAIT * 2.0**doublings, LONGEST_WAIT)
    return full * (0.75 + 0.25 * jitter)
