"""What a channel is: a few verbs, and the few things that can happen.

A channel returns an outcome; it does not raise for a refused or failed post,
retry by itself, or touch the database. An exception out of a channel is a bug.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from campaigner.core.message import Outgoing, OutgoingMail


@dataclass(frozen=True)
class Sent:
    """Accepted. `remote_id` is how the network names it; `url` is where people see it."""

    remote_id: str
    url: str = ""


@dataclass(frozen=True)
class Retry:
    """Surely not done: not reached, or refused for now. `reset_at` if the network said.

    `reached` is False where nobody took the call (DNS, connect, TLS): such a
    try costs the message nothing, however long the network is away.
    """

    reason: str
    reset_at: datetime | None = None
    reached: bool = True


@dataclass(frozen=True)
class Reject:
    """Never: the same message would be refused again."""

    reason: str


@dataclass(frozen=True)
class Disconnected:
    """Surely not done: the account's credentials, permissions or credits fail."""

    reason: str


@dataclass(frozen=True)
class Duplicate:
    """Refused because the network already holds the same text from this account."""

    reason: str


@dataclass(frozen=True)
class Unknown:
    """Asked, and no answer that tells: it may be out there. Never try blindly."""

    reason: str


@dataclass(frozen=True)
class Handed:
    """Given to a person, who publishes it and then says where. `reason` says whom we told."""

    reason: str


Outcome = Sent | Retry | Reject | Disconnected | Duplicate | Unknown | Handed


@dataclass(frozen=True)
class Absent:
    """Looked properly, and it is not there."""


Finding = Sent | Absent | Unknown
"""What a look for an unknown message can tell; Unknown is "could not look"."""


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """What may be done with an unknown that two looks did not find.

    `resend_from` and `resend_until` bound, counted from the first attempt,
    when the same key may be sent once more; both None: a person decides.
    `sole_text`: only if no other delivery of the account has that text.
    `once`: a second doubt about the same one is for a person.
    """

    resend_from: timedelta | None = None
    resend_until: timedelta | None = None
    sole_text: bool = False
    once: bool = False


@dataclass(frozen=True, kw_only=True)
class Rate:
    """At most `limit` posts in any `per`, as the network states it."""

    name: str
    limit: int
    per: timedelta


@dataclass(frozen=True)
class Counters:
    """A published message's counters as the network shows them now.

    Keys are the words of core.reach (impressions, reactions, replies, shares,
    views …). A counter that the network does not offer is no key, never 0.
    """

    values: Mapping[str, int]


@dataclass(frozen=True)
class NotSampled:
    """No counters this time; `reset_at` if the network said when to come back."""

    reason: str
    reset_at: datetime | None = None


@dataclass(frozen=True)
class Done:
    """The network shows the post as it was asked to, or shows it no more."""


@dataclass(frozen=True)
class Gone:
    """There is no such post on the network any more."""


@dataclass(frozen=True)
class NotOffered:
    """The network lets no program do that."""

    reason: str


Corrected = Done | Gone | NotOffered | Retry | Reject | Disconnected | Unknown
"""What can become of editing or deleting a post that is out; Unknown: it may have happened."""


class Channel(Protocol):
    """One account on one social network, at one base address."""

    @property
    def name(self) -> str: ...

    @property
    def recovery(self) -> Recovery: ...

    @property
    def rates(self) -> Sequence[Rate]: ...

    def send(self, post: Outgoing) -> Outcome:
        """Publish once. Uploads of media come first and leave nothing visible."""

    def find(self, post: Outgoing) -> Finding:
        """Look whether an unknown one is out there."""

    def edit(self, remote_id: str, text: str) -> Corrected:
        """Replace the text of a post that is out; the rest of it stays. Safe to say again."""

    def delete(self, remote_id: str) -> Corrected:
        """Take a post off the network. Safe to say again."""

    def sample(self, remote_ids: Sequence[str]) -> Mapping[str, Counters] | NotSampled:
        """Read counters; a message that is gone is missing from the answer."""

    def whoami(self) -> Sent | Disconnected | Unknown:
        """Ask the network who we are: for `doctor` and after reconnecting."""


class Relay(Protocol):
    """One submission server: takes mails one after the other over a kept connection."""

    @property
    def name(self) -> str: ...

    def send(self, mail: OutgoingMail) -> Outcome:
        """Submit one mail. Before the final dot was written a failure is Retry;
        a 4xx or 5xx is known; no answer after the dot is Unknown."""

    def close(self) -> None: ...
