"""How many mails a stranger can make us send: limits per mailbox and per network.

A public form is a way to bomb somebody else's mailbox. So what it grants is
counted for the mailbox that gets the mail, and for the network that asked: an
address of IPv4 is one of a /24, one of IPv6 of a /48, since whoever has one of
those has all of it.
"""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from campaigner.core.tokens import Keyring, hash_of


@dataclass(frozen=True, kw_only=True)
class Limit:
    """At most `most` in any `within`."""

    most: int
    within: timedelta


PER_MAILBOX = (
    Limit(most=2, within=timedelta(minutes=10)),
    Limit(most=4, within=timedelta(days=1)),
    Limit(most=10, within=timedelta(days=30)),
)
# A meeting's hall, or a university, is one network too.
PER_NETWORK = (
    Limit(most=30, within=timedelta(hours=1)),
    Limit(most=150, within=timedelta(days=1)),
)
MOST_KEPT = Limit(most=600, within=timedelta(hours=1))
"""Of one network's requests: past it not even a row is written."""


def is_within(limits: Sequence[Limit], granted: Iterable[datetime], *, now: datetime) -> bool:
    """Whether one more may be granted at `now`, after those `granted` before (in any order)."""
    times = tuple(granted)
    return all(sum(1 for at in times if now - at < limit.within) < limit.most for limit in limits)


def longest(limits: Sequence[Limit]) -> timedelta:
    """Return how far back one has to look to apply `limits`."""
    return max(limit.within for limit in limits)


def network_of(host: str) -> str:
    """Return the network of an IP address, like 192.0.2.0/24 or 2001:db8:1::/48.

    An IPv4 address that is written as an IPv6 one counts as itself. What is no
    address (a socket's path, a test's name) is a network of its own.
    """
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    bits = 24 if address.version == 4 else 48
    return str(ipaddress.ip_network((address, bits), strict=False))


def network_hash(keyring: Keyring, host: str) -> str:
    """Return what is kept of an IP address: a keyed hash of its network, never the address."""
    return hash_of(keyring, f"network {network_of(host)}")  # no mailbox has a space
